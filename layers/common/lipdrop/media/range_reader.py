"""Random access to a file that lies elsewhere, within a fixed allowance of bytes and reads."""

from collections.abc import Callable

BLOCK_BYTES = 65_536
"""What MediaInfo asks for at a time, and what is kept of the beginning, which everybody wants first."""
MAX_BYTES_READ = 4_000_000
"""More than the index of any file within the default limits; 300 s at 60 frames/s have one of about 1 MB."""
MOST_READS = 96
"""MOST_BYTES in blocks are 62 reads; the rest is for the short ones between seeks."""


class RangeReader:
    """A file of `size` bytes behind `fetch(start, length)`, whose errors pass through.

    When the allowance is used up, reads return nothing, as at the end of a file, and `exhausted` is true.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], bytes],
        size: int,
        *,
        most_bytes: int = MAX_BYTES_READ,
        most_reads: int = MOST_READS,
    ) -> None:
        self._fetch = fetch
        self._most_bytes = most_bytes
        self._most_reads = most_reads
        self._head: bytes | None = None
        self.size = size
        self.bytes_read = 0
        self.reads = 0
        self.exhausted = False

    @property
    def head(self) -> bytes:
        """The first `BLOCK_BYTES`, fetched once."""
        if self._head is None:
            self._head = self._spend(0, min(BLOCK_BYTES, self.size))
        return self._head

    def read_at(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`; fewer at the end of the file or of the allowance."""
        length = max(0, min(length, self.size - start))
        if start + length <= len(self.head):
            return self.head[start : start + length]
        return self._spend(start, length)

    def _spend(self, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        if self.reads >= self._most_reads or self.bytes_read + length > self._most_bytes:
            self.exhausted = True
            return b""
        data = self._fetch(start, length)
        self.reads += 1
        self.bytes_read += len(data)
        return data
