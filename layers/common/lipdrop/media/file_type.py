"""File type detection for what is not media: from the first bytes to the name that messages use."""

import re

# These run on hostile bytes: no pattern may backtrack over the same bytes more than a few times.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (rb"\s*<\?xml[^>]*>\s*<Error>", "S3 error message"),
    (rb"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(!doctype\s+html|html|head|body)\b", "HTML page"),
    (rb"\s*<svg\b|\s*<\?xml[^>]*>\s*<svg\b", "SVG picture"),
    (rb"\s*<\?xml\b", "XML file"),
    (rb"\s*WEBVTT|\s*1\r?\n\d\d:\d\d:\d\d,\d", "subtitle file"),
    (rb'\s*(\{\s*("|\})|\[\s*(\{|"|\]))', "JSON file"),
    (rb"#EXTM3U", "playlist"),
    (rb"%PDF-", "PDF document"),
    (rb"\xff\xd8\xff", "JPEG picture"),
    (rb"\x89PNG\r\n", "PNG picture"),
    (rb"GIF8[79]a", "GIF picture"),
    (rb"RIFF....WEBP", "WebP picture"),
    (rb"....ftyp(heic|heix|mif1|avif)", "HEIF picture"),
    (rb"BM....\0\0\0\0", "BMP picture"),
    (rb"II\*\0|MM\0\*", "TIFF picture"),
    (rb"PK\x03\x04|PK\x05\x06", "ZIP archive"),
    (rb"\x1f\x8b", "gzip archive"),
    (rb"Rar!\x1a\x07", "RAR archive"),
    (rb"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office document"),
    (rb"MZ|\x7fELF|\xcf\xfa\xed\xfe", "program"),
    (rb"SQLite format 3\0", "database"),
    (rb"bplist00", "property list"),
    (rb"version https://git-lfs", "Git LFS pointer, not the file itself"),
    (rb"\0+\Z", "row of zero bytes"),
    (rb"[\t\n\r\x20-\x7e\x80-\xff]*\Z", "text file"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), words) for pattern, words in _MAGIC)
_LOOKED_AT = 1024


def sniff(head: bytes) -> str:
    """Return what a file beginning with `head` is, as "HTML page"; "" for an empty or unknown one."""
    beginning = head[:_LOOKED_AT]
    if not beginning:
        return ""
    return next((words for pattern, words in _PATTERNS if pattern.match(beginning)), "")
