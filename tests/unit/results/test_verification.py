"""Whether what came is the video that was asked for."""

from typing import Any

import pytest

from lipdrop.download.errors import Invalid, Truncated, Unrecognized
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


def test_a_usual_video_passes_without_a_warning() -> None:
    found = verified(passed(), lambda _: seen(), 10)
    assert found.warnings == ()
    assert found.media.video_codec == "AVC"


@pytest.mark.parametrize(
    ("looked", "error", "message"),
    [
        (seen(picture=None), Unrecognized, "no picture track"),
        (seen(container="", kind="ZIP archive"), Unrecognized, "looks like a ZIP archive"),
        (seen(broken=True), Unrecognized, "Nothing in the result can be read"),
        (seen(truncated=True), Truncated, "cut off"),
    ],
)
def test_what_is_no_complete_video_is_refused_with_what_was_seen(
    looked: ProbeResult, error: type[Invalid], message: str
) -> None:
    with pytest.raises(error, match=message):
        verified(passed(), lambda _: looked, 10)


@pytest.mark.parametrize(
    ("looked", "warning"),
    [
        (seen(sound=None), "The result has no sound."),
        (seen(seconds=None), "does not say how long"),
        (seen(seconds=0.0), "does not say how long"),
        (seen(seconds=4.9), "has 4.9 s where 10.0 s were expected"),
        (seen(seconds=20.1), "has 20.1 s where 10.0 s were expected"),
        (seen(container="WebM"), "unusual format: mp4 file, WebM, AVC, AAC, 10.0 s"),
        (seen(sound=Sound(codec="Opus")), "unusual format: mp4 file, MPEG-4, AVC, Opus"),
    ],
)
def test_what_is_odd_about_a_complete_video_is_a_warning(looked: ProbeResult, warning: str) -> None:
    (told,) = verified(passed(), lambda _: looked, 10).warnings
    assert warning in told


@pytest.mark.parametrize(("seconds", "warned"), [(10.4, False), (9.6, False), (10.45, True), (9.5, True)])
def test_a_difference_of_more_than_a_few_frames_is_told(seconds: float, warned: bool) -> None:
    assert bool(verified(passed(), lambda _: seen(seconds=seconds), 10).warnings) == warned


def test_a_quicktime_file_is_unusual_though_mediainfo_calls_it_mpeg_4() -> None:
    data = FILE.replace(b"ftyp" + bytes(8), b"ftypqt  " + bytes(4))
    (told,) = verified(passed(data), lambda _: seen(), 10).warnings
    assert "mov file" in told


def test_text_behind_the_video_is_a_warning_though_the_parser_takes_it_for_a_cut() -> None:
    data = FILE + (20).to_bytes(4) + b"moov" + bytes(12) + b"<!-- end -->"
    (told,) = verified(passed(data), lambda _: seen(truncated=True), 10).warnings
    assert told == "The last 12 bytes of the result are no part of the video."


def test_without_an_estimate_any_length_passes() -> None:
    assert verified(passed(), lambda _: seen(seconds=3.0), None).warnings == ()


def test_a_cut_chain_is_refused_before_anybody_looks() -> None:
    with pytest.raises(Truncated):
        verified(passed(FILE[:-1]), lambda _: seen(), 10)


def test_an_end_that_nothing_proves_is_refused() -> None:
    windows = HeadAndTail(None)
    windows.keep(0, memoryview(FILE[:20]))
    unproven = CopiedFile(windows=windows, length=124, whole=False)
    with pytest.raises(Truncated, match="does not prove"):
        verified(unproven, lambda _: seen(), 10)
    proven = CopiedFile(windows=windows, length=124, whole=True)
    assert verified(proven, lambda _: seen(), 10).media.seconds == 10
