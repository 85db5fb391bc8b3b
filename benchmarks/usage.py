"""What a stack has used of AWS so far, in the units that AWS bills: read from AWS's own books."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from local.stack import Stack

FUNCTIONS = ("Submit", "Request", "CheckStatus", "Finalize")
_REPORT = re.compile(r"^REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")


@dataclass(frozen=True)
class LambdaUse:
    """A function's invocations, the milliseconds that one takes (median), and its memory in MB."""

    invocations: int
    milliseconds: float
    memory_mb: int


def lambda_use(stack: Stack, since: float) -> dict[str, LambdaUse]:
    """Return the use of each function since an epoch second, from the reports in its log."""
    functions = stack.client("lambda").list_functions()["Functions"]
    return {
        logical: _use(
            list(_durations(stack, function["LoggingConfig"]["LogGroup"], since)), function["MemorySize"]
        )
        for function in functions
        for logical in FUNCTIONS
        if f"-{logical}-" in function["FunctionName"]
    }


def _use(durations: list[float], memory_mb: int) -> LambdaUse:
    return LambdaUse(len(durations), median(durations) if durations else 0.0, memory_mb)


def _durations(stack: Stack, group: str, since: float) -> Iterator[float]:
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, startTime=int(1000 * since), filterPattern="REPORT")
    )
    for page in pages:
        for event in page["events"]:
            if report := _REPORT.match(event["message"]):
                yield float(report[1])


def transitions(stack: Stack, executions: Iterable[str]) -> Counter[str]:
    """Return how often each state was entered by `executions` (ARNs), retries included, as AWS bills them."""
    machine = stack.client("stepfunctions")
    entered: Counter[str] = Counter()
    for arn in executions:
        pages = machine.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        entered.update(_entered(events))
        entered["(retries)"] += _retries(events)
    return +entered


def _entered(events: Iterable[Mapping[str, Any]]) -> list[str]:
    return [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]


def _retries(events: Iterable[Mapping[str, Any]]) -> int:
    kinds = Counter(event["type"] for event in events)
    return max(kinds["TaskScheduled"] - kinds["TaskStateEntered"], 0)


def log_bytes(stack: Stack) -> int:
    """Return the bytes of all log lines so far."""
    pages = stack.client("logs").get_paginator("describe_log_groups").paginate()
    return sum(group["storedBytes"] for page in pages for group in page["logGroups"])


def largest_items(stack: Stack) -> dict[str, int]:
    """Return the bytes of the largest job item and of the control item, as DynamoDB counts them."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.jobs_table)
    sizes = {item["id"]["S"]: _item_bytes(item) for page in pages for item in page["Items"]}
    control = sizes.pop("#control", 0)
    return {"job": max(sizes.values(), default=0), "control": control}


def _item_bytes(item: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    """Return DynamoDB's size of a typed value: text as UTF-8, numbers 2 digits a byte, maps 3 bytes more."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(inner) for name, inner in content.items())
        case "L":
            return 3 + sum(1 + _value_bytes(inner) for inner in content)
        case _:
            return 1
