"""Length of FLAC by its frames: the header's number of samples may be missing, old or wrong.

RFC 9639, 9.1: a frame does not say where it ends. So headers are searched by their sync code, proved by their
checksum, and believed if they continue the numbering of the one before.
"""

import re
from typing import NamedTuple

from lipdrop.media.measurement import MOST_FALSE_STARTS, Measurement

HEADER_BYTES = 16
STREAM_INFO_BYTES = 42
_STARTS = re.compile(rb"\xff[\xf8\xf9][\x10-\xfe][\x00-\xae]")
_RATES = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_BLOCKS = (
    {1: 192} | {code: 576 << code - 2 for code in range(2, 6)} | {code: 1 << code for code in range(8, 16)}
)
SILENT_BYTES = 24
"""A frame of digital silence is a header and a constant for each channel: 10 to 18 bytes."""
CUT_SHARE = 1.01


class FlacHeader(NamedTuple):
    """`number` counts frames, or samples where `variable`; `rate` is 0 where the file's header says it."""

    variable: bool
    number: int
    samples: int
    rate: int

    @property
    def next_number(self) -> int:
        return self.number + (self.samples if self.variable else 1)


class FlacMeter:
    """Feed it a file from its `fLaC` mark on; it adds up the frames of all joined pieces."""

    def __init__(self) -> None:
        self._buffer = b""
        self._rate = self._stated = 0
        self._last: FlacHeader | None = None
        self._candidate: FlacHeader | None = None
        self._samples: dict[int, int] = {}
        self._frames = self._fed = self._false_starts = self._first = 0
        self._to_skip, self._more_blocks = 0, False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._buffer += data
        if self._fed < STREAM_INFO_BYTES <= self._fed + len(data):
            self._read_stream_info(self._buffer)
        self._fed += len(data)
        if self._fed >= STREAM_INFO_BYTES and self._pass_metadata():
            self._search(len(self._buffer) - HEADER_BYTES)

    def _pass_metadata(self) -> bool:
        """Drop the metadata blocks (RFC 9639, 8), since covers may look like frames; tell whether all are."""
        at, buffer = 0, self._buffer
        while (self._to_skip or self._more_blocks) and self._false_starts <= MOST_FALSE_STARTS:
            passed = min(self._to_skip, len(buffer) - at)
            at, self._to_skip = at + passed, self._to_skip - passed
            if self._to_skip or (self._more_blocks and len(buffer) < at + 4):
                break
            if self._more_blocks:
                self._false_starts += 1
                self._more_blocks = not buffer[at] & 0x80
                self._to_skip = 4 + int.from_bytes(buffer[at + 1 : at + 4])
        self._buffer = buffer[at:]
        return not (self._to_skip or self._more_blocks)

    @property
    def seconds(self) -> float:
        """What was counted so far."""
        return sum(count / rate for rate, count in self._samples.items() if rate)

    def finish(self) -> Measurement:
        """Return what was found, once all was fed."""
        self._search(len(self._buffer))
        if self._candidate and not self._frames:
            self._count(self._candidate)
        given_up = self._false_starts > MOST_FALSE_STARTS
        counted = sum(self._samples.values())
        sound = self._fed - self._first
        return Measurement(
            seconds=None if given_up else round(self.seconds, 3) or None,
            cut_off=self._stated > counted * CUT_SHARE,
            silent=self._frames > 8 and sound / self._frames < SILENT_BYTES,
            codec="FLAC",
        )

    def _read_stream_info(self, data: bytes) -> None:
        """RFC 9639, 8.2: 20 bits of sampling rate, 36 bits of samples, 10 bytes into the block."""
        if data[:4] == b"fLaC":
            self._to_skip, self._more_blocks = 4, True
            self._rate = int.from_bytes(data[18:21]) >> 4
            self._stated = int.from_bytes(data[21:26]) & (1 << 36) - 1

    def _search(self, end: int) -> None:
        buffer, at = self._buffer, 0
        while self._false_starts <= MOST_FALSE_STARTS and (found := _STARTS.search(buffer, at)):
            if found.start() >= end:
                break
            at = found.start()
            header = flac_header(buffer[at : at + HEADER_BYTES])
            if header and self._follows(header):
                self._first = self._first or self._fed - len(buffer) + at
                at += 8
            else:
                self._false_starts += 1
                at += 1
        self._buffer = buffer[max(at, end) if end > 0 else 0 :]

    def _follows(self, header: FlacHeader) -> bool:
        """Count `header` if it continues the last one, or a new numbering that goes on."""
        if self._last and header.variable == self._last.variable and header.number == self._last.next_number:
            self._count(header)
        elif self._candidate and header.number == self._candidate.next_number:
            self._count(self._candidate)
            self._count(header)
        else:
            self._candidate = header
            return False
        self._candidate = None
        return True

    def _count(self, header: FlacHeader) -> None:
        rate = header.rate or self._rate
        self._samples[rate] = self._samples.get(rate, 0) + header.samples
        self._frames += 1
        self._last = header


def flac_header(data: bytes) -> FlacHeader | None:
    """Parse a frame header; None if it is not one, by its fields or by its checksum."""
    block, rate = data[2] >> 4, data[2] & 15
    if data[3] >> 4 > 10 or data[3] & 1 or data[3] >> 1 & 7 == 3 or rate == 15 or not block:
        return None
    number, at = _coded_number(data)
    if number is None:
        return None
    samples = _BLOCKS.get(block, 0)
    if block in (6, 7):
        samples = int.from_bytes(data[at : at + block - 5]) + 1
        at += block - 5
    hertz = _RATES[rate] if rate < 12 else 0
    if rate >= 12:
        length = 1 if rate == 12 else 2
        hertz = int.from_bytes(data[at : at + length]) * (1000, 1, 10)[rate - 12]
        at += length
    if at >= len(data) or data[at] != _checksum(data[:at]):
        return None
    return FlacHeader(bool(data[1] & 1), number, samples, hertz)


def _coded_number(data: bytes) -> tuple[int | None, int]:
    """Read the number at byte 4, coded like UTF-8 but with up to 7 bytes, and where it ends."""
    first = data[4] if len(data) > 4 else 0xFF
    if first < 0x80:
        return first, 5
    length = 8 - (first ^ 0xFF).bit_length()
    rest = data[5 : 4 + length]
    if not 2 <= length <= 7 or len(rest) < length - 1 or any(byte >> 6 != 2 for byte in rest):
        return None, 4
    number = first & (0x7F >> length)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, 4 + length


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)  # noqa: PLW2901
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def _checksum(data: bytes) -> int:
    """CRC-8 with the polynomial x^8 + x^2 + x + 1 (RFC 9639, 9.1.8)."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc
