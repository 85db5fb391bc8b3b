"""Whether what came is the video that was asked for."""

from typing import Any

import pytest

from lipdrop.download.errors import Invalid, Truncated
from lipdrop.media.probe import Picture, ProbeResult, Sound
from lipdrop.results.head_and_tail import CopiedFile, HeadAndTail
from lipdrop.results.verification import verified

PICTURE = Picture(
    codec="AVC", width=640, height=480, fps=25, frames=250, seconds=10, unsteady=False, hdr=False, alpha=False
)
FILE = (16).to_bytes(4) + b"ftyp" + bytes(8) + (108).to_bytes(4) + b"mdat" + bytes(100)


def passed(data: bytes = FILE, *, whole: bool = True) -> CopiedFile:
    windows = HeadAndTail(len(data))
    windows.keep(0, memoryview(data))
    return CopiedFile(windows=windows, length=len(data), whole=whole)


def seen(**changes: Any) -> ProbeResult:
    given: dict[str, Any] = {
        "size": 124,
        "container": "MPEG-4",
        "seconds": 10.0,
        "picture": PICTURE,
        "sound": Sound(codec="AAC", seconds=10.0),
    }
    return ProbeResult(**(given | changes))


def test_a_good_video_passes_without_a_word() -> None:
    found = verified(passed(), lambda _: seen(), 10)
    assert found.warnings == ()
    assert found.media.video_codec == "AVC"


@pytest.mark.parametrize(
    ("looked", "message"),
    [
        (seen(picture=None), "no picture track"),
        (seen(sound=None), "no sound track"),
        (seen(container=""), "nothing in it can be read"),
        (seen(broken=True), "nothing in it can be read"),
        (seen(truncated=True), "cut off"),
        (seen(seconds=None), "no length"),
        (seen(seconds=0.0), "no length"),
        (seen(seconds=4.9), "should have 10"),
        (seen(seconds=20.1), "should have 10"),
    ],
)
def test_what_is_no_lip_synced_video_is_refused_with_what_was_seen(looked: ProbeResult, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        verified(passed(), lambda _: looked, 10)


@pytest.mark.parametrize(("seconds", "warned"), [(10.9, False), (12.0, False), (12.1, True), (7.9, True)])
def test_an_odd_length_is_a_warning(seconds: float, warned: bool) -> None:
    assert bool(verified(passed(), lambda _: seen(seconds=seconds), 10).warnings) == warned


def test_without_an_estimate_any_length_passes() -> None:
    assert verified(passed(), lambda _: seen(seconds=3.0), None).warnings == ()


def test_a_cut_chain_is_refused_before_anybody_looks() -> None:
    with pytest.raises(Truncated):
        verified(passed(FILE[:-1]), lambda _: seen(), 10)


def test_an_end_that_nothing_proves_is_refused() -> None:
    windows = HeadAndTail(None)
    windows.keep(0, memoryview(FILE[:20]))
    unproven = CopiedFile(windows=windows, length=124, whole=False)
    with pytest.raises(Invalid, match="does not prove"):
        verified(unproven, lambda _: seen(), 10)
    proven = CopiedFile(windows=windows, length=124, whole=True)
    assert verified(proven, lambda _: seen(), 10).media.seconds == 10
