"""The fragments of an MP4 (`moof`, ISO/IEC 14496-12, 8.8): samples that its index does not list.

Recorders and streaming packagers write them: the file can be played while it grows, and its index at the
beginning is empty, or tells the first fragment only.
"""

from lipdrop.media.mp4_boxes import Box, Boxes, numbers_of
from lipdrop.media.range_reader import UnmeasurableError

type Totals = tuple[int, int, int]
"""Ticks, samples, bytes."""
type Defaults = tuple[int, int]
"""Ticks and bytes of a sample that does not say them."""

_BASE, _DESCRIPTION, _DURATION, _SIZE = 0x1, 0x2, 0x8, 0x10
_OFFSET, _FIRST_FLAGS, _OWN_DURATION, _OWN_SIZE, _OWN_FLAGS, _OWN_SHIFT = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
MOST_RUN_BYTES = 32_000_000
"""Of all fragments of a file: 2 million samples with all their fields."""


class Fragments:
    """Adds up, by track, what all fragments hold; `defaults` come from the index."""

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes
        self._totals: dict[int, Totals] = {}
        self.defaults: dict[int, Defaults] = {}
        self._run_bytes = MOST_RUN_BYTES
        self.found = False

    def totals(self, track: int) -> Totals:
        """Return ticks, samples and bytes of the fragments of `track`."""
        return self._totals.get(track, (0, 0, 0))

    def read(self, moof: Box) -> None:
        """Take one fragment."""
        self.found = True
        for traf in self._boxes.children(moof):
            if traf.kind == b"traf":
                self._read_track(traf)

    def _read_track(self, traf: Box) -> None:
        number, defaults = 0, (0, 0)
        for box in self._boxes.children(traf):
            if box.kind == b"tfhd":
                number, defaults = self._header(box)
            elif box.kind == b"trun":
                old, new = self.totals(number), self._run(box, defaults)
                self._totals[number] = (old[0] + new[0], old[1] + new[1], old[2] + new[2])

    def _header(self, box: Box) -> tuple[int, Defaults]:
        data = self._boxes.read(box, 0, 40)
        flags, number = int.from_bytes(data[1:4]), int.from_bytes(data[4:8])
        ticks, size = self.defaults.get(number, (0, 0))
        at = 8 + (8 if flags & _BASE else 0) + (4 if flags & _DESCRIPTION else 0)
        if flags & _DURATION:
            ticks, at = int.from_bytes(data[at : at + 4]), at + 4
        if flags & _SIZE:
            size = int.from_bytes(data[at : at + 4])
        return number, (ticks, size)

    def _run(self, box: Box, defaults: Defaults) -> Totals:
        head = self._boxes.read(box, 0, 8)
        flags, count = int.from_bytes(head[1:4]), int.from_bytes(head[4:8])
        start = 8 + (4 if flags & _OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
        fields = [flag for flag in (_OWN_DURATION, _OWN_SIZE, _OWN_FLAGS, _OWN_SHIFT) if flags & flag]
        if not fields:
            return defaults[0] * count, count, defaults[1] * count
        width = 4 * len(fields)
        length = min(count * width, max(0, box.end - box.body))
        self._run_bytes -= length
        if self._run_bytes < 0:
            raise UnmeasurableError
        data = self._boxes.read(box, start, length)
        numbers = numbers_of(data[: len(data) // width * width])
        count = len(numbers) // len(fields)

        def total(flag: int, default: int) -> int:
            return sum(numbers[fields.index(flag) :: len(fields)]) if flag in fields else default * count

        return total(_OWN_DURATION, defaults[0]), count, total(_OWN_SIZE, defaults[1])


def read_defaults(boxes: Boxes, mvex: Box) -> dict[int, Defaults]:
    """Return the defaults of each track's samples (`trex`)."""
    found = {}
    for box in boxes.children(mvex):
        if box.kind == b"trex":
            data = boxes.read(box, 4, 16)
            found[int.from_bytes(data[:4])] = (int.from_bytes(data[8:12]), int.from_bytes(data[12:16]))
    return found
