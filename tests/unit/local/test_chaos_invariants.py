"""The judgement on a campaign: every broken promise is seen, and nothing else is called one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lipdrop.request.requester import PROMISE_SECONDS
from local.chaos.evidence import Evidence, Execution, Leftovers, Stored
from local.chaos.invariants import judge
from local.chaos.plan import Job
from local.standin.model import Seen

JOB = Job("chaos/0001/voice-1", "inbox/chaos/0001/voice-1.wav", "COMPLETED", ())
NOTHING = Leftovers((), (), (), 0)


def post(**changes: Any) -> Seen:
    """Return a POST that was answered and whose request completed, but for `changes`."""
    usual = {
        "number": 1,
        "at": 1000.0,
        "body": {},
        "answered": 200,
        "request_id": "r1",
        "status": "COMPLETED",
        "charged": True,
        "sha256": "abc",
    }
    return Seen(**{**usual, **changes})


def completed() -> str:
    return json.dumps({"status": "COMPLETED", "result": {"version_id": "v1"}})


def failed(code: str, charged: str = "no") -> str:
    return json.dumps({"status": "FAILED", "error": {"code": code, "charged": charged}})


def evidence(**changes: Any) -> Evidence:
    """Return the evidence of a job that went well, but for `changes`."""
    usual = {
        "messages": [completed()],
        "executions": [Execution("e", "arn", "SUCCEEDED")],
        "posts": [post()],
        "record": {"state": "CLOSED", "requesting_until": 1000.0 + PROMISE_SECONDS},
        "stored": Stored("abc", "v1"),
    }
    return Evidence(**{**usual, **changes})


def failure(code: str, charged: str = "no", **changes: Any) -> Evidence:
    """Return the evidence of a job that ended as `code` and left nothing."""
    usual = {
        "messages": [failed(code, charged)],
        "executions": [Execution("e", "arn", "FAILED")],
        "posts": [],
        "stored": None,
    }
    return evidence(**{**usual, **changes})


def promises(found: Evidence, *, left: Leftovers = NOTHING, tears: tuple[float, ...] = ()) -> list[str]:
    verdict = judge([JOB], {JOB.name: found}, left, tears, lambda _: None)
    return [violation.promise for violation in verdict.violations]


def test_a_job_that_went_well_breaks_no_promise() -> None:
    assert promises(evidence()) == []


def test_repeats_of_the_same_notification_are_allowed_and_another_content_is_not() -> None:
    assert promises(evidence(messages=[completed(), completed()])) == []
    assert promises(evidence(messages=[completed(), completed() + " "])) == ["one content"]


def test_silence_is_seen() -> None:
    assert promises(evidence(messages=[])) == ["one execution", "no silent end"]


@pytest.mark.parametrize("refused", [400, 429, 500, 502, 503])
def test_a_second_post_is_allowed_only_after_a_sure_refusal(refused: int) -> None:
    first = post(answered=refused, request_id=None, status=None, charged=False, sha256=None)

    assert promises(evidence(posts=[first, post()])) == []


@pytest.mark.parametrize("doubtful", [None, 200, 504])
def test_a_second_post_after_a_doubtful_one_is_seen_even_if_nothing_was_charged(doubtful: int | None) -> None:
    first = post(answered=doubtful, request_id=None, status=None, charged=False, sha256=None)

    assert promises(evidence(posts=[first, post()])) == ["no POST after a doubtful one"]


def test_two_requests_for_one_job_are_a_double_charge() -> None:
    assert "no double charge" in promises(evidence(posts=[post(answered=503), post(request_id="r2")]))


def test_wrong_bytes_and_a_wrong_version_are_seen() -> None:
    assert promises(evidence(stored=Stored("other", "v1"))) == ["the right bytes"]
    assert promises(evidence(stored=Stored("abc", "v2"))) == ["the right version"]
    assert promises(evidence(stored=None)) == ["the right bytes"]


def test_a_result_that_was_made_and_not_delivered_is_lost() -> None:
    assert promises(failure("DEADLINE", "unknown", posts=[post()])) == ["no result lost"]
    assert promises(failure("INTERNAL_ERROR", "unknown")) == ["the outcome that is due"]


@pytest.mark.parametrize(("tear", "broken"), [(1001.0, []), (990.0, ["the outcome that is due"])])
def test_doubt_is_excused_only_by_a_tear_at_the_moment_of_the_post(tear: float, broken: list[str]) -> None:
    unmade = post(answered=None, request_id=None, status=None, charged=False, sha256=None)
    found = failure("SUBMISSION_UNKNOWN", "unknown", posts=[unmade])

    assert promises(found, tears=(tear,)) == broken


def test_doubt_is_never_excused_where_the_history_knows_the_request() -> None:
    found = failure("SUBMISSION_UNKNOWN", "unknown", posts=[post()])

    assert promises(found, tears=(1001.0,)) == ["no result lost"]


@pytest.mark.parametrize(("told", "charged"), [("no", True), ("yes", False)])
def test_a_lie_about_the_charge_is_seen(told: str, charged: bool) -> None:
    posts = [post(charged=charged, status="FAILED")]

    assert "the truth about the charge" in promises(failure("INFERENCE_FAILED", told, posts=posts))


@pytest.mark.parametrize(
    "left",
    [
        Leftovers(["a job"], (), (), 0),
        Leftovers((), ["an upload"], (), 0),
        Leftovers((), (), ["an execution"], 0),
        Leftovers((), (), (), 1),
    ],
)
def test_whatever_is_left_behind_is_seen(left: Leftovers) -> None:
    assert promises(evidence(), left=left) == ["nothing left behind"]


def test_a_notification_that_the_schema_forbids_is_seen() -> None:
    def check(message: Mapping[str, Any]) -> None:
        raise ValueError("no version")

    verdict = judge([JOB], {JOB.name: evidence()}, NOTHING, (), check)

    assert [violation.seen for violation in verdict.violations] == ["no version"]


def test_a_job_that_nobody_dropped_is_seen() -> None:
    verdict = judge([JOB], {JOB.name: evidence(), "another": evidence()}, NOTHING, (), lambda _: None)

    assert [violation.job for violation in verdict.violations] == ["another"]


def test_an_execution_that_the_local_aws_gave_up_must_only_be_told_of() -> None:
    choked = Execution(
        "e", "arn", "FAILED", "States.QueryEvaluationError", "Evaluation timeout after 1000 ms"
    )
    verdict = judge(
        [JOB],
        {JOB.name: failure("INTERNAL_ERROR", "unknown", executions=[choked])},
        NOTHING,
        (),
        lambda _: None,
    )

    assert (verdict.violations, verdict.choked) == ([], 1)
    assert promises(evidence(messages=[], executions=[choked])) == ["no silent end"]
