"""Length of WebM and Matroska by the times of the first and the last block (RFC 9559).

What browsers record (MediaRecorder) has no length in its header, since that was not known when it was
written, and the length that others state is not believed. Read are the beginning, and the end as far as the
last cluster.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lipdrop.media.measurement import Measurement
from lipdrop.media.range_reader import Hops, RangeReader

_CLUSTER = b"\x1f\x43\xb6\x75"
_SCALE = b"\x2a\xd7\xb1"
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
TAILS = (1_048_576, 16_777_216)
"""Browsers start a cluster at least every few seconds; at 20 Mbit/s it has some MiB."""
_SEGMENT, _TRACKS, _TRACK_ENTRY = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae"
_TRACK_NUMBER, _TRACK_TYPE = b"\xd7", b"\x83"
_VIDEO, _AUDIO = 1, 2
"""The type of a track (RFC 9559, 5.1.4.1.3)."""
MOST_STEP = 1000
"""Ticks, of a millisecond as a rule: a longer gap before the last block says nothing of its own length."""
DEFAULT_SCALE = 1_000_000
"""Nanoseconds a tick."""
MOST_ELEMENTS = 500_000
"""An hour of picture and sound has 300,000 blocks."""


class _Span(Struct):
    """Times of the first and the last block of a track, in ticks, and the step between the last two."""

    first: int
    last: int
    step: int = 0

    def add(self, time: int) -> None:
        """Take the time of one more block; they need not come in order."""
        if time > self.last:
            self.last, self.step = time, min(time - self.last, MOST_STEP)
        self.first = min(self.first, time)


type _Spans = dict[int, _Span]
"""By the number of the track."""


def measure_matroska(file: RangeReader) -> Measurement:
    """Return the lengths from the first block to the end of the last. Raises what reading raises."""
    first = next(_clusters(file.head), None)
    if first is None:
        return Measurement()
    hops, head = Hops(file), file.head[:first]
    beginning = _spans(hops, first, most=400)
    kinds = {kind: _numbers_of_tracks(head, kind) & beginning.keys() for kind in (_VIDEO, _AUDIO)}
    ending = _last_spans(file, hops, first, set().union(*kinds.values()))
    scale = _scale(head) / 1e9

    def seconds(tracks: Iterable[int]) -> float | None:
        lengths = [
            ending[track].last - beginning[track].first + ending[track].step
            for track in tracks
            if track in ending and track in beginning
        ]
        return round(max(lengths, default=0) * scale, 3) or None

    return Measurement(
        seconds=seconds(beginning),
        picture_seconds=seconds(kinds[_VIDEO]),
        sound_seconds=seconds(kinds[_AUDIO]),
    )


def _numbers_of_tracks(head: bytes, kind: int) -> set[int]:
    """Return the numbers of the tracks of `kind`, read element by element.

    To search for the bytes of an id would find them in values too, such as the random id of a track.
    """
    tracks = (entry for segment in _bodies(head, _SEGMENT) for entry in _bodies(segment, _TRACKS))
    entries = (dict(_children(entry)) for track in tracks for entry in _bodies(track, _TRACK_ENTRY))
    return {
        int.from_bytes(entry[_TRACK_NUMBER][:8])
        for entry in entries
        if _TRACK_NUMBER in entry and int.from_bytes(entry.get(_TRACK_TYPE, b"")[:8]) == kind
    }


def _bodies(data: bytes, wanted: bytes) -> Iterator[bytes]:
    return (body for name, body in _children(data) if name == wanted)


def _children(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield id and body of the elements that follow each other in `data`; the last may be cut off."""
    at = 0
    while at < len(data):
        length = _id_bytes(data[at])
        size = _number(data, at + length)
        if not size:
            return
        yield data[at : at + length], data[size[1] : size[1] + size[0]]
        at = size[1] + size[0]


def _scale(head: bytes) -> int:
    at = head.find(_SCALE)
    size = _number(head, at + 3) if at >= 0 else None
    return int.from_bytes(head[size[1] : size[1] + min(size[0], 8)]) if size else DEFAULT_SCALE


def _clusters(data: bytes) -> Iterator[int]:
    """Yield where clusters begin in `data`: their id, a size, and the time that comes first."""
    at = data.find(_CLUSTER)
    while at >= 0:
        size = _number(data, at + 4)
        if size and data[size[1] : size[1] + 1] in (b"\xe7", b"\xbf", b"\xec", b"\xab"):
            yield at
        at = data.find(_CLUSTER, at + 4)


def _last_spans(file: RangeReader, hops: Hops, first: int, wanted: set[int]) -> _Spans:
    """Return the spans of the last clusters, so many that all `wanted` tracks are in them, if 16 MiB will do.

    A track that ended long before then counts as long as the whole file. Only two places are tried in each
    piece, since it may be full of what looks like a cluster.
    """
    spans: _Spans = {}
    for length in TAILS:
        start = max(first, file.size - length)
        found = list(_clusters(file.fetch(start, length)))
        for cluster in dict.fromkeys((*found[:1], *found[-1:])):
            spans = _spans(hops, start + cluster) or spans
            if wanted <= spans.keys():
                return spans
        if start == first:
            break
    return spans or _spans(hops, first)


def _spans(hops: Hops, position: int, most: int = MOST_ELEMENTS) -> _Spans:
    """Walk from `position` on, through at most `most` elements."""
    base = 0
    spans: _Spans = {}
    for kind, body in _elements(hops, position, most):
        if kind == _TIMESTAMP:
            base = int.from_bytes(body[:8])
        elif track := _number(body, 0):
            time = base + int.from_bytes(body[track[1] : track[1] + 2], signed=True)
            spans.setdefault(track[0], _Span(time, time)).add(time)
    return spans


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


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """Read an EBML number (RFC 8794, 4): its length is told by the leading zeros of its first byte."""
    if at >= len(data) or not data[at]:
        return None
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length]) & (1 << 7 * length) - 1
    return value, at + length
