"""The world in which finalize ends jobs, in memory: buckets, table, topic with a queue behind it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from moto import mock_aws

from lipdrop.download.ssrf_guard import new_download_session
from lipdrop.finalize.decision import Decider
from lipdrop.finalize.event import FinalizeEvent
from lipdrop.finalize.finalizer import Finalizer
from lipdrop.finalize.report import Reporter
from lipdrop.finalize.second_opinion import History, SecondOpinion
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.model.job import Job
from lipdrop.notify.topic import Topic
from lipdrop.results.copy_limits import Limits
from lipdrop.results.results_bucket import ResultsBucket
from lipdrop.results.storer import Storer
from lipdrop.segmind.client import Status
from lipdrop.segmind.result_body import Link, Stream
from tests.support.jobs_table import TABLE, create_jobs_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

REGION = "us-east-1"
BUCKET = "results"
NOW = 1_800_000_000.0
OVER = 100.0
"""A life of results, in seconds, that is over now for a request of 100 s ago: nobody comes again."""


def failed_look(code: str) -> dict[str, Any]:
    """Return the answer of a look that ended the job."""
    error = {"code": code, "message": "No.", "stage": "poll", "action": "Ask.", "charged": "unknown"}
    return {"outcome": "failed", "error": error, "polls": 1}


@dataclass
class World:
    """The services, and a finalizer among them. `answer`, `status` and `history` are Segmind's.

    `followed` are the calls for a follow-up execution.
    """

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    sns: "SNSClient"
    sqs: "SQSClient"
    topic_arn: str
    queue_url: str
    parser: MediaInfoPool
    trusted: str = "http://127.0.0.1:9"
    answer: Callable[[str], Link | Stream] = field(default=lambda _: Link(url="http://127.0.0.1:9/none"))
    status: Callable[[str], Status] = field(default=lambda _: Status(status="PROCESSING"))
    history: History | None = None
    followed: list[tuple[FinalizeEvent, Job, str]] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(max_bytes=1 << 30))
    link_hours: float = 0
    result_life: float = 3600
    link_seconds: float = 0
    stall_seconds: float = 1
    now: float = NOW
    pauses: list[float] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        """The job items."""
        return Ledger(self.dynamodb, TABLE, record_days=90)

    @property
    def capacity(self) -> Capacity:
        """What all jobs share."""
        return Capacity(self.dynamodb, TABLE, max_concurrent_jobs=2)

    @property
    def results(self) -> ResultsBucket:
        """The results bucket."""
        return ResultsBucket(self.s3, BUCKET)

    @property
    def storer(self) -> Storer:
        """The part that fetches and stores."""
        return Storer(
            result=self.answer,
            session=new_download_session(self.trusted),
            results=self.results,
            probe=partial(probe, parser=self.parser),
            note_link=self.ledger.note_link,
            note_upload=self.ledger.note_upload,
            trusted_base_url=self.trusted,
            limits=self.limits,
            clock=lambda: self.now,
            pause=self.pauses.append,
            stall_seconds=self.stall_seconds,
        )

    @property
    def finalizer(self) -> Finalizer:
        """The whole."""
        return Finalizer(
            ledger=self.ledger,
            capacity=self.capacity,
            decider=Decider(
                storer=self.storer,
                status=self.status,
                second_opinion=SecondOpinion(
                    history=self.history,
                    note_link=self.ledger.note_link,
                    note_request=self.ledger.note_request,
                    wait_seconds=600,
                ),
                result_life_seconds=self.result_life,
                link_seconds=self.link_seconds,
            ),
            reporter=Reporter(results=self.results, link_hours=self.link_hours, clock=lambda: self.now),
            publish=Topic(self.sns, self.topic_arn).publish,
            follow=lambda *call: self.followed.append(call),
            clock=lambda: self.now,
        )

    def subscribe(self, name: str, policy: dict[str, Any]) -> str:
        """Subscribe a new queue under a filter policy and return its address."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:123456789012:{name}"
        attributes = {"FilterPolicy": json.dumps(policy)}
        self.sns.subscribe(TopicArn=self.topic_arn, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return url

    def messages(self, queue_url: str = "") -> list[dict[str, Any]]:
        """Take the messages out of a queue, the one that gets everything unless told otherwise."""
        url = queue_url or self.queue_url
        taken = []
        while batch := self._received(url):
            taken += [json.loads(json.loads(message["Body"])["Message"]) for message in batch]
            for message in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def _received(self, url: str) -> "list[MessageTypeDef]":
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])

    def stored(self, key: str) -> bytes | None:
        """Return the object at `key` of the results bucket, None if there is none."""
        try:
            return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def record(self, key: str) -> dict[str, Any]:
        """Return the record at `key`."""
        found: dict[str, Any] = json.loads(self.stored(key) or b"{}")
        return found

    def open_uploads(self) -> int:
        """Return how many multipart uploads were neither completed nor aborted."""
        return len(self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def _as_bytes(request: AWSPreparedRequest, **_: Any) -> None:
    """Hand moto what its web framework can take; the wire takes a bytearray as it is."""
    if isinstance(request.body, bytearray):
        request.body = bytes(request.body)


@contextmanager
def world(parser: MediaInfoPool, **changes: Any) -> Iterator[World]:
    """Make a world while the block lasts."""
    with mock_aws():
        kept = Config(max_pool_connections=20)
        s3 = boto3.client("s3", region_name=REGION, config=kept)
        s3.meta.events.register_first("before-send.s3", _as_bytes)
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        sns, sqs = boto3.client("sns", region_name=REGION), boto3.client("sqs", region_name=REGION)
        create_jobs_table(dynamodb)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        topic_arn = sns.create_topic(Name="topic")["TopicArn"]
        queue_url = sqs.create_queue(QueueName="queue")["QueueUrl"]
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:queue")
        yield World(s3, dynamodb, sns, sqs, topic_arn, queue_url, parser, **changes)
