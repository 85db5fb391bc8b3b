"""Upload a video and a voice to a folder of their own, and wait for the notification of the job."""

import json
import time
import wave
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from local import paths
from local.stack import Stack
from local.subscriber import Subscriber
from tests.support.journey import drop, hear

VIDEO = (paths.MEDIA / "talking-head.mp4").read_bytes()
VOICE = (paths.MEDIA / "voice-short.wav").read_bytes()
PAIR = {"video.mp4": VIDEO, "fr.wav": VOICE}
PATIENCE_SECONDS = 90


def silence(seconds: int, *, rate: int = 8_000) -> bytes:
    """Return a WAV file in which nobody speaks; two bytes a sample."""
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * rate * seconds))
    return file.getvalue()


def subscribed(stack: Stack, folder: str) -> Subscriber:
    """Return a subscriber for the jobs of `folder` only."""
    return Subscriber(stack, filter_policy={"folder": [folder]})


def drop_files(
    stack: Stack, folder: str, files: Mapping[str, bytes], metadata: Mapping[str, str] | None = None
) -> None:
    """Upload `files` into `folder` of the inbox, all of them with `metadata`."""
    for name, body in files.items():
        drop(stack, f"inbox/{folder}/{name}", body, metadata)


def outcome(
    stack: Stack,
    folder: str,
    files: Mapping[str, bytes] = PAIR,
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Drop `files` into `folder` and return the message that their one job ends in."""
    subscriber = subscribed(stack, folder)
    drop_files(stack, folder, files, metadata)
    (message,) = hear(subscriber, 1, seconds=PATIENCE_SECONDS)
    return message


def only(subscriber: Subscriber) -> dict[str, Any]:
    """Return the one message that `subscriber` receives."""
    (message,) = hear(subscriber, 1, seconds=PATIENCE_SECONDS)
    return message


def under_way(stack: Stack, folder: str, count: int = 1) -> list[str]:
    """Wait until `count` executions run for jobs of `folder`; return their ARNs."""
    machine = stack.client("stepfunctions")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        running = machine.list_executions(stateMachineArn=stack.state_machine_arn, statusFilter="RUNNING")
        arns = [item["executionArn"] for item in running["executions"]]
        ours = [arn for arn in arns if _name(machine, arn).startswith(f"{folder}/")]
        if len(ours) == count:
            return ours
        time.sleep(0.1)
    raise AssertionError(f"not {count} executions of {folder} under way after {PATIENCE_SECONDS} s")


def until_in(stack: Stack, execution: str, state: str) -> None:
    """Wait until `execution` has entered `state`."""
    machine, deadline = stack.client("stepfunctions"), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        pages = machine.get_paginator("get_execution_history").paginate(executionArn=execution)
        entered = [event.get("stateEnteredEventDetails", {}) for page in pages for event in page["events"]]
        if any(details.get("name") == state for details in entered):
            return
        time.sleep(0.1)
    raise AssertionError(f"{state} was not entered")


def _name(machine: Any, arn: str) -> str:
    return str(json.loads(machine.describe_execution(executionArn=arn)["input"]).get("name"))
