"""Length, time and price of a result before it is paid for; warnings about lengths that differ."""

import pytest

from lipdrop.model.job import Estimate, SyncMode
from lipdrop.submit.pricing import estimate, length_warnings, output_seconds
from tests.support.drop_world import SETTINGS

MODES: dict[SyncMode, tuple[float | None, float | None]] = {
    "bounce": (8, 8),
    "loop": (8, 8),
    "remap": (8, 8),
    "cut_off": (8, None),
    "silence": (10, None),
}


@pytest.mark.parametrize(("mode", "expected"), MODES.items())
def test_the_length_of_the_result_follows_the_sync_mode(
    mode: SyncMode, expected: tuple[float | None, float | None]
) -> None:
    assert (output_seconds(mode, 10, 8), output_seconds(mode, None, 8)) == expected


def test_time_and_price_follow_the_length_of_the_result() -> None:
    assert estimate(30, SETTINGS) == Estimate(output_seconds=30, expected_seconds=211, cost_usd=2.52)


@pytest.mark.parametrize(("fps", "cost"), [(None, 2.52), (12, 2.52), (25, 2.52), (30, 3.024), (60, 6.048)])
def test_the_price_is_bounded_by_the_frames_that_may_be_billed(fps: float | None, cost: float) -> None:
    assert estimate(30, SETTINGS, fps).cost_usd == cost


@pytest.mark.parametrize("mode", MODES)
def test_lengths_that_differ_much_are_warned_of_with_what_will_happen(mode: SyncMode) -> None:
    (short_video,) = length_warnings(mode, 2, 90)
    (short_voice,) = length_warnings(mode, 120, 5)

    assert short_video.startswith(
        f"The video is 2 s long and the voice 90 s: with sync_mode {mode} the video "
    )
    assert short_voice.startswith(
        f"The video is 120 s long and the voice 5 s: with sync_mode {mode} the video "
    )


@pytest.mark.parametrize(
    ("video", "voice"), [(10, 12), (10, 8), (100, 109.9), (100, 90), (None, 5), (5, None), (60, 60)]
)
def test_lengths_that_are_about_the_same_or_unknown_are_not_warned_of(
    video: float | None, voice: float | None
) -> None:
    assert length_warnings("bounce", video, voice) == ()
