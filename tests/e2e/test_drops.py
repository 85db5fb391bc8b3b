"""Drops by the dozen, good and bad, in one bucket: what comes of each, and that nothing else does."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from pprint import pformat
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from local import paths
from local.sample_media import drops as media
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault, Seen
from local.subscriber import Subscriber
from tests.support.journey import drop, hear, result, settled
from tests.support.mishaps import configured, invoke
from tests.support.settling import Uploads, restrain

VIDEO_NAMES = ("video.mp4", "video.MOV")
VOICE_NAMES = ("fr.mp3", "pt-BR.wav", "日本 語+1.ogg")
FOLDERS = [f"week {number // 10}/clip+{number % 10}é" for number in range(20)]
AWS_CONFIG = """\
[default]
s3 =
  max_bandwidth = 60KB/s
  max_concurrent_requests = 2
"""
"""80 uploads take half a minute then. At once, each would start Python processes on the local AWS."""
EXAMPLE = {
    "video_url": "https://segmind-resources.s3.amazonaws.com/output/"
    "a741b039-226c-43c2-9bd0-c301f058d314-UntitledVideo-ezgif.com-crop-video.mp4",
    "audio_url": "https://segmind-resources.s3.amazonaws.com/output/"
    "80e96316-7e75-4733-b80c-049a0a6787cb-c9f17960-96b5-4119-8b7e-4ae0c9f21e2f"
    "-audio-AudioTrimmer.com-AudioTrimmer.com.mp3",
    "sync_mode": "bounce",
    "temperature": 0.5,
    "auto_active_speaker_detection": False,
    "occlusion_detection_enabled": False,
}
"""The body on Segmind's page of the model, where it stands as a Python dictionary."""


@pytest.fixture(scope="module")
def standin(stack: Stack) -> Iterator[StandinControl]:
    """Return the control of the stand-in Segmind."""
    restrain(stack)
    control = StandinControl(stack.segmind_base_url)
    yield control
    control.close()


def asked_for(standin: StandinControl, folder: str) -> list[Seen]:
    """Return the POSTs about videos in `folder`, which URLs must be able to hold as it is."""
    seen = standin.requests()
    return [post for post in seen if post.body and f"/{folder}/" in post.body["video_url"]]


def heard_of(stack: Stack, folder: str) -> Subscriber:
    """Return a subscriber that hears of the jobs in `folder` only."""
    return Subscriber(stack, filter_policy={"folder": [folder]})


class Synced(NamedTuple):
    """What came of a folder that was synced: the messages, those that came after, and the POSTs."""

    heard: list[dict[str, Any]]
    more: list[dict[str, Any]]
    posts: list[Seen]


@pytest.fixture(scope="module")
def synced(stack: Stack, standin: StandinControl, tmp_path_factory: pytest.TempPathFactory) -> Synced:
    """Sync 20 videos with 3 voices each in one go, and wait until nothing more can come."""
    folder, subscriber, uploads = tmp_path_factory.mktemp("drop") / "all", Subscriber(stack), Uploads(stack)
    for number, name in enumerate(FOLDERS):
        _write(folder / name, VIDEO_NAMES[number % 2])
    with configured(stack, "Request", MAX_CONCURRENT_JOBS="60"):  # waiting for slots is test_load's matter
        sync(stack, folder, "synced")
        uploads.settle(20 * 4)
    heard = hear(subscriber, 60)
    return Synced(heard, list(subscriber.notifications(wait_seconds=1)), asked_for(standin, "synced"))


def _write(folder: Path, video: str) -> None:
    folder.mkdir(parents=True)
    (folder / video).write_bytes(media.video(video[-3:].lower()))
    for voice in VOICE_NAMES:
        (folder / voice).write_bytes(media.voice(voice[-3:]))


def sync(stack: Stack, folder: Path, where: str) -> None:
    """Upload `folder` the way people do, over a line as they have it."""
    config = folder.parent / "aws.ini"
    config.write_text(AWS_CONFIG)
    subprocess.run(
        [paths.PYTHON_BIN / "aws", "s3", "sync", folder, f"s3://{stack.drop_bucket}/inbox/{where}"],
        env={**os.environ, **stack.environment, "AWS_CONFIG_FILE": str(config)},
        check=True,
        capture_output=True,
    )


# First: a function that is configured anew loses its processes, and the local AWS ends them one by one.
def test_what_never_found_its_partner_is_reported_once(stack: Stack) -> None:
    subscriber, uploads = heard_of(stack, "lonely"), Uploads(stack)
    drop(stack, "inbox/lonely/fr.mp3", media.voice())
    drop(stack, "inbox/lonely/film.mp4", media.video())
    uploads.settle(2)

    with configured(stack, "Submit", ORPHAN_AFTER_HOURS="0"):
        first = invoke(stack, "Submit", {"sweep": "orphans"})
        heard = hear(subscriber, 2)
        second = invoke(stack, "Submit", {"sweep": "orphans"})

    assert {message["error"]["code"] for message in heard} == {"ORPHANED_VOICE", "ORPHANED_VIDEO"}
    assert second["started"] == []
    assert set(second["existing"]) >= {message["job_id"] for message in heard}
    assert set(first["started"]) == set(second["existing"])
    settled(stack)
    assert list(subscriber.notifications()) == []


def test_20_videos_with_3_voices_each_become_60_results_and_60_messages(synced: Synced) -> None:
    names = {f"synced/{folder}/{voice.rpartition('.')[0]}" for folder in FOLDERS for voice in VOICE_NAMES}
    assert [message["status"] for message in synced.heard] == ["COMPLETED"] * 60
    assert {message["name"] for message in synced.heard} == names
    assert synced.more == []


