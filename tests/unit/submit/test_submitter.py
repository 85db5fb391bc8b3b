"""From events to executions: manifests by version, links, isolation of bad records, drops without partner."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from lipdrop.media.probe import Picture, ProbeResult, Sound
from lipdrop.model.job import Job, Options, S3Object
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.submitter import Submitter
from tests.support.drop_store import MemoryBucket
from tests.support.drop_world import SETTINGS, Starts, World, s3_record

LINK = "https://example.com/a.mp4"
BODY = {"video_url": LINK, "audio_url": "https://example.com/a.mp3", "temperature": 0.9}


def world(**settings: Any) -> World:
    made = World([], seed=1)
    job_builder = replace(made.submitter.job_builder, settings=replace(SETTINGS, **settings))
    made.submitter = replace(made.submitter, job_builder=job_builder)
    return made


def order(world: World, content: Any, key: str = "jobs/a.json") -> list[Job]:
    """Upload a manifest and deliver its event; return the jobs that it started."""
    item = world.bucket.put(key, json.dumps(content).encode())
    answer = world.submitter.submit([s3_record(key, version_id=item.version_id)])
    return [world.job(name) for name in answer.started]


def test_a_body_for_the_api_reaches_the_job_unchanged_and_was_not_looked_at() -> None:
    (job,) = order(world(), BODY)

    assert (job.video, job.audio) == (LINK, "https://example.com/a.mp3")
    assert job.options == Options(temperature=0.9)
    assert (job.name, job.entry, job.estimate, job.error) == ("a", None, None, None)
    assert [warning[:40] for warning in job.warnings] == [
        "The video is a link, which was not looke",
        "The voice is a link, which was not looke",
    ]


def test_a_manifest_of_keys_is_pinned_looked_at_and_priced() -> None:
    here = world()
    video = here.bucket.put("media/talk.mp4", metadata={"sync-mode": "loop", "temperature": "0.1"})
    voice = here.bucket.put("media/fr.mp3", metadata={"temperature": "0.2"})

    (job,) = order(here, {"video": "media/talk.mp4", "audio": "s3://drop/media/fr.mp3", "dry_run": True})

    assert (job.video, job.audio, job.dry_run) == (video, voice, True)
    assert (job.options.sync_mode, job.options.temperature) == ("loop", 0.2)
    assert job.estimate
    assert job.estimate.cost_usd == pytest.approx(2 * 0.084)


def test_half_a_look_prices_what_hangs_on_the_voice_alone() -> None:
    here = world()
    here.bucket.put("fr.mp3")

    bounce, silence = order(
        here,
        [{"video_url": LINK, "audio": "fr.mp3", "sync_mode": mode} for mode in ("bounce", "silence")],
    )

    assert bounce.estimate
    assert silence.estimate is None


def test_each_version_of_a_manifest_is_an_order_of_its_own_and_each_event_of_it_the_same() -> None:
    here = world()
    first = here.bucket.put("jobs/a.json", json.dumps([BODY, BODY]).encode())
    second = here.bucket.put("jobs/a.json", json.dumps([BODY]).encode())

    answers = [
        here.submitter.submit([s3_record("jobs/a.json", version_id=item.version_id)])
        for item in (second, first, first, second)
    ]

    assert [len(answer.started) for answer in answers] == [1, 2, 0, 0]
    assert [len(answer.existing) for answer in answers] == [0, 0, 2, 1]


def test_a_manifest_whose_keys_moved_on_between_two_events_is_still_one_order() -> None:
    here = world()
    here.bucket.put("v.mp4")
    here.bucket.put("a.mp3")
    (job,) = order(here, {"video": "v.mp4", "audio": "a.mp3"})
    here.bucket.put("a.mp3")
    starts = Starts()
    again = replace(here.submitter, start=starts.start)

    again.submit([s3_record("jobs/a.json", version_id="v1")])

    assert [other.job_id for other in starts.jobs] == [job.job_id]


def test_a_thousand_entries_are_a_thousand_jobs() -> None:
    assert len({job.job_id for job in order(world(), [BODY] * 1000)}) == 1000


def test_what_was_deleted_before_its_event_came_is_passed_over() -> None:
    here = world()
    for key in ("inbox/clip.mp3", "inbox/clip.mp4", "inbox/notes.txt", "jobs/a.json"):
        answer = here.deliver(key)
        assert answer.started == answer.existing == ()
        assert (*answer.passed_over, *answer.waiting) == (key,)


def test_one_bad_record_does_not_stop_the_others_and_is_tried_again() -> None:
    here = world()
    for key in ("inbox/a.mp4", "inbox/a.mp3", "inbox/b.mp4", "inbox/b.mp3"):
        here.bucket.put(key)
    records = [
        {"s3": {}},
        s3_record("inbox/a.mp3"),
        s3_record("inbox/a.mp3", bucket="other"),
        s3_record("inbox/b.mp3"),
    ]

    with pytest.raises(ExceptionGroup) as caught:
        here.submitter.submit(records)

    assert [type(error) for error in caught.value.exceptions] == [KeyError, ValueError]
    assert {job.name for job in here.jobs} == {"a", "b"}


def test_one_voice_that_cannot_be_read_does_not_stop_the_others_of_its_video() -> None:
    here = world()
    for key in ("inbox/a.mp4", "inbox/a.fr.mp3", "inbox/a.es.mp3", "inbox/a.it.mp3"):
        here.bucket.put(key)
    good = here.submitter.job_builder.probe

    def probe(item: S3Object) -> ProbeResult:
        if item.key == "inbox/a.es.mp3":
            raise ConnectionError
        return good(item)

    submitter = replace(here.submitter, job_builder=replace(here.submitter.job_builder, probe=probe))
    with pytest.raises(ExceptionGroup):
        submitter.submit([s3_record("inbox/a.mp4")])

    assert {job.name for job in here.jobs} == {"a.fr", "a.it"}


def test_a_refusal_keeps_what_was_known_before_it() -> None:
    here = world(max_job_cost=0.1)
    here.bucket.put("inbox/a.mp4")
    here.bucket.put("inbox/a.mp3")
    here.deliver("inbox/a.mp3")

    (job,) = here.jobs
    assert job.error
    assert job.error.code == "COST_LIMIT"
    assert job.video_media
    assert job.audio_media
    assert job.estimate


def test_a_key_with_dots_for_parts_is_refused_under_a_name_without_them() -> None:
    here = world()
    here.bucket.put("inbox/a/../../clip.mp4")
    here.deliver("inbox/a/../../clip.mp4")

    (job,) = here.jobs
    assert job.error
    assert (job.error.code, job.name) == ("UNSUPPORTED_FILE", "a/clip.mp4")


def test_an_archived_drop_is_refused() -> None:
    here = world()
    here.bucket.put("inbox/a.mp4")
    here.bucket.put("inbox/a.mp3")
    here.bucket.versions["inbox/a.mp4"] = [replace(here.bucket.versions["inbox/a.mp4"][0], archived=True)]
    here.deliver("inbox/a.mp4")

    (job,) = here.jobs
    assert job.error
    assert job.error.message == "a.mp4 is in Glacier storage; restore it first."


HOUR = 3600.0


def sweep(age_hours: float, *keys: str) -> list[Job]:
    here = world()
    for key in keys:
        here.bucket.put(key, now=0)
    here.submitter.sweep(age_hours * HOUR)
    assert not here.submitter.sweep(age_hours * HOUR).started, "reported twice"
    return here.jobs


def test_a_drop_without_partner_is_reported_once_after_a_day() -> None:
    voice, video = sweep(
        25, "inbox/a/fr.mp3", "inbox/b.mp4", "inbox/b/ok.mp4", "inbox/b/ok.mp3", "inbox/.x", "inbox/n.txt"
    )

    assert voice.error
    assert (voice.error.code, voice.name) == ("ORPHANED_VOICE", "a/fr")
    assert voice.error.message == (
        "fr.mp3 was uploaded more than 24 hours ago and there is no video for it: "
        "no fr.mp4 or video.mp4 (or .mov, .webm, .avi)."
    )
    assert video.error
    assert (video.error.code, video.name) == ("ORPHANED_VIDEO", "b")
    assert video.error.message == (
        "b.mp4 was uploaded more than 24 hours ago and there is no voice for it: "
        "no b.mp3, b.fr.mp3 or the like."
    )


@pytest.mark.parametrize(("hours", "reported"), [(23.9, 0), (24.1, 1), (95.9, 1), (96.1, 0)])
def test_it_is_reported_in_a_window_of_three_days(hours: float, reported: int) -> None:
    assert len(sweep(hours, "inbox/a.mp3")) == reported


@pytest.mark.parametrize(
    "keys",
    [
        ("inbox/video.mp4", "inbox/fr.mp3"),
        ("inbox/e\u0301.mp4", "inbox/é.fr.mp3"),
        ("inbox/a/clip.MOV", "inbox/a/clip.fr.WAV"),
        ("inbox/a.mp4", "inbox/a.mov", "inbox/a.mp3"),
    ],
)
def test_who_has_a_partner_is_no_orphan(keys: tuple[str, ...]) -> None:
    assert sweep(25, *keys) == []


def test_the_hours_are_a_parameter() -> None:
    here = world(orphan_after_hours=2)
    here.bucket.put("inbox/a.mp3", now=0)

    assert len(here.submitter.sweep(2.5 * HOUR).started) == 1


def test_an_event_without_records_is_nothing() -> None:
    assert (
        Submitter(
            bucket=MemoryBucket(),
            job_builder=JobBuilder(probe=_never, settings=SETTINGS),
            start=Starts().start,
        )
        .submit([])
        .started
        == ()
    )


def _never(item: S3Object) -> ProbeResult:
    return ProbeResult(size=0, picture=Picture(codec="", width=0, height=0), sound=Sound(codec=""))


def test_only_with_manifests_may_cross_does_a_manifest_in_a_folder_name_another() -> None:
    for may_cross, codes in ((False, "INVALID_MANIFEST"), (True, "MEDIA_MISSING")):
        (job,) = order(
            world(manifests_may_cross=may_cross),
            {"video": "team-b/a.mp4", "audio": "team-b/a.mp3"},
            "jobs/team-a/list.json",
        )
        assert job.error
        assert job.error.code == codes


@pytest.mark.parametrize("field", ["video", "audio"])
def test_a_secret_in_the_place_of_a_key_is_not_repeated(field: str) -> None:
    here = world()
    here.bucket.put("a.mp4")
    (job,) = order(here, {"video": "a.mp4", "audio": "a.mp3", field: "SG_0123456789abcdef"})

    assert job.error
    assert job.error.message.startswith(f"{field}: not the name of a")
    assert "SG_" not in job.error.message


def test_an_unknown_file_is_reported_under_its_own_name_and_a_sidecar_not_at_all() -> None:
    here = world()
    for name in ("fr.docx", "fr.srt", "clip.XMP", "Icon\r", "clip.mp4~"):
        here.bucket.put(f"inbox/launch/{name}")
        here.deliver(f"inbox/launch/{name}")

    (job,) = here.jobs
    assert job.error
    assert (job.name, job.error.code) == ("launch/fr.docx", "UNSUPPORTED_FILE")
    assert job.error.message.startswith("fr.docx is neither")


def test_a_near_miss_is_told_within_the_hour_once_with_the_name_that_pairs() -> None:
    here = world()
    for name in (
        "a/Video1.mp4",
        "a/fr.wav",
        "b/clip.mp4",
        "b/clip_fr.wav",
        "c/video.mp4",
        "c/fr.mp4",
        "d/x.mp3",
        "e/video.mp4",
        "e/it.webm",
    ):
        here.bucket.put(f"inbox/{name}", now=0)

    assert here.submitter.sweep_near_misses(0.4 * HOUR).started == ()
    assert len(here.submitter.sweep_near_misses(0.9 * HOUR).started) == 4
    assert here.submitter.sweep_near_misses(1.4 * HOUR).started == ()

    told = {job.name: job.error.message for job in here.jobs if job.error}
    opening = "was uploaded more than 30 minutes ago and there is no"
    assert told == {
        "a/fr": f"fr.wav {opening} video for it: Video1.mp4 is nearly one by its name. "
        "To pair them, upload Video1.mp4 again as video.mp4.",
        "b/clip_fr": f"clip_fr.wav {opening} video for it: clip.mp4 is nearly one by its name. "
        "To pair them, upload clip_fr.wav again as clip.fr.wav.",
        "c/fr": f"fr.mp4 {opening} voice for it: it ends like a video. "
        "If it is a voice for video.mp4, upload it again as fr.m4a.",
        "e/it": f"it.webm {opening} voice for it: it ends like a video. "
        "If it is a voice for video.mp4, convert it: ffmpeg -i it.webm -vn it.wav",
    }
