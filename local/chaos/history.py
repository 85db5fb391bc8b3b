"""All that is known about one job, as plain JSON data, to find out what went wrong."""

import json
from typing import Any

import msgspec

from local.chaos.evidence import Evidence
from local.chaos.plan import Job
from local.stack import Stack


def history(stack: Stack, job: Job | None, found: Evidence) -> dict[str, Any]:
    """Return plan, messages, executions with their events, POSTs as the stand-in saw them, and the record."""
    return {
        "expected": job.expected if job else None,
        "troubles": msgspec.to_builtins(job.troubles) if job else [],
        "messages": [json.loads(text) for text in dict.fromkeys(found.messages)],
        "deliveries": len(found.messages),
        "posts": msgspec.to_builtins(found.posts),
        "stored": vars(found.stored) if found.stored else None,
        "record": dict(found.record or {}),
        "executions": {one.name: _events(stack, one.arn) for one in found.executions},
    }


def _events(stack: Stack, arn: str) -> list[dict[str, Any]]:
    """Return the execution's events: when, which, and the details that say what happened."""
    pages = stack.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [
        {
            "at": event["timestamp"].isoformat(timespec="milliseconds"),
            "type": event["type"],
            **{name: value for name, value in event.items() if name.endswith("Details")},
        }
        for page in pages
        for event in page["events"]
    ]
