"""What a job came to, from all that is known at its end.

A request that was paid for is followed for as long as Segmind or the result's host may still give its
result: whatever stands in the way meanwhile makes the job pending, not failed. Segmind's own FAILED is
final. Where no request is known, the ledger says whether money may have been spent.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.finalize.facts import earlier, failed, interrupted, not_charged, posted, request_of
from lipdrop.finalize.pending import Lifetime
from lipdrop.finalize.second_opinion import NO_OPINION, Opinion, SecondOpinion
from lipdrop.jobs_table.ledger import Record
from lipdrop.model import task_outputs
from lipdrop.model.job import Failure, Job
from lipdrop.results.fetch import Earlier, StoredResult
from lipdrop.results.misses import PAUSES, Miss
from lipdrop.results.results_bucket import StoredVideo
from lipdrop.results.storer import Storer
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import Expired, SegmindError

DOUBTFUL = ("DEADLINE", "RESULT_EXPIRED", "SUBMISSION_UNKNOWN")
"""Failures of a job whose request is known that a further look may disprove."""
HURRIED_ATTEMPTS = 3
"""Attempts of a run that will be followed by many others, or by none that is worth minutes."""
PROMISE_MARGIN_SECONDS = 1


class JobOutcome(Struct, frozen=True, kw_only=True):
    """What a job came to: a video, an error, or neither for a dry run.

    `pending_seconds` (0: decided): the error is provisional, and the job is asked about again after them.
    `unverified`: what was received of a result that cannot be used as it is. `requests`: ids, where Segmind
    has several requests for this one job. `found_id`, `found_at`: the request that only the history knew.
    `record_over`: Segmind keeps the request no longer.
    """

    kept: StoredResult | None = None
    error: Failure | None = None
    warnings: tuple[str, ...] = ()
    rescued: bool = False
    pending_seconds: int = 0
    unverified: StoredVideo | None = None
    requests: tuple[str, ...] = ()
    found_id: str = ""
    found_at: float | None = None
    record_over: bool = False

    @property
    def ending(self) -> Literal["completed", "failed", "dry run"]:
        """Which of the three it is."""
        if self.error:
            return "failed"
        return "completed" if self.kept else "dry run"


class _Case(Struct, frozen=True, kw_only=True):
    """One request that was paid for, at one moment. `error`: what the job fails with if nothing is found."""

    ending: FinalizeEvent
    job: Job
    request_id: str
    error: Failure | None
    earlier: Earlier
    life: Lifetime
    ends_at: float
    opinion: Opinion = NO_OPINION


class Decider(Struct, frozen=True, kw_only=True):
    """What deciding needs: a `storer` for videos, `status` for one look at a request, and the history.

    `result_life_seconds`: how long Segmind knows a request after its POST. `link_seconds`: how long after
    that the result's link is tried.
    """

    storer: Storer
    status: Callable[[str], Status]
    second_opinion: SecondOpinion
    result_life_seconds: float
    link_seconds: float

    def decide(self, ending: FinalizeEvent, job: Job, record: Record | None, ends_at: float) -> JobOutcome:
        """Return what `job` came to; stores its video where there is one.

        It is pending only where somebody comes again. `ends_at` (epoch seconds) is when this run should
        stop trying; a paid result is tried for at least once, whatever the clock says.
        """
        request_id = request_of(ending, record)
        if job.error:
            return JobOutcome(error=job.error)
        if not ending.broken and job.dry_run:
            return JobOutcome()
        error = None if ending.broken else failed(ending)
        if error and not (error.code in DOUBTFUL and request_id):
            return JobOutcome(error=error)
        if not request_id:
            return self._lost(ending, job, record, ends_at)
        if ending.broken or not (error or isinstance(ending.look, task_outputs.Completed)):
            error = interrupted(ending, record, request_id)
        return self._followed(self._case(ending, job, record, error, ends_at))

    def lifetime(self, posted_at: float) -> Lifetime:
        """Return until when the result of a request that was sent at `posted_at` may be had."""
        ends = posted_at + self.result_life_seconds
        return Lifetime(record_ends=ends, link_ends=ends + self.link_seconds)

    def _case(
        self, ending: FinalizeEvent, job: Job, record: Record | None, error: Failure | None, ends_at: float
    ) -> _Case:
        return _Case(
            ending=ending,
            job=job,
            request_id=request_of(ending, record),
            error=error,
            earlier=earlier(record),
            life=self.lifetime(posted(ending, record) or self.storer.clock()),
            ends_at=ends_at,
        )

    def _promised(self, record: Record, ending: FinalizeEvent) -> int:
        """Return how long another run may still be in the middle of its POST, 0 if none is."""
        left = record.requesting_until - self.storer.clock()
        if record.state != "REQUESTING" or left <= 0 or not ending.comes_again:
            return 0
        return int(left) + PROMISE_MARGIN_SECONDS

    def _lost(self, ending: FinalizeEvent, job: Job, record: Record | None, ends_at: float) -> JobOutcome:
        """Decide a job that broke off without a request id: nothing was asked, or nobody knows."""
        error = interrupted(ending, record, "")
        if record is None or error.charged == "no":
            return JobOutcome(error=error)
        if seconds := self._promised(record, ending):
            return JobOutcome(error=error, pending_seconds=seconds)
        opinion = self.second_opinion.of_lost(job, record, self.storer.clock())
        if opinion.request_id:
            error = interrupted(ending, record, opinion.request_id)
            found = msgspec.structs.replace(
                record, request_id=opinion.request_id, posted_at=int(opinion.posted_at)
            )
            if opinion.link:
                found = msgspec.structs.replace(found, link=opinion.link)
            case = self._case(ending, job, found, error, ends_at)
            outcome = self._followed(msgspec.structs.replace(case, opinion=opinion))
            return msgspec.structs.replace(
                outcome, requests=opinion.requests, found_id=opinion.request_id, found_at=opinion.posted_at
            )
        wait = opinion.again_seconds if ending.comes_again else 0
        return JobOutcome(error=error, pending_seconds=wait, requests=opinion.requests)

    def _followed(self, case: _Case) -> JobOutcome:
        """Look once more: store a finished result, take back the charge of a failed request."""
        error = case.error
        if error is None:
            return self._fetched(case)
        seen = self._seen(case)
        if seen == "FAILED":
            return JobOutcome(error=not_charged(error))
        if seen == "COMPLETED" or case.earlier.link:
            return self._fetched(case, completed=seen == "COMPLETED")
        if seen == "EXPIRED" or self._over(case):
            case = self._asked_history(case)
            if case.opinion.failed:
                return JobOutcome(error=not_charged(error))
            if case.earlier.link:
                return self._fetched(case)
        return self._ended(case, error, until=case.life.until("record", linked=False))

    def _fetched(self, case: _Case, *, completed: bool = True) -> JobOutcome:
        """Store the result, or say why it cannot be had now."""
        outcome = self._stored(case)
        if isinstance(outcome, Miss) and not outcome.linked and self._over(case):
            case = self._asked_history(case)
            if case.earlier.link:
                outcome = self._stored(case)
        if isinstance(outcome, StoredResult):
            warnings = outcome.warnings
            if case.error:
                saved = "The result was saved although the job had failed"
                warnings = (*warnings, f"{saved}: {case.error.code}, {case.error.message}")
            return JobOutcome(kept=outcome, warnings=warnings, rescued=bool(case.error))
        error = outcome.failure if completed or case.error is None else case.error
        until = case.life.until(outcome.patience, linked=outcome.linked)
        return self._ended(case, error, until=until, salvage=outcome.patience != "none")

    def _stored(self, case: _Case) -> StoredResult | Miss:
        patient = case.ending.asks_again and not self._over(case)
        attempts = len(PAUSES) + 1 if patient else HURRIED_ATTEMPTS
        return self.storer.store(case.job, case.request_id, case.ends_at, case.earlier, attempts=attempts)

    def _ended(self, case: _Case, error: Failure, *, until: float, salvage: bool = False) -> JobOutcome:
        """Return the pending outcome, or the final one where it is too late for another look."""
        now = self.storer.clock()
        over = self._over(case)
        if now < until and case.ending.comes_again:
            seconds = case.life.pause(now, case.ending.waits, until)
            return JobOutcome(error=error, pending_seconds=seconds, record_over=over)
        unverified = None
        if salvage:
            unverified = self.storer.salvage(case.job, case.request_id, case.ends_at, case.earlier)
        return JobOutcome(error=error, unverified=unverified, record_over=over)

    def _asked_history(self, case: _Case) -> _Case:
        """Return the case with what the request history says, its link included."""
        opinion = self.second_opinion.of_request(case.job, case.request_id)
        link = opinion.link or case.earlier.link
        return msgspec.structs.replace(
            case, opinion=opinion, earlier=msgspec.structs.replace(case.earlier, link=link)
        )

    def _over(self, case: _Case) -> bool:
        return self.storer.clock() >= case.life.record_ends

    def _seen(self, case: _Case) -> str:
        """Return Segmind's word about a request: EXPIRED if it has none, SILENT if it gave none.

        While the record lives a silence is waited out for some minutes: it may be the last look.
        """
        clock, pause = self.storer.clock, self.storer.pause
        patient = case.ending.asks_again and not self._over(case)
        for rest in PAUSES if patient else ():
            try:
                return self.status(case.request_id).status
            except Expired:
                return "EXPIRED"
            except SegmindError as silent:
                until = max(clock() + rest, silent.retry_at or 0)
            if until >= min(case.ends_at, case.life.record_ends):
                break
            pause(until - clock())
        return self._seen_once(case)

    def _seen_once(self, case: _Case) -> str:
        try:
            return self.status(case.request_id).status
        except Expired:
            return "EXPIRED"
        except SegmindError:
            return "SILENT"
