"""Ask Segmind for one job, at most once: the order of steps that makes it so.

    what does the ledger know? ── asked, in doubt, closed ──► the answer follows from it
        │ nothing, or WAITING
    slot and gate free? ── no ──► busy
        │ yes
    sign links to the media ── gone ──► rejected
        │
    promise in the ledger ── someone was faster ──► the answer follows from what he wrote
        │
    POST ── accepted ──► note the id ──► accepted
        ├── surely not accepted ──► take the promise back, give the slot back ──► busy or rejected
        └── in doubt ──► SUBMISSION_UNKNOWN, for ever

All that can fail without harm happens before the promise. Between the promise and the note there is
nothing but the POST, so a process killed anywhere leaves at worst a job in doubt, never a second POST.
A job that ends here keeps its slot: `finalize`, the one door out, frees it.
"""

import math
import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from lipdrop.config.settings import Settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.capacity_snapshot import Blocked, Gate, Slot
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, MediaSource, to_json
from lipdrop.model.task_outputs import Accepted, Busy, Rejected
from lipdrop.request.presigned_links import MediaGoneError
from lipdrop.request.wait_or_give_up import wait
from lipdrop.segmind.client import Submitted
from lipdrop.segmind.errors import (
    AccountTrouble,
    NotSent,
    RateLimited,
    Refused,
    RequestRejected,
    SegmindError,
)
from lipdrop.timing.poll_intervals import expected_seconds, next_wait
from lipdrop.timing.queue_backoff import RATE_GATE_SECONDS, error_pause

type RequestOutput = Accepted | Busy | Rejected

PROMISE_SECONDS = 150
"""Longer than the function's timeout (130 s): when it is over, that invocation does not run any more."""
PREPARE_SECONDS = 15.0
"""Later than this the POST is left to the next invocation: this one might be killed in the middle of it."""
LEASE_SECONDS = 3600 + 300
"""Segmind forgets a request 60 minutes after its POST; 5 minutes for the way there and for the result."""
UNMEASURED_SECONDS = 60.0
"""The output assumed for media that could not be looked at (links in a manifest)."""
MOST_ERRORS = 5
"""A 500 is often a bad parameter (Segmind's docs); the sixth, after half an hour, ends the job."""
ERROR_GATE_SECONDS = 30.0
"""For how long nobody POSTs after Segmind was out of reach or out of service."""


class _Try(Struct, frozen=True, kw_only=True):
    """One go at one job."""

    job: Job
    queued_at: float
    slot: Slot
    record: Record


