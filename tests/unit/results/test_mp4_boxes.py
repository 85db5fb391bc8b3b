"""The boxes of an MP4 file prove where it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.download.errors import Invalid
from lipdrop.results.mp4_boxes import follow, require_video


def box(kind: bytes, content: int, large: bool = False) -> bytes:
    if large:
        return (1).to_bytes(4) + kind + (16 + content).to_bytes(8) + bytes(content)
    return (8 + content).to_bytes(4) + kind + bytes(content)


files = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=8).map(
    lambda boxes: b"".join(box(b"mdat", size, large) for size, large in boxes)
)


@given(files)
def test_a_whole_file_is_followed_to_its_end(data: bytes) -> None:
    assert follow(lambda at, n: data[at : at + n], len(data)) == len(data)


@given(files, st.data())
def test_a_cut_file_looks_whole_only_if_it_was_cut_between_boxes(data: bytes, draw: st.DataObject) -> None:
    cut = data[: draw.draw(st.integers(1, len(data) - 1))]
    try:
        reached = follow(lambda at, n: cut[at : at + n], len(cut))
    except Invalid:
        return
    assert (reached == len(cut)) == (len(cut) in boundaries(data))


def boundaries(data: bytes) -> set[int]:
    """Return where the boxes of `data` end."""
    ends, at = set(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        at += size if size != 1 else int.from_bytes(data[at + 8 : at + 16])
        ends.add(at)
    return ends


def test_a_box_that_reaches_to_the_end_ends_the_file() -> None:
    data = box(b"ftyp", 8) + (0).to_bytes(4) + b"mdat" + bytes(50)
    assert follow(lambda at, n: data[at : at + n], len(data)) == len(data)


def test_the_chain_is_followed_only_as_far_as_it_is_known() -> None:
    data = box(b"ftyp", 8) + box(b"moof", 100) + box(b"mdat", 100)
    assert follow(lambda at, n: data[at : at + n] if at < 20 else b"", len(data)) == 124


def test_a_damaged_header_is_seen() -> None:
    data = box(b"ftyp", 8) + (5).to_bytes(4) + b"mdat" + bytes(50)
    with pytest.raises(Invalid, match="damaged"):
        follow(lambda at, n: data[at : at + n], len(data))


@pytest.mark.parametrize(
    ("start", "seen"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>", "HTML page, sent as text/html"),
        (b'{"error": "gone"}', "JSON file"),
        (b"\x1aE\xdf\xa3" + bytes(60), "something unknown"),
    ],
)
def test_what_begins_otherwise_is_named(start: bytes, seen: str) -> None:
    with pytest.raises(Invalid, match=seen):
        require_video(start, "text/html")


def test_mp4_and_mov_begin_as_they_should() -> None:
    require_video(b"\0\0\0\x1cftypisom", "video/mp4")
    require_video(b"\0\0\0\x14ftypqt  ", "video/quicktime")
