"""The world in which `request` asks: a real table, and a Segmind of one's choice."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lipdrop.config.settings import read_settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model.job import MediaSource
from lipdrop.model.task_outputs import Accepted, Busy, Rejected
from lipdrop.request.context import RequestOutput
from lipdrop.request.history_check import HistoryCheck
from lipdrop.request.presigned_links import MediaGoneError
from lipdrop.request.requester import Requester
from lipdrop.segmind.client import Submitted
from lipdrop.segmind.errors import SegmindError
from lipdrop.segmind.history import HistoryRow
from tests.support.jobs_table import TABLE, a_job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = 1_000_000.0
ENVIRONMENT = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": TABLE}
SETTINGS = read_settings({**ENVIRONMENT, "MAX_CONCURRENT_JOBS": "2"})


class Scene:
    """A requester on a real table, with a Segmind that gives `outcomes` one by one, then accepts."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.ledger = Ledger(client, TABLE, record_days=90)
        self.capacity = Capacity(client, TABLE, SETTINGS.max_concurrent_jobs)
        self.now = START
        self.outcomes: list[Exception] = []
        self.bodies: list[dict[str, Any]] = []
        self.during_post: Callable[[], object] = lambda: None
        self.during_link: Callable[[], object] = lambda: None
        self.gone: set[str] = set()
        self.rows: list[HistoryRow] | None = None
        self.searches: list[tuple[float, float]] = []
        self.history_error: SegmindError | None = None
        self.logged: list[tuple[str, str]] = []
        self.log_accepted: Callable[[str, str], object] = lambda *ids: self.logged.append(ids)

    def submit(self, body: dict[str, Any]) -> Submitted:
        self.bodies.append(body)
        self.during_post()
        if self.outcomes:
            raise self.outcomes.pop(0)
        return Submitted(request_id=f"r-{len(self.bodies)}")

    def link(self, source: MediaSource, _job_id: str) -> str:
        if isinstance(source, str):
            return source
        self.during_link()
        if source.key in self.gone:
            raise MediaGoneError(f"{source.key} was deleted.")
        return f"https://drop/{source.key}"

    def search(self, since: float, until: float) -> list[HistoryRow]:
        self.searches.append((since, until))
        if self.history_error:
            raise self.history_error
        return list(self.rows or [])

    def request(self, job_id: str = "fr-1", *, queued_at: float = START, **changes: object) -> RequestOutput:
        requester = Requester(
            ledger=self.ledger,
            capacity=self.capacity,
            history=HistoryCheck(
                search=self.search if self.rows is not None else None,
                ledger=self.ledger,
                settings=SETTINGS,
                clock=lambda: self.now,
            ),
            whole=lambda job: job,
            link=self.link,
            submit=self.submit,
            log_accepted=self.log_accepted,
            settings=SETTINGS,
            clock=lambda: self.now,
            rng=random.Random(5),
        )
        return requester.request(a_job(job_id, **changes), queued_at)

    def record(self, job_id: str = "fr-1") -> Record:
        record = self.ledger.get_record(job_id)
        assert record is not None
        return record

    def held(self) -> set[str]:
        return set(self.capacity.snapshot().held or {})


def accepted(answer: RequestOutput) -> Accepted:
    assert isinstance(answer, Accepted)
    return answer


def busy(answer: RequestOutput) -> Busy:
    assert isinstance(answer, Busy)
    return answer


def error_code(answer: RequestOutput) -> str:
    assert isinstance(answer, Rejected)
    return answer.error.code
