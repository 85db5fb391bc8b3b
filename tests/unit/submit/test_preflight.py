"""What is refused and what is warned of, by what a look has shown."""

from typing import Any

import pytest
from msgspec.structs import replace

from lipdrop.drops.refusal import DropRefusedError
from lipdrop.media.probe import Picture, ProbeResult, Sound
from lipdrop.submit.preflight import MOST_COPIED_BYTES, Role, check, length
from tests.support.drop_world import SETTINGS

PICTURE = Picture(codec="AVC", width=1280, height=720, fps=25, frames=250, seconds=10)
SOUND = Sound(codec="PCM", seconds=8)
VIDEO = ProbeResult(size=4_000, container="MPEG-4", seconds=10, picture=PICTURE, sound=SOUND)
VOICE = ProbeResult(size=4_000, container="Wave", seconds=8, sound=SOUND)


def warnings(
    seen: ProbeResult, name: str = "clip.mp4", role: Role = "video", **limits: Any
) -> tuple[str, ...]:
    return check(seen, name, role, replace(SETTINGS, **limits))


def refusal(seen: ProbeResult, name: str = "clip.mp4", role: Role = "video", **limits: Any) -> str:
    with pytest.raises(DropRefusedError) as caught:
        warnings(seen, name, role, **limits)
    return f"{caught.value.failure.code}: {caught.value.failure.message}"


def shown(**changes: Any) -> ProbeResult:
    return replace(VIDEO, picture=replace(PICTURE, **changes))


def test_good_media_pass_without_a_word() -> None:
    assert warnings(VIDEO) == ()
    assert warnings(VOICE, "fr.wav", "voice") == ()


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (replace(VIDEO, encrypted=True), "MEDIA_UNREADABLE: clip.mp4 is encrypted (copy protection)"),
        (replace(VIDEO, truncated=True), "MEDIA_UNREADABLE: clip.mp4 is cut off"),
        (
            ProbeResult(size=900, kind="PDF document"),
            "NO_PICTURE: clip.mp4 holds no picture: it is a 900-byte PDF",
        ),
        (
            ProbeResult(size=11_000),
            "NO_PICTURE: clip.mp4 holds no picture: it is an 11 kB file of no known kind.",
        ),
        (ProbeResult(size=8_000, broken=True), "MEDIA_UNREADABLE: clip.mp4 (8 kB) is damaged so badly"),
        (
            replace(VIDEO, picture=None),
            "NO_PICTURE: clip.mp4 holds no picture: it is a 4 kB MP4 file with nothing",
        ),
        (
            replace(VIDEO, container="AVI", size=MOST_COPIED_BYTES + 1),
            "UNSUPPORTED_FILE: clip.mp4 must end in .avi to be sent, and is too large for a copy: rename"
            " it to clip.avi.",
        ),
        (
            replace(VIDEO, container="media"),
            "UNSUPPORTED_FILE: clip.mp4 is not what its name says: it is a media file. Convert it: ffmpeg -i",
        ),
        (shown(frames=1), "NO_PICTURE: clip.mp4 holds a single frame"),
        (
            shown(seconds=300.53),
            "MEDIA_TOO_LONG: clip.mp4 is 300.53 s long, 0.53 s too long; at most 300 s are sent.",
        ),
        (shown(seconds=3.84307e14), "MEDIA_TOO_LONG: clip.mp4 is over 1,000 h long; at most 300 s are sent."),
        (shown(seconds=5400), "MEDIA_TOO_LONG: clip.mp4 is 90 min long; at most 300 s are sent."),
        (
            replace(shown(seconds=None), seconds=None),
            "MEDIA_UNREADABLE: clip.mp4 is of unknown length: nothing in it tells how long it is. Write"
            " it again: ffmpeg -i clip.mp4 -c:v libx264 -pix_fmt yuv420p -c:a aac clip.mov",
        ),
        (
            shown(width=854, height=239),
            "FRAME_SIZE: clip.mp4 is 854x239; its shorter side must have 240 to 2160",
        ),
        (shown(width=4097, height=2160), "FRAME_SIZE: clip.mp4 is 4097x2160; "),
        (shown(width=4096, height=2161), "FRAME_SIZE: clip.mp4 is 4096x2161; "),
    ],
)
def test_what_cannot_work_is_refused_in_words(seen: ProbeResult, message: str) -> None:
    assert refusal(seen).startswith(message)


@pytest.mark.parametrize("size", [(854, 480), (480, 854), (4096, 2160), (2160, 4096)])
def test_frames_at_the_limits_pass_lying_and_standing(size: tuple[int, int]) -> None:
    assert warnings(shown(width=size[0], height=size[1])) == ()


def test_the_limits_are_parameters() -> None:
    assert "at most 9 s" in refusal(VIDEO, max_media_seconds=9)
    assert "must have 721 to" in refusal(VIDEO, min_frame_side=721)
    assert "at most 1279" in refusal(VIDEO, max_frame_long_side=1279)
    assert "to 719 pixels" in refusal(VIDEO, max_frame_short_side=719)


@pytest.mark.parametrize(
    ("seen", "warning"),
    [
        (shown(hdr=True), "clip.mp4 is HDR"),
        (shown(alpha=True), "clip.mp4 has transparency"),
        (shown(unsteady=True), "clip.mp4 has a variable frame rate"),
        (shown(fps=60), "clip.mp4 has 60 frames/s: 24, 25 or 30"),
        (
            shown(fps=60),
            "clip.mp4 has 60 frames/s: 24, 25 or 30 are recommended, and it may cost up to 2.4 times",
        ),
        (shown(interlaced=True), "clip.mp4 is interlaced"),
        (shown(width=640, height=360), "clip.mp4 is 640x360: below 480 pixels"),
        (shown(width=854, height=470), "clip.mp4 is 854x470: below 480 pixels"),
        (shown(codec="Cinepak"), "clip.mp4 is encoded as Cinepak, which the model may not"),
        (
            replace(VIDEO, estimated=True),
            "clip.mp4 does not say, or says wrongly, how long it is; 10 s were meas",
        ),
    ],
)
def test_what_works_badly_is_warned_of(seen: ProbeResult, warning: str) -> None:
    (told,) = warnings(seen)

    assert told.startswith(warning)


@pytest.mark.parametrize("fps", [23.976, 24, 25, 29.97, 30, None])
def test_the_usual_frame_rates_are_no_matter(fps: float | None) -> None:
    assert warnings(shown(fps=fps)) == ()


@pytest.mark.parametrize(
    ("ending", "container"), [("m4a", "MPEG-4"), ("aac", "ADTS"), ("wma", "Windows Media")]
)
def test_voices_that_are_supported_with_limits_are_warned_of(ending: str, container: str) -> None:
    (told,) = warnings(replace(VOICE, container=container), f"fr.{ending}", "voice")

    assert told.startswith(f"fr.{ending} is {ending.upper()}, which the model supports with limits")


def test_the_track_that_counts_says_the_length() -> None:
    assert length(VIDEO, "video") == 10
    assert length(VIDEO, "voice") == 8
    assert length(replace(VOICE, sound=replace(SOUND, seconds=None)), "voice") == 8


@pytest.mark.parametrize("seconds", [300, 300.03, 300.5])
def test_what_encoders_pad_five_minutes_with_is_tolerated(seconds: float) -> None:
    assert warnings(shown(seconds=seconds)) == ()


def test_accepted_contents_under_a_wrong_ending_are_accepted_and_said() -> None:
    assert warnings(replace(VIDEO, container="AVI")) == (
        "clip.mp4 is an AVI file, not what its name says; it is sent as .avi.",
    )
