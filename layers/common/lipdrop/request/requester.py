"""Send one job's request to Segmind at most once: the order of steps that guarantees it.

    what does the ledger know? ── requested, unknown, closed ──► the answer follows from it
        │ nothing, or WAITING
    gate and slots (read only) ── blocked ──► busy
        │ free
    request history, if an earlier POST was answered 5xx ── found ──► accepted
        │ not found
    manifest read, links signed ── gone ──► rejected
        │
    slot taken
        │
    promise in the ledger ── another invocation was faster ──► the answer follows from its record
        │
    POST ── accepted ──► log the id ──► write the id ──► accepted
        ├── surely not accepted ──► take the promise back, free the slot ──► busy or rejected
        └── unknown ──► busy: the request history is asked ──► accepted, or SUBMISSION_UNKNOWN

All that can fail without harm happens before the promise. Between the promise and the id in the ledger there
is nothing but the POST, so a process killed anywhere leaves at worst an unknown outcome, never a second POST.
A job that ends here keeps its slot: `finalize`, which ends every job, frees it.
"""

import math
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lipdrop.jobs_table.capacity_snapshot import Blocked, CapacitySnapshot, Slot
from lipdrop.jobs_table.ledger import Record
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job, MediaSource, to_json
from lipdrop.model.task_outputs import Busy, Rejected
from lipdrop.request.accepted import accepted_output, expected_processing
from lipdrop.request.context import RequestContext, RequestOutput, Try, again
from lipdrop.request.not_accepted import not_accepted
from lipdrop.request.presigned_links import MediaGoneError
from lipdrop.request.wait_or_give_up import end, later
from lipdrop.segmind.client import Submitted
from lipdrop.segmind.errors import SegmindError

PROMISE_SECONDS = 180
"""Longer than the function's timeout (160 s): when it is over, that invocation does not run any more."""
PREPARE_SECONDS = 15.0
"""Later than this the POST is left to the next invocation: this one might be killed in the middle of it."""
LEASE_SECONDS = 3600 + 300
"""Segmind forgets a request 60 minutes after its POST; 5 minutes for the way there and for the result."""


class Requester(RequestContext, frozen=True, kw_only=True):
    """Everything `request` needs besides its context.

    `whole` puts back what a job's input may not hold, `link` signs a source for a job id, `submit` POSTs a
    body once, `log_accepted` logs a job's id with the id of its request.
    """

    whole: Callable[[Job], Job]
    link: Callable[[MediaSource, str], str]
    submit: Callable[[dict[str, Any]], Submitted]
    log_accepted: Callable[[str, str], object]

    def request(self, job: Job, queued_at: float) -> RequestOutput:
        """Send the request for `job`, if it may be sent now.

        `queued_at`: since when it waits, in epoch seconds.
        """
        tried = Try(job=job, queued_at=queued_at, record=self.ledger.get_record(job.job_id))
        if tried.record and (answer := self._known(job, tried.record)):
            return answer
        seen = self.capacity.snapshot()
        met = bool(tried.record and tried.record.account_since)
        if blocked := self.capacity.blocked(seen, job.job_id, self.clock(), met=met):
            return later(self, tried, blocked)
        if tried.record and tried.record.asked_since:
            found = self.history.before_repeat(job, tried.record)
            if found:
                return found
        return self._prepare_and_post(tried, seen)

    def _known(self, job: Job, record: Record) -> RequestOutput | None:
        """Return what follows for a job from its record; None if it may still be asked for."""
        now = self.clock()
        match record.state:
            case "WAITING":
                return None
            case "REQUESTED":
                known = record.request_id, record.posted_at, record.expected_seconds
                return accepted_output(*known, self.settings, now)
            case "REQUESTING" if record.requesting_until > now:
                return Busy(
                    wait_seconds=math.ceil(record.requesting_until - now) + 1,
                    reason="IN_DOUBT",
                    message="Another attempt is, or was, in the middle of asking for this job.",
                )
            case "CLOSED":
                # Stopped while it waited: the one who closed it may not have seen the slot taken since.
                self.capacity.free_slot(record.id)
                return Rejected(error=_closed())
            case "REQUESTING":
                why = "An earlier attempt was cut off before its answer was known."
                record = self.ledger.doubt(job.job_id, record.attempt, why, now)
                return self.history.settle(job, record) if record.state == "UNKNOWN" else again()
            case _:
                return self.history.settle(job, record)

    def _prepare_and_post(self, tried: Try, seen: CapacitySnapshot) -> RequestOutput:
        """Do what can fail without harm, take a slot, and POST. `seen` shows that a slot is free."""
        started = self.clock()
        try:
            body = self._body(self.whole(tried.job))
        except MediaGoneError as gone:
            return end(self, tried, failure("MEDIA_GONE", str(gone)))
        now = self.clock()
        if now - started > PREPARE_SECONDS:
            return later(self, tried, Blocked(reason="SLOW_AWS", until=0, seen=seen))
        slot = self.capacity.take_slot(tried.job.job_id, now, now + LEASE_SECONDS, seen)
        if isinstance(slot, Blocked):
            return later(self, tried, slot)
        return self._promise_and_post(tried, slot, body)

    def _promise_and_post(self, tried: Try, slot: Slot, body: dict[str, Any]) -> RequestOutput:
        job, attempt, now = tried.job, uuid.uuid4().hex, self.clock()
        record = self.ledger.begin(job.job_id, to_json(job), attempt, now=now, until=now + PROMISE_SECONDS)
        if record.attempt != attempt:
            return self._known(job, record) or again()
        posted_at = int(self.clock())
        try:
            submitted = self.submit(body)
        except SegmindError as error:
            return not_accepted(self, tried, slot, record, error)
        # Paid for: from here on nothing may raise before the id is returned.
        with suppress(Exception):
            self.log_accepted(job.job_id, submitted.request_id)
        expected = expected_processing(job, self.settings, slot.seen.ratio)
        noted = self.ledger.note_request(
            job.job_id,
            attempt,
            request_id=submitted.request_id,
            posted_at=posted_at,
            expected_seconds=expected,
        )
        with suppress(Exception):
            self._tidy(job, submitted.request_id, noted)
        return accepted_output(submitted.request_id, posted_at, expected, self.settings, self.clock())

    def _tidy(self, job: Job, request_id: str, noted: str | None) -> None:
        """Do what can wait until the id is safe, and may fail."""
        if noted == "CLOSED":
            self.capacity.free_slot(job.job_id)
        if isinstance(job.video, str) and isinstance(job.audio, str):
            self.ledger.note_owner(request_id, job.job_id, self.clock())
        self.capacity.got_through(self.clock())

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


def _closed() -> Failure:
    return failure("INTERNAL_ERROR", "This job was decided before: see its record.", stage="request")
