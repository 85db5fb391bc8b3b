"""The outer structure of an MP4 file: a chain of boxes, each with its size (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Callable
from typing import NamedTuple

from lipdrop.download.errors import Truncated

HEADER_BYTES = 8
_LARGE_HEADER_BYTES = 16
_TOP_LEVEL = frozenset(
    b"ftyp styp moov mdat moof mfra sidx ssix meta meco pdin prft emsg udta imda uuid".split()
)
_PADDING = frozenset((b"free", b"skip", b"wide", b"pnot", b"junk"))
_MEDIA = {b"moov", b"mdat"}


class Chain(NamedTuple):
    """How far the boxes of a file could be followed.

    `reached`: the offset after the last box that is known to be complete; the file's length proves that the
    file is complete. `trailing`: bytes at the end that belong to no box.
    """

    reached: int
    trailing: int = 0


def follow(read_at: Callable[[int, int], bytes], length: int) -> Chain:
    """Follow the boxes of a file of `length` bytes as far as `read_at(offset, size)` knows their headers.

    Raises Truncated when a box goes on behind the end of the file. What comes behind complete media data
    and is no box (a comment, a line of text) is not part of the video and is counted as `trailing`.
    """
    offset, seen = 0, set[bytes]()
    while offset < length:
        rest = length - offset
        header = read_at(offset, _LARGE_HEADER_BYTES)
        if len(header) < min(_LARGE_HEADER_BYTES, rest):
            return Chain(offset)
        size, kind = _box(header, rest)
        complete = seen >= _MEDIA
        if size < HEADER_BYTES or (size > rest and complete and kind not in _TOP_LEVEL):
            return Chain(length if complete else offset, trailing=rest)
        if size > rest:
            raise Truncated(f"The video ends {size - rest} bytes too early by its own index.")
        seen.add(kind)
        offset += size
    return Chain(length)


def _box(header: bytes, rest: int) -> tuple[int, bytes]:
    """Return size and type of the box that begins with `header`; size 0 for what can be none."""
    size, kind = int.from_bytes(header[:4]), header[4:8]
    if len(header) < HEADER_BYTES:
        return 0, b""
    if size == 0 and kind in _TOP_LEVEL | _PADDING:
        return rest, kind
    if size == 1 and len(header) == _LARGE_HEADER_BYTES:
        size = int.from_bytes(header[8:])
    return size, kind
