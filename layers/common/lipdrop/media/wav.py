"""Length and silence of WAV (RIFF, RF64, BW64): the bytes of sound that are there, at the rate of `fmt `.

The sizes in the header are those of the moment when it was written; recorders that were cut short, and
programs that write into a pipe, leave zeros or the highest number there.
"""

from typing import NamedTuple

from lipdrop.media.frames import FrameMeter, mpeg_frame
from lipdrop.media.measurement import Measurement
from lipdrop.media.range_reader import Hops, RangeReader

_PCM, _ADPCM, _FLOAT, _ALAW, _ULAW, _IMA, _MP2, _MP3, _EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0x50, 0x55, 0xFFFE
UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""Sizes that were not known when the header was written; FFmpeg reads on to the end of the file as well."""
MOST_CHUNKS = 10_000
WINDOWS, WINDOW_BYTES = 16, 16_384
"""Looked at for silence: 16 KiB at 16 places over the file."""
QUIET = 4
"""Of 32,768: below the noise of any microphone, above what dithering adds to digital silence."""


class _Format(NamedTuple):
    code: int
    channels: int
    rate: int
    bytes_per_second: int
    block: int
    bits: int
    block_samples: int


def measure_wav(file: RangeReader) -> Measurement:
    """Return the length of the `data` chunk, as far as the file has it. Raises what reading raises."""
    hops = Hops(file)
    found = _find_chunks(hops)
    if not found:
        return Measurement()
    sound, start, stated = found
    there = file.size - start
    open_ended = stated in UNKNOWN_SIZES or stated >= UNKNOWN_SIZES[1] - 4096 > there
    length = there if open_ended else min(stated, there)
    cut_off = not open_ended and stated > there
    if sound.code in (_MP2, _MP3):
        meter = FrameMeter(mpeg_frame)
        for chunk in file.chunks(start, start + length):
            meter.feed(chunk)
        return meter.finish()
    seconds = _seconds(sound, length)
    return Measurement(
        seconds=round(seconds, 3) or None,
        cut_off=cut_off,
        silent=bool(length) and _is_silent(file, sound, start, length),
        codec="PCM",
    )


def _find_chunks(hops: Hops) -> tuple[_Format, int, int] | None:
    """Return the format, where the sound begins, and the length that is stated for it."""
    at, sound, large = 12, None, None
    for _ in range(MOST_CHUNKS):
        header = hops.read(at, 8)
        if len(header) < 8:
            return None
        kind, size = header[:4], int.from_bytes(header[4:], "little")
        if kind == b"ds64":
            large = int.from_bytes(hops.read(at + 16, 8), "little")
        elif kind == b"fmt ":
            sound = _format(hops.read(at + 8, min(size, 40)))
        elif kind == b"data" and sound:
            return sound, at + 8, large if large and size == UNKNOWN_SIZES[2] else size
        at += 8 + size + size % 2
    return None


def _format(body: bytes) -> _Format | None:
    if len(body) < 16:
        return None
    little = [int.from_bytes(body[at : at + 2], "little") for at in range(0, len(body) - 1, 2)]
    code = little[12] if little[0] == _EXTENSIBLE and len(little) > 12 else little[0]
    rate, speed = little[2] | little[3] << 16, little[4] | little[5] << 16
    samples = little[9] if len(little) > 9 else 0
    return _Format(code, little[1], rate, speed, little[6], little[7], samples)


def _seconds(sound: _Format, length: int) -> float:
    """Samples are counted by their width, not by the stated bytes a second, which nothing plays by."""
    width = sound.channels * (sound.bits + 7 >> 3)
    if sound.code in (_PCM, _FLOAT, _ALAW, _ULAW) and width and sound.rate:
        return length / width / sound.rate
    if sound.code in (_ADPCM, _IMA) and sound.block and sound.rate and sound.block_samples:
        return length / sound.block * sound.block_samples / sound.rate
    return length / sound.bytes_per_second if sound.bytes_per_second else 0.0


def _is_silent(file: RangeReader, sound: _Format, start: int, length: int) -> bool:
    """Tell whether all samples of some windows over the file are as good as zero."""
    width = sound.bits >> 3 if sound.code == _PCM else 0
    if sound.code not in (_PCM, _FLOAT) or width > 4:
        return False
    step = max(WINDOW_BYTES, length // WINDOWS)
    frame = max(1, sound.bits >> 3) * max(1, sound.channels)
    for offset in range(0, length, step):
        data = file.fetch(start + offset // frame * frame, min(WINDOW_BYTES, length - offset))
        if not _is_quiet(data, width):
            return False
    return True


def _is_quiet(data: bytes, width: int) -> bool:
    """8 bits are unsigned around 128, the rest signed: their two highest bytes say how loud a sample is.

    Of floats (`width` 0) only zeros count as quiet.
    """
    if width < 2:
        return data.count(0x80 if width else 0) == len(data)
    pairs = zip(data[width - 1 :: width], data[width - 2 :: width], strict=False)
    return all((high << 8 | low) in _QUIET_SAMPLES for high, low in pairs)


_QUIET_SAMPLES = frozenset((*range(QUIET + 1), *range(65_536 - QUIET, 65_536)))
