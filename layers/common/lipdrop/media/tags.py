"""Sizes of the tags that stand before, between and behind the sound of a file: titles, covers, lyrics."""

from collections.abc import Callable

ID3_BYTES = 10

type Reader = Callable[[int, int], bytes]
"""From start and length to bytes."""


def id3_bytes(data: bytes, at: int = 0) -> int:
    """Return the length of the ID3v2 tag at `at` (id3.org, 3.1: a sync-safe number), or 0."""
    header = data[at : at + ID3_BYTES]
    if header[:3] != b"ID3" or len(header) < ID3_BYTES or 0xFF in header[3:5] or max(header[6:10]) > 0x7F:
        return 0
    body = sum(byte << shift for byte, shift in zip(header[6:10], (21, 14, 7, 0), strict=True))
    footer = ID3_BYTES if header[5] & 0x10 else 0
    return ID3_BYTES + body + footer


def tag_bytes(data: bytes, at: int) -> int:
    """Return the length of the ID3v2, ID3v1, Lyrics3 or APE tag at `at`, or 0 if there is none.

    Sources: id3.org; APEv2 (wiki.hydrogenaudio.org): 32 bytes with the size of what follows them.
    """
    if data[at : at + 3] == b"TAG":
        return 128
    if data[at : at + 8] == b"APETAGEX":
        is_header = bool(data[at + 23 : at + 24] and data[at + 23] & 0x20)
        return 32 + (int.from_bytes(data[at + 12 : at + 16], "little") if is_header else 0)
    return id3_bytes(data, at)


def leading_tags(read: Reader, size: int) -> int:
    """Return how many bytes of ID3v2 tags a file of `size` bytes begins with; there may be several."""
    at = 0
    for _ in range(8):
        length = id3_bytes(read(at, ID3_BYTES))
        if not length:
            break
        at += length
    return at if at < size else 0