def test_segmind_was_asked_once_for_each_pair(stack: Stack, synced: Synced) -> None:
    pairs = {
        tuple(unquote(urlsplit(post.body[field]).path) for field in ("video_url", "audio_url"))
        for post in synced.posts
        if post.body
    }
    place = f"/{stack.drop_bucket}/inbox/synced"
    assert len(synced.posts) == 60
    assert pairs == {
        (f"{place}/{folder}/{VIDEO_NAMES[number % 2]}", f"{place}/{folder}/{voice}")
        for number, folder in enumerate(FOLDERS)
        for voice in VOICE_NAMES
    }


def test_every_result_lies_in_its_place_and_nothing_else_does(stack: Stack, synced: Synced) -> None:
    made = {post.request_id: post.sha256 for post in synced.posts}
    for message in synced.heard:
        assert hashlib.sha256(result(stack, message)).hexdigest() == made[message["request_id"]]
    listed = stack.client("s3").list_objects_v2(Bucket=stack.results_bucket, Prefix="synced/")["Contents"]
    assert {item["Key"] for item in listed} == {
        f"{message['name']}.{ending}" for message in synced.heard for ending in ("mp4", "json")
    }


def test_a_voice_again_makes_one_job_anew_and_a_video_again_all_of_its_voices(
    stack: Stack, standin: StandinControl, synced: Synced
) -> None:
    assert synced.heard
    folder = f"synced/{FOLDERS[0]}"
    subscriber, uploads = heard_of(stack, folder), Uploads(stack)

    voice = drop(stack, f"inbox/{folder}/fr.mp3", media.voice("mp3"))
    (anew,) = hear(subscriber, 1)
    video = drop(stack, f"inbox/{folder}/video.mp4", media.video())
    all_anew = hear(subscriber, 3)
    uploads.settle(2)

    assert anew["inputs"]["audio"]["version_id"] == voice
    assert {message["name"] for message in all_anew} == {
        f"{folder}/{name.rpartition('.')[0]}" for name in VOICE_NAMES
    }
    assert {message["inputs"]["video"]["version_id"] for message in all_anew} == {video}
    assert list(subscriber.notifications()) == []
    assert len(asked_for(standin, "synced")) == 60 + 1 + 3


@pytest.mark.parametrize("text", [json.dumps(EXAMPLE), pformat(EXAMPLE)], ids=["json", "python"])
def test_segminds_own_example_reaches_segmind_unchanged(
    stack: Stack, standin: StandinControl, text: str, request: pytest.FixtureRequest
) -> None:
    # Its media lie on the internet: the request is let fail before anybody fetches them.
    standin.fault(Fault(where="submit", what="fail", match="UntitledVideo"))
    folder = request.node.callspec.id
    subscriber = heard_of(stack, folder)

    drop(stack, f"jobs/{folder}/body.json", text.encode())

    (message,) = hear(subscriber, 1)
    assert message["error"]["code"] == "INFERENCE_FAILED"
    assert message["error"]["charged"] == "no"
    (post,) = [post for post in standin.requests() if post.request_id == message["request_id"]]
    assert post.body == EXAMPLE


def test_a_bad_entry_and_a_dry_run_do_not_stop_the_job_beside_them(
    stack: Stack, standin: StandinControl
) -> None:
    drop(stack, "media/list/clip.mp4", media.video())
    drop(stack, "media/list/fr.mp3", media.voice())
    subscriber, uploads = heard_of(stack, "list"), Uploads(stack)
    entry = {"video": f"s3://{stack.drop_bucket}/media/list/clip.mp4", "audio": "media/list/fr.mp3"}
    entries = [
        entry | {"name": "list/bad", "temperature": "hot"},
        entry | {"name": "list/good", "temperature": 0.9, "sync_mode": "remap"},
        entry | {"name": "list/dry", "dry_run": True},
    ]

    drop(stack, "jobs/list.json", json.dumps(entries).encode())
    heard = {message["name"]: message for message in hear(subscriber, 3)}
    uploads.settle(1)

    assert heard["list/bad"]["error"]["code"] == "INVALID_OPTION"
    assert heard["list/bad"]["error"]["message"].startswith('Entry 1: temperature: given "hot"')
    assert heard["list/good"]["status"] == "COMPLETED"
    assert heard["list/dry"]["status"] == "COMPLETED"
    assert heard["list/dry"]["dry_run"]
    assert heard["list/dry"]["cost"]["estimated_usd"] > 0
    assert list(subscriber.notifications()) == []
    (post,) = asked_for(standin, "list")
    assert post.body
    assert (post.body["temperature"], post.body["sync_mode"]) == (0.9, "remap")


def test_metadata_of_the_voice_goes_before_metadata_of_the_video(
    stack: Stack, standin: StandinControl
) -> None:
    subscriber = heard_of(stack, "options")
    of_video = {"temperature": "0.9", "auto-active-speaker-detection": "true"}
    of_voice = {"temperature": "0.3", "sync-mode": "cut_off"}

    drop(stack, "inbox/options/video.mp4", media.video(), of_video)
    drop(stack, "inbox/options/fr.mp3", media.voice(), of_voice)

    (message,) = hear(subscriber, 1)
    options = {
        "sync_mode": "cut_off",
        "temperature": 0.3,
        "auto_active_speaker_detection": True,
        "occlusion_detection_enabled": False,
    }
    assert message["options"] == options
    (post,) = asked_for(standin, "options")
    assert post.body
    assert {name: post.body[name] for name in options} == options
