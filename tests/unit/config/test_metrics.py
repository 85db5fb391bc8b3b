"""What is counted of what a step has answered, in the format that CloudWatch reads."""

import json
from typing import Any

import pytest

from lipdrop.config.metrics import (
    NAMESPACE,
    UNITS,
    Point,
    emit,
    of_look,
    of_message,
    of_pending,
    of_request,
    of_submit,
)

ERROR = {"code": "INFERENCE_FAILED", "stage": "poll", "charged": "no"}


def message(**changes: Any) -> str:
    usual = {
        "status": "COMPLETED",
        "dry_run": False,
        "timings": {"total_seconds": 30.5, "processing_seconds": 20, "waiting_seconds": 1.5},
        "result": {"size": 1000},
        "cost": {"reported": 0.4},
    }
    return json.dumps({"default": json.dumps(usual | changes), "email": "text"})


def counted(points: list[Point]) -> dict[str, float]:
    return {point.name: point.value for point in points}


def test_a_drop_counts_what_it_started_and_what_was_there() -> None:
    answer = {"started": ("a", "b"), "existing": ("c",), "waiting": (), "passed_over": ()}

    assert of_submit(answer) == [Point("JobsStarted", 2), Point("JobsUnchanged", 1)]
    assert of_submit({"started": (), "existing": ()}) == []


def test_an_accepted_request_counts_its_cost_and_its_time() -> None:
    accepted = {"outcome": "accepted", "expected_seconds": 133.3}

    assert counted(of_request(accepted, 0.76)) == {
        "JobsAccepted": 1,
        "ExpectedSeconds": 133.3,
        "EstimatedCost": 0.76,
    }
    assert "EstimatedCost" not in counted(of_request(accepted, None))


def test_waiting_is_counted_by_its_reason() -> None:
    assert of_request({"outcome": "busy", "reason": "SLOTS"}, 1) == [
        Point("JobsWaiting", 1, ("reason", "SLOTS"))
    ]
    assert of_request({"outcome": "superseded"}, 1) == [Point("JobsSuperseded", 1)]
    assert of_request({"outcome": "rejected"}, 1) == []


def test_a_look_that_sees_the_end_counts_how_late_it_was() -> None:
    done = {"outcome": "completed", "seen_at": 1_000.0, "metrics": {"inference_time": 90.0}}

    assert of_look({"outcome": "waiting"}, 900) == [Point("Looks", 1)]
    assert counted(of_look(done, 900)) == {"Looks": 1, "DetectionDelay": 10}
    assert counted(of_look(done | {"metrics": {}}, 900)) == {"Looks": 1}


def test_a_pending_result_counts_its_age() -> None:
    event = {"request": {"posted_at": 400.0}}

    assert counted(of_pending({"status": "PENDING"}, event, 1_000)) == {
        "ResultsPending": 1,
        "PendingResultAge": 600,
    }
    assert of_pending({"status": "COMPLETED"}, event, 1_000) == []


def test_a_completed_job_counts_times_bytes_and_cost() -> None:
    assert counted(of_message(message())) == {
        "JobsCompleted": 1,
        "JobsEnded": 1,
        "TotalSeconds": 30.5,
        "ProcessingSeconds": 20,
        "WaitingSeconds": 1.5,
        "ResultBytes": 1000,
        "ReportedCost": 0.4,
    }


@pytest.mark.parametrize(
    ("error", "names"),
    [
        ({}, {"JobsFailed", "JobsEnded"}),
        ({"charged": "yes"}, {"JobsFailed", "JobsEnded", "JobsFailedAfterPayment"}),
        ({"charged": "unknown"}, {"JobsFailed", "JobsEnded", "JobsFailedAfterPayment"}),
        ({"stage": "drop"}, {"JobsRefused", "JobsEnded"}),
    ],
)
def test_a_failure_is_counted_by_its_code(error: dict[str, str], names: set[str]) -> None:
    points = of_message(message(status="FAILED", error=ERROR | error))

    assert {point.name for point in points} == names
    assert points[0].dimension == ("code", "INFERENCE_FAILED")


def test_dry_runs_and_alerts_are_no_completed_jobs() -> None:
    assert counted(of_message(message(dry_run=True))) == {"DryRuns": 1, "JobsEnded": 1}
    assert counted(of_message(message(status="ALERT"))) == {"AccountAlerts": 1}


def test_what_is_emitted_is_emf_with_units_and_dimensions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "my-stack")
    emit([Point("JobsFailed", 1, ("code", "ABORTED")), Point("TotalSeconds", 3), Point("JobsEnded", 1)])

    plain, by_code = map(json.loads, capsys.readouterr().out.splitlines())
    (described,) = plain["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == NAMESPACE
    assert described["Dimensions"] == [["service"]]
    assert {item["Name"]: item["Unit"] for item in described["Metrics"]} == {
        name: str(UNITS[name].value) for name in ("TotalSeconds", "JobsEnded")
    }
    assert plain["service"] == "my-stack"
    assert by_code["code"] == "ABORTED"
    assert sorted(by_code["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == ["code", "service"]


def test_every_metric_is_counted_somewhere() -> None:
    points = [
        *of_submit({"started": ("a",), "existing": ("b",)}),
        *of_request({"outcome": "accepted", "expected_seconds": 1}, 1),
        *of_request({"outcome": "busy", "reason": "SLOTS"}, 1),
        *of_request({"outcome": "superseded"}, 1),
        *of_look({"outcome": "completed", "seen_at": 9.0, "metrics": {"inference_time": 1.0}}, 1),
        *of_pending({"status": "PENDING"}, {"request": {"posted_at": 1}}, 2),
        *of_message(message()),
        *of_message(message(dry_run=True)),
        *of_message(message(status="ALERT")),
        *of_message(message(status="FAILED", error=ERROR | {"charged": "yes"})),
        *of_message(message(status="FAILED", error=ERROR | {"stage": "drop"})),
    ]

    assert {point.name for point in points} == set(UNITS)
