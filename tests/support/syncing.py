"""Upload folders of videos and voices with `aws s3 sync`, as people do, and collect what comes of them."""

import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from local import paths
from local.sample_media import drops as media
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Seen
from local.subscriber import Subscriber
from tests.support.journey import hear
from tests.support.mishaps import configured
from tests.support.settling import Uploads

VIDEO_NAMES = ("video.mp4", "video.MOV")
VOICE_NAMES = ("fr.mp3", "pt-BR.wav", "日本 語+1.ogg")
UNTHROTTLED = ""
THROTTLED = """\
[default]
s3 =
  max_bandwidth = 60KB/s
  max_concurrent_requests = 2
"""
"""An AWS CLI configuration with which 80 uploads take half a minute.

At once, each of them would start a Python process on the local AWS.
"""


class Synced(NamedTuple):
    """What came of a synced folder: the messages, those that came after, and the POSTs."""

    videos: dict[str, str]
    """By the folder of a video, its name."""
    heard: list[dict[str, Any]]
    more: list[dict[str, Any]]
    posts: list[Seen]

    @property
    def names(self) -> set[str]:
        """The names that the jobs must have."""
        return {f"{folder}/{voice.rpartition('.')[0]}" for folder in self.videos for voice in VOICE_NAMES}


def asked_for(standin: StandinControl, folder: str) -> list[Seen]:
    """Return the POSTs about videos in `folder`, whose name must be the same in a URL."""
    return [post for post in standin.requests() if post.body and f"/{folder}/" in post.body["video_url"]]


def sync(stack: Stack, standin: StandinControl, scratch: Path, where: str, count: int, config: str) -> Synced:
    """Sync `count` videos with three voices each to `where` in the inbox, and wait until all is done.

    `config` is the AWS CLI's configuration file, `scratch` an empty folder.
    """
    folder, subscriber, uploads = scratch / "all", Subscriber(stack), Uploads(stack)
    places = [f"week {number // 10}/clip+{number % 10}é" for number in range(count)]
    videos = {place: VIDEO_NAMES[number % 2] for number, place in enumerate(places)}
    for place, video in videos.items():
        _write(folder / place, video)
    jobs = count * len(VOICE_NAMES)
    with configured(
        stack, "Request", MAX_CONCURRENT_JOBS=str(jobs)
    ):  # waiting for slots is test_load's matter
        _upload(stack, folder, where, config)
        uploads.settle(count * (1 + len(VOICE_NAMES)))
    heard = hear(subscriber, jobs)
    more = list(subscriber.notifications(wait_seconds=1))
    return Synced(
        {f"{where}/{place}": video for place, video in videos.items()}, heard, more, asked_for(standin, where)
    )


def _write(folder: Path, video: str) -> None:
    folder.mkdir(parents=True)
    (folder / video).write_bytes(media.video(video[-3:].lower()))
    for voice in VOICE_NAMES:
        (folder / voice).write_bytes(media.voice(voice[-3:]))


def _upload(stack: Stack, folder: Path, where: str, config: str) -> None:
    file = folder.parent / "aws.ini"
    file.write_text(config)
    subprocess.run(
        [paths.PYTHON_BIN / "aws", "s3", "sync", folder, f"s3://{stack.drop_bucket}/inbox/{where}"],
        env={**os.environ, **stack.environment, "AWS_CONFIG_FILE": str(file)},
        check=True,
        capture_output=True,
    )
