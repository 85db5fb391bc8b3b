"""Length of WebM and Matroska by the times of the first and the last block (RFC 9559).

What browsers record (MediaRecorder) has no length in its header, since that was not known when it was
written, and the length that others state is not believed. Read are the beginning, and the end as far as the
last cluster.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lipdrop.media.measurement import Measurement
from lipdrop.media.range_reader import Hops, RangeReader

_CLUSTER = b"\x1f\x43\xb6\x75"
_SCALE = b"\x2a\xd7\xb1"
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
TAILS = (1_048_576, 16_777_216)
"""Browsers start a cluster at least every few seconds; at 20 Mbit/s it has some MiB."""
DEFAULT_SCALE = 1_000_000
"""Nanoseconds a tick."""
MOST_ELEMENTS = 500_000
"""An hour of picture and sound has 300,000 blocks."""


class _Span(NamedTuple):
    """Times of the first and the last block, in ticks, and the step between the last two."""

    first: int
    last: int
    step: int


def measure_matroska(file: RangeReader) -> Measurement:
    """Return the length from the first block to the end of the last. Raises what reading raises."""
    first = _first_cluster(file.head)
    if first is None:
        return Measurement()
    hops = Hops(file)
    beginning = _span(hops, first, most=200)
    ending = _last_span(file, hops, first)
    if not (beginning and ending):
        return Measurement()
    seconds = (ending.last - beginning.first + ending.step) * _scale(file.head[:first]) / 1e9
    length = round(seconds, 3) if seconds > 0 else None
    return Measurement(seconds=length, picture_seconds=length, sound_seconds=length)


def _scale(head: bytes) -> int:
    at = head.find(_SCALE)
    size = _number(head, at + 3) if at >= 0 else None
    return int.from_bytes(head[size[1] : size[1] + min(size[0], 8)]) if size else DEFAULT_SCALE


def _first_cluster(head: bytes) -> int | None:
    return next((at for at in _clusters(head)), None)


def _clusters(data: bytes) -> Iterator[int]:
    """Yield where clusters begin in `data`: their id, a size, and the time that comes first."""
    at = data.find(_CLUSTER)
    while at >= 0:
        size = _number(data, at + 4)
        if size and data[size[1] : size[1] + 1] in (b"\xe7", b"\xbf", b"\xec", b"\xab"):
            yield at
        at = data.find(_CLUSTER, at + 4)


def _last_span(file: RangeReader, hops: Hops, first: int) -> _Span | None:
    """Return the span of the last cluster; where that does not begin near the end, walk all of them."""
    for length in TAILS:
        start = max(first, file.size - length)
        found = list(_clusters(file.fetch(start, length)))
        if found:
            return _span(hops, start + found[-1])
        if start == first:
            break
    return _span(hops, first)


def _span(hops: Hops, position: int, most: int = MOST_ELEMENTS) -> _Span | None:
    """Walk from `position` on, through at most `most` elements."""
    base, first, last, step = 0, None, 0, 0
    for kind, body in _elements(hops, position, most):
        if kind == _TIMESTAMP:
            base = int.from_bytes(body[:8])
        else:
            time = base + _block_time(body)
            first = time if first is None else min(first, time)
            if time > last:
                last, step = time, time - last if last else 0
    return None if first is None else _Span(first, last, min(step, 1000))


def _elements(hops: Hops, position: int, most: int) -> Iterator[tuple[int, bytes]]:
    """Yield times and blocks from `position` on, those in clusters and groups included."""
    for _ in range(most):
        header = hops.read(position, 28)
        if len(header) < 2:
            return
        is_cluster = header[:4] == _CLUSTER
        length = 4 if is_cluster else _id_bytes(header[0])
        size = _number(header, length)
        if not size:
            return
        position += size[1]
        if is_cluster or header[0] == _BLOCK_GROUP:
            continue
        if length == 1 and header[0] in (_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK):
            yield header[0], header[size[1] : size[1] + min(size[0], 16)]
        position += size[0]


def _id_bytes(first: int) -> int:
    return max(1, 9 - first.bit_length())


def _block_time(body: bytes) -> int:
    """Return the signed time of a block relative to its cluster: two bytes behind the track's number."""
    track = _number(body, 0)
    return int.from_bytes(body[track[1] : track[1] + 2], signed=True) if track else 0


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """Read an EBML number (RFC 8794, 4): its length is told by the leading zeros of its first byte."""
    if at >= len(data) or not data[at]:
        return None
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length]) & (1 << 7 * length) - 1
    return value, at + length
