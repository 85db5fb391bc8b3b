"""Settles doubt about a POST by Segmind's request history: was the request accepted after all?

A POST may be accepted although no usable answer came back: the reply was lost, the function was killed, a
gateway answered 502 in the model's place. The history lists every request of the account with its inputs, but
it can be late. So a request that it lists is followed like any other, and one that it does not list is looked
for again and again; an empty answer never permits a second POST after an unknown one.
"""

import math
from collections.abc import Callable

from msgspec import Struct

from lipdrop.config.settings import Settings
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure, Job
from lipdrop.model.task_outputs import Accepted, AccountAlert, Busy, Rejected
from lipdrop.request.accepted import accepted_output, expected_processing
from lipdrop.segmind.errors import SegmindError
from lipdrop.segmind.history import HistoryRow, matching

LOOKUPS = 10
"""How often the history is asked within HistoryWaitSeconds."""
SILENT_FACTOR = 6
"""A history that gives no proper answer is asked this many times longer: for an hour by default."""


class HistoryCheck(Struct, frozen=True, kw_only=True):
    """What the check needs. `search` returns the requests between two times (epoch seconds), and may raise a
    SegmindError; None where the stack has no history.
    """

    search: Callable[[float, float], list[HistoryRow]] | None
    ledger: Ledger
    settings: Settings
    clock: Callable[[], float]

    def settle(self, job: Job, record: Record) -> Accepted | Busy | Rejected:
        """Return what follows for a job that must not be POSTed again: its record is UNKNOWN."""
        found = self._candidates(job, record)
        if found:
            return self._follow(job, record, found)
        waited = self.clock() - record.doubt_since
        patience = self.settings.history_wait_seconds * (SILENT_FACTOR if found is None else 1)
        if self.search and waited < patience:
            return self.wait(record)
        return Rejected(error=_unknown(record.doubt, found is not None, waited))

    def wait(self, record: Record) -> Busy | Rejected:
        """Return the pause before the history is asked again; the end of the job if there is no history."""
        if self.search is None:
            return Rejected(error=_unknown(record.doubt, asked=False, waited=0))
        return Busy(
            wait_seconds=max(1, math.ceil(self.settings.history_wait_seconds / LOOKUPS)),
            reason="HISTORY",
            message=f"{record.doubt} The request history is asked whether the request was accepted.",
        )

    def before_repeat(self, job: Job, record: Record) -> Accepted | Busy | Rejected | None:
        """Look for a request that was accepted although its POST was answered with a 5xx.

        None permits another POST: such an answer permits it by itself, and the history can only forbid it.
        A request that the history lists as FAILED was not billed and does not forbid it.
        """
        found = [row for row in self._candidates(job, record) or () if row.status != "FAILED"]
        return self._follow(job, record, found) if found else None

    def _candidates(self, job: Job, record: Record) -> list[HistoryRow] | None:
        """Return the requests that may be this job's, the best one first; None if the history is silent."""
        if self.search is None:
            return None
        since = record.asked_since or record.promised_at
        try:
            rows = self.search(since, self.clock())
        except SegmindError:
            return None
        found = [
            row
            for row in matching(rows, job, since, frozenset())
            if row.job_id or self.ledger.owner(row.request_id) in ("", job.job_id)
        ]
        alive = [row for row in found if row.status != "FAILED"]
        return sorted(alive or found, key=lambda row: (row.status != "COMPLETED", row.created_at or 0))

    def _follow(self, job: Job, record: Record, found: list[HistoryRow]) -> Accepted | Busy | Rejected:
        """Take over the request that was found. Likely candidates are followed only if there is just one."""
        best, ids = found[0], ", ".join(row.request_id for row in found)
        if len(found) > 1 and best.job_id != job.job_id:
            why = f"The request history lists {len(found)} requests that could be this job's: {ids}."
            self.ledger.doubt(job.job_id, record.attempt, why, self.clock())
            return Rejected(error=failure("SUBMISSION_UNKNOWN", f"{why} None of them was followed."))
        posted_at = int(best.created_at or record.asked_since or record.promised_at)
        expected = expected_processing(job, self.settings)
        noted = self.ledger.note_request(
            job.job_id,
            record.attempt,
            request_id=best.request_id,
            posted_at=posted_at,
            expected_seconds=expected,
        )
        if noted is None:
            return Busy(wait_seconds=5, reason="IN_DOUBT", message="The ledger could not be written.")
        if len(found) > 1:
            return Busy(wait_seconds=1, reason="HISTORY", message=f"Found: {ids}.", alert=_twice(job, ids))
        return accepted_output(best.request_id, posted_at, expected, self.settings, self.clock())


def _unknown(why: str, asked: bool, waited: float) -> Failure:
    known = f"Segmind's request history did not list it within {waited / 60:.0f} minutes. " if asked else ""
    message = f"{why} {known}Segmind may have accepted, and charged, this job; it was not sent a second time."
    return failure("SUBMISSION_UNKNOWN", message)


def _twice(job: Job, ids: str) -> AccountAlert:
    return AccountAlert(
        code="CHARGED_TWICE",
        message=f"Segmind's request history lists several requests for the one job {job.job_id}: {ids}.",
        action="Ask Segmind's support for a refund of all but one, and report this as a bug of Lipdrop.",
    )
