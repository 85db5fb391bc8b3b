"""The boxes of an MP4 file prove where it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.download.errors import Truncated
from lipdrop.results.mp4_boxes import Chain, follow


def box(kind: bytes, content: int, large: bool = False) -> bytes:
    if large:
        return (1).to_bytes(4) + kind + (16 + content).to_bytes(8) + bytes(content)
    return (8 + content).to_bytes(4) + kind + bytes(content)


files = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=8).map(
    lambda boxes: b"".join(box(b"mdat", size, large) for size, large in boxes)
)


@given(files)
def test_a_whole_file_is_followed_to_its_end(data: bytes) -> None:
    assert follow(lambda at, n: data[at : at + n], len(data)) == Chain(len(data))


@given(files, st.data())
def test_a_cut_file_looks_whole_only_if_it_was_cut_between_boxes(data: bytes, draw: st.DataObject) -> None:
    cut = data[: draw.draw(st.integers(1, len(data) - 1))]
    try:
        reached = follow(lambda at, n: cut[at : at + n], len(cut)).reached
    except Truncated:
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
    assert follow(lambda at, n: data[at : at + n], len(data)) == Chain(len(data))


def test_the_chain_is_followed_only_as_far_as_it_is_known() -> None:
    data = box(b"ftyp", 8) + box(b"moof", 100) + box(b"mdat", 100)
    assert follow(lambda at, n: data[at : at + n] if at < 20 else b"", len(data)) == Chain(124)


MEDIA = box(b"ftyp", 8) + box(b"moov", 40) + box(b"mdat", 50)


def test_a_damaged_header_proves_nothing_and_is_left_to_mediainfo() -> None:
    data = box(b"ftyp", 8) + (5).to_bytes(4) + b"mdat" + bytes(50)
    assert follow(lambda at, n: data[at : at + n], len(data)) == Chain(16, trailing=58)


@pytest.mark.parametrize(
    "junk",
    [b"\n", b"<!-- generated -->", b"x" * 7, bytes(9), (9_000).to_bytes(4) + b"free", b"\0\0\0\1freeabc"],
)
def test_text_behind_complete_media_belongs_to_no_box(junk: bytes) -> None:
    data = MEDIA + junk
    assert follow(lambda at, n: data[at : at + n], len(data)) == Chain(len(data), trailing=len(junk))


@pytest.mark.parametrize("kind", [b"mdat", b"moof", b"moov"])
def test_a_box_of_the_video_that_goes_on_is_a_cut_file(kind: bytes) -> None:
    data = MEDIA + box(kind, 100)[:-1]
    with pytest.raises(Truncated, match="1 bytes too early"):
        follow(lambda at, n: data[at : at + n], len(data))


def test_a_file_cut_before_its_media_is_complete_is_a_cut_file() -> None:
    data = box(b"ftyp", 8) + box(b"free", 8) + box(b"what", 100)[:-1]
    with pytest.raises(Truncated):
        follow(lambda at, n: data[at : at + n], len(data))
