"""Uploads a campaign's folders, delivers each S3 event several times, and redrives dead letters."""

import heapq
import json
import random
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from local.chaos import media
from local.chaos.plan import Folder, copies
from local.stack import Stack

_HANDS = 4
"""Uploads and deliveries at once."""


@dataclass
class Dropper:
    """Uploads folders, and repeats S3's events.

    The local AWS sends each upload's own event. Ours are copies of it, in any order and at once, some
    of them as asynchronous invocations (which are tried again, as S3's are), some as synchronous ones.
    """

    stack: Stack
    submit: str
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    _due: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    _at_work: set[Future[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._s3 = self.stack.client("s3")
        self._sqs = self.stack.client("sqs")
        self._lambda = self.stack.client("lambda")
        self._pool = ThreadPoolExecutor(_HANDS, "dropper")
        self._bodies = {True: media.snow(), False: media.video()}
        self._voice = media.voice()

    def drop(self, folder: Folder) -> None:
        """Upload a folder's files in any order, and plan the further deliveries of their events."""
        bodies = {folder.video_key: self._bodies[folder.large]}
        bodies |= {job.voice_key: self._voice for job in folder.jobs}
        keys = list(bodies)
        self.rng.shuffle(keys)
        plans = {key: copies(self.rng) for key in keys}
        for key in keys:
            self._start(self._upload, key, bodies[key], plans[key])

    def _upload(self, key: str, body: bytes, delays: list[float]) -> None:
        answer = self._s3.put_object(Bucket=self.stack.drop_bucket, Key=key, Body=body)
        self.counts["uploads"] += 1
        event = _event(self.stack.drop_bucket, key, len(body), answer)
        for delay in delays:
            heapq.heappush(self._due, (time.monotonic() + delay, self.rng.getrandbits(40), event))

    def deliver(self) -> None:
        """Deliver some of the copies that are due."""
        for _ in range(_HANDS):
            if not self._due or self._due[0][0] > time.monotonic():
                return
            event = heapq.heappop(self._due)[2]
            self._start(self._invoke, event, self.rng.choice(["Event", "RequestResponse"]))

    def _invoke(self, event: dict[str, Any], kind: str) -> None:
        self.counts["redeliveries"] += 1
        self._lambda.invoke(FunctionName=self.submit, InvocationType=kind, Payload=json.dumps(event))

    def redrive(self) -> int:
        """Redrive dead letters to their function, as an operator does; return how many there were."""
        received = self._sqs.receive_message(
            QueueUrl=self.stack.dead_letter_queue_url, MaxNumberOfMessages=10
        ).get("Messages", [])
        for message in received:
            letter = json.loads(message["Body"])
            self._lambda.invoke(
                FunctionName=letter["requestContext"]["functionArn"],
                InvocationType="Event",
                Payload=json.dumps(letter["requestPayload"]),
            )
            self._sqs.delete_message(
                QueueUrl=self.stack.dead_letter_queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        self.counts["redriven"] += len(received)
        return len(received)

    @property
    def idle(self) -> bool:
        """Whether everything planned so far was uploaded and delivered."""
        return not self._due and all(work.done() for work in self._at_work)

    def close(self) -> None:
        """Stop the worker threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, work: Any, *arguments: Any) -> None:
        for done in [work for work in self._at_work if work.done()]:
            self._at_work.discard(done)
            if problem := done.exception():
                self.counts[f"refused: {type(problem).__name__}"] += 1
        self._at_work.add(self._pool.submit(work, *arguments))


def _event(bucket: str, key: str, size: int, uploaded: dict[str, Any]) -> dict[str, Any]:
    """Return S3's event of an upload."""
    described = {
        "key": quote_plus(key, safe="/"),
        "size": size,
        "eTag": uploaded["ETag"].strip('"'),
        "versionId": uploaded["VersionId"],
        "sequencer": "0055AED6DCD90281E5",
    }
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": described},
    }
    return {"Records": [record]}
