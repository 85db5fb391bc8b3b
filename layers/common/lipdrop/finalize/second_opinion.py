"""What Segmind's request history says of a job before a loss is final.

The history outlives the request's record, and it knows requests whose answer was lost. It may be late, so
an empty answer proves nothing; its own troubles change nothing in what is known.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from lipdrop.jobs_table.ledger import Record
from lipdrop.model.job import Job
from lipdrop.segmind.errors import SegmindError
from lipdrop.segmind.history import HistoryRow, matching

ASK_AGAIN_SECONDS = 60
"""Between two looks into a history that may be late."""


class Opinion(Struct, frozen=True, kw_only=True):
    """What the history says. `requests`: all ids, where it has several for one job.

    `again_seconds`: the history has nothing yet and may be late; ask again after them. `posted_at` is in
    epoch seconds, at the earliest. `repr` hides the link.
    """

    request_id: str = ""
    posted_at: float = 0
    link: str = ""
    failed: bool = False
    requests: tuple[str, ...] = ()
    again_seconds: int = 0

    def __repr__(self) -> str:
        """Name the requests, not the link."""
        return f"Opinion(request_id={self.request_id!r}, requests={self.requests!r})"


NO_OPINION = Opinion()


class History(Protocol):
    """The client of the request history (`lipdrop.segmind.history.RequestHistory`)."""

    def get(self, request_id: str) -> HistoryRow | None:
        """Return one request; None if the history has none with this id."""

    def search(self, since_epoch: float, until_epoch: float) -> list[HistoryRow]:
        """Return the requests between two times."""


class NoteRequest(Protocol):
    """The ledger's `note_request`."""

    def __call__(
        self, job_id: str, attempt: str, *, request_id: str, posted_at: int, expected_seconds: float
    ) -> object:
        """Write down the id of a request that was found."""


class SecondOpinion(Struct, frozen=True, kw_only=True):
    """Asks the history, and writes what it finds into the ledger.

    `history` is None where the stack has none. `wait_seconds`: for how long after an unknown POST the
    history is given time to list it. `note_link` and `note_request` are the ledger's.
    """

    history: History | None
    note_link: Callable[[str, str], object]
    note_request: NoteRequest
    wait_seconds: float

    def of_request(self, job: Job, request_id: str) -> Opinion:
        """Return what the history says of a request whose id is known."""
        if self.history is None:
            return NO_OPINION
        try:
            row = self.history.get(request_id)
        except (SegmindError, ValueError):
            return NO_OPINION
        return self._taken(job, row) if row else NO_OPINION

    def of_lost(self, job: Job, record: Record, now: float) -> Opinion:
        """Return what the history says of a job whose POST was sent, or may have been, without an answer.

        Several requests that name the job are a double charge: all ids are told, one is followed. Several
        that are only likely to be its own are not followed.
        """
        if self.history is None:
            return NO_OPINION
        since = record.asked_since or record.promised_at
        try:
            rows = matching(self.history.search(since, now), job, since, frozenset())
        except SegmindError:
            rows = []
        named = [row for row in rows if row.job_id == job.job_id]
        alive = [row for row in rows if row.status != "FAILED"] or rows
        if not rows or (len(alive) > 1 and not named):
            left = record.requesting_until + self.wait_seconds - now
            return Opinion(again_seconds=ASK_AGAIN_SECONDS if left > 0 else 0)
        best = min(alive, key=lambda row: row.status != "COMPLETED")
        posted_at = int(best.created_at or record.requesting_until)
        self.note_request(
            job.job_id,
            record.attempt,
            request_id=best.request_id,
            posted_at=posted_at,
            expected_seconds=job.estimate.expected_seconds if job.estimate else 0,
        )
        return self._taken(job, best, posted_at, tuple(row.request_id for row in alive))

    def _taken(
        self, job: Job, row: HistoryRow, posted_at: float = 0, requests: tuple[str, ...] = ()
    ) -> Opinion:
        if row.output_url:
            self.note_link(job.job_id, row.output_url)
        return Opinion(
            request_id=row.request_id,
            posted_at=posted_at,
            link=row.output_url or "",
            failed=row.status == "FAILED",
            requests=requests if len(requests) > 1 else (),
        )
