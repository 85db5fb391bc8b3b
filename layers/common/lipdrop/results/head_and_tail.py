"""The first and last bytes of a file, kept in memory while it is copied, so that it can be verified.

A video's index (`moov`) is at one of its ends. So the very bytes that were stored are verified, without a
second download and before the object becomes visible.
"""

from collections.abc import Callable

from msgspec import Struct

WINDOW_BYTES = 4 << 20
"""At each end. The index of 5 minutes at 60 frames a second has about 0.3 MB (16 bytes a frame, 6 a
sound packet), so this holds an hour."""


class HeadAndTail:
    """Both ends of one file; `keep` may be called for its parts in any order, from any thread."""

    def __init__(self, length: int | None) -> None:
        self._length = length
        self._pieces: dict[int, bytes] = {}

    def keep(self, offset: int, data: memoryview) -> None:
        """Keep the bytes of `data`, which begins at `offset` of the file, that belong to an end.

        Where the length is not known the parts come in order, and each may turn out to be the last.
        """
        end = offset + len(data)
        tail = (self._length or end) - WINDOW_BYTES
        if self._length is None:
            self._drop_before(tail)
        if offset < WINDOW_BYTES:
            self._pieces[offset] = bytes(data if end > tail else data[: WINDOW_BYTES - offset])
        elif end > tail:
            start = max(offset, tail)
            self._pieces[start] = bytes(data[start - offset :])

    def read_at(self, offset: int, size: int) -> bytes:
        """Return what is kept from `offset` on, at most `size` bytes; b"" where nothing is."""
        for start, piece in list(self._pieces.items()):
            if start <= offset < start + len(piece):
                found = piece[offset - start : offset - start + size]
                rest = size - len(found)
                return found + self.read_at(offset + len(found), rest) if rest else found
        return b""

    def _drop_before(self, tail: int) -> None:
        for start, piece in list(self._pieces.items()):
            if start >= WINDOW_BYTES and start + len(piece) <= tail:
                del self._pieces[start]


class CopiedFile(Struct, frozen=True, kw_only=True):
    """A file that was copied, as far as it can still be read.

    `whole`: true if length or chunking proves that the body is complete. `fetch(start, length)` reads bytes
    of it again, None where the source has no ranges.
    """

    windows: HeadAndTail
    length: int
    whole: bool
    fetch: Callable[[int, int], bytes] | None = None

    def read_range(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`: kept ones, else fetched ones, else none."""
        kept = self.windows.read_at(start, length)
        return kept or (self.fetch(start, length) if self.fetch else b"")
