"""Length of MP3 and AAC (ADTS) by walking all frames: neither has a header that can be believed.

A Xing, Info or VBRI header tells the frames of one piece, and files are joined, cut and tagged after it was
written; without one, every reader extrapolates from the first bit rate and is far off when the rate varies.
"""

import re
from collections.abc import Callable

from lipdrop.media.measurement import MOST_FALSE_STARTS, Measurement
from lipdrop.media.tags import tag_bytes

type FrameReader = Callable[[bytes], tuple[int, float] | None]
"""From 7 bytes to the frame's length in bytes and seconds; None if they begin no frame."""

LOOK_AHEAD = 8_192 + 64
"""Longer than any frame and the header behind it: ADTS has 13 bits for a length."""
SAMPLED = 8
"""Every so many frames one is checked for silence."""
CUT_SHARE = 1.02

_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def adts_frame(header: bytes) -> tuple[int, float] | None:
    """ISO/IEC 13818-7, 6.2: sync word, rate index, 13 bits of length; blocks of 1024 samples."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    rate = (header[2] >> 2) & 0x0F
    length = (header[3] & 0x03) << 11 | header[4] << 3 | header[5] >> 5
    blocks = (header[6] & 3) + 1
    return (length, blocks * 1024 / _ADTS_RATES[rate]) if rate < len(_ADTS_RATES) and length > 7 else None


_KBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by (1 for MPEG-1, 2 for MPEG-2 and 2.5) and layer; ISO/IEC 11172-3 and 13818-3."""
_MPEG_RATES = (44100, 48000, 32000)
_DIVISOR = {3: 1, 2: 2, 0: 4}
"""MPEG-2 halves the sampling rates of MPEG-1, MPEG-2.5 halves them again."""


