"""The outer form of an MP4 file: a chain of boxes, each with its size (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Callable

from lipdrop.download.errors import Invalid, Truncated
from lipdrop.media.file_type import sniff
from lipdrop.model.redaction import scrub

HEAD_BYTES = 1024
"""Enough to say what it is, if it is no video."""
HEADER_BYTES = 8
_LARGE_HEADER_BYTES = 16


def require_video(start: bytes, content_type: str) -> None:
    """Raise Invalid, telling what was seen, unless `start` is the beginning of an MP4 or MOV file."""
    if start[4:8] == b"ftyp":
        return
    if not start:
        raise Invalid("The result is empty.")
    seen = sniff(start) or "something unknown"
    raise Invalid(f"The result is no MP4 video: {seen}, sent as {scrub(content_type) or 'no type'}.")


def follow(read_at: Callable[[int, int], bytes], length: int) -> int:
    """Follow the boxes of a file of `length` bytes as far as `read_at(offset, size)` knows their headers.

    Returns the offset it came to: `length` proves that the file is whole. Raises Truncated when a box
    ends behind the file, Invalid when a header is damaged.
    """
    offset = 0
    while offset < length:
        header = read_at(offset, _LARGE_HEADER_BYTES)
        if len(header) < min(_LARGE_HEADER_BYTES, max(HEADER_BYTES, length - offset)):
            return offset
        offset += _box_size(header, length - offset)
        if offset > length:
            raise Truncated(f"The video ends {offset - length} bytes too early by its own index.")
    return length


def _box_size(header: bytes, rest: int) -> int:
    size = int.from_bytes(header[:4])
    if size == 0:
        return rest
    if size == 1 and len(header) == _LARGE_HEADER_BYTES:
        size = int.from_bytes(header[8:])
    if size < HEADER_BYTES:
        raise Invalid("The video's boxes are damaged.")
    return size
