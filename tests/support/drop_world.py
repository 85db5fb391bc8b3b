"""A drop bucket that fills while its events are handled: what the property tests play with.

Uploads happen whenever they like, between two events or between two reads of one. Events come in any order,
some of them twice. That covers concurrent handlers too: they share nothing but the bucket, which they only
read, and the names of executions, each of which starts once.
"""

import json
import random
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from lipdrop.config.settings import read_settings
from lipdrop.drops.pairing import VIDEO_ENDINGS, VOICE_ENDINGS, classify, composed
from lipdrop.media.probe import Picture, ProbeResult, Sound
from lipdrop.model.job import Job, S3Object, from_plain
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.submitter import SubmitOutput, Submitter
from tests.support.drop_store import MemoryBucket

SETTINGS = read_settings({"DROP_BUCKET": "drop", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": "j"})


class Starts:
    """Step Functions as far as `submit` needs it: each name starts once. Keeps what was started."""

    def __init__(self) -> None:
        self.executions: dict[str, str] = {}
        self._lock = threading.Lock()

    def start(self, name: str, text: str) -> bool:
        """Start an execution. The same name with another job in it would be a lost job.

        Only the words of a refusal may differ: of three videos an early event may have seen two.
        """
        with self._lock:
            new = name not in self.executions
            assert self.executions.setdefault(name, text) == text or "AMBIGUOUS_VIDEO" in text
            return new

    def job(self, name: str) -> Job:
        """Return what the execution called `name` was started with."""
        return from_plain(json.loads(self.executions[name]), Job)

    @property
    def jobs(self) -> list[Job]:
        """What was started, each once."""
        return [self.job(name) for name in self.executions]


class World(Starts):
    """A bucket that fills while events are handled, and the executions that were started meanwhile."""

    def __init__(self, uploads: list[str], seed: int, *, at_once: int = 1) -> None:
        super().__init__()
        self.bucket = MemoryBucket()
        self.bucket.before_read = self._meanwhile
        self.rng = random.Random(seed)
        self.to_upload = list(uploads)
        self.to_deliver: list[str] = []
        self.together: set[tuple[S3Object, S3Object]] = set()
        self.submitter = Submitter(
            bucket=self.bucket,
            job_builder=JobBuilder(probe=looks_good, settings=SETTINGS),
            start=self.start,
            at_once=at_once,
        )

    def play(self) -> list[tuple[set[str], list[Job]]]:
        """Upload all, deliver each event once or more; return, by event, who was ambiguous, what started."""
        history = []
        while self.to_upload or self.to_deliver:
            if self.to_upload and (not self.to_deliver or self.rng.random() < 0.5):
                self._upload()
                continue
            key = self.rng.choice(self.to_deliver)
            if self.rng.random() < 0.7:
                self.to_deliver.remove(key)
            before = ambiguous_voices(self.bucket)
            answer = self.deliver(key)
            history.append((before, [self.job(name) for name in answer.started]))
        return history

    def deliver(self, key: str) -> SubmitOutput:
        """Handle the event of an upload of `key`, as late as now."""
        return self.submitter.submit([s3_record(key)])

    def _meanwhile(self) -> None:
        while self.to_upload and self.rng.random() < 0.3:
            self._upload()

    def _upload(self) -> None:
        key = self.to_upload.pop(self.rng.randrange(len(self.to_upload)))
        self.bucket.put(key)
        self.to_deliver.append(key)
        kinds = {
            kind: [k for k in self.bucket.versions if classify(k) == kind] for kind in ("video", "voice")
        }
        self.together |= {
            (self.bucket.newest(video), self.bucket.newest(voice))
            for video in kinds["video"]
            for voice in kinds["voice"]
        }


def looks_good(item: S3Object) -> ProbeResult:
    """What the media holds is no matter of names; tests/unit/submit/test_preflight.py looks at real media."""
    video, voice = item.key.lower().endswith(VIDEO_ENDINGS), item.key.lower().endswith(VOICE_ENDINGS)
    container = {"mp4": "MPEG-4", "mov": "MPEG-4", "webm": "WebM", "mp3": "MPEG Audio", "wav": "Wave"}
    return ProbeResult(
        size=item.size,
        container=container.get(item.key.lower().rpartition(".")[2], "FLAC"),
        seconds=2.0,
        picture=Picture(codec="AVC", width=640, height=480) if video else None,
        sound=Sound(codec="PCM") if voice else None,
    )


def s3_record(key: str, bucket: str = "drop", version_id: str | None = None) -> Mapping[str, Any]:
    """Return a record of an S3 event, its key encoded as S3 does."""
    version = {"versionId": version_id} if version_id else {}
    return {"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), **version}}}


def candidates(keys: list[str], voice: str) -> list[str]:
    """The rule, said once more and in another way: all videos of the folder with one of three names."""
    folder, _, name = composed(voice).rpartition("/")
    stem = name.rpartition(".")[0]
    wanted = {stem, ".".join(stem.split(".")[:-1])} - {""}
    found = []
    for key in keys:
        at, _, other = composed(key).rpartition("/")
        named = other.rpartition(".")[0]
        fitting = named in wanted or named.lower() == "video"
        if at == folder and classify(key) == "video" and fitting:
            found.append(key)
    return found


def ambiguous_voices(bucket: MemoryBucket) -> set[str]:
    """Return the voices that fit more than one video at this moment."""
    keys = list(bucket.versions)
    voices = [key for key in keys if classify(key) == "voice"]
    return {voice for voice in voices if len(candidates(keys, voice)) > 1}
