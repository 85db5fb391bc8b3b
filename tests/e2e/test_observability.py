"""What the dashboard, the alarms and the saved queries name is in the logs of a running stack."""

import json
import re
from collections.abc import Iterator
from typing import Any

from cfnlint.decode.cfn_yaml import load as load_template

from lipdrop.config.metrics import NAMESPACE
from local import paths
from local.stack import Stack
from local.subscriber import Subscriber
from tests.support.journey import drop, hear

COUNTED = {
    "JobsStarted": [["service"]],
    "JobsAccepted": [["service"]],
    "JobsCompleted": [["service"]],
    "JobsEnded": [["service"]],
    "JobsRefused": [["code", "service"]],
    "Looks": [["service"]],
    "ExpectedSeconds": [["service"]],
    "EstimatedCost": [["service"]],
    "ProcessingSeconds": [["service"]],
    "WaitingSeconds": [["service"]],
    "TotalSeconds": [["service"]],
    "ResultBytes": [["service"]],
}
"""What one completed and one refused job count; the other metrics are shown in the unit tests."""


def lines(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yield the JSON lines of the functions' log groups."""
    logs = stack.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/lipdrop-")["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in (event for page in pages for event in page["events"]):
            if event["message"].startswith("{"):
                yield json.loads(event["message"])


def has(line: dict[str, Any], path: str) -> bool:
    """Whether `line` has the field that a query names as `answer.error.code` or `keys.0`."""
    value: Any = line
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return True


def test_an_end_to_end_run_emits_what_is_named(stack: Stack) -> None:
    subscriber = Subscriber(stack, filter_policy={"folder": ["glance"]})
    drop(stack, "inbox/glance/video.mp4", (paths.MEDIA / "talking-head.mp4").read_bytes())
    drop(stack, "inbox/glance/fr.wav", (paths.MEDIA / "voice-short.wav").read_bytes())
    drop(stack, "inbox/glance/broken.wav", b"RIFF" * 400)
    heard = {message["name"]: message for message in hear(subscriber, 2)}
    completed = heard["glance/fr"]

    written = list(lines(stack))
    emitted: dict[str, list[list[str]]] = {}
    for line in written:
        for described in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert described["Namespace"] == NAMESPACE
            assert line["service"] == "lipdrop"
            for metric in described["Metrics"]:
                assert has(line, metric["Name"])
                emitted[metric["Name"]] = [sorted(names) for names in described["Dimensions"]]

    assert {name: emitted.get(name) for name in COUNTED} == COUNTED
    steps = [line["message"] for line in written if line.get("job_id") == completed["job_id"]]
    assert {"started", "request", "look", "finalize"} <= set(steps)
    for field in _fields("OneJobQuery") | _fields("FailuresQuery"):
        assert any(has(line, field) for line in written), field


def _fields(query: str) -> set[str]:
    """Return the fields of our own that a saved query names."""
    text = load_template(str(paths.ROOT / "template.yaml"))["Resources"][query]["Properties"]["QueryString"]
    names = set(
        re.findall(r"(?:(?<=[ ,(])|^)([a-z_]+(?:\.[a-z0-9_]+)*)(?=[ ,)\n]|$)", re.sub(r"'[^']*'", "", text))
    )
    return names - {
        "fields",
        "filter",
        "sort",
        "stats",
        "as",
        "by",
        "and",
        "count",
        "jobs",
        "latest",
        "latest_job",
        "desc",
    }
