"""Folders of videos and voices, synced in one go: one result for each pair, in its place, paid once."""

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from local.sample_media import drops as media
from local.stack import Stack
from local.standin.control import StandinControl
from local.subscriber import Subscriber
from tests.support.journey import drop, hear, result
from tests.support.settling import Uploads
from tests.support.syncing import THROTTLED, UNTHROTTLED, VOICE_NAMES, Synced, asked_for, sync


@pytest.fixture(
    scope="module",
    params=[(5, UNTHROTTLED), pytest.param((20, THROTTLED), marks=pytest.mark.slow)],
    ids=["15 pairs", "60 pairs over a slow line"],
)
def synced(
    stack: Stack,
    standin: StandinControl,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Synced:
    """What came of as many videos with three voices each."""
    videos, config = request.param
    return sync(stack, standin, tmp_path_factory.mktemp("drop"), f"synced{videos}", videos, config)


def test_each_pair_becomes_one_result_and_one_message(synced: Synced) -> None:
    assert [message["status"] for message in synced.heard] == ["COMPLETED"] * len(synced.names)
    assert {message["name"] for message in synced.heard} == synced.names
    assert synced.more == []


def test_segmind_was_asked_once_for_each_pair(stack: Stack, synced: Synced) -> None:
    pairs = {
        tuple(unquote(urlsplit(post.body[field]).path) for field in ("video_url", "audio_url"))
        for post in synced.posts
        if post.body
    }
    inbox = f"/{stack.drop_bucket}/inbox"
    assert len(synced.posts) == len(synced.names)
    assert pairs == {
        (f"{inbox}/{folder}/{video}", f"{inbox}/{folder}/{voice}")
        for folder, video in synced.videos.items()
        for voice in VOICE_NAMES
    }


def test_every_result_is_in_its_place_and_nothing_else_is(stack: Stack, synced: Synced) -> None:
    made = {post.request_id: post.sha256 for post in synced.posts}
    for message in synced.heard:
        assert hashlib.sha256(result(stack, message)).hexdigest() == made[message["request_id"]]
    prefix = f"{next(iter(synced.videos)).partition('/')[0]}/"
    listed = stack.client("s3").list_objects_v2(Bucket=stack.results_bucket, Prefix=prefix)["Contents"]
    assert {item["Key"] for item in listed} == {
        f"{name}.{ending}" for name in synced.names for ending in ("mp4", "json")
    }


def test_a_voice_again_makes_one_job_anew_and_a_video_again_all_of_its_voices(
    stack: Stack, standin: StandinControl, synced: Synced
) -> None:
    folder, video = next(iter(synced.videos.items()))
    subscriber, uploads = Subscriber(stack, filter_policy={"folder": [folder]}), Uploads(stack)
    before = len(asked_for(standin, Path(folder).parts[0]))

    voice = drop(stack, f"inbox/{folder}/fr.mp3", media.voice("mp3"))
    (anew,) = hear(subscriber, 1)
    version = drop(stack, f"inbox/{folder}/{video}", media.video())
    all_anew = hear(subscriber, len(VOICE_NAMES))
    uploads.settle(2)

    assert anew["inputs"]["audio"]["version_id"] == voice
    assert {message["name"] for message in all_anew} == {
        f"{folder}/{name.rpartition('.')[0]}" for name in VOICE_NAMES
    }
    assert {message["inputs"]["video"]["version_id"] for message in all_anew} == {version}
    assert list(subscriber.notifications()) == []
    assert len(asked_for(standin, Path(folder).parts[0])) == before + 1 + len(VOICE_NAMES)
