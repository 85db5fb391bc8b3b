"""The input of finalize as one typed value: the end of a job, however it came, or an alert to send.

Three senders: the state machine at the end of its way, the state machine with an account alert, and
EventBridge when an execution was stopped by hand, ran out of time, or broke on an expression of its own.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from lipdrop.model import task_outputs
from lipdrop.model.job import Job, Stage, from_plain
from lipdrop.model.redaction import scrub

BY_HAND = "finished by hand"
"""The error in the event that docs/operating.md makes to finish a job."""
_STAGES: dict[str, Stage] = {"Request": "request", "CheckStatus": "poll"}


class Interruption(Struct, frozen=True, kw_only=True):
    """The execution did not reach its end: why, and where."""

    code: Literal["INTERNAL_ERROR", "ABORTED", "TIMED_OUT"]
    message: str
    stage: Stage


class FinalizeEvent(Struct, frozen=True, kw_only=True):
    """A job whose execution is at its end. `job` is None where the sender did not have it; times in
    epoch seconds.

    `asks_again`: the sender calls finalize again if the answer is PENDING; it has waited `waits` times for
    that. `follows`: the sender is, or was, a follow-up execution (`lipdrop.finalize.follow_up`). `corrects`:
    the id of the last-resort message that the subscribers have. `by_hand`: somebody asks for a job that is
    closed.
    """

    job_id: str
    job: Job | None
    execution_arn: str
    started_at: float | None = None
    request: task_outputs.Accepted | task_outputs.Busy | task_outputs.Rejected | None = None
    look: task_outputs.Waiting | task_outputs.Completed | task_outputs.Failed | None = None
    broken: Interruption | None = None
    asks_again: bool = False
    waits: int = 0
    follows: bool = False
    corrects: str = ""
    by_hand: bool = False

    @property
    def comes_again(self) -> bool:
        """Whether finalize is called again if this run cannot decide: by the sender, or by a follow-up."""
        return self.asks_again or not self.follows


class AlertRequest(Struct, frozen=True, kw_only=True):
    """Ask to tell the operators about trouble with the account."""

    alert: task_outputs.AccountAlert
    job_id: str
    execution_arn: str


def read_event(event: Mapping[str, Any]) -> FinalizeEvent | AlertRequest:
    """Return what `event` says; raises `msgspec.ValidationError` or KeyError for anything else."""
    if "detail-type" in event:
        return _from_eventbridge(event["detail"])
    execution = event["execution"]
    if "alert" in event:
        return AlertRequest(
            alert=from_plain(event["alert"], task_outputs.AccountAlert),
            job_id=event["job_id"],
            execution_arn=execution["arn"],
        )
    job = from_plain(event["job"], Job)
    return FinalizeEvent(
        job_id=job.job_id,
        job=job,
        execution_arn=execution["arn"],
        started_at=datetime.fromisoformat(execution["started_at"]).timestamp(),
        request=_answer(
            event.get("request"), task_outputs.Accepted | task_outputs.Busy | task_outputs.Rejected
        ),
        look=_answer(event.get("look"), task_outputs.Waiting | task_outputs.Completed | task_outputs.Failed),
        broken=_caught(event.get("caught")),
        asks_again=True,
        waits=int(event.get("waits", 0)),
        follows=bool(event.get("follows", False)),
        corrects=event.get("corrects", ""),
    )


def _answer(data: Mapping[str, Any] | None, kinds: Any) -> Any:
    """Return the answer in `data`, None where that function was never asked."""
    return msgspec.convert(data, kinds) if data and "outcome" in data else None


def _caught(caught: Mapping[str, Any] | None) -> Interruption | None:
    if not caught:
        return None
    if "code" in caught:
        return from_plain(caught, Interruption)
    state = str(caught.get("State", ""))
    reason = scrub(f"{caught.get('Error', '')}: {_reason(str(caught.get('Cause', '')))}")
    return Interruption(
        code="INTERNAL_ERROR",
        message=f"{state or 'A step'} kept failing: {reason}",
        stage=_STAGES.get(state, "finalize"),
    )


def _reason(cause: str) -> str:
    """Return a Lambda error's own words without its stack trace; any other cause as it is."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _from_eventbridge(detail: Mapping[str, Any]) -> FinalizeEvent:
    given = _input(detail.get("input"))
    follow = given.get("follow")
    milliseconds = detail.get("startDate")
    if follow:
        return FinalizeEvent(
            job_id=follow["job"]["job_id"],
            job=_job(follow["job"]),
            execution_arn=follow["execution"]["arn"],
            broken=_caught(follow["caught"]),
            corrects=follow.get("corrects", ""),
            follows=True,
        )
    return FinalizeEvent(
        job_id=detail["name"],
        job=_job(given),
        execution_arn=detail["executionArn"],
        started_at=milliseconds / 1000 if milliseconds else None,
        broken=_stopped(detail),
        by_hand=detail.get("error") == BY_HAND,
    )


def _input(text: str | None) -> dict[str, Any]:
    """Return what the execution was started with, {} if EventBridge left it out or it is no object."""
    try:
        given = json.loads(text or "")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _job(given: Mapping[str, Any]) -> Job | None:
    """Return the job in `given`, None if it is none."""
    try:
        return from_plain(given, Job)
    except msgspec.ValidationError:
        return None


def _stopped(detail: Mapping[str, Any]) -> Interruption:
    why = scrub(": ".join(str(detail[part]) for part in ("error", "cause") if detail.get(part)))
    match detail["status"]:
        case "ABORTED":
            return Interruption(
                code="ABORTED", message=_said("The execution was stopped", why), stage="finalize"
            )
        case "TIMED_OUT":
            return Interruption(
                code="TIMED_OUT", message=_said("The execution timed out", why), stage="finalize"
            )
        case _:
            return Interruption(
                code="INTERNAL_ERROR", message=_said("The execution broke", why), stage="finalize"
            )


def _said(what: str, why: str) -> str:
    return f"{what}: {why}" if why else f"{what}."
