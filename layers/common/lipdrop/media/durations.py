"""Lengths that a file does not say, or says wrongly, worked out from samples of it.

- ADTS (.aac) has no header that could hold a length.
- MP3 without a Xing, Info or VBRI header: every reader extrapolates from the first bit rate, and is far
  off when the rate varies.
- WebM as browsers record it (MediaRecorder): the length was not known when its header was written.
"""

from collections.abc import Callable, Iterable

from lipdrop.media.range_reader import RangeReader

WINDOWS = 16
WINDOW_BYTES = 16_384
"""16 samples of 16 KiB: 256 KiB in all, and 0.4 s of speech at 320 kbit/s in each."""
TAIL_BYTES = 1_048_576
"""Browsers start a cluster at least every few seconds: well within the last MiB at 2 Mbit/s."""
AGREES = 0.02

type FrameReader = Callable[[bytes], tuple[int, float] | None]
"""From 7 bytes to the frame's length in bytes and seconds; None if they begin no frame."""


def measured_seconds(file: RangeReader, container: str, stated: float | None) -> float | None:
    """Return the length of `file` where measuring it is better than what it states; else None."""
    match container:
        case "WebM" | "Matroska" if not stated:
            return _last_cluster_seconds(file)
        case "ADTS" if not stated:
            return _sampled_seconds(file, _adts_frame)
        case "MPEG Audio" if not any(mark in file.head for mark in (b"Xing", b"Info", b"VBRI")):
            measured = _sampled_seconds(file, _mpeg_frame)
            agrees = measured and stated and abs(measured - stated) <= AGREES * stated
            return None if agrees else measured
        case _:
            return None


def is_short_mp3(file: RangeReader) -> bool:
    """Tell whether an MP3 is shorter than its Xing or Info header says: byte count behind frame count."""
    at = max(file.head.find(b"Xing"), file.head.find(b"Info"))
    if at < 0 or int.from_bytes(file.head[at + 4 : at + 8]) & 3 != 3:
        return False
    return at + int.from_bytes(file.head[at + 12 : at + 16]) > file.size * (1 + AGREES)


def _sampled_seconds(file: RangeReader, frame: FrameReader) -> float | None:
    """Walk the frames of some windows over the file; return the whole file's length at their mean rate."""
    start = _id3_bytes(file.head)
    sound = file.size - start
    step = max(WINDOW_BYTES, sound // WINDOWS)
    windows = (file.read_at(start + offset, WINDOW_BYTES) for offset in range(0, max(sound, 0), step))
    walked = [_walk(window, frame) for window in windows]
    length, seconds = sum(item[0] for item in walked), sum(item[1] for item in walked)
    return round(sound * seconds / length, 3) if length else None


def _walk(window: bytes, frame: FrameReader) -> tuple[int, float]:
    """Return bytes and seconds of the unbroken frames in `window`, from the first two in a row on."""
    position = next((at for at in range(len(window) - 7) if _two_in_a_row(window, at, frame)), len(window))
    total, seconds = 0, 0.0
    while found := frame(window[position : position + 7]):
        total, seconds, position = total + found[0], seconds + found[1], position + found[0]
    return total, seconds


def _two_in_a_row(window: bytes, at: int, frame: FrameReader) -> bool:
    if window[at] != 0xFF or not (first := frame(window[at : at + 7])):
        return False
    return frame(window[at + first[0] : at + first[0] + 7]) is not None


def _id3_bytes(head: bytes) -> int:
    """Return the length of the ID3v2 tag at the beginning (id3.org, 3.1: a sync-safe number), or 0."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))


_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def _adts_frame(header: bytes) -> tuple[int, float] | None:
    """ISO/IEC 13818-7, 6.2: sync word, rate index, 13 bits of length; 1024 samples a frame."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    rate = (header[2] >> 2) & 0x0F
    length = (header[3] & 0x03) << 11 | header[4] << 3 | header[5] >> 5
    return (length, 1024 / _ADTS_RATES[rate]) if rate < len(_ADTS_RATES) and length > 7 else None


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


def _mpeg_frame(header: bytes) -> tuple[int, float] | None:
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


_CLUSTER = b"\x1f\x43\xb6\x75"
_TIMECODE, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1


def _last_cluster_seconds(file: RangeReader) -> float | None:
    """Return the time of the last block of a WebM (RFC 9559), at its default scale of a millisecond."""
    tail = file.read_at(max(0, file.size - TAIL_BYTES), TAIL_BYTES)
    start = tail.rfind(_CLUSTER)
    if start < 0:
        return None
    size = _number(tail, start + 4)
    if size is None:
        return None
    base, latest = 0, 0
    for kind, body in _elements(tail, size[1]):
        if kind == _TIMECODE:
            base = int.from_bytes(body[:8])
        elif kind in (_SIMPLE_BLOCK, _BLOCK):
            latest = max(latest, _block_time(body))
    return (base + latest) / 1000 or None


def _elements(data: bytes, position: int) -> Iterable[tuple[int, bytes]]:
    """Yield the elements with one-byte ids from `position` on, those inside of block groups included."""
    while position < len(data) and (size := _number(data, position + 1)):
        kind, body = data[position], size[1]
        if kind == _BLOCK_GROUP:
            position = body
            continue
        yield kind, data[body : body + min(size[0], 16)]
        position = body + size[0]


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
