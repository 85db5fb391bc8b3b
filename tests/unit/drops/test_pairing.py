"""Names, and the one property that all money hangs on: the same jobs, whatever the order of arrival."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.drops import partner_search
from lipdrop.drops.pairing import classify, fits, label, result_name, spellings, video_places
from lipdrop.model.job import Job, S3Object
from tests.support.drop_world import World, candidates

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Zoé") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("voice", "video"),
    [
        ("inbox/clip.wav", "inbox/clip.mp4"),
        ("inbox/a/clip.fr.mp3", "inbox/a/clip.MOV"),
        ("inbox/a/clip.pt-BR.WAV", "inbox/a/clip.webm"),
        ("inbox/a/clip.fr.mp3", "inbox/a/clip.fr.mp4"),
        ("inbox/launch/fr.mp3", "inbox/launch/video.avi"),
        ("inbox/launch/intro.fr.mp3", "inbox/launch/video.mp4"),
        ("inbox/launch/fr.wav", "inbox/launch/Video.MP4"),
        ("inbox/launch/VIDEO.wav", "inbox/launch/vIdEo.qt"),
        ("inbox/clip.opus", "inbox/clip.m4v"),
        ("inbox/v1.2/v1.2.mp3", "inbox/v1.2/v1.mp4"),
        (f"inbox/{COMPOSED}.mp3", f"inbox/{DECOMPOSED}.mp4"),
        (f"inbox/{DECOMPOSED}/x.fr.mp3", f"inbox/{COMPOSED}/x.mp4"),
        ("inbox/a b+c%20'\"🎬.fr.mp3", "inbox/a b+c%20'\"🎬.mp4"),
    ],
)
def test_a_voice_fits_a_video_of_its_name_or_called_video(voice: str, video: str) -> None:
    assert fits(video, voice)
    assert classify(voice) == "voice"
    assert classify(video) == "video"


@pytest.mark.parametrize(
    ("voice", "video"),
    [
        ("inbox/clip.wav", "inbox/a/clip.mp4"),
        ("inbox/clip.wav", "inbox/clip.fr.mp4"),
        ("inbox/clip.a.b.wav", "inbox/clip.mp4"),
        ("inbox/Clip.wav", "inbox/clip.mp4"),
        ("inbox/fr.mp3", "inbox/other.mp4"),
        ("inbox/a/fr.mp3", "inbox/video.mp4"),
    ],
)
def test_a_voice_fits_no_other(voice: str, video: str) -> None:
    assert not fits(video, voice)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("inbox/", "sidecar"),
        ("inbox/a/", "sidecar"),
        ("inbox/a_$folder$", "sidecar"),
        ("inbox/.DS_Store", "sidecar"),
        ("inbox/.git/clip.mp4", "sidecar"),
        ("inbox/__MACOSX/clip.mp3", "sidecar"),
        ("inbox/Thumbs.db", "sidecar"),
        ("inbox/clip.mp4.part", "sidecar"),
        ("inbox/clip.mp4.crdownload", "sidecar"),
        ("inbox/clip.MP4.TMP", "sidecar"),
        ("inbox/~$notes.docx", "sidecar"),
        ("inbox/notes.txt", "unsupported"),
        ("inbox/clip.mkv", "unsupported"),
        ("inbox/README", "unsupported"),
        ("inbox/clip.", "unsupported"),
        ("inbox/../clip.mp4", "unsupported"),
        ("inbox/./clip.mp3", "unsupported"),
        ("inbox/clip.Mp4", "video"),
        ("inbox/clip.FLAC", "voice"),
        ("inbox/" + "a" * 1014 + ".mp3", "voice"),
    ],
)
def test_every_key_is_one_of_four_things(key: str, kind: str) -> None:
    assert classify(key) == kind


@pytest.mark.parametrize(
    ("voice", "video", "name", "known_as"),
    [
        ("inbox/launch/fr.mp3", "inbox/launch/video.mp4", "launch/fr", "fr"),
        ("inbox/clip.fr.mp3", "inbox/clip.mp4", "clip.fr", "fr"),
        ("inbox/clip.wav", "inbox/clip.mp4", "clip", ""),
        ("inbox/a/video.es.wav", "inbox/a/video.mp4", "a/video.es", "es"),
        ("inbox/a/intro.fr.wav", "inbox/a/video.mp4", "a/intro.fr", "intro.fr"),
        (f"inbox/{COMPOSED}.fr.mp3", f"inbox/{DECOMPOSED}.mp4", f"{COMPOSED}.fr", "fr"),
    ],
)
def test_the_result_is_named_after_the_voice(voice: str, video: str, name: str, known_as: str) -> None:
    assert result_name(voice) == name
    assert label(voice, video) == known_as


def test_a_video_is_looked_for_in_three_places_only() -> None:
    places = video_places("inbox/clip.fr.mp3")

    assert [place.prefix for place in places] == ["inbox/clip.", "inbox/v", "inbox/V"]
    assert places[0].stems == ("inbox/clip", "inbox/clip.fr")
    assert len(set(spellings("inbox/clip"))) == 44


def test_no_place_is_longer_than_a_key_may_be() -> None:
    voice = "inbox/" + "é" * 506 + ".mp3"

    assert len(voice.encode()) == 1022
    assert [place.prefix.encode()[:7] for place in video_places(voice)] == [
        b"inbox/\xc3",
        b"inbox/v",
        b"inbox/V",
    ]


# The property. STEMS and folders are few, so that random folders are full of pairs and of conflicts.

STEMS = (
    "clip",
    "clip.fr",
    "clip.fr.x",
    "video",
    "Video",
    "VIDEO",
    "fr",
    COMPOSED,
    DECOMPOSED,
    "a b+%2F'\"🎬",
    "",
)
KEYS = st.builds(
    lambda folder, stem, ending: f"inbox/{folder}{stem}{ending}",
    st.sampled_from(("", "launch/", f"{COMPOSED}/", f"{DECOMPOSED}/")),
    st.sampled_from(STEMS),
    st.sampled_from(
        (
            ".mp4",
            ".MOV",
            ".webm",
            ".mp3",
            ".WAV",
            ".flac",
            ".txt",
            ".part",
            "",
            ".srt",
            ".XMP",
            ".mp4~",
            ".mp3.asd",
        )
    ),
)
FEW = st.sampled_from(("clip.mp4", "clip.mp3", "clip.fr.wav", "clip.MOV", "video.mp4")).map("inbox/{}".format)
"""So few that new versions and new videos come while an event is handled."""
SEEDS = st.integers(0, 2**32)


@pytest.fixture(params=[250, 1], ids=["listed", "asked for one by one"], autouse=True)
def _most_keys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find videos by listing, and as where too much begins with their name to be listed."""
    monkeypatch.setattr(partner_search, "MOST_KEYS", request.param)


