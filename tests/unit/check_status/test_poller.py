"""One look at a paid request: what it says, what it costs, and that only few things end the job."""

import random
from typing import Any

import pytest

from lipdrop.check_status.poller import CheckStatusInput, CheckStatusOutput, Poller
from lipdrop.model.job import Metrics
from lipdrop.model.task_outputs import Completed, Failed, Waiting
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import AccountTrouble, Expired, NotSent, RateLimited, SegmindError, Unavailable

POSTED = 1_000_000
DEADLINE = 3300.0
LIFE = 3600.0


class Scene:
    """A poller whose next look brings `outcome`, `elapsed` seconds after the POST."""

    def __init__(self, outcome: Status | Exception, elapsed: float) -> None:
        self.outcome = outcome
        self.noted: list[tuple[str, str, int]] = []
        self.gates: list[tuple[str, float]] = []
        self.now = POSTED + elapsed

    def status(self, request_id: str) -> Status:
        assert request_id == "r-1"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def look(self, polls: int = 4) -> CheckStatusOutput:
        poller = Poller(
            status=self.status,
            note_poll=lambda *seen: self.noted.append(seen),
            shut_gate=lambda *gate: self.gates.append(gate),
            deadline_seconds=DEADLINE,
            result_life_seconds=LIFE,
            clock=lambda: self.now,
            rng=random.Random(3),
        )
        asked = CheckStatusInput(
            job_id="fr-1", request_id="r-1", posted_at=POSTED, expected_seconds=222, polls=polls
        )
        return poller.check_once(asked)


def look(outcome: Status | Exception, elapsed: float = 200) -> CheckStatusOutput:
    return Scene(outcome, elapsed).look()


def waiting(answer: CheckStatusOutput) -> Waiting:
    assert isinstance(answer, Waiting)
    return answer


def error_code(answer: CheckStatusOutput) -> str:
    assert isinstance(answer, Failed)
    return answer.error.code


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "UNKNOWN"])
def test_an_unfinished_request_is_looked_at_again(status: Any) -> None:
    scene = Scene(Status(status=status), 200)
    answer = waiting(scene.look(polls=4))
    assert (answer.status, answer.polls) == (status, 5)
    assert 1 <= answer.wait_seconds < 60
    assert scene.noted == [("fr-1", status, 5)]


def test_a_finished_request_brings_its_numbers() -> None:
    answer = look(Status(status="COMPLETED", metrics=Metrics(inference_time=187.5, cost=0.9)))
    assert answer == Completed(polls=5, metrics=Metrics(inference_time=187.5, cost=0.9), seen_at=POSTED + 200)


def test_a_failed_request_says_why_in_segminds_words() -> None:
    answer = look(Status(status="FAILED", error="No face found."))
    assert error_code(answer) == "INFERENCE_FAILED"
    assert isinstance(answer, Failed)
    assert "No face found." in answer.error.message
    assert answer.error.charged == "no"


def test_a_forgotten_request_is_told_apart_from_a_failed_one() -> None:
    answer = look(Expired("Segmind does not know it.", http_status=404), LIFE)
    assert error_code(answer) == "RESULT_EXPIRED"
    assert isinstance(answer, Failed)
    assert "r-1" in answer.error.message
    assert answer.error.http_status == 404


def test_a_404_on_a_young_request_ends_the_job_only_at_the_last_look() -> None:
    lost = Expired("default backend - 404", http_status=404)
    assert waiting(look(lost, DEADLINE - 1)).wait_seconds == 1
    assert error_code(look(lost, DEADLINE)) == "RESULT_EXPIRED"


@pytest.mark.parametrize(
    "trouble",
    [
        Expired("default backend - 404", http_status=404),
        Unavailable("Out of service.", http_status=503),
        NotSent("No connection."),
        AccountTrouble("The key is refused.", http_status=401),
        RateLimited("Too many.", http_status=429),
    ],
)
def test_a_look_that_goes_wrong_costs_a_wait(trouble: SegmindError) -> None:
    scene = Scene(trouble, 200)
    assert waiting(scene.look()).status == "UNKNOWN"
    assert scene.noted == [("fr-1", "UNKNOWN", 5)]


def test_the_servers_time_is_honoured() -> None:
    answer = waiting(look(RateLimited("Too many.", http_status=429, retry_at=POSTED + 200 + 50)))
    assert 50 <= answer.wait_seconds <= 55


def test_a_rate_limit_holds_back_those_who_have_not_paid_yet() -> None:
    scene = Scene(RateLimited("Too many.", http_status=429, retry_at=POSTED + 250), 200)
    scene.look()
    assert scene.gates == [("RATE_LIMIT", POSTED + 250)]

    unspoken = Scene(RateLimited("Too many.", http_status=429), 200)
    unspoken.look()
    assert unspoken.gates == [("RATE_LIMIT", POSTED + 260)]


@pytest.mark.parametrize("elapsed", [3000, 3290, 3299.5])
@pytest.mark.parametrize("retry_after", [None, 900.0])
def test_no_wait_passes_the_deadline(elapsed: float, retry_after: float | None) -> None:
    retry_at = None if retry_after is None else POSTED + elapsed + retry_after
    answer = waiting(look(RateLimited("Too many.", retry_at=retry_at), elapsed))
    assert elapsed + answer.wait_seconds <= DEADLINE + 1


def test_the_last_look_still_rescues_a_finished_request() -> None:
    assert isinstance(look(Status(status="COMPLETED"), DEADLINE + 20), Completed)


def test_after_the_last_look_the_job_ends_with_its_id() -> None:
    answer = look(Status(status="PROCESSING"), DEADLINE)
    assert error_code(answer) == "DEADLINE"
    assert isinstance(answer, Failed)
    assert "r-1" in answer.error.message
    assert "55 minutes" in answer.error.message


def test_the_deadline_says_so_if_the_last_look_went_wrong() -> None:
    answer = look(Unavailable("Out of service.", http_status=503), DEADLINE)
    assert error_code(answer) == "DEADLINE"
    assert isinstance(answer, Failed)
    assert "Out of service." in answer.error.message
