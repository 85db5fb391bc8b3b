"""What a job came to, from all that is known at its end.

A job that broke off while its request was under way gets one more look: a finished result was paid for and
is stored. Otherwise the ledger says whether money was spent.
"""

import math
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct

from lipdrop.finalize.event import FinalizeEvent, Interruption
from lipdrop.jobs_table.ledger import Record
from lipdrop.model import task_outputs
from lipdrop.model.failures import FAILURES, failure
from lipdrop.model.job import Charged, Failure, Job
from lipdrop.results.storer import PAUSES, StoredResult, Storer
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import Expired, SegmindError

DOUBTFUL = ("DEADLINE", "RESULT_EXPIRED")
"""Ends of a paid job that one more look may prove wrong: a result just in time, a 404 in passing."""

PENDING_SECONDS = 60
"""After so long a pending result is asked for again."""

_UNDECIDED = Interruption(
    code="INTERNAL_ERROR", message="The job came to its end undecided.", stage="finalize"
)


class JobOutcome(Struct, frozen=True, kw_only=True):
    """What a job came to: a video, an error, or neither for a dry run.

    `pending`: the error does not stand yet; whoever asked asks again, and may then have the result.
    """

    kept: StoredResult | None = None
    error: Failure | None = None
    warnings: tuple[str, ...] = ()
    rescued: bool = False
    pending: bool = False

    @property
    def ending(self) -> Literal["completed", "failed", "dry run"]:
        """Which of the three it is."""
        if self.error:
            return "failed"
        return "completed" if self.kept else "dry run"


class Decider(Struct, frozen=True, kw_only=True):
    """What deciding needs: a `storer` for videos, and `status` for one look at a request.

    `result_life_seconds`: how long Segmind knows a request after its POST; no use in trying longer.
    """

    storer: Storer
    status: Callable[[str], Status]
    result_life_seconds: float

    def decide(self, ending: FinalizeEvent, job: Job, record: Record | None, ends_at: float) -> JobOutcome:
        """Return what `job` came to; stores its video where there is one.

        It is pending only where the asker comes again while Segmind still knows the request.
        """
        posted_at = posted(ending, record)
        expires_at = posted_at + self.result_life_seconds if posted_at else math.inf
        outcome = self._outcome(ending, job, record, min(ends_at, expires_at))
        again_at = self.storer.clock() + PENDING_SECONDS
        pending = outcome.pending and ending.asks_again and again_at < expires_at < math.inf
        return msgspec.structs.replace(outcome, pending=pending)

    def _outcome(self, ending: FinalizeEvent, job: Job, record: Record | None, ends_at: float) -> JobOutcome:
        request_id = request_of(ending, record)
        if job.error:
            return JobOutcome(error=job.error)
        if not ending.broken:
            if job.dry_run:
                return JobOutcome()
            if error := _decided(ending):
                doubtful = error.code in DOUBTFUL and request_id
                return self._rescued(error, job, request_id, ends_at) if doubtful else JobOutcome(error=error)
            if request_id and isinstance(ending.look, task_outputs.Completed):
                return self._stored(job, request_id, ends_at)
        broken = ending.broken or _UNDECIDED
        return self._broken(broken, job, record, request_id, ends_at)

    def _stored(self, job: Job, request_id: str, ends_at: float) -> JobOutcome:
        kept = self.storer.store(job, request_id, ends_at)
        if isinstance(kept, Failure):
            return JobOutcome(error=kept, pending=kept.code == "RESULT_UNREACHABLE")
        return JobOutcome(kept=kept, warnings=kept.warnings)

    def _broken(
        self, broken: Interruption, job: Job, record: Record | None, request_id: str, ends_at: float
    ) -> JobOutcome:
        charged, action = _money(record, request_id)
        error = failure(broken.code, broken.message, stage=broken.stage, charged=charged)
        error = msgspec.structs.replace(error, action=action or error.action)
        return self._rescued(error, job, request_id, ends_at) if request_id else JobOutcome(error=error)

    def _rescued(self, error: Failure, job: Job, request_id: str, ends_at: float) -> JobOutcome:
        """Look once more: store a finished result, take back the charge of a failed request."""
        seen = self._seen(request_id, ends_at)
        if seen == "FAILED":
            return JobOutcome(error=msgspec.structs.replace(error, charged="no"))
        if seen != "COMPLETED":
            return JobOutcome(error=error, pending=_pending(seen, error))
        outcome = self._stored(job, request_id, ends_at)
        if outcome.error:
            return outcome
        saved = f"The result was saved although the job had failed: {error.code}, {error.message}"
        return msgspec.structs.replace(outcome, warnings=(*outcome.warnings, saved), rescued=True)

    def _seen(self, request_id: str, ends_at: float) -> str:
        """Return Segmind's word about a request: EXPIRED if it has none, SILENT if it gives none for minutes.

        It may be the last look: a passing silence must not cost a result that was paid for.
        """
        clock, pause = self.storer.clock, self.storer.pause
        for rest in (*PAUSES, math.inf):
            try:
                return self.status(request_id).status
            except Expired:
                return "EXPIRED"
            except SegmindError as silent:
                until = max(clock() + rest, silent.retry_at or 0)
            if until >= ends_at:
                break
            pause(until - clock())
        return "SILENT"


def _pending(seen: str, error: Failure) -> bool:
    """Whether another look may bring more. After the deadline, work that still goes on is given up."""
    return seen == "SILENT" or (seen != "EXPIRED" and error.code != "DEADLINE")


def _decided(ending: FinalizeEvent) -> Failure | None:
    """Return the error that the request or the last look ended with."""
    for answer in (ending.look, ending.request):
        if isinstance(answer, task_outputs.Failed | task_outputs.Rejected):
            return answer.error
    return None


def request_of(ending: FinalizeEvent, record: Record | None) -> str:
    """Return the id of the job's request, "" if there is none that anybody knows."""
    if isinstance(ending.request, task_outputs.Accepted):
        return ending.request.request_id
    return record.request_id if record else ""


def posted(ending: FinalizeEvent, record: Record | None) -> float | None:
    """Return when the request was sent, in epoch seconds."""
    if isinstance(ending.request, task_outputs.Accepted):
        return ending.request.posted_at
    return record.posted_at if record and record.posted_at else None


def _money(record: Record | None, request_id: str) -> tuple[Charged, str | None]:
    """Return whether the job was charged, and what to do about it."""
    if request_id:
        return "yes", FAILURES["RESULT_UNREACHABLE"].action
    if record and record.state in ("REQUESTING", "UNKNOWN"):
        return "unknown", FAILURES["SUBMISSION_UNKNOWN"].action
    return "no", None
