"""Many jobs, few slots, a tight rate limit: the real rules in simulated time, seeded."""

import heapq
import math
import random
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from msgspec.structs import replace

from lipdrop.check_status.poller import CheckStatusInput, Poller
from lipdrop.config.settings import read_settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.capacity_snapshot import Blocked, CapacitySnapshot, Gate, Slot
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model.task_outputs import Accepted, Busy, Completed, Waiting
from lipdrop.request.history_check import HistoryCheck
from lipdrop.request.requester import Requester
from lipdrop.segmind.client import Status, Submitted
from lipdrop.segmind.errors import RateLimited
from tests.support.jobs_table import a_job

START = 1_000_000.0
PREDICTED = 100 + 3.7 * 40  # of `a_job` with the template's parameters
ENVIRONMENT = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": "j"}


@dataclass
class Memory:
    """The parts of ledger and capacity that a day without accidents needs, for one process."""

    slots: int
    seen: CapacitySnapshot = field(default_factory=lambda: CapacitySnapshot(held={}))
    records: dict[str, Record] = field(default_factory=dict)
    most_held: int = 0

    def get_record(self, job_id: str) -> Record | None:
        return self.records.get(job_id)

    def begin(self, job_id: str, _job: str, attempt: str, *, now: float, until: float) -> Record:
        self.records[job_id] = Record(id=job_id, state="REQUESTING", attempt=attempt, requesting_until=until)
        return self.records[job_id]

    def note_request(self, job_id: str, _attempt: str, **known: Any) -> str:
        self.records[job_id] = replace(self.records[job_id], state="REQUESTED", **known)
        return "REQUESTED"

    def give_up_try(self, job_id: str, _attempt: str, *, errors: int, may_exist: bool) -> None:
        self.records[job_id] = replace(self.records[job_id], state="WAITING", errors=errors)

    def snapshot(self) -> CapacitySnapshot:
        return self.seen

    def blocked(self, seen: CapacitySnapshot, job_id: str, now: float) -> Blocked | None:
        return seen.blocked(job_id, now, self.slots)

    def take_slot(self, job_id: str, now: float, lease_until: float, _seen: object) -> Slot | Blocked:
        if blocked := self.seen.blocked(job_id, now, self.slots):
            return blocked
        self.seen = replace(self.seen, held={**(self.seen.held or {}), job_id: lease_until})
        self.most_held = max(self.most_held, len(self.seen.held or {}))
        return Slot(lease=lease_until, seen=self.seen)

    def free_slot(self, job_id: str, _lease: float | None = None) -> None:
        left = {who: lease for who, lease in (self.seen.held or {}).items() if who != job_id}
        self.seen = replace(self.seen, held=left)

    def shut_gate(self, reason: Gate, until: float) -> None:
        if until > self.seen.not_before:
            self.seen = replace(self.seen, not_before=until, gate=reason)


@dataclass
class World:
    """A Segmind that counts POSTs and looks by the minute, and the jobs that come to it."""

    slots: int
    spread: float
    limit: int = 50
    now: float = START
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    ready: dict[str, float] = field(default_factory=dict)
    minutes: list[int] = field(default_factory=list)
    limited: int = 0
    ends: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = Memory(self.slots)
        self.requester = Requester(
            ledger=cast(Ledger, self.memory),
            capacity=cast(Capacity, self.memory),
            history=HistoryCheck(
                search=None,
                ledger=cast(Ledger, self.memory),
                settings=read_settings(ENVIRONMENT),
                clock=lambda: self.now,
            ),
            whole=lambda job: job,
            link=lambda source, _job_id: str(source),
            submit=self.submit,
            log_accepted=lambda *_: None,
            settings=read_settings({**ENVIRONMENT, "MAX_CONCURRENT_JOBS": str(self.slots)}),
            clock=lambda: self.now,
            rng=self.rng,
        )
        self.poller = Poller(
            status=self.status,
            note_poll=lambda *_: None,
            shut_gate=self.memory.shut_gate,
            deadline_seconds=3300,
            result_life_seconds=3600,
            clock=lambda: self.now,
            rng=self.rng,
        )

    def count(self) -> None:
        minute = int(self.now // 60)
        self.minutes.append(minute)
        if self.minutes.count(minute) > self.limit:
            self.limited += 1
            raise RateLimited("Too many.", http_status=429, retry_at=(minute + 1) * 60.0)

    def submit(self, _body: dict[str, Any]) -> Submitted:
        self.count()
        sigma = math.sqrt(math.log(1 + self.spread**2))
        takes = self.rng.lognormvariate(math.log(PREDICTED) - sigma**2 / 2, sigma)
        self.ready[f"r-{len(self.ready)}"] = self.now + takes
        return Submitted(request_id=f"r-{len(self.ready) - 1}")

    def status(self, request_id: str) -> Status:
        self.count()
        return Status(status="COMPLETED" if self.now >= self.ready[request_id] else "PROCESSING")

    def run(self, jobs: int, seconds_between: float = 0) -> None:
        """Let `jobs` arrive and play every one to its end."""
        agenda = [
            (START + seconds_between * number + self.rng.random(), number, "") for number in range(jobs)
        ]
        arrived = {number: moment for moment, number, _ in agenda}
        asked: dict[int, Accepted] = {}
        while agenda:
            self.now, number, step = heapq.heappop(agenda)
            answer: object
            if step == "look":
                answer = self.look(number, asked[number])
            else:
                answer = self.requester.request(a_job(f"job-{number}"), arrived[number])
            if isinstance(answer, Accepted):
                asked[number] = answer
            if isinstance(answer, Accepted | Waiting | Busy):
                step = "" if isinstance(answer, Busy) else "look"
                heapq.heappush(agenda, (self.now + answer.wait_seconds, number, step))
            else:
                self.ends.append(answer)

    def look(self, number: int, asked: Accepted) -> object:
        answer = self.poller.check_once(
            CheckStatusInput(
                job_id=f"job-{number}",
                request_id=asked.request_id,
                posted_at=asked.posted_at,
                expected_seconds=asked.expected_seconds,
            )
        )
        if not isinstance(answer, Waiting):
            self.memory.free_slot(f"job-{number}")
        return answer

    @property
    def completed(self) -> int:
        return sum(isinstance(end, Completed) for end in self.ends)

    def ideal_seconds(self, jobs: int) -> float:
        """How long the jobs take if no slot is ever idle."""
        return jobs * PREDICTED / self.slots


@pytest.mark.parametrize("spread", [0.2, 0.4])
def test_300_jobs_through_10_slots_under_50_requests_a_minute(spread: float) -> None:
    world = World(slots=10, spread=spread)
    world.run(300)
    assert world.completed == 300
    assert world.memory.most_held == 10
    assert world.limited / len(world.minutes) < 0.01
    assert world.now - START < 1.1 * world.ideal_seconds(300)


def test_more_slots_than_the_rate_limit_bears_cost_time_and_no_job() -> None:
    world = World(slots=30, spread=0.3)
    world.run(200)
    assert world.completed == 200
    assert world.limited > 0


def test_under_a_lasting_overload_nobody_starves() -> None:
    world = World(slots=10, spread=0.3)
    world.run(400, seconds_between=20)  # a quarter more than 10 slots can do
    assert world.completed == 400
    assert world.now - START < 1.1 * world.ideal_seconds(400)
