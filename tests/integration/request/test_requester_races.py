"""Two invocations, or two jobs, at once: whoever is overtaken sends nothing and comes again."""

import pytest

from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.request.requester import PROMISE_SECONDS
from tests.support.requests_world import START, Scene, accepted, busy


def test_a_slot_that_another_job_took_during_the_preparation_costs_no_post(scene: Scene) -> None:
    scene.request("a")
    scene.during_link = lambda: scene.capacity.take_slot("faster", scene.now, scene.now + 100)

    answer = busy(scene.request("b"))

    assert answer.reason == "SLOTS"
    assert len(scene.bodies) == 1
    assert scene.held() == {"a", "faster"}
    assert scene.ledger.get_record("b") is None


def test_an_id_that_is_written_while_its_outcome_is_put_in_doubt_is_followed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.ledger.begin("fr-1", "{}", "slow", now=START, until=START + PROMISE_SECONDS)
    scene.now += PROMISE_SECONDS
    doubt = Ledger.doubt

    def overtaken(ledger: Ledger, job_id: str, attempt: str, why: str, now: float) -> Record:
        ledger.note_request(job_id, attempt, request_id="r-slow", posted_at=int(START), expected_seconds=100)
        return doubt(ledger, job_id, attempt, why, now)

    monkeypatch.setattr(Ledger, "doubt", overtaken)

    assert busy(scene.request()).reason == "IN_DOUBT"
    assert accepted(scene.request()).request_id == "r-slow"
    assert scene.bodies == []
