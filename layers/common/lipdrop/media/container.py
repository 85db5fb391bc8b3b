"""Recognizes a container by its structure, not by brand names or endings; names are those of MediaInfo."""

from lipdrop.media.frames import LOOK_AHEAD, FrameReader, adts_frame, mpeg_frame
from lipdrop.media.mp4_boxes import begins_with_box

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_RIFF = (b"RIFF", b"RF64", b"BW64")
_FORMS = {b"WAVE": "Wave", b"AVI ": "AVI"}
_MAGIC = {b"fLaC": "FLAC", b"OggS": "Ogg", _ASF: "Windows Media"}
_EBML = b"\x1a\x45\xdf\xa3"
_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif")
"""Brands of pictures in the container of MP4."""


def identify(head: bytes) -> str:
    """Return the container of a file that begins with `head`, tags left out; "" if it is none of ours."""
    if head[:4] in _RIFF:
        return _FORMS.get(head[8:12], "")
    if head[:4] == _EBML:
        return "WebM" if b"webm" in head[:64] else "Matroska"
    if begins_with_box(head):
        return "" if head[8:12] in _PICTURES else "MPEG-4"
    known = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    return known or _frame_kind(head)


def _frame_kind(head: bytes) -> str:
    """Three frames in a row at the very beginning: two happen by chance in a hundred kilobytes."""
    kinds: tuple[tuple[str, FrameReader], ...] = (("ADTS", adts_frame), ("MPEG Audio", mpeg_frame))
    return next((name for name, frame in kinds if _begins_with_frames(head, frame)), "")


def _begins_with_frames(head: bytes, frame: FrameReader) -> bool:
    at = 0
    for _ in range(3):
        found = frame(head[at : at + 7])
        if not found or at > LOOK_AHEAD * 3:
            return False
        at += found[0]
    return True
