"""Content sniffing (magic numbers): what a result's first bytes say it is.

The ending and the content type of the stored file follow from what it holds, not from its address or the
headers it came with: a WebM that is called `.mp4` would not open on every machine.
"""

import re
from typing import NamedTuple

from lipdrop.download.errors import TextPage
from lipdrop.media.file_type import sniff
from lipdrop.model.redaction import scrub

HEAD_BYTES = 1024
"""Enough to say what a file is."""


class FileKind(NamedTuple):
    """One kind of file: its ending without the dot, and its content type."""

    ending: str
    content_type: str


MP4 = FileKind("mp4", "video/mp4")
UNKNOWN = FileKind("bin", "application/octet-stream")
_KINDS: tuple[tuple[bytes, FileKind], ...] = (
    (rb"....(?:ftypqt  |moov|mdat|wide|pnot)", FileKind("mov", "video/quicktime")),
    (rb"....ftyp", MP4),
    (rb"\x1a\x45\xdf\xa3.{0,100}?\x42\x82.{1,8}?webm", FileKind("webm", "video/webm")),
    (rb"\x1a\x45\xdf\xa3", FileKind("mkv", "video/x-matroska")),
    (rb"RIFF....AVI ", FileKind("avi", "video/x-msvideo")),
    (rb"OggS", FileKind("ogv", "video/ogg")),
    (rb"FLV\x01", FileKind("flv", "video/x-flv")),
    (rb"G.{187}G", FileKind("ts", "video/mp2t")),
    (rb"\x00\x00\x01\xba", FileKind("mpg", "video/mpeg")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FileKind("wmv", "video/x-ms-wmv")),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _KINDS)
_TEXT = re.compile(rb"(?:\xff\xfe|\xfe\xff).*|[\t\n\x0c\r\x20-\x7e\x80-\xff]*", re.DOTALL)


def file_kind(head: bytes) -> FileKind:
    """Return the kind of a file that begins with `head`; UNKNOWN for none of the table."""
    return next((kind for pattern, kind in _PATTERNS if pattern.match(head)), UNKNOWN)


def is_text(head: bytes) -> bool:
    """Whether a file that begins with `head` is text: an HTML, JSON or XML page, an error message."""
    return bool(_TEXT.fullmatch(head[:HEAD_BYTES]))


def require_no_text(head: bytes, content_type: str) -> None:
    """Raise TextPage, saying what was seen, if a body begins with `head` and is empty or text."""
    if not head:
        raise TextPage("The result is empty.")
    if is_text(head):
        seen = sniff(head) or "text file"
        raise TextPage(f"The result is no video: {seen}, sent as {scrub(content_type) or 'no type'}.")