def without_conflicts(keys: list[str]) -> list[str]:
    """Return the keys, each once, but for videos that would be the second for some voice."""
    kept: list[str] = []
    for key in dict.fromkeys(keys):
        voices = [other for other in (*kept, key) if classify(other) == "voice"]
        if all(len(candidates([*kept, key], voice)) < 2 for voice in voices):
            kept.append(key)
    return kept


@given(st.lists(KEYS, max_size=14).map(without_conflicts), SEEDS, SEEDS)
def test_the_jobs_are_the_same_whatever_the_order_of_arrival(keys: list[str], one: int, other: int) -> None:
    worlds = World(keys, one), World(keys, other)
    for world in worlds:
        world.play()

    assert worlds[0].executions == worlds[1].executions
    pairs = {(job.video, job.audio) for job in worlds[0].jobs if not job.error}
    newest = worlds[0].bucket.newest
    voices = [key for key in keys if classify(key) == "voice"]
    assert pairs == {(newest(video), newest(key)) for key in voices for video in candidates(keys, key)}
    refused = sorted(_key(job) for job in worlds[0].jobs if job.error)
    assert refused == sorted(key for key in keys if classify(key) == "unsupported")


@given(st.lists(KEYS, max_size=14) | st.lists(FEW, max_size=14), SEEDS)
def test_what_is_there_in_the_end_became_one_job_and_nothing_else_became_any(
    uploads: list[str], seed: int
) -> None:
    """With conflicts and new versions, the jobs do depend on the order, as they must: a voice that met its
    only video was a job before the second video came, and a version that was replaced before its event was
    handled was never one. What still holds, and is all that can hold without waiting for more uploads:

    - each voice with one video is, in its newest version with that video's newest, one job;
    - each voice with several is refused once in its newest version;
    - an event that begins when a voice has several videos starts no job for that voice;
    - every job is of versions that fit by name and lay there at the same moment.
    """
    world = World(uploads, seed)
    history = world.play()

    keys, newest = list(world.bucket.versions), world.bucket.newest
    for voice in (key for key in keys if classify(key) == "voice"):
        own = [job for job in world.jobs if job.audio == newest(voice)]
        match candidates(keys, voice):
            case [video]:
                assert [job.error for job in own if job.video == newest(video)] == [None]
            case [_, *_]:
                assert [job.error.code for job in own if job.error] == ["AMBIGUOUS_VIDEO"]
    for ambiguous, jobs in history:
        assert not [job for job in jobs if not job.error and _key(job) in ambiguous]
    for job in (job for job in world.jobs if not job.error):
        assert (job.video, job.audio) in world.together
        assert _key(job) in [key for key in keys if candidates(keys, key)]