def mpeg_frame(header: bytes) -> tuple[int, float] | None:
    """ISO/IEC 11172-3, 2.4.1.3: sync word, version, layer, bit rate, sampling rate, padding."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = (header[1] >> 3) & 3, 4 - ((header[1] >> 1) & 3)
    bits, rate = header[2] >> 4, (header[2] >> 2) & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    sampling = _MPEG_RATES[rate] // _DIVISOR[version]
    kbits = _KBITS[1 if version == 3 else 2, layer][bits - 1]
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    slot = 4 if layer == 1 else 1
    length = (samples // 8 * kbits * 1000 // sampling // slot + (header[2] >> 1 & 1)) * slot
    return length, samples / sampling


_STARTS = re.compile(rb"\xff[\xe2-\xff]")


class FrameMeter:
    """Adds up the frames of a file that it is fed; passes over tags and whatever else is no frame."""

    def __init__(self, frame: FrameReader) -> None:
        self._frame = frame
        self._is_mpeg = frame is mpeg_frame
        self._buffer = b""
        self._skip = 0
        self._in_step = False
        self._false_starts = 0
        self._fed = 0
        self._frames = 0
        self.seconds = self._frame_seconds = 0.0
        self._loudness: list[int] = []
        self._promised = 0
        self._padding = 0.0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._fed += len(data)
        if self._skip >= len(data):
            self._skip -= len(data)
            return
        self._buffer += data[self._skip :]
        self._skip = 0
        self._walk(len(self._buffer) - LOOK_AHEAD)

    def finish(self) -> Measurement:
        """Return what was found, once all was fed."""
        self._walk(len(self._buffer))
        given_up = self._false_starts > MOST_FALSE_STARTS
        heard = self._loudness[2:-2]
        seconds = max(self.seconds - self._padding * self._frame_seconds, self.seconds / 2)
        return Measurement(
            seconds=None if given_up else round(seconds, 3) or None,
            cut_off=self._promised > self._fed * CUT_SHARE,
            silent=len(heard) > 3 and not any(heard),
            codec="MPEG Audio" if self._is_mpeg else "AAC",
        )

    def _walk(self, end: int) -> None:
        """Go from frame to frame while they begin before `end`."""
        at, buffer = 0, self._buffer
        while at < end and self._false_starts <= MOST_FALSE_STARTS:
            found = self._frame(buffer[at : at + 7])
            if found and (self._in_step or self._goes_on(at + found[0])):
                self._count(at, found)
                at += found[0]
            elif tag := tag_bytes(buffer, at):
                self._in_step = False
                self._false_starts += 1
                at += tag
            else:
                self._in_step = False
                at = self._next_start(at + 1, end)
        self._skip = max(0, at - len(buffer))
        self._buffer = buffer[at:]

    def _goes_on(self, at: int) -> bool:
        """Tell whether a frame or a tag, or the end of the file, is at `at`."""
        following = self._buffer[at : at + 7]
        good = len(following) < 4 or bool(self._frame(following)) or bool(tag_bytes(self._buffer, at))
        self._false_starts += not good
        return good

    def _next_start(self, at: int, end: int) -> int:
        found = _STARTS.search(self._buffer, at)
        self._false_starts += 1
        if found:
            return found.start()
        return max(at, end, len(self._buffer) - 1)

    def _count(self, at: int, found: tuple[int, float]) -> None:
        self._in_step = True
        self._frames += 1
        if self._is_header(at):
            return
        self.seconds += found[1]
        self._frame_seconds = self._frame_seconds or found[1]
        if self._frames % SAMPLED == 0:
            self._loudness.append(self._sound_bits(self._buffer[at : at + found[0]]))

    def _is_header(self, at: int) -> bool:
        """Tell whether a frame holds a Xing, Info or VBRI header, which is not played, in place of sound.

        Joined files have one for each piece; only what the first promises is held against the file.
        """
        if not self._is_mpeg:
            return False
        body = at + 4 + _side_bytes(self._buffer[at : at + 4])
        if self._buffer[body : body + 4] in (b"Xing", b"Info"):
            flags = self._buffer[body + 7] if body + 7 < len(self._buffer) else 0
            if self._frames == 1 and flags & 3 == 3:
                behind, is_mpeg1 = self._fed - len(self._buffer) + at, self._buffer[at + 1] >> 3 & 3 == 3
                self._promised = behind + int.from_bytes(self._buffer[body + 12 : body + 16])
                self._padding = _padding(self._buffer[body : body + 144], 1152 if is_mpeg1 else 576)
            return True
        return self._frames == 1 and self._buffer[at + 36 : at + 40] == b"VBRI"

    def _sound_bits(self, frame: bytes) -> int:
        if not self._is_mpeg:
            return max(0, len(frame) - SILENT_AAC_BYTES)
        return _mp3_bits(frame)


SILENT_AAC_BYTES = 24
"""A frame of digital silence has 6 to 14 bytes and a header of 7 or 9, whatever the bit rate."""


def _side_bytes(header: bytes) -> int:
    """Return the length of the side information of a layer 3 frame: by MPEG version and channels."""
    mono = header[3] >> 6 == 3
    if header[1] >> 3 & 3 == 3:
        return 17 if mono else 32
    return 9 if mono else 17


def _padding(header: bytes, samples: int) -> float:
    """Return how many frames of `samples` the encoder has added around the sound (LAME's part of a header).

    Decoders leave them out: at 8 kHz they are a fifth of a second.
    """
    if len(header) < 144 or header[7] & 15 != 15 or header[120:124] not in (b"LAME", b"Lavc", b"Lavf"):
        return 0
    both = int.from_bytes(header[141:144])
    return ((both >> 12) + (both & 0xFFF)) / samples


def _mp3_bits(frame: bytes) -> int:
    """Return how many bits of sound the first granule of a layer 3 frame has: none in digital silence."""
    if 4 - ((frame[1] >> 1) & 3) != 3:
        return 1
    mono, is_mpeg1 = frame[3] >> 6 == 3, frame[1] >> 3 & 3 == 3
    protected = 0 if frame[1] & 1 else 2
    before = (18 if mono else 20) if is_mpeg1 else (9 if mono else 10)
    side = int.from_bytes(frame[4 + protected : 12 + protected].ljust(8, b"\0"))
    return side >> (64 - before - 12) & 0xFFF
