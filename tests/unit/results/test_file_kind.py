"""What a result is called follows from what it holds."""

import pytest

from lipdrop.download.errors import TextPage
from lipdrop.results.file_kind import file_kind, is_text, require_no_text


@pytest.mark.parametrize(
    ("head", "ending", "content_type"),
    [
        (b"\0\0\0\x1cftypisom\0\0\2\0isom", "mp4", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "mov", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska", "mkv", "video/x-matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi", "video/x-msvideo"),
        (b"OggS\0\2", "ogv", "video/ogg"),
        ((b"G\x40\0\x10" + bytes(184)) * 2, "ts", "video/mp2t"),
        (b"\0\0\1\xbaD", "mpg", "video/mpeg"),
        (b"PK\3\4", "bin", "application/octet-stream"),
        (b"", "bin", "application/octet-stream"),
    ],
)
def test_the_first_bytes_tell_the_ending(head: bytes, ending: str, content_type: str) -> None:
    assert file_kind(head) == (ending, content_type)
    assert not (head and is_text(head))


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>", "HTML page, sent as text/html"),
        (b'{"error": "gone"}', "JSON file"),
        (b"<?xml version='1.0'?><Error>", "S3 error message"),
        (b"default backend - 404", "text file"),
        ("<p>R\u00e9essayez</p>".encode(), "no video"),
        ("<html>".encode("utf-16"), "no video"),
    ],
)
def test_a_page_in_place_of_the_file_is_named(head: bytes, seen: str) -> None:
    with pytest.raises(TextPage, match=seen):
        require_no_text(head, "text/html")
