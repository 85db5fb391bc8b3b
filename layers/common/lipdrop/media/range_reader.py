"""Random access to a remote file through ranged reads, within fixed limits of bytes and reads."""

from collections.abc import Callable, Iterator

BLOCK_BYTES = 65_536
"""What MediaInfo asks for at a time, and what is kept of the beginning, which every reader wants first."""
MAX_BYTES_READ = 16_000_000
"""For MediaInfo: the index of an hour of video has about 2 MB, a cover inside of an index up to 10 MB."""
MOST_READS = 320
"""MAX_BYTES_READ in blocks are 245 reads; the rest is for the short ones between seeks."""
CHUNK_BYTES = 4_194_304
NEAR_BYTES = 262_144
"""Reading on over a gap of so many bytes takes less time than another request to S3 (about 20 ms)."""
MOST_HOPS = 4_000
"""Reads of one measurement: 80 s at 20 ms each. 5 GB in chunks are 1,280 of them."""


class RangeReader:
    """A file of `size` bytes behind `fetch(start, length)`, whose errors pass through.

    `read_at` is for MediaInfo: when its allowance is used up, it returns nothing, as at the end of a file,
    and `exhausted` is true. `chunks` and `Hops` are for our own measurements and have limits of their own.
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
        self._spent_bytes = self._spent_reads = 0
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

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end` in large chunks, each fetched when it is asked for."""
        end = self.size if end is None else min(end, self.size)
        while start < end:
            data = self.fetch(start, min(CHUNK_BYTES, end - start))
            if not data:
                return
            yield data
            start += len(data)

    def behind(self, prefix: int) -> "RangeReader":
        """Return the file without its first `prefix` bytes, within the same allowance."""
        return RangeReader(
            lambda start, length: self.fetch(prefix + start, length),
            self.size - prefix,
            most_bytes=self._most_bytes,
            most_reads=self._most_reads,
        )

    def fetch(self, start: int, length: int) -> bytes:
        """Return bytes outside of MediaInfo's allowance; the caller bounds what it asks for."""
        if start < len(head := self.head) and start + length <= len(head):
            return head[start : start + length]
        length = max(0, min(length, self.size - start))
        return self._counted(start, length) if length else b""

    def _spend(self, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        if self._spent_reads >= self._most_reads or self._spent_bytes + length > self._most_bytes:
            self.exhausted = True
            return b""
        self._spent_reads += 1
        self._spent_bytes += length
        return self._counted(start, length)

    def _counted(self, start: int, length: int) -> bytes:
        data = b""
        while len(data) < length and (piece := self._fetch(start + len(data), length - len(data))):
            data += piece
            self.reads += 1
        self.bytes_read += len(data)
        return data


class UnmeasurableError(Exception):
    """A file that cannot be measured: too scattered or too large an index, or a part that cannot be read."""


class Hops:
    """Short reads that mostly go forward, as along the boxes of an MP4, with few requests.

    Where the next read is near, larger and larger pieces are fetched; where it is far, a small one.
    """

    def __init__(self, file: RangeReader, most_reads: int = MOST_HOPS) -> None:
        self._file = file
        self._left = most_reads
        self._start, self._data = 0, file.head
        self._ahead = BLOCK_BYTES
        self.size = file.size

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`, fewer only at the end. Raises UnmeasurableError."""
        length = max(0, min(length, self.size - start))
        at = start - self._start
        if at < 0 or at + length > len(self._data):
            self._move(start, length)
            at = 0
        return self._data[at : at + length]

    def _move(self, start: int, length: int) -> None:
        if not self._left:
            raise UnmeasurableError
        self._left -= 1
        end = self._start + len(self._data)
        near = self._start <= start <= end + NEAR_BYTES
        self._ahead = min(2 * self._ahead, CHUNK_BYTES) if near else BLOCK_BYTES
        self._start = start
        self._data = self._file.fetch(start, min(max(self._ahead, length), self.size - start))
        if len(self._data) < length:
            raise UnmeasurableError
