"""CloudWatch metrics in the embedded metric format (EMF): lines of the log that CloudWatch counts.

What a step has answered says what there is to count, so the domain counts nothing: one function for each
step returns its points, and `emit` writes them. Every point has the dimension `service`, the stack's name;
some have one more, and are then counted once for each of its values.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Lipdrop"

_COUNT, _SECONDS, _BYTES, _NONE = MetricUnit.Count, MetricUnit.Seconds, MetricUnit.Bytes, MetricUnit.NoUnit
UNITS = {
    "JobsStarted": _COUNT,  # executions that a drop started, refused drops among them
    "JobsUnchanged": _COUNT,  # drops whose job was started before: nothing is asked, nothing paid
    "JobsAccepted": _COUNT,  # requests that Segmind accepted: paid from here on
    "JobsWaiting": _COUNT,  # answers "busy", by reason
    "JobsSuperseded": _COUNT,  # jobs that ended quietly, since their place has a newer wish
    "JobsCompleted": _COUNT,
    "JobsRefused": _COUNT,  # drops that could not become a job, by code
    "JobsFailed": _COUNT,  # jobs that failed after they were accepted as drops, by code
    "JobsFailedAfterPayment": _COUNT,  # the same where the request was charged, or may have been
    "JobsEnded": _COUNT,  # all of completed, refused and failed
    "DryRuns": _COUNT,
    "ResultsPending": _COUNT,  # tries that found a paid result out of reach
    "PendingResultAge": _SECONDS,  # since the request of a result that is out of reach
    "AccountAlerts": _COUNT,  # messages about the account: credits, key
    "Looks": _COUNT,  # status checks
    "DetectionDelay": _SECONDS,  # from Segmind's end of a request to the look that saw it
    "ExpectedSeconds": _SECONDS,  # expected processing time of an accepted request
    "ProcessingSeconds": _SECONDS,  # from the request to the end
    "WaitingSeconds": _SECONDS,  # from the drop's execution to the request
    "TotalSeconds": _SECONDS,  # from the drop's execution to the end
    "ResultBytes": _BYTES,
    "EstimatedCost": _NONE,  # USD, of an accepted request
    "ReportedCost": _NONE,  # as Segmind reports it, in its unit
}
"""Every metric with its unit; docs/operating.md says the same (a test compares them)."""


class Point(NamedTuple):
    """One value of one metric; `dimension` is a name and a value beside the service, or nothing."""

    name: str
    value: float
    dimension: tuple[str, str] | None = None


def emit(points: Iterable[Point]) -> None:
    """Write `points`, one line for each dimension among them."""
    for dimension, group in groupby(sorted(points, key=_by_dimension), key=lambda point: point.dimension):
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        if dimension:
            metrics.add_dimension(*dimension)
        for point in group:
            metrics.add_metric(point.name, UNITS[point.name], point.value)
        metrics.flush_metrics()


def of_submit(answer: Mapping[str, Sequence[str]]) -> list[Point]:
    """Return what `submit` counts; `answer` is its output as plain data."""
    counted = {"JobsStarted": "started", "JobsUnchanged": "existing"}
    return [Point(name, len(answer[field])) for name, field in counted.items() if answer.get(field)]


def of_request(answer: Mapping[str, Any], estimated_usd: float | None) -> list[Point]:
    """Return what `request` counts. A rejection is counted where it is told, in `finalize`."""
    match answer:
        case {"outcome": "accepted", "expected_seconds": expected}:
            cost = [] if estimated_usd is None else [Point("EstimatedCost", estimated_usd)]
            return [Point("JobsAccepted", 1), Point("ExpectedSeconds", expected), *cost]
        case {"outcome": "busy", "reason": reason}:
            return [Point("JobsWaiting", 1, ("reason", reason))]
        case {"outcome": "superseded"}:
            return [Point("JobsSuperseded", 1)]
    return []


def of_look(answer: Mapping[str, Any], posted_at: float) -> list[Point]:
    """Return what `check_status` counts."""
    looks = [Point("Looks", 1)]
    match answer:
        case {"outcome": "completed", "seen_at": seen_at, "metrics": {"inference_time": float(took)}}:
            looks.append(Point("DetectionDelay", max(0.0, seen_at - posted_at - took)))
    return looks


def of_pending(answer: Mapping[str, Any], event: Mapping[str, Any], now: float) -> list[Point]:
    """Return what `finalize` counts for a paid result that cannot be had now; times in epoch seconds."""
    if answer.get("status") != "PENDING":
        return []
    posted_at = (event.get("request") or {}).get("posted_at")
    age = [] if posted_at is None else [Point("PendingResultAge", max(0.0, now - posted_at))]
    return [Point("ResultsPending", 1), *age]


def of_message(body: str) -> list[Point]:
    """Return what a published message counts: how a job ended, how long it took, what it cost.

    `body` is the message as SNS takes it (MessageStructure json).
    """
    message = json.loads(json.loads(body)["default"])
    match message:
        case {"status": "ALERT"}:
            return [Point("AccountAlerts", 1)]
        case {"status": "COMPLETED", "dry_run": True}:
            return [Point("DryRuns", 1), Point("JobsEnded", 1)]
        case {"status": "FAILED", "error": {"code": code, "stage": stage, "charged": charged}}:
            name = "JobsRefused" if stage == "drop" else "JobsFailed"
            paid = [] if charged == "no" else [Point("JobsFailedAfterPayment", 1)]
            return [Point(name, 1, ("code", code)), Point("JobsEnded", 1), *paid]
    measured = {
        "TotalSeconds": message["timings"].get("total_seconds"),
        "ProcessingSeconds": message["timings"].get("processing_seconds"),
        "WaitingSeconds": message["timings"].get("waiting_seconds"),
        "ResultBytes": message.get("result", {}).get("size"),
        "ReportedCost": message["cost"].get("reported"),
    }
    known = [Point(name, value) for name, value in measured.items() if value is not None]
    return [Point("JobsCompleted", 1), Point("JobsEnded", 1), *known]


def _by_dimension(point: Point) -> tuple[str, str]:
    return point.dimension or ("", "")
