"""Length of AVI by the chunks of its streams, over all RIFF parts, not by the numbers in its header.

Source: Microsoft's "AVI RIFF File Reference", and the OpenDML extensions for the parts called AVIX.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from lipdrop.media.measurement import Measurement
from lipdrop.media.range_reader import Hops, RangeReader, UnmeasurableError

MOST_CHUNKS = 500_000
MOST_INDEX_BYTES = 16_000_000


class _Chunk(NamedTuple):
    kind: bytes
    body: int
    end: int
    list_kind: bytes


class _Stream(Struct):
    """A stream: one chunk is `scale / rate` seconds of picture; of sound, `block` bytes are."""

    kind: bytes
    scale: int
    rate: int
    stated: int
    block: int
    chunks: int = 0
    bytes: int = 0

    @property
    def seconds(self) -> float:
        if not self.rate:
            return 0.0
        units = self.chunks
        if self.kind == b"auds":
            units = self.bytes // self.block if self.block else max(self.chunks, self.stated)
        return units * self.scale / self.rate


def measure_avi(file: RangeReader) -> Measurement:
    """Return the lengths of the first picture and sound. Raises UnmeasurableError, and what reads raise."""
    walker = _Walker(Hops(file))
    walker.read()
    picture = next((stream for stream in walker.streams if stream.kind == b"vids"), None)
    sound = next((stream for stream in walker.streams if stream.kind == b"auds"), None)
    picture_seconds, sound_seconds = (stream.seconds if stream else 0.0 for stream in (picture, sound))
    return Measurement(
        seconds=round(max(picture_seconds, sound_seconds), 3) or None,
        picture_seconds=round(picture_seconds, 3) or None,
        sound_seconds=round(sound_seconds, 3) or None,
        frames=picture.chunks if picture else None,
        cut_off=walker.cut_off,
    )


class _Walker:
    def __init__(self, hops: Hops) -> None:
        self._hops = hops
        self._left = MOST_CHUNKS
        self.streams: list[_Stream] = []
        self.cut_off = False

    def read(self) -> None:
        """Read all RIFF parts; what is behind the last is no sound and no picture."""
        for part in self._chunks(0, self._hops.size):
            if part.kind != b"RIFF" or part.list_kind not in (b"AVI ", b"AVIX"):
                break
            self.cut_off = self.cut_off or part.end > self._hops.size
            self._read_part(part)

    def _read_part(self, part: _Chunk) -> None:
        media: list[_Chunk] = []
        for chunk in self._chunks(part.body + 4, part.end):
            if chunk.list_kind == b"hdrl":
                self._read_header(chunk)
            elif chunk.list_kind == b"movi":  # it may hold lists (`rec `), which hold no lists themselves
                media.append(chunk)
            elif chunk.kind == b"idx1" and chunk.end - chunk.body <= MOST_INDEX_BYTES and media:
                self._read_index(chunk)
                media.clear()
        for movie in media:
            for chunk in self._chunks(movie.body + 4, movie.end):
                self._count(chunk)

    def _read_header(self, header: _Chunk) -> None:
        for stream in self._chunks(header.body + 4, header.end):
            if stream.list_kind != b"strl":
                continue
            for chunk in self._chunks(stream.body + 4, stream.end):
                if chunk.kind == b"strh":
                    data = self._hops.read(chunk.body, 56)
                    scale, rate, _, length = (
                        int.from_bytes(data[at : at + 4], "little") for at in (20, 24, 28, 32)
                    )
                    block = int.from_bytes(data[44:48], "little")
                    self.streams.append(_Stream(data[:4], scale, rate, length, block))

    def _read_index(self, index: _Chunk) -> None:
        data = self._hops.read(index.body, index.end - index.body)
        for at in range(0, len(data) - 15, 16):
            self._add(data[at : at + 4], int.from_bytes(data[at + 12 : at + 16], "little"))

    def _count(self, chunk: _Chunk) -> None:
        if chunk.list_kind == b"rec ":
            for inner in self._chunks(chunk.body + 4, chunk.end):
                self._add(inner.kind, inner.end - inner.body)
        else:
            self._add(chunk.kind, chunk.end - chunk.body)

    def _add(self, kind: bytes, size: int) -> None:
        number = int(kind[:2]) if kind[:2].isdigit() else len(self.streams)
        if number < len(self.streams) and kind[2:] in (b"dc", b"db", b"wb"):
            self.streams[number].chunks += 1
            self.streams[number].bytes += size

    def _chunks(self, start: int, end: int) -> Iterator[_Chunk]:
        while start + 8 <= min(end, self._hops.size):
            if not self._left:
                raise UnmeasurableError
            self._left -= 1
            header = self._hops.read(start, 12)
            size = int.from_bytes(header[4:8], "little")
            is_list = header[:4] in (b"RIFF", b"LIST")
            body = start + 8
            yield _Chunk(header[:4], body, body + size, header[8:12] if is_list else b"")
            start = body + size + size % 2
