"""One answered GET as a stream of bytes, counted against what was announced."""

import http.client
import time
from collections.abc import Callable
from typing import Self

import requests
import urllib3
from msgspec import Struct

from lipdrop.download.errors import Truncated, Unreachable

PIECE_BYTES = 1 << 20
STREAM_RECEIVE_BYTES = 1 << 18
RANGE_RECEIVE_BYTES = 1 << 16
"""One receive. Larger ones cost less processor time; but the C library keeps such blocks for each thread,
and ranges are read by many (measured: 10 MiB less at the peak, 0.2 s more for a GB)."""


class Identity(Struct, frozen=True, kw_only=True):
    """What tells one version of a file from another: total bytes, ETag, date; None and "" if unsaid."""

    length: int | None
    etag: str = ""
    modified: str = ""

    @property
    def pinned(self) -> bool:
        """Whether a later answer can be known to come from the same file."""
        return self.length is not None and bool(self.etag or self.modified)


class Body:
    """One answered GET: its bytes from the front, counted against what was announced.

    `identity.length` is the whole file's; `ranges` says whether more GETs can fetch other parts of it.
    `ends_clearly`: a cut connection cannot pass for the end of the body. `filled`: the bytes that the last
    `read_into` took, also where it raised.
    """

    def __init__(
        self,
        response: requests.Response,
        identity: Identity,
        *,
        size: int | None,
        ranges: bool = False,
        receive: int = STREAM_RECEIVE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self.ranges = ranges
        self.content_type = response.headers.get("content-type", "").partition(";")[0].strip()
        self.ends_clearly = size is not None or "chunked" in response.headers.get("transfer-encoding", "")
        self._response = response
        self._left = size
        self._receive = receive
        self._clock = clock
        self.filled = 0

    def __enter__(self) -> Self:
        """Return the body itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the connection up: what was not read is not wanted."""
        self._response.close()

    def read_into(self, buffer: memoryview, within: float) -> int:
        """Fill `buffer` and return how many bytes it took: fewer only at the end of the body.

        `within`: seconds after which a trickle counts as a stall. Raises Truncated, Unreachable.
        """
        wanted = len(buffer) if self._left is None else min(len(buffer), self._left)
        give_up = self._clock() + within
        filled = self.filled = 0
        while filled < wanted:
            data = self._read(wanted - filled)
            if not data:
                break
            buffer[filled : filled + len(data)] = data
            filled += len(data)
            self.filled = filled
            if self._clock() > give_up:
                raise Unreachable("The result came too slowly.")
        if self._left is not None:
            self._left -= filled
            if filled < wanted:
                raise Truncated(f"The result's body ended {self._left} bytes too early.")
        return filled

    def _read(self, size: int) -> bytes:
        # read1: one receive a call, so that a trickle cannot hide in a long read.
        try:
            return self._response.raw.read1(min(size, self._receive), decode_content=False) or b""
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError) as error:
            if any(isinstance(cause, http.client.IncompleteRead) for cause in (error, *error.args)):
                raise Truncated("The result's body was cut off.") from None
            raise Unreachable(f"The connection to the result broke: {type(error).__name__}.") from None
