"""Length, time and price of a result before it is paid for; warnings about lengths that differ."""

import pytest
from msgspec.structs import replace

from lipdrop.drops.drop_bucket import Drop
from lipdrop.drops.manifest import Entry
from lipdrop.media.probe import Picture, ProbeResult
from lipdrop.model.job import Estimate, S3Object, SyncMode
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.pricing import estimate, length_warnings, output_seconds
from tests.support.drop_world import SETTINGS, looks_good

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


@pytest.mark.parametrize("required", [True, False])
def test_a_link_whose_length_nobody_knows_is_refused_where_costs_must_be_known(required: bool) -> None:
    builder = JobBuilder(probe=looks_good, settings=replace(SETTINGS, require_known_cost=required))
    manifest = S3Object(bucket="drop", key="jobs/list.json", version_id="1")
    entry = Entry(index=None, name="a", video="https://example.com/a.mp4", audio="https://example.com/a.mp3")

    job = builder.entry(manifest, entry, lambda key: None)

    assert (job.error is not None) == required
    if job.error:
        assert job.error.code == "COST_LIMIT"
        assert "RequireKnownCost" in job.error.message


def test_a_job_warns_of_its_lengths_and_is_priced_by_its_frames() -> None:
    def probe(item: S3Object) -> ProbeResult:
        seen = looks_good(item)
        if seen.sound:
            return replace(seen, seconds=90)
        return replace(seen, picture=Picture(codec="AVC", width=640, height=480, fps=50))

    drops = (
        Drop(object=S3Object(bucket="drop", key=f"inbox/{key}", version_id="1", size=900), metadata={})
        for key in ("a.mp4", "a.mp3")
    )

    job = JobBuilder(probe=probe, settings=SETTINGS).pair(*drops)

    assert job.estimate
    assert job.estimate.cost_usd == round(90 * 0.084 * 2, 4)
    assert any("2 s long and the voice 90 s" in warning for warning in job.warnings)
