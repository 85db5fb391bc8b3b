"""What end-to-end tests do repeatedly: upload files, wait for notifications, inspect results."""

import json
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import av
from jsonschema import Draft202012Validator

from local import paths
from local.stack import Stack
from local.subscriber import Subscriber

SCHEMA = Draft202012Validator(json.loads((paths.ROOT / "docs" / "notification.schema.json").read_text()))


def drop(stack: Stack, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> str:
    """Upload `body` to the drop bucket; return its version id."""
    answer = stack.client("s3").put_object(
        Bucket=stack.drop_bucket, Key=key, Body=body, Metadata=dict(metadata or {})
    )
    return str(answer["VersionId"])


def hear(
    subscriber: Subscriber,
    count: int,
    *,
    of: Callable[[dict[str, Any]], bool] = lambda _: True,
    seconds: float = 120,
) -> list[dict[str, Any]]:
    """Return the first `count` notifications that `of` accepts; fails after `seconds`.

    Every notification that comes, accepted or not, is held against the published schema.
    """
    heard: list[dict[str, Any]] = []
    deadline = time.monotonic() + seconds
    while len(heard) < count:
        assert time.monotonic() < deadline, (
            f"{len(heard)} of {count} notifications after {seconds} s: {heard}"
        )
        for notification in subscriber.notifications(wait_seconds=1):
            SCHEMA.validate(notification)
            if of(notification):
                heard.append(notification)
    return heard


def settled(stack: Stack, *, seconds: float = 60) -> list[dict[str, Any]]:
    """Wait until no execution runs; return all of them."""
    machine = stack.client("stepfunctions")
    deadline = time.monotonic() + seconds
    while True:
        pages = machine.get_paginator("list_executions").paginate(stateMachineArn=stack.state_machine_arn)
        executions = [execution for page in pages for execution in page["executions"]]
        if all(execution["status"] != "RUNNING" for execution in executions):
            return executions
        assert time.monotonic() < deadline, "executions still run"
        time.sleep(0.2)


def result(stack: Stack, notification: Mapping[str, Any]) -> bytes:
    """Return the bytes of the result that `notification` speaks of."""
    place = notification["result"]
    body = stack.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"]
    return bytes(body.read())


def record(stack: Stack, notification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that `notification` speaks of."""
    place = notification["record"]
    body = stack.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"]
    parsed: dict[str, Any] = json.loads(body.read())
    return parsed


def seen(media: bytes) -> tuple[float, set[str]]:
    """Return the seconds of `media` and the codecs of its tracks, as FFmpeg sees them."""
    with av.open(BytesIO(media), "r") as container:
        assert container.duration is not None
        return container.duration / av.time_base, {stream.codec_context.name for stream in container.streams}
