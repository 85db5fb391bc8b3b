"""The report of a job that is decided: its notification, and its record in the results bucket."""

from collections.abc import Callable
from contextlib import suppress

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from lipdrop.finalize.decision import JobOutcome
from lipdrop.finalize.event import FinalizeEvent
from lipdrop.finalize.facts import posted, request_of
from lipdrop.finalize.job_record import job_record
from lipdrop.finalize.pending import HOUR_SECONDS
from lipdrop.jobs_table.ledger import Record
from lipdrop.model import task_outputs
from lipdrop.model.job import Job, Metrics
from lipdrop.notify.message import (
    JobTimeline,
    Notification,
    RecordAddress,
    Result,
    UnverifiedFile,
    bounded,
    notification,
    timestamp,
)
from lipdrop.results.results_bucket import ResultsBucket, StoredVideo, is_permanent, record_key


class Reporter(Struct, frozen=True, kw_only=True):
    """What a report needs. `link_hours`: how long the download link in it is valid, 0 for none."""

    results: ResultsBucket
    link_hours: float
    clock: Callable[[], float]

    def report(
        self, ending: FinalizeEvent, job: Job, record: Record | None, outcome: JobOutcome
    ) -> Notification:
        """Write the record of `job` and return the notification. Raises S3's errors of the moment."""
        metrics = _metrics(ending, outcome)
        message = self._message(ending, job, record, outcome, metrics)
        message = self._recorded(job, message, metrics, outcome)
        if outcome.ending == "completed" and ending.started_at:
            self._remove_failure(job.name, ending.started_at)
        return message

    def _remove_failure(self, name: str, started_at: float) -> None:
        """Remove the record of an older failure at the same place, which the success has made untrue.

        A failure from after its start is that of a newer upload, and stays. If S3 refuses, nothing is lost.
        """
        with suppress(ClientError):
            self.results.remove_older(record_key(name, "failed"), started_at)

    def _message(
        self, ending: FinalizeEvent, job: Job, record: Record | None, outcome: JobOutcome, metrics: Metrics
    ) -> Notification:
        now = self.clock()
        timeline = JobTimeline(
            finished_at=now,
            started_at=ending.started_at,
            posted_at=posted(ending, record) or outcome.found_at,
            request_id=request_of(ending, record) or outcome.found_id or None,
            polls=ending.look.polls if ending.look else (record.polls if record else 0),
            inference_seconds=metrics.inference_time,
            cost=metrics.cost,
            remaining_credits=metrics.remaining_credits,
            execution_arn=ending.execution_arn,
        )
        return notification(
            job,
            timeline,
            result=self._result(outcome, now),
            error=outcome.error,
            warnings=outcome.warnings,
            unverified=self._unverified(outcome),
        )

    def _unverified(self, outcome: JobOutcome) -> UnverifiedFile | None:
        video = outcome.unverified
        if video is None:
            return None
        return UnverifiedFile(bucket=self.results.bucket, key=video.key, size=video.size)

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
            seconds=round(outcome.kept.media.seconds, 3) or None,
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