class Requester(Struct, frozen=True, kw_only=True):
    """Everything `request` needs.

    `whole` puts back what a job's input may not hold, `link` signs a source for a job (by its id), `submit`
    POSTs a body once, `log_accepted` logs a job's id with the id of its request.
    """

    ledger: Ledger
    capacity: Capacity
    whole: Callable[[Job], Job]
    link: Callable[[MediaSource, str], str]
    submit: Callable[[dict[str, Any]], Submitted]
    log_accepted: Callable[[str, str], object]
    settings: Settings
    clock: Callable[[], float]
    rng: random.Random

    def request(self, job: Job, queued_at: float) -> RequestOutput:
        """Ask for `job`, which has waited since `queued_at` (epoch seconds), if it may be asked now."""
        started = self.clock()
        record = self.ledger.get_record(job.job_id)
        if record and (answer := self._known(record)):
            return answer
        now = self.clock()
        slot = self.capacity.take_slot(job.job_id, now, now + LEASE_SECONDS)
        if isinstance(slot, Blocked):
            return wait(slot, queued_at, now, self.settings, self.rng)
        try:
            body = self._body(self.whole(job))
        except MediaGoneError as gone:
            return Rejected(error=failure("MEDIA_GONE", str(gone)))
        if self.clock() - started > PREPARE_SECONDS:
            return Busy(wait_seconds=1, reason="SLOW_AWS", message="S3 or DynamoDB answered too slowly.")
        return self._promise_and_post(job, queued_at, slot, body)

    def _known(self, record: Record) -> RequestOutput | None:
        """Return what follows for a job from its record; None if it may still be asked for."""
        now = self.clock()
        match record.state:
            case "WAITING":
                return None
            case "REQUESTED":
                return self._accepted(record.request_id, record.posted_at, record.expected_seconds)
            case "REQUESTING" if record.requesting_until > now:
                return Busy(
                    wait_seconds=math.ceil(record.requesting_until - now) + 1,
                    reason="IN_DOUBT",
                    message="Another attempt is, or was, in the middle of asking for this job.",
                )
            case "CLOSED":
                # Stopped while it waited: whoever closed it may not have seen the slot taken since.
                self.capacity.free_slot(record.id)
                return Rejected(error=_closed())
            case _:
                return Rejected(error=_doubtful("An earlier attempt ended before its answer was known."))

    def _promise_and_post(
        self, job: Job, queued_at: float, slot: Slot, body: dict[str, Any]
    ) -> RequestOutput:
        attempt, now = uuid.uuid4().hex, self.clock()
        record = self.ledger.begin(job.job_id, to_json(job), attempt, now=now, until=now + PROMISE_SECONDS)
        if record.attempt != attempt:
            return self._known(record) or Busy(wait_seconds=1, reason="IN_DOUBT", message="Ask again.")
        posted_at = int(self.clock())
        try:
            submitted = self.submit(body)
        except SegmindError as error:
            return self._not_accepted(_Try(job=job, queued_at=queued_at, slot=slot, record=record), error)
        # Paid for: from here on nothing may raise before the id is returned.
        with suppress(Exception):
            self.log_accepted(job.job_id, submitted.request_id)
        expected = self._expected(job, slot.seen.ratio)
        noted = self.ledger.note_request(
            job.job_id,
            attempt,
            request_id=submitted.request_id,
            posted_at=posted_at,
            expected_seconds=expected,
        )
        if noted == "CLOSED":
            with suppress(Exception):
                self.capacity.free_slot(job.job_id)
        if slot.seen.trouble:
            self.capacity.clear_trouble(slot.seen.trouble.since)
        return self._accepted(submitted.request_id, posted_at, expected)

    def _not_accepted(self, tried: _Try, error: SegmindError) -> Busy | Rejected:
        """Put the books right after a POST without an id; only what was surely not accepted may go on."""
        job_id, record, now = tried.job.job_id, tried.record, self.clock()
        if not isinstance(error, (NotSent, Refused, AccountTrouble, RequestRejected)):
            self.ledger.doubt(job_id, record.attempt)
            return Rejected(error=_doubtful(error.message, error.http_status))
        errors = record.errors + (error.http_status == 500)
        self.ledger.give_up_try(job_id, record.attempt, errors=errors)
        if isinstance(error, RequestRejected) or errors > MOST_ERRORS:
            return Rejected(error=failure(error.code, error.message, http_status=error.http_status))
        blocked = self._learn_from(error, errors, tried.slot, now)
        # After the gate is shut: whoever takes this slot next must not run into the same answer.
        self.capacity.free_slot(job_id, tried.slot.lease)
        return wait(blocked, tried.queued_at, now, self.settings, self.rng)

    def _learn_from(self, error: SegmindError, errors: int, slot: Slot, now: float) -> Blocked:
        """Spare the other jobs a POST that would learn the same; return what this one waits for."""
        if isinstance(error, AccountTrouble):
            seen = self.capacity.raise_trouble(error.code, error.message, now)
            return Blocked(reason="ACCOUNT", until=seen.not_before, seen=seen)
        if error.http_status == 500:
            # More likely this job's own fault than Segmind's: the others go on.
            return Blocked(reason="SEGMIND_ERROR", until=now + error_pause(errors, self.rng), seen=slot.seen)
        reason, pause = _gate(error)
        until = error.retry_at or now + pause
        self.capacity.shut_gate(reason, until)
        return Blocked(reason=reason, until=until, seen=slot.seen)

    def _body(self, job: Job) -> dict[str, Any]:
        """Return the API's parameters, all six; the links are signed now. Raises MediaGoneError."""
        if job.video is None or job.audio is None:
            raise ValueError("a job without video or voice has nothing to ask for")
        return {
            "video_url": self.link(job.video, job.job_id),
            "audio_url": self.link(job.audio, job.job_id),
            "sync_mode": job.options.sync_mode,
            "temperature": job.options.temperature,
            "auto_active_speaker_detection": job.options.auto_active_speaker_detection,
            "occlusion_detection_enabled": job.options.occlusion_detection_enabled,
        }

    def _expected(self, job: Job, ratio: float) -> float:
        output_seconds = job.estimate.output_seconds if job.estimate else UNMEASURED_SECONDS
        base, per_second = self.settings.expected_base_seconds, self.settings.expected_seconds_per_second
        return expected_seconds(output_seconds, base, per_second, ratio)

    def _accepted(self, request_id: str, posted_at: int, expected: float) -> Accepted:
        elapsed = max(self.clock() - posted_at, 0)
        return Accepted(
            request_id=request_id,
            posted_at=posted_at,
            expected_seconds=expected,
            wait_seconds=next_wait(expected, elapsed, self.settings.deadline_seconds),
        )


def _gate(error: SegmindError) -> tuple[Gate, float]:
    """Return what all jobs are kept waiting for, and for how many seconds if the reply does not say."""
    if isinstance(error, RateLimited):
        return "RATE_LIMIT", RATE_GATE_SECONDS
    return "CANNOT_CONNECT" if isinstance(error, NotSent) else "SEGMIND_ERROR", ERROR_GATE_SECONDS


def _doubtful(why: str, http_status: int | None = None) -> Failure:
    message = f"{why} Segmind may have accepted, and charged, this job; it was not asked a second time."
    return failure("SUBMISSION_UNKNOWN", message, http_status=http_status)


def _closed() -> Failure:
    return failure("INTERNAL_ERROR", "This job was decided before: see its record.", stage="request")
