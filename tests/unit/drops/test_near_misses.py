"""Near misses: which files are nearly a pair, and that the name which is told really makes one."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.drops.drop_bucket import Listed
from lipdrop.drops.near_misses import NearMiss, near_misses
from lipdrop.drops.orphans import early_orphans, orphans
from lipdrop.drops.pairing import classify, fits, parse

COMPOSED, DECOMPOSED = "Zo\u00e9", "Zoe\u0301"


def found(*names: str) -> dict[str, NearMiss]:
    keys = [f"inbox/a/{name}" for name in names]
    paired = {key for voice in keys for video in keys if _pair(video, voice) for key in (video, voice)}
    return near_misses(keys, set(keys) - paired)


def _pair(video: str, voice: str) -> bool:
    return classify(video) == "video" and classify(voice) == "voice" and fits(video, voice)


@pytest.mark.parametrize(
    ("voice", "video", "renamed", "name"),
    [
        ("Clip.wav", "clip.mp4", "Clip.wav", "clip.wav"),
        ("clip_fr.wav", "clip.mp4", "clip_fr.wav", "clip.fr.wav"),
        ("clip-fr.wav", "clip.mp4", "clip-fr.wav", "clip.fr.wav"),
        ("clip fr.wav", "clip.mp4", "clip fr.wav", "clip.fr.wav"),
        ("CLIP_fr_v2.opus", "clip.MOV", "CLIP_fr_v2.opus", "clip.fr-v2.opus"),
        ("clip.a.b.wav", "clip.mp4", "clip.a.b.wav", "clip.a-b.wav"),
        ("clip.wav", "clip (1).mp4", "clip.wav", "clip (1).wav"),
        ("my-clip.wav", "my_clip.mp4", "my-clip.wav", "my_clip.wav"),
        ("fr.wav", "Video1.mp4", "Video1.mp4", "video.mp4"),
        ("fr.wav", "my video.mov", "my video.mov", "video.mov"),
        (f"{DECOMPOSED}_fr.wav", f"{COMPOSED}.mp4", f"{DECOMPOSED}_fr.wav", f"{COMPOSED}.fr.wav"),
    ],
)
def test_a_voice_beside_a_video_of_nearly_its_name(voice: str, video: str, renamed: str, name: str) -> None:
    near = found(voice, video, "other.mp4", "zz.mp4")

    assert near[f"inbox/a/{voice}"] == NearMiss(f"inbox/a/{video}", f"inbox/a/{renamed}", name)
    assert near[f"inbox/a/{video}"].other == f"inbox/a/{voice}"


def test_a_video_that_has_voices_can_be_the_near_miss_of_one_more() -> None:
    near = found("clip.mp4", "clip.es.mp3", "clip_fr.mp3")

    assert near == {"inbox/a/clip_fr.mp3": NearMiss("inbox/a/clip.mp4", "inbox/a/clip_fr.mp3", "clip.fr.mp3")}


@pytest.mark.parametrize(
    ("dub", "video"), [("fr.mp4", "Video.mp4"), ("clip.fr.MP4", "clip.mov"), ("fr.webm", "video.mp4")]
)
def test_a_dub_that_ends_like_a_video_is_explained(dub: str, video: str) -> None:
    near = found(dub, video)

    ending = "wav" if dub.endswith("webm") else "m4a"
    assert near[f"inbox/a/{dub}"] == NearMiss(
        f"inbox/a/{video}", f"inbox/a/{dub}", f"{parse(dub).stem}.{ending}"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("fr.wav", "film.mp4"),
        ("clipfr.wav", "clip.mp4"),
        ("clip.mp4", "clip.mov"),
        ("clip.wav",),
        ("clip.mp4",),
        ("clip.wav", "clip.mp4", "film_fr.mp4"),
    ],
)
def test_what_is_not_alike_is_no_near_miss(names: tuple[str, ...]) -> None:
    assert found(*names) == {}


def test_another_folder_is_no_near_miss() -> None:
    assert near_misses(["inbox/a/clip.mp4", "inbox/Clip.wav"], {"inbox/a/clip.mp4", "inbox/Clip.wav"}) == {}


NAMES = st.lists(st.sampled_from(("clip", "Clip", "fr", "video", "1", "é")), min_size=1, max_size=4)
SEPARATORS = st.sampled_from((".", "_", "-", " ", "", "._"))
STEMS = st.builds(lambda parts, separator: separator.join(parts), NAMES, SEPARATORS)
FILES = st.builds("{}.{}".format, STEMS, st.sampled_from(("mp4", "MOV", "wav", "opus")))


@given(st.lists(FILES, max_size=8, unique=True))
def test_the_name_that_is_told_makes_a_pair(names: list[str]) -> None:
    for key, near in found(*names).items():
        renamed = {name: name for name in (key, near.other)} | {near.renamed: f"inbox/a/{near.name}"}
        assert any(_pair(*both) for both in permutations(renamed.values())), near


def test_forty_thousand_files_of_nearly_one_name_are_told_in_one_go() -> None:
    keys = [f"inbox/a/clip_{number}.{ending}" for number in range(20_000) for ending in ("x.wav", "mp4")]

    assert len(near_misses(keys, set(keys))) == 40_000


def test_orphans_and_early_orphans_are_told_apart_by_age() -> None:
    listed = [
        Listed(key=f"inbox/a/{name}", modified=0)
        for name in ("clip.mp4", "clip_fr.mp3", "es.mp3", "notes.txt")
    ]
    for hours, early, late in ((0.4, 0, 0), (0.6, 1, 0), (3.4, 1, 0), (3.6, 0, 0), (25, 0, 3), (97, 0, 0)):
        assert len(early_orphans(listed, hours * 3600)) == early, hours
        assert len(orphans(listed, hours * 3600, 24)) == late, hours
    assert early_orphans(listed, 3600)[0].key == "inbox/a/clip_fr.mp3"
    assert [orphan.near is None for orphan in orphans(listed, 25 * 3600, 24)] == [False, False, True]
