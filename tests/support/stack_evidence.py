"""Everything that a running stack has written anywhere, as text, to search it for secrets."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from local import sam
from local.stack import Stack

SIGNATURES = ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token")


class Piece(NamedTuple):
    """A piece of evidence: the kind of place it comes from, which one, and its text."""

    kind: str
    place: str
    text: str


def gather(stack: Stack, envelopes: Iterable[dict[str, Any]]) -> list[Piece]:
    """Return all there is: logs, executions, records, objects, dead letters, settings, and `envelopes`."""
    return [
        *_logs(stack),
        *_executions(stack),
        *_records(stack),
        *_objects(stack, stack.results_bucket, bodies=True),
        *_objects(stack, stack.drop_bucket, bodies=False),
        *_dead_letters(stack),
        *_settings(stack),
        *(Piece("message", envelope["MessageId"], _text(envelope)) for envelope in envelopes),
    ]


def holding(pieces: Iterable[Piece], *secrets: str) -> list[Piece]:
    """Return those that hold one of `secrets`, in any letter case."""
    pattern = re.compile("|".join(map(re.escape, secrets)), re.IGNORECASE)
    return [piece for piece in pieces if pattern.search(piece.text)]


def _logs(stack: Stack) -> Iterator[Piece]:
    logs = stack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield from (Piece("log", name, event["message"]) for event in page["events"])


def _executions(stack: Stack) -> Iterator[Piece]:
    machine = stack.client("stepfunctions")
    pages = machine.get_paginator("list_executions").paginate(stateMachineArn=stack.state_machine_arn)
    for arn in [execution["executionArn"] for page in pages for execution in page["executions"]]:
        yield Piece("execution", arn, _text(machine.describe_execution(executionArn=arn)))
        history = machine.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True
        )
        yield from (Piece("history", arn, _text(event)) for page in history for event in page["events"])


def _records(stack: Stack) -> Iterator[Piece]:
    for page in stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.jobs_table):
        yield from (Piece("record", item["id"]["S"], _text(item)) for item in page["Items"])


def _objects(stack: Stack, bucket: str, *, bodies: bool) -> Iterator[Piece]:
    s3 = stack.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in page.get("Versions", []):
            version = {"Bucket": bucket, "Key": item["Key"], "VersionId": item["VersionId"]}
            found = s3.get_object(**version) if bodies else s3.head_object(**version)
            yield Piece("metadata", item["Key"], _text(found["Metadata"]) + item["Key"])
            if bodies:
                yield Piece("object", item["Key"], found["Body"].read().decode("latin-1"))


def _dead_letters(stack: Stack) -> Iterator[Piece]:
    received = stack.client("sqs").receive_message(
        QueueUrl=stack.dead_letter_queue_url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        VisibilityTimeout=0,
    )
    yield from (
        Piece("dead letter", message["MessageId"], _text(message)) for message in received.get("Messages", [])
    )


def _settings(stack: Stack) -> Iterator[Piece]:
    for page in stack.client("lambda").get_paginator("list_functions").paginate():
        yield from (Piece("function", item["FunctionName"], _text(item)) for item in page["Functions"])
    for item in stack.client("cloudformation").describe_stacks(StackName=sam.STACK_NAME)["Stacks"]:
        yield Piece("stack", item["StackName"], _text(item))


def _text(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
