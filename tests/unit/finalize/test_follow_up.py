"""What a follow-up execution is started with."""

import json
from typing import Any

from lipdrop.finalize.event import FinalizeEvent, Interruption, read_event
from lipdrop.finalize.follow_up import FollowUp
from lipdrop.model.job import Job
from tests.support.jobs_table import a_job

BROKEN = Interruption(code="ABORTED", message="The execution was stopped.", stage="finalize")
ENDING = FinalizeEvent(job_id="fr-1", job=None, execution_arn="arn:x", broken=BROKEN, started_at=1_000.5)


class Machine:
    """Step Functions' client, as far as it is used."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []

    def start_execution(self, **call: Any) -> None:
        self.started.append(call)


def start(job: Job, *, now: float = 1_800_000_000) -> dict[str, Any]:
    machine = Machine()
    FollowUp(machine, "arn:machine", lambda: now).start(ENDING, job, "fr-1:LAST_RESORT")  # type: ignore[arg-type]
    (call,) = machine.started
    return call


def test_it_carries_all_that_finalize_must_know() -> None:
    call = start(a_job())
    follow = json.loads(call["input"])["follow"]
    found = read_event({"look": {"polls": 0}, "follows": True, **follow})
    assert isinstance(found, FinalizeEvent)
    assert (found.job, found.broken, found.corrects) == (a_job(), BROKEN, "fr-1:LAST_RESORT")
    assert (found.execution_arn, found.started_at, found.asks_again) == ("arn:x", 1_000.5, True)


def test_its_name_is_valid_and_tells_jobs_apart_by_the_end_of_their_ids() -> None:
    first, second = "x" * 72 + "-1", "x" * 72 + "-2"
    names = {start(a_job(job_id))["name"] for job_id in (first, second)}
    assert len(names) == 2
    assert all(len(name) <= 80 for name in names)


def test_a_redelivery_within_the_minute_starts_the_same_one() -> None:
    assert start(a_job(), now=1_800_000_000) == start(a_job(), now=1_800_000_030)
