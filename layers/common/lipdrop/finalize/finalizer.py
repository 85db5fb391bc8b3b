"""How a job ends: decide, store, record, close, free the slot, publish. In this order.

    closed before? ── yes ──► the stored notification counts, whatever this event says
        │ no
    decide, and store the video where there is one ── may still come ──► PENDING: nothing is closed
        │
    record in the results bucket ──► close the ledger: from here on the notification is fixed
        │
    free the slot ──► publish, unless it is out already ──► mark it as published ──► learn

Every step may be the last of a run; the next run finds it done or does it again to the same effect. After a
last resort (a message of the state machine itself) the notification goes out as a correction of it.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from lipdrop.finalize.decision import Decider, JobOutcome
from lipdrop.finalize.event import AlertRequest, FinalizeEvent
from lipdrop.finalize.facts import posted
from lipdrop.finalize.report import Reporter
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model import task_outputs
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, from_plain, to_json
from lipdrop.notify.message import Notification, alert, charged_twice, store_refused
from lipdrop.notify.sns_format import SnsMessage, to_sns
from lipdrop.results.results_bucket import is_passing

TOLD_AFTER_WAITS = 2
"""A bucket that refuses a result for some minutes needs a person; the job goes on trying meanwhile."""
TOLD_BY_EVERY_JOB = ("CHARGED_TWICE",)
"""Alerts that speak of one job: each is told. The others speak of the account, and one speaks for all."""


class _Settled(Struct, frozen=True, kw_only=True):
    """A job that is decided: its message, the record before that, the id of a message that it corrects, and
    the predicted and actual seconds that can be learned from it.
    """

    message: Notification
    record: Record | None
    corrects: str = ""
    sample: tuple[float, float] | None = None


class Finalizer(Struct, frozen=True, kw_only=True):
    """Everything `finalize` needs.

    `reporter` makes the notification and writes the record, `publish` sends one message, `follow` starts a
    follow-up execution.
    """

    ledger: Ledger
    capacity: Capacity
    decider: Decider
    reporter: Reporter
    publish: Callable[[SnsMessage], None]
    follow: Callable[[FinalizeEvent, Job, str], None]
    clock: Callable[[], float]

    def tell(self, call: AlertRequest) -> dict[str, Any]:
        """Publish an alert. Trouble of the account is told once, by the first job that claims the alert."""
        code, now = call.alert.code, self.clock()
        if code in TOLD_BY_EVERY_JOB:
            self._alert(call.alert, call.job_id, call.execution_arn)
        elif self.capacity.claim_alert(code, call.job_id, now):
            self._alert(call.alert, call.job_id, call.execution_arn)
            self.capacity.confirm_alert(code, now)
        return {"outcome": "alerted"}

    def finish(self, ending: FinalizeEvent, ends_at: float) -> dict[str, Any]:
        """End the job and return how it ended, as the state machine reads it.

        `ends_at` (epoch seconds): when this run is to stop trying for the result. PENDING: a paid result
        cannot be had now and may be had later, so nothing was closed; ask again after `wait_seconds`.
        Raises for the unforeseen; another run then goes on where this one ended.
        """
        try:
            settled = self._settled(ending, ends_at)
        except (ClientError, BotoCoreError) as trouble:
            if not (is_passing(trouble) and self._outlasts(ending)):
                raise
            return self._later(ending, _bare_job(ending), _aws_trouble(trouble), self._pause(ending))
        if isinstance(settled, dict):
            return settled
        self._publish(ending, settled)
        if settled.sample:
            self.capacity.learn(*settled.sample)
        return _answer(settled.message.status, ending.job_id, settled.message.error)

    def _settled(self, ending: FinalizeEvent, ends_at: float) -> "_Settled | dict[str, Any]":
        """Return the job's fixed notification, or the answer PENDING."""
        record = self.ledger.get_record(ending.job_id)
        closed = _notification(record)
        corrects = ending.corrects or (closed.id if closed and ending.by_hand else "")
        if closed and not (corrects == closed.id and _worth_another_try(closed, record)):
            self.capacity.free_slot(ending.job_id)
            return _Settled(message=closed, record=record, corrects=ending.corrects)
        job = _job(ending, record)
        outcome = self.decider.decide(ending, job, record, ends_at)
        if outcome.record_over:
            self.capacity.free_slot(ending.job_id)
        if outcome.pending_seconds:
            if outcome.error and outcome.error.code == "STORE_FAILED" and ending.waits == TOLD_AFTER_WAITS:
                self._alert(store_refused(outcome.error), job.job_id, ending.execution_arn)
            return self._later(ending, job, outcome.error, outcome.pending_seconds, corrects)
        if outcome.requests:
            self._alert(charged_twice(job.job_id, outcome.requests), job.job_id, ending.execution_arn)
        if closed and outcome.error:
            return _Settled(message=closed, record=record)
        message = self._closed(ending, job, record, outcome, correction=bool(closed))
        self.capacity.free_slot(ending.job_id)
        sample = None if outcome.rescued or outcome.error else _sample(ending, job)
        return _Settled(message=message, record=record, corrects=corrects, sample=sample)

    def _later(
        self, ending: FinalizeEvent, job: Job, error: Failure | None, seconds: int, corrects: str = ""
    ) -> dict[str, Any]:
        """Answer PENDING; where the sender does not come again, a follow-up execution does."""
        if not ending.asks_again:
            self.follow(ending, job, corrects)
        return _answer("PENDING", job.job_id, error) | {"wait_seconds": seconds}

    def _publish(self, ending: FinalizeEvent, settled: "_Settled") -> None:
        """Publish the notification, unless it is out already; after a last resort its correction instead."""
        record, message = settled.record, settled.message
        if settled.corrects:
            if record and record.corrected_at:
                return
            corrected = msgspec.structs.replace(
                message, id=f"{message.id}:CORRECTION", corrects=settled.corrects
            )
            self.publish(to_sns(corrected))
            self.ledger.mark_corrected(ending.job_id, self.clock())
        elif record and record.notified_at:
            return
        else:
            self.publish(to_sns(message))
        self.ledger.mark_notified(ending.job_id, self.clock())

    def _alert(self, trouble: task_outputs.AccountAlert, job_id: str, execution_arn: str) -> None:
        message = alert(trouble, job_id=job_id, execution_arn=execution_arn, now=self.clock())
        self.publish(to_sns(message))

    def _outlasts(self, ending: FinalizeEvent) -> bool:
        """Whether the result of a job lives long enough to wait until AWS answers again."""
        if not ending.comes_again:
            return False
        if not isinstance(ending.request, task_outputs.Accepted):
            return not ending.asks_again
        lifetime = self.decider.result_life_seconds + self.decider.link_seconds
        return self.clock() < ending.request.posted_at + lifetime

    def _pause(self, ending: FinalizeEvent) -> int:
        sent_at = posted(ending, None) or self.clock()
        life = self.decider.lifetime(sent_at)
        return life.pause(self.clock(), ending.waits, life.link_ends)

    def _closed(
        self, ending: FinalizeEvent, job: Job, record: Record | None, outcome: JobOutcome, *, correction: bool
    ) -> Notification:
        """Write the record, fix the job's notification in the ledger, and return the one that counts.

        A correction changes nothing in the ledger: the first notification stays what was decided.
        """
        message = self.reporter.report(ending, job, record, outcome)
        if correction:
            return message
        counts = self.ledger.close(job.job_id, to_json(message), self.clock())
        return msgspec.json.decode(counts, type=Notification)


