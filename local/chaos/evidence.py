"""Everything observed in a campaign, collected by job at its end: facts without judgement."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from local.chaos.plan import Job
from local.stack import Stack
from local.standin.model import Seen


@dataclass(frozen=True)
class Execution:
    """One execution and its status."""

    name: str
    arn: str
    status: str
    error: str = ""
    cause: str = ""

    @property
    def choked(self) -> bool:
        """Whether the local AWS gave up an expression: it allows each one second, even on a busy machine."""
        return self.error.startswith("States.") and "Evaluation timeout" in self.cause


@dataclass(frozen=True)
class Stored:
    """What is in the results bucket at the place of a job's video."""

    sha256: str
    version_id: str | None


@dataclass
class Evidence:
    """All that is known of one job. `posts`: as the stand-in received them, oldest first."""

    messages: Sequence[str] = ()
    executions: list[Execution] = field(default_factory=list)
    posts: list[Seen] = field(default_factory=list)
    record: Mapping[str, Any] | None = None
    stored: Stored | None = None

    @property
    def choked(self) -> bool:
        """Whether the local AWS broke the job's execution off."""
        return any(execution.choked for execution in self.executions)

    @property
    def outcome(self) -> str:
        """`COMPLETED`, the error's code, or `SILENT`."""
        if not self.messages:
            return "SILENT"
        message = json.loads(self.messages[0])
        return str(message["error"]["code"] if message["status"] == "FAILED" else "COMPLETED")


@dataclass(frozen=True)
class Leftovers:
    """What must be zero at the end: slots held, uploads open, executions running, dead letters."""

    slots: Sequence[str]
    uploads: Sequence[str]
    running: Sequence[str]
    dead_letters: int

    def __bool__(self) -> bool:
        return bool(self.slots or self.uploads or self.running or self.dead_letters)


def gather(
    stack: Stack, jobs: Sequence[Job], messages: Mapping[str, Sequence[str]], posts: Sequence[Seen]
) -> dict[str, Evidence]:
    """Return the evidence by job name, including names that were not planned but appeared somewhere."""
    found: defaultdict[str, Evidence] = defaultdict(Evidence)
    for job in jobs:
        found[job.name].stored = stored(stack, f"{job.name}.mp4")
    for name, texts in messages.items():
        found[name].messages = list(texts)
    for post in posts:
        found[_name(post)].posts.append(post)
    names = {}
    machine = stack.client("stepfunctions")
    for execution in executions(stack):
        described = machine.describe_execution(executionArn=execution.arn)
        given = json.loads(described["input"])
        if "follow" in given:  # of a job whose own execution is listed too
            continue
        names[execution.name] = given["name"]
        known = replace(execution, error=described.get("error", ""), cause=described.get("cause", ""))
        found[names[execution.name]].executions.append(known)
    for job_id, record in records(stack).items():
        if job_id in names:
            found[names[job_id]].record = record
    return dict(found)


def executions(stack: Stack) -> list[Execution]:
    """Return all executions."""
    pages = stack.client("stepfunctions").get_paginator("list_executions")
    return [
        Execution(one["name"], one["executionArn"], one["status"])
        for page in pages.paginate(stateMachineArn=stack.state_machine_arn)
        for one in page["executions"]
    ]


def records(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the Jobs table by id, as plain values."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.jobs_table)
    return {
        item["id"]["S"]: {k: _plain(v) for k, v in item.items()} for page in pages for item in page["Items"]
    }


def stored(stack: Stack, key: str) -> Stored | None:
    """Return the object at `key` of the results bucket, read completely."""
    try:
        answer = stack.client("s3").get_object(Bucket=stack.results_bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    digest = hashlib.sha256()
    for chunk in answer["Body"].iter_chunks(1 << 20):
        digest.update(chunk)
    return Stored(digest.hexdigest(), answer.get("VersionId"))


def leftovers(stack: Stack) -> Leftovers:
    """Return what is still held, open, running or in the dead-letter queue."""
    queue = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.dead_letter_queue_url, AttributeNames=["All"]
    )["Attributes"]
    waiting = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    return Leftovers(
        slots=list(records(stack).get("#control", {}).get("held", {})),
        uploads=list(_uploads(stack)),
        running=[one.name for one in executions(stack) if one.status == "RUNNING"],
        dead_letters=sum(int(queue[name]) for name in waiting),
    )


def _uploads(stack: Stack) -> Iterator[str]:
    """Yield the unfinished uploads that hold something. One whose beginning lost its answer stays
    empty: nobody knows its id, and the bucket's lifecycle rule ends it.
    """
    s3 = stack.client("s3")
    for bucket in (stack.results_bucket, stack.drop_bucket):
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            place = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
            if s3.list_parts(**place).get("Parts"):
                yield f"{bucket}/{upload['Key']}"


def _name(post: Seen) -> str:
    """Return the name of the job that a POST was for."""
    path = unquote(urlsplit((post.body or {}).get("audio_url", "")).path)
    return path.partition("/inbox/")[2].rpartition(".")[0]


def _plain(value: Mapping[str, Any]) -> Any:
    kind, inner = next(iter(value.items()))
    if kind == "M":
        return {name: _plain(one) for name, one in inner.items()}
    return float(inner) if kind == "N" else inner
