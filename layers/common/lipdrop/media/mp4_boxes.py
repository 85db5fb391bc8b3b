"""The boxes of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.2), read from a remote file by hops."""

import sys
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from lipdrop.media.range_reader import Hops, UnmeasurableError

MOST_BOXES = 200_000
"""Of one file: 0.3 s of work. A fragmented hour has about 10,000."""
TOP_LEVEL = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot", b"sidx", b"ssix")
) | {b"uuid", b"pdin", b"mfra", b"meta", b"emsg", b"prft", b"udta", b"PICT", b"meco"}
"""Kinds that may stand in a file outside of any other box, QuickTime's own included."""


class Box(NamedTuple):
    """A box: its body is from `body` to `end`, which may lie behind the end of a file that is cut off."""

    kind: bytes
    body: int
    end: int


class Boxes:
    """Walks boxes; raises UnmeasurableError where a file has more of them than anyone needs."""

    def __init__(self, hops: Hops) -> None:
        self.hops = hops
        self._left = MOST_BOXES

    def within(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes from `start` to `end`; ends at what cannot be a box."""
        while start + 8 <= min(end, self.hops.size):
            if not self._left:
                raise UnmeasurableError
            self._left -= 1
            header = self.hops.read(start, 16)
            size, body = int.from_bytes(header[:4]), start + 8
            if size == 1:
                size, body = int.from_bytes(header[8:16]), start + 16
            elif size == 0:
                size = end - start
            if start + size < body:
                return
            yield Box(header[4:8], body, start + size)
            start += size

    def children(self, box: Box) -> Iterator[Box]:
        """Yield the boxes in `box`."""
        return self.within(box.body, box.end)

    def child(self, box: Box, *path: bytes) -> Box | None:
        """Return the first box down `path` from `box`, if it is there."""
        for kind in path:
            found = next((inner for inner in self.children(box) if inner.kind == kind), None)
            if not found:
                return None
            box = found
        return box

    def read(self, box: Box, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start` of the body of `box`."""
        return self.hops.read(box.body + start, max(0, min(length, box.end - box.body - start)))


def numbers_of(data: bytes, kind: str = "I") -> "array[int]":
    """Return the numbers of a table: unsigned, of 32 bits, or of 64 for kind "Q"."""
    numbers = array(kind)
    numbers.frombytes(data[: len(data) // numbers.itemsize * numbers.itemsize])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def begins_with_box(head: bytes) -> bool:
    """Tell whether `head` begins as an MP4 or QuickTime file does: with a box of a kind that is known."""
    size = int.from_bytes(head[:4])
    return head[4:8] in TOP_LEVEL and (size in (0, 1) or size >= 8)