def _job(ending: FinalizeEvent, record: Record | None) -> Job:
    """Return the job, from the event or from the ledger; a bare one if neither knows more than its id."""
    if ending.job:
        return ending.job
    if record and record.job:
        return from_plain(msgspec.json.decode(record.job), Job)
    return _bare_job(ending)


def _bare_job(ending: FinalizeEvent) -> Job:
    return ending.job or Job(job_id=ending.job_id, name=ending.job_id)


def _notification(record: Record | None) -> Notification | None:
    """Return the notification that the job was closed with, None while it is open."""
    if record is None or not record.notification:
        return None
    return msgspec.json.decode(record.notification, type=Notification)


def _worth_another_try(closed: Notification, record: Record | None) -> bool:
    """Whether a closed job may have a paid result that was not stored."""
    charged = closed.error is not None and closed.error.charged != "no"
    return charged and not (record and record.corrected_at)


def _aws_trouble(trouble: ClientError | BotoCoreError) -> Failure:
    said = type(trouble).__name__
    if isinstance(trouble, ClientError):
        said = str(trouble.response.get("Error", {}).get("Code", said))
    return failure("INTERNAL_ERROR", f"AWS did not do its part ({said}); it is tried again.")


def _sample(ending: FinalizeEvent, job: Job) -> tuple[float, float] | None:
    """Return predicted and actual seconds of a request that was seen to be finished."""
    match ending.request, ending.look:
        case task_outputs.Accepted(posted_at=posted_at), task_outputs.Completed(seen_at=seen_at) if (
            job.estimate
        ):
            return job.estimate.expected_seconds, seen_at - posted_at
    return None


def _answer(status: str, job_id: str, error: Failure | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": status, "job_id": job_id}
    if error:
        answer["error"] = {"code": error.code, "message": error.message}
    return answer
