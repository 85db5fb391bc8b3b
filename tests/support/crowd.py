"""Many jobs, few slots, a tight rate limit: the real rules and tables in simulated time, seeded."""

import heapq
import math
import random
from dataclasses import dataclass, field
from typing import Any

from lipdrop.check_status.poller import CheckStatusInput, Poller
from lipdrop.config.settings import read_settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.task_outputs import Accepted, Busy, Completed, Waiting
from lipdrop.request.history_check import HistoryCheck
from lipdrop.request.requester import Requester
from lipdrop.segmind.client import Status, Submitted
from lipdrop.segmind.errors import RateLimited, SegmindError
from tests.support.jobs_table import TABLE, a_job
from tests.support.memory_dynamodb import MemoryDynamoDB

START = 1_000_000.0
PREDICTED = 100 + 3.7 * 40  # of `a_job` with the template's parameters
ENVIRONMENT = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": TABLE}


@dataclass
class Crowd:
    """A Segmind that counts POSTs and looks by the minute, and the jobs that come to it.

    `poisoned` jobs get `poison` at each POST. `vanishing`: the share of waiting jobs that never come back.
    """

    slots: int
    spread: float = 0.3
    limit: int = 50
    poisoned: frozenset[int] = frozenset()
    poison: SegmindError | None = None
    vanishing: float = 0
    now: float = START
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    ready: dict[str, float] = field(default_factory=dict)
    minutes: dict[int, int] = field(default_factory=dict)
    limited: int = 0
    posts: int = 0
    tries: dict[int, int] = field(default_factory=dict)
    alerts: list[float] = field(default_factory=list)
    vanished: set[int] = field(default_factory=set)
    ends: dict[int, object] = field(default_factory=dict)
    ended_at: dict[int, float] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)
    most_held: int = 0
    asking: int = 0

    def __post_init__(self) -> None:
        settings = read_settings({**ENVIRONMENT, "MAX_CONCURRENT_JOBS": str(self.slots)})
        client = MemoryDynamoDB().client()
        ledger = Ledger(client, TABLE, 90)
        self.capacity = Capacity(client, TABLE, self.slots)
        self.requester = Requester(
            ledger=ledger,
            capacity=self.capacity,
            history=HistoryCheck(search=None, ledger=ledger, settings=settings, clock=lambda: self.now),
            whole=lambda job: job,
            link=lambda source, _job_id: str(source),
            submit=self.submit,
            log_accepted=lambda *_: None,
            settings=settings,
            clock=lambda: self.now,
            rng=self.rng,
        )
        self.poller = Poller(
            status=self.status,
            note_poll=lambda *_: None,
            shut_gate=self.capacity.shut_gate,
            deadline_seconds=3300,
            result_life_seconds=3600,
            clock=lambda: self.now,
            rng=self.rng,
        )

    def count(self) -> None:
        minute = int(self.now // 60)
        self.minutes[minute] = self.minutes.get(minute, 0) + 1
        if self.minutes[minute] > self.limit:
            self.limited += 1
            raise RateLimited("Too many.", http_status=429, retry_at=(minute + 1) * 60.0)

    def submit(self, _body: dict[str, Any]) -> Submitted:
        self.posts += 1
        self.count()
        if self.poison and self.asking in self.poisoned:
            raise self.poison
        sigma = math.sqrt(math.log(1 + self.spread**2))
        takes = self.rng.lognormvariate(math.log(PREDICTED) - sigma**2 / 2, sigma)
        self.ready[f"r-{len(self.ready)}"] = self.now + takes
        self.started.append(self.asking)
        self.most_held = max(self.most_held, len(self.capacity.snapshot().held or {}))
        return Submitted(request_id=f"r-{len(self.ready) - 1}")

    def status(self, request_id: str) -> Status:
        self.count()
        return Status(status="COMPLETED" if self.now >= self.ready[request_id] else "PROCESSING")

    def run(self, jobs: int, seconds_between: float = 0) -> None:
        """Let `jobs` arrive and play every one to its end."""
        agenda: list[tuple[float, int, object]] = [
            (START + seconds_between * number + self.rng.random(), number, None) for number in range(jobs)
        ]
        heapq.heapify(agenda)
        arrived = {number: moment for moment, number, _ in agenda}
        asked: dict[int, Accepted] = {}
        while agenda:
            self.now, number, before = heapq.heappop(agenda)
            if number in asked:
                answer: object = self.look(number, asked[number])
            else:
                answer = self.ask(number, arrived[number], before)
            if isinstance(answer, Accepted):
                asked[number] = answer
            if isinstance(answer, Busy) and self.rng.random() < self.vanishing / self.tries_of_a_job:
                self.vanished.add(number)
            elif isinstance(answer, Accepted | Waiting | Busy):
                heapq.heappush(agenda, (self.now + answer.wait_seconds, number, answer))
            else:
                self.ends[number], self.ended_at[number] = answer, self.now
                self.capacity.free_slot(f"job-{number}")

    tries_of_a_job = 8
    """How often a job can vanish, roughly."""

    def ask(self, number: int, arrived: float, before: object) -> object:
        self.asking, self.tries[number] = number, self.tries.get(number, 0) + 1
        answer = self.requester.request(a_job(f"job-{number}"), arrived)
        if isinstance(answer, Busy) and self.told(answer, f"job-{number}"):
            self.alerts.append(self.now)
        return answer

    def told(self, answer: Busy, job_id: str) -> bool:
        """Send the alert, as finalize does; whether this job was the one to send it."""
        if answer.alert is None or not self.capacity.claim_alert(answer.alert.code, job_id, self.now):
            return False
        self.capacity.confirm_alert(answer.alert.code, self.now)
        return True

    def look(self, number: int, asked: Accepted) -> object:
        return self.poller.check_once(
            CheckStatusInput(
                job_id=f"job-{number}",
                request_id=asked.request_id,
                posted_at=asked.posted_at,
                expected_seconds=asked.expected_seconds,
            )
        )

    @property
    def completed(self) -> set[int]:
        return {number for number, end in self.ends.items() if isinstance(end, Completed)}

    def ideal_seconds(self, jobs: int) -> float:
        """How long the jobs take if no slot is ever idle."""
        return jobs * PREDICTED / self.slots
