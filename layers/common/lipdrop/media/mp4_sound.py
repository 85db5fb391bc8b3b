"""What the sample description (`stsd`) of a sound track says of its frames."""

_SILENT_AAC, _SILENT_ALAC, _SILENT_OPUS = 14, 40, 4
"""Mean bytes of a frame of digital silence, with room for the loud frames at the beginning of an encoder."""
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def seconds_of_frame(entry: bytes) -> float:
    """Return the seconds of one sample of an AAC or ALAC track; 0.0 where frames differ or are unknown."""
    codec, rate = entry[4:8], int.from_bytes(entry[32:34])
    if codec == b"mp4a":
        rate, samples = _aac(entry) or (rate, 1024)
        return samples / rate if rate else 0.0
    if codec == b"alac" and (at := entry.find(b"alac", 12)) > 0 and len(entry) >= at + 32:
        samples, own = int.from_bytes(entry[at + 8 : at + 12]), int.from_bytes(entry[at + 28 : at + 32])
        return samples / own if own else 0.0
    return 0.0


def silent_bytes(entry: bytes) -> int:
    """Return up to how many bytes a frame, on average, are silence; 0 where that tells nothing."""
    return {b"mp4a": _SILENT_AAC, b"alac": _SILENT_ALAC, b"Opus": _SILENT_OPUS}.get(entry[4:8], 0)


_AAC_OBJECTS = (b"\x40", b"\x66", b"\x67", b"\x68")
"""MPEG-4 and MPEG-2 AAC; 0x69 and 0x6B are MP3."""


def _behind_length(entry: bytes, at: int) -> int:
    """Return where the body of the descriptor whose tag is at `at` begins: behind 1 to 4 bytes of length."""
    if at < 0:
        return len(entry)
    at += 1
    while entry[at : at + 1] >= b"\x80":
        at += 1
    return at + 1


def _aac(entry: bytes) -> tuple[int, int] | None:
    """Return rate and samples of a frame from the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).

    In an `esds` it follows the tag 5 and a length; an object type above 4 other than SBR and PS (5, 29), and
    what is no AAC at all (an MP3 in an MP4), is left to the times of the index.
    """
    at = entry.find(b"esds")
    if at < 0:
        return None
    decoder = _behind_length(entry, entry.find(b"\x04", at + 8))
    at = _behind_length(entry, entry.find(b"\x05", decoder + 13))
    config = int.from_bytes(entry[at : at + 4].ljust(4, b"\0"))
    kind, rate = config >> 27, config >> 23 & 15
    is_aac = entry[decoder : decoder + 1] in _AAC_OBJECTS and kind in (1, 2, 3, 4, 5, 29)
    if not is_aac or rate >= len(_AAC_RATES):
        return (0, 1)
    short = kind in (1, 2, 3, 4) and config >> 18 & 1
    return _AAC_RATES[rate], 960 if short else 1024
