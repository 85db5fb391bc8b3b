"""What finalize is woken with."""

import json
from typing import Any

import msgspec
import pytest

from lipdrop.finalize.event import AlertRequest, FinalizeEvent, read_event
from lipdrop.model import task_outputs
from lipdrop.model.job import to_json, to_plain
from tests.support.jobs_table import a_job

EXECUTION = {"arn": "arn:x", "started_at": "2026-11-22T10:00:00.250Z"}


def ending(event: dict[str, Any]) -> FinalizeEvent:
    found = read_event(event)
    assert isinstance(found, FinalizeEvent)
    return found


def state_machine(**changes: Any) -> FinalizeEvent:
    event = {"job": to_plain(a_job()), "request": {}, "look": {"polls": 0}, "caught": {}}
    return ending(event | {"execution": EXECUTION} | changes)


def eventbridge(**detail: Any) -> FinalizeEvent:
    given = {"name": "fr-1", "executionArn": "arn:x", "status": "ABORTED", "input": to_json(a_job())}
    return ending({"detail-type": "Step Functions Execution Status Change", "detail": given | detail})


def test_the_state_machine_s_empty_answers_mean_never_asked() -> None:
    found = state_machine()
    assert (found.request, found.look, found.broken) == (None, None, None)
    assert found.started_at == 1795341600.25
    assert found.job == a_job()


def test_answers_are_read_by_their_outcome() -> None:
    busy = {"outcome": "busy", "wait_seconds": 5, "reason": "SLOTS", "message": "Full."}
    done = {"outcome": "completed", "polls": 4, "metrics": {"inference_time": 200.5}, "seen_at": 5}
    found = state_machine(request=busy, look=done)
    assert isinstance(found.request, task_outputs.Busy)
    assert isinstance(found.look, task_outputs.Completed)
    assert found.look.metrics.inference_time == 200.5


def test_an_answer_of_no_known_outcome_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        state_machine(look={"outcome": "lost"})


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (json.dumps({"errorMessage": "no such key", "stackTrace": ["line"]}), "KeyError: no such key"),
        ("killed", "KeyError: killed"),
        ("[]", "KeyError: []"),
        (json.dumps({"errorMessage": "https://b.example/k?X-Amz-Signature=abc"}), "KeyError: https://b.ex"),
    ],
)
def test_a_caught_error_is_told_in_its_own_words_without_secrets(cause: str, told: str) -> None:
    broken = state_machine(caught={"Error": "KeyError", "Cause": cause, "State": "Request"}).broken
    assert broken is not None
    assert broken.message.startswith(f"Request kept failing: {told}")
    assert (broken.code, broken.stage) == ("INTERNAL_ERROR", "request")
    assert "abc" not in broken.message
    assert "line" not in broken.message


@pytest.mark.parametrize(
    ("status", "code"),
    [("ABORTED", "ABORTED"), ("TIMED_OUT", "TIMED_OUT"), ("FAILED", "INTERNAL_ERROR")],
)
def test_executions_that_did_not_end_by_themselves(status: str, code: str) -> None:
    found = eventbridge(status=status, startDate=1_795_341_600_250, error="States.Runtime", cause="bad")
    assert found.broken is not None
    assert found.broken.code == code
    assert found.broken.message.endswith(": States.Runtime: bad")
    assert found.started_at == 1795341600.25
    assert found.job == a_job()


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '{"job_id": 5}'])
def test_an_input_that_is_no_job_leaves_the_name(text: str | None) -> None:
    found = eventbridge(input=text)
    assert (found.job, found.job_id) == (None, "fr-1")


def test_an_alert_is_told_apart() -> None:
    alert = {"code": "API_KEY_REJECTED", "message": "Bad key.", "action": "Store a good one."}
    found = read_event({"alert": alert, "job_id": "fr-1", "execution": EXECUTION})
    assert found == AlertRequest(
        alert=task_outputs.AccountAlert(**alert), job_id="fr-1", execution_arn="arn:x"
    )


@pytest.mark.parametrize("event", [{}, {"job": {}}, {"execution": EXECUTION}])
def test_anything_else_is_an_error(event: dict[str, Any]) -> None:
    with pytest.raises((KeyError, msgspec.ValidationError)):
        read_event(event)
