"""Parallel copy of a large file: one stream from the front, and ranges from the back where that is faster.

    parts   1   2   3   4   5   6   7   8   9
            ══ the stream ══►       ◄═══ ranges

One stream is fastest where no connection is throttled. If it is slow and the source supports ranges, more
connections fetch parts from the end of the file towards it, until they meet. A stream that breaks leaves
the rest to ranges. Every part goes through one of a few buffers, so memory is bounded, and uploads run
while downloads go on.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lipdrop.download.errors import SourceError, TooLarge, Truncated, Unreachable
from lipdrop.download.http_body import PIECE_BYTES, Body
from lipdrop.download.http_source import DownloadSource
from lipdrop.results.copy_limits import Limits
from lipdrop.results.copy_parts import Buffers, Pace, Parts, Stopped
from lipdrop.results.head_and_tail import HeadAndTail
from lipdrop.results.results_bucket import Upload


def fill(
    body: Body,
    buffer: bytearray,
    *,
    filled: int,
    wanted: int,
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
    each: Callable[[int, float], None] | None = None,
) -> int:
    """Read from `body` until `buffer` holds `wanted` bytes; `filled` are there. Return how many it holds.

    Fewer than `wanted` only at the end of the body. `each` is called for every piece: bytes and seconds.
    """
    began = piece_began = clock()
    with memoryview(buffer) as view:
        while filled < wanted:
            size = min(PIECE_BYTES, wanted - filled)
            received = body.read_into(view[filled : filled + size], within=limits.part_seconds)
            filled += received
            now = clock()
            if each:
                each(received, now - piece_began)
            piece_began = now
            if received < size:
                break
            if now > limits.ends_at or now - began > limits.part_seconds:
                raise Unreachable("The result came too slowly.")
    return filled


class Copying:
    """One copy in progress. `connections` and `refetched` say afterwards how it was done."""

    def __init__(
        self,
        source: DownloadSource,
        body: Body,
        *,
        upload: Upload,
        windows: HeadAndTail,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = 1
        self.refetched = 0
        self._source = source
        self._body = body
        self._upload = upload
        self._windows = windows
        self._limits = limits
        self._clock = clock
        self._parts = Parts(body.identity.length, limits.part_bytes)
        self._buffers = Buffers(limits.buffers // 2 - 1, limits.part_bytes)
        self._pace = Pace(limits.probe_bytes, limits.enough)
        self._uploads = ThreadPoolExecutor(limits.connections, "upload")
        self._helpers = ThreadPoolExecutor(limits.connections, "range")
        self._failure: BaseException | None = None
        self._stopped = threading.Event()
        self._size = 0
        self._lock = threading.Lock()

    def move(self, buffer: bytearray, begun: int) -> int:
        """Copy everything and return its size; `buffer` holds the first `begun` bytes.

        When it returns or raises, all its threads have ended.
        """
        with self._uploads, self._helpers:
            try:
                self._stream(buffer, begun)
                self._ranges(last_resort=True)
                self._helpers.shutdown()
                self._ranges(last_resort=True)
                self._uploads.shutdown()
            except Stopped:
                pass
            except BaseException as error:
                self._stop(error)
        if self._failure:
            raise self._failure
        return self._size

    def _stream(self, buffer: bytearray, filled: int) -> None:
        """Read parts from the front until the stream ends, breaks, or meets what ranges have taken."""
        while (index := self._parts.take_front()) is not None:
            try:
                wanted = self._parts.size(index)
                filled = self._fill(self._body, buffer, filled, wanted, self._watch)
            except (Truncated, Unreachable):
                if not self._body.ranges:
                    raise
                self._buffers.give(buffer)
                self._parts.give_front_back(index)
                self._spread()
                return
            self._send(index, buffer, filled)
            if self._body.identity.length is None and filled < wanted:
                return
            buffer, filled = self._buffers.take(), 0
        self._buffers.give(buffer)

    def _watch(self, received: int, seconds: float) -> None:
        """Measure the speed of the stream, and start more connections when it is slow."""
        if self._stopped.is_set():
            raise Stopped
        if self._pace.slow(received, seconds) and self._body.ranges:
            self._spread()

    def _spread(self) -> None:
        """Start more connections, which take parts from the back."""
        helpers = min(self._limits.connections - 1, self._parts.left())
        if helpers < 1 or self.connections > 1:
            return
        self.connections = 1 + helpers
        self._buffers.allow(self._limits.buffers - self._limits.buffers // 2)
        for _ in range(helpers):
            self._helpers.submit(self._help)

    def _help(self) -> None:
        try:
            self._ranges(last_resort=False)
        except Stopped:
            return
        except BaseException as error:  # any error ends the copy and is raised by `move`
            self._stop(error)

    def _ranges(self, *, last_resort: bool) -> None:
        """Fetch parts until none is left. A connection that fails leaves its part to others and ends: a
        source may refuse so many connections, or answer each with another ETag, and still serve a stream.
        """
        while (index := self._parts.take_back()) is not None:
            try:
                buffer = self._fetched(index)
            except SourceError:
                self._parts.give_back(index)
                if last_resort:
                    raise
                return
            self._parts.fetched()
            self._send(index, buffer, self._parts.size(index))

    def _fetched(self, index: int) -> bytearray:
        """Return a buffer with this part in it."""
        buffer = self._buffers.take()
        try:
            self._fetch(index, buffer)
        except SourceError:
            self._buffers.give(buffer)
            raise
        return buffer

    def _fetch(self, index: int, buffer: bytearray) -> None:
        """Fetch one part as a range, with a few tries."""
        first, size = self._parts.offset(index), self._parts.size(index)
        for attempt in range(1, self._limits.part_tries + 1):
            try:
                with self._source.open_range(first, first + size - 1, self._body.identity) as body:
                    self._fill(body, buffer, 0, size, self._go_on)
            except (Truncated, Unreachable):
                if attempt == self._limits.part_tries or self._clock() > self._limits.ends_at:
                    raise
                with self._lock:
                    self.refetched += 1
                self._stopped.wait(self._limits.part_pause * 2**attempt)
            else:
                return

    def _fill(
        self, body: Body, buffer: bytearray, filled: int, wanted: int, each: Callable[[int, float], None]
    ) -> int:
        return fill(
            body, buffer, filled=filled, wanted=wanted, limits=self._limits, clock=self._clock, each=each
        )

    def _go_on(self, _received: int, _seconds: float) -> None:
        if self._stopped.is_set():
            raise Stopped

    def _send(self, index: int, buffer: bytearray, size: int) -> None:
        """Keep what verification needs, and upload the part in the background."""
        with self._lock:
            self._size += size
        if self._size > self._limits.max_bytes:
            raise TooLarge(f"The result has more than the {self._limits.max_bytes} bytes allowed.")
        with memoryview(buffer) as view:
            self._windows.keep(self._parts.offset(index), view[:size])
        if size:
            self._uploads.submit(self._send_now, index, buffer, size)

    def _send_now(self, index: int, buffer: bytearray, size: int) -> None:
        try:
            if self._stopped.is_set():
                return
            self._upload.send(index + 1, buffer if size == len(buffer) else buffer[:size])
        except BaseException as error:
            self._stop(error)
        else:
            self._buffers.give(buffer)

    def _stop(self, error: BaseException) -> None:
        """End the copy in all threads; the first error is the one that is raised."""
        with self._lock:
            self._failure = self._failure or error
        self._stopped.set()
        self._buffers.stop()
        self._parts.stop()
