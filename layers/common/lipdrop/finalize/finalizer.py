"""How a job ends: decide, store, record, close, free the slot, publish. In this order.

    closed before? ── yes ──► the stored notification counts, whatever this event says
        │ no
    decide, and store the video where there is one ── out of reach ──► PENDING: nothing is closed
        │
    record in the results bucket ──► close the ledger: from here on the notification is fixed
        │
    free the slot ──► publish, unless it is out already ──► mark it as published ──► learn

Every step may be the last of a run; the next run finds it done or does it again to the same effect.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from lipdrop.finalize.decision import PENDING_SECONDS, Decider, JobOutcome, posted, request_of
from lipdrop.finalize.event import AlertRequest, FinalizeEvent
from lipdrop.finalize.job_record import job_record
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model import task_outputs
from lipdrop.model.job import Failure, Job, Metrics, from_plain, to_json
from lipdrop.notify.message import (
    JobTimeline,
    Notification,
    RecordAddress,
    Result,
    alert,
    bounded,
    notification,
    timestamp,
)
from lipdrop.notify.sns_format import SnsMessage, to_sns
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo, is_permanent, record_key

HOUR_SECONDS = 3600


class Finalizer(Struct, frozen=True, kw_only=True):
    """Everything `finalize` needs. `publish` sends one message; `link_hours` 0 makes no links."""

    ledger: Ledger
    capacity: Capacity
    decider: Decider
    results: ResultsBucket
    publish: Callable[[SnsMessage], None]
    link_hours: float
    clock: Callable[[], float]

    def tell(self, call: AlertRequest) -> dict[str, Any]:
        """Publish an account alert, unless another job has told of this trouble."""
        now = self.clock()
        if self.capacity.claim_alert(call.alert.code, call.job_id, now):
            message = alert(call.alert, job_id=call.job_id, execution_arn=call.execution_arn, now=now)
            self.publish(to_sns(message))
            self.capacity.confirm_alert(call.alert.code, now)
        return {"outcome": "alerted"}

    def finish(self, ending: FinalizeEvent, ends_at: float) -> dict[str, Any]:
        """End the job and return how it ended, as the state machine reads it.

        `ends_at` (epoch seconds): when this run is to stop trying for the result. PENDING: a paid result
        cannot be had now and may be had later, so nothing was closed; ask again after `wait_seconds`.
        Raises for the unforeseen; another run then goes on where this one ended.
        """
        record = self.ledger.get_record(ending.job_id)
        sample = None
        if record and record.notification:
            counts = record.notification
        else:
            job = _job(ending, record)
            outcome = self.decider.decide(ending, job, record, ends_at)
            if outcome.pending:
                return _answer("PENDING", job.job_id, outcome.error) | {"wait_seconds": PENDING_SECONDS}
            counts = self._close(ending, job, record, outcome)
            sample = None if outcome.rescued or outcome.error else _sample(ending, job)
        decided = msgspec.json.decode(counts, type=Notification)
        self.capacity.free_slot(ending.job_id)
        if not (record and record.notified_at):
            self.publish(to_sns(decided))
            self.ledger.mark_notified(ending.job_id, self.clock())
        if sample:
            self.capacity.learn(*sample)
        return _answer(decided.status, decided.job_id, decided.error)

    def _close(self, ending: FinalizeEvent, job: Job, record: Record | None, outcome: JobOutcome) -> str:
        """Fix the job's notification and return the one that counts."""
        metrics = _metrics(ending, outcome)
        message = self._message(ending, job, record, outcome, metrics)
        message = self._recorded(job, message, metrics, outcome)
        return self.ledger.close(job.job_id, to_json(message), self.clock())

    def _message(
        self, ending: FinalizeEvent, job: Job, record: Record | None, outcome: JobOutcome, metrics: Metrics
    ) -> Notification:
        now = self.clock()
        course = JobTimeline(
            finished_at=now,
            started_at=ending.started_at,
            posted_at=posted(ending, record),
            request_id=request_of(ending, record) or None,
            polls=ending.look.polls if ending.look else (record.polls if record else 0),
            inference_seconds=metrics.inference_time,
            cost=metrics.cost,
            remaining_credits=metrics.remaining_credits,
            execution_arn=ending.execution_arn,
        )
        return notification(
            job,
            course,
            result=self._result(outcome, now),
            error=outcome.error,
            warnings=outcome.warnings,
        )

    def _result(self, outcome: JobOutcome, now: float) -> Result | None:
        if outcome.kept is None:
            return None
        video = outcome.kept.video
        link, expires_at = self._link(video, now)
        return Result(
            bucket=self.results.bucket,
            key=video.key,
            size=video.size,
            version_id=video.version_id,
            seconds=round(outcome.kept.media.seconds, 3),
            link=link,
            link_expires_at=expires_at,
        )

    def _link(self, video: StoredVideo, now: float) -> tuple[str | None, str | None]:
        if not self.link_hours:
            return None, None
        seconds = int(self.link_hours * HOUR_SECONDS)
        return self.results.link(video, seconds), timestamp(now + seconds)

    def _recorded(
        self, job: Job, message: Notification, metrics: Metrics, outcome: JobOutcome
    ) -> Notification:
        """Write the record and return the message with its place, or with a warning where S3 refuses it."""
        place = RecordAddress(bucket=self.results.bucket, key=record_key(job.name, outcome.ending))
        placed = msgspec.structs.replace(message, record=place)
        try:
            self.results.put_record(place.key, job_record(job, placed, metrics, outcome.kept))
        except ClientError as refused:
            if not is_permanent(refused):
                raise
            warning = f"The record {place.key} could not be written: {refused.response['Error'].get('Code')}."
            return msgspec.structs.replace(message, warnings=bounded((*message.warnings, warning)))
        return placed


def _job(ending: FinalizeEvent, record: Record | None) -> Job:
    """Return the job, from the event or from the ledger; a bare one if neither knows more than its id."""
    if ending.job:
        return ending.job
    if record and record.job:
        return from_plain(msgspec.json.decode(record.job), Job)
    return Job(job_id=ending.job_id, name=ending.job_id)


def _sample(ending: FinalizeEvent, job: Job) -> tuple[float, float] | None:
    """Return predicted and actual seconds of a request that was seen to be finished."""
    match ending.request, ending.look:
        case task_outputs.Accepted(posted_at=posted_at), task_outputs.Completed(seen_at=seen_at) if (
            job.estimate
        ):
            return job.estimate.expected_seconds, seen_at - posted_at
    return None


def _metrics(ending: FinalizeEvent, outcome: JobOutcome) -> Metrics:
    """Return Segmind's figures: those that came with the result, the last look's where they are silent."""
    late = outcome.kept.metrics if outcome.kept else Metrics()
    early = ending.look.metrics if isinstance(ending.look, task_outputs.Completed) else Metrics()
    fields = Metrics.__struct_fields__
    return Metrics(
        **{
            name: getattr(late, name) if getattr(late, name) is not None else getattr(early, name)
            for name in fields
        }
    )


def _answer(status: str, job_id: str, error: Failure | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": status, "job_id": job_id}
    if error:
        answer["error"] = {"code": error.code, "message": error.message}
    return answer