@given(st.lists(KEYS, max_size=10) | st.lists(FEW, max_size=10), SEEDS)
def test_events_that_come_again_make_nothing(uploads: list[str], seed: int) -> None:
    world = World(uploads, seed)
    world.play()
    before = dict(world.executions)

    for key in uploads * 2:
        world.deliver(key)

    assert world.executions == before


def test_twenty_videos_with_three_voices_each_in_one_go_are_sixty_jobs() -> None:
    keys = [f"inbox/v{n}{rest}" for n in range(20) for rest in (".mp4", ".fr.mp3", ".es.wav", ".mp3")]
    world = World([], seed=1, at_once=4)
    for key in keys:
        world.bucket.put(key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(world.deliver, keys * 2))

    assert len(world.executions) == 60
    assert sum(len(answer.started) for answer in answers) == 60


def test_a_new_upload_of_a_voice_makes_its_job_anew_and_of_a_video_all_its_voices() -> None:
    world = World([], seed=1)
    for key in ("inbox/clip.mp4", "inbox/clip.fr.mp3", "inbox/clip.es.mp3"):
        world.bucket.put(key)
        world.deliver(key)
    assert len(world.executions) == 2

    world.bucket.put("inbox/clip.fr.mp3")
    assert len(world.deliver("inbox/clip.fr.mp3").started) == 1

    world.bucket.put("inbox/clip.mp4")
    assert len(world.deliver("inbox/clip.mp4").started) == 2


def test_no_job_is_made_of_versions_that_never_lay_there_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_search, "MOST_KEYS", 250)
    world = World([], seed=1)
    for key in ("inbox/clip.mp4", "inbox/clip.mp3"):
        world.bucket.put(key)
    reads = iter(range(100))

    def replace_both_after_the_voice_was_read() -> None:
        if next(reads) == 4:  # three lists, the voice; now comes the video
            world.bucket.put("inbox/clip.mp3")
            world.bucket.put("inbox/clip.mp4")

    world.bucket.before_read = replace_both_after_the_voice_was_read

    assert world.deliver("inbox/clip.mp3").passed_over == ("inbox/clip.mp3",)


def test_two_voices_of_one_name_are_two_jobs_for_one_place() -> None:
    world = World([], seed=1)
    for key in ("inbox/a/video.mp4", "inbox/a/fr.mp3", "inbox/a/fr.wav"):
        world.bucket.put(key)
    world.deliver("inbox/a/video.mp4")

    assert [job.name for job in world.jobs] == ["a/fr", "a/fr"]
    assert len({job.job_id for job in world.jobs}) == 2


def _key(job: Job) -> str:
    assert isinstance(job.audio or job.video, S3Object)
    return (job.audio or job.video).key  # type: ignore[union-attr]
