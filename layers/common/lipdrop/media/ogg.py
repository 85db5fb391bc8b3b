"""Length of Ogg (Opus, Vorbis, FLAC, Speex) over all pages and all chained streams.

RFC 3533: each page has the position in samples that it ends with. Positions are added up page by page, and
held against what the packets in the page can hold, so that one wrong number cannot add or hide an hour.
"""

from collections.abc import Iterator

from msgspec import Struct

from lipdrop.media.flac import flac_header
from lipdrop.media.measurement import MOST_FALSE_STARTS, Measurement

HEADER_BYTES = 27
SILENT_BYTES = {"Opus": 4.0, "Vorbis": 3.0, "FLAC": 24.0}
"""Packets of digital silence: 3 bytes of Opus, 1 or 2 of Vorbis, a constant of FLAC."""
_OPUS_RATE = 48_000
_NO_POSITION = 2**64 - 1
AGREES = 0.02


class _Stream(Struct):
    """A logical stream: `least` and `most` are the samples that a packet can hold, if it does not say."""

    codec: str
    rate: int = 0
    skipped: int = 0
    least: int = 0
    most: int = 0
    position: int | None = None
    by_positions: int = 0
    by_packets: int = 0
    packets: int = 0
    bytes: int = 0
    headers: int = 1

    @property
    def seconds(self) -> float:
        """By positions, which leave padding out; where packets say otherwise, they are what is played."""
        if not self.rate:
            return 0.0
        exact = not (self.least or self.most)
        tolerance = AGREES * self.by_packets + self.rate // 5
        trusted = self.by_positions >= self.by_packets - tolerance
        if exact and self.by_packets and not (trusted and self.by_positions <= self.by_packets + tolerance):
            return self.by_packets / self.rate
        return max(self.by_positions - self.skipped, 0 if trusted else self.by_packets) / self.rate

    @property
    def silent(self) -> bool:
        return self.packets > 8 and self.bytes / self.packets <= SILENT_BYTES.get(self.codec, 0)


class OggMeter:
    """Feed it a file; it reads every page."""

    def __init__(self) -> None:
        self._buffer = b""
        self._links: list[dict[int, _Stream]] = []
        self._under_way = True
        self._pages = self._false_starts = 0
        self._cut_off = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._buffer += data
        self._read_pages()

    def finish(self) -> Measurement:
        """Return what was found, once all was fed: links of a chain follow each other."""
        if self._pages and self._buffer[:4] == b"OggS":
            self._cut_off = True
        streams = [max(link.values(), key=lambda stream: stream.seconds) for link in self._links if link]
        given_up = self._false_starts > MOST_FALSE_STARTS
        return Measurement(
            seconds=None if given_up else round(self.seconds, 3) or None,
            cut_off=self._cut_off,
            silent=bool(streams) and all(stream.silent for stream in streams),
            codec=streams[0].codec if streams else "",
        )

    @property
    def seconds(self) -> float:
        """What was counted so far: of streams at the same time the longest, link after link."""
        longest = (max((stream.seconds for stream in link.values()), default=0.0) for link in self._links)
        return sum(longest)

    def _read_pages(self) -> None:
        at, buffer = 0, self._buffer
        while self._false_starts <= MOST_FALSE_STARTS:
            start = buffer.find(b"OggS", at)
            if start < 0:
                at = max(at, len(buffer) - 3)
                break
            at = start
            body = at + HEADER_BYTES + (buffer[at + 26] if at + 26 < len(buffer) else 255)
            end = body + sum(buffer[at + HEADER_BYTES : body])
            if max(body, end) > len(buffer):
                break
            if buffer[at + 4]:
                self._false_starts += 1
                at += 4
                continue
            self._read_page(buffer[at:body], buffer[body:end])
            at = end
        self._buffer = buffer[at:]

    def _read_page(self, header: bytes, body: bytes) -> None:
        self._pages += 1
        serial = int.from_bytes(header[14:18], "little")
        if header[5] & 2:
            self._begin(serial, body)
            return
        self._under_way = True
        stream = self._links[-1].get(serial) if self._links else None
        if not (stream and body):
            self._false_starts += 1
            return
        most = self._count_packets(stream, header, body)
        position = int.from_bytes(header[6:14], "little")
        if position not in (_NO_POSITION, 0):
            step = position - (stream.position or 0)
            stream.by_positions += min(max(step, 0), most)
            stream.position = position

    def _begin(self, serial: int, body: bytes) -> None:
        self._false_starts += 1
        if self._under_way:
            self._links.append({})
            self._under_way = False
        if stream := _described(body):
            self._links[-1][serial] = stream

    def _count_packets(self, stream: _Stream, header: bytes, body: bytes) -> int:
        """Add up the packets that begin in this page; return the most samples that they can hold."""
        before, most = stream.by_packets, 0
        for start, length in _packets(header):
            if stream.headers:
                stream.headers -= 1
                continue
            stream.packets += 1
            stream.bytes += length
            exact = _packet_samples(stream, body[start : start + 16])
            stream.by_packets += exact or stream.least
            most += stream.most or exact
        return most if stream.most else 2 * (stream.by_packets - before) + stream.rate


def _packets(header: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and length of the packets that begin in a page; the last may go on in the next."""
    position, start, goes_on = 0, 0, bool(header[5] & 1)
    for length in header[HEADER_BYTES:]:
        position += length
        if length < 255:
            if not goes_on:
                yield start, position - start
            start, goes_on = position, False
    if position > start and not goes_on:
        yield start, position - start


def _little(body: bytes, start: int, length: int) -> int:
    return int.from_bytes(body[start : start + length], "little")


def _described(body: bytes) -> _Stream | None:
    """Understand the first packet of a stream; None if it is no sound."""
    if body[:8] == b"OpusHead":
        return _Stream(codec="Opus", rate=_OPUS_RATE, skipped=_little(body, 10, 2))
    if body[:7] == b"\x01vorbis" and len(body) >= 30:
        short, long = 1 << (body[28] & 15), 1 << (body[28] >> 4)
        return _Stream(codec="Vorbis", rate=_little(body, 12, 4), least=short // 2, most=long // 2, headers=2)
    if body[:5] == b"\x7fFLAC" and len(body) >= 51:
        rate = int.from_bytes(body[27:30]) >> 4
        return _Stream(codec="FLAC", rate=rate, headers=int.from_bytes(body[7:9]) or 1)
    if body[:8] == b"Speex   " and len(body) >= 68:
        samples = _little(body, 56, 4) * max(1, _little(body, 64, 4))
        return _Stream(codec="Speex", rate=_little(body, 36, 4), least=samples, most=samples)
    return None


_SILK, _HYBRID, _CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)
"""Samples of a frame at 48 kHz by the configuration (RFC 6716, 3.1)."""


def _packet_samples(stream: _Stream, packet: bytes) -> int:
    """Return the samples of a packet that says how many it has, else 0."""
    if stream.codec == "FLAC":
        header = flac_header(packet) if len(packet) >= 6 and packet[0] == 0xFF else None
        return header.samples if header else 0
    if stream.codec != "Opus" or not packet:
        return 0
    config, count = packet[0] >> 3, packet[0] & 3
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[count]
    if config < 12:
        return frames * _SILK[config % 4]
    return frames * (_HYBRID[config % 2] if config < 16 else _CELT[config % 4])
