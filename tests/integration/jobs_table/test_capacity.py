"""What all jobs share: slots, the gate, the account's trouble, the learned ratio."""

from typing import TYPE_CHECKING

import pytest

from lipdrop.jobs_table.capacity import BURIED_AT_ONCE, PROBE_SECONDS, Capacity
from lipdrop.jobs_table.capacity_snapshot import (
    QUIET_SECONDS,
    REPEAT_SECONDS,
    Blocked,
    CapacitySnapshot,
    Slot,
)
from lipdrop.jobs_table.table import JobsTable
from lipdrop.timing.poll_intervals import learn
from tests.support.jobs_table import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0
CREDITS = "INSUFFICIENT_CREDITS"


@pytest.fixture
def capacity(client: "DynamoDBClient") -> Capacity:
    return Capacity(client, TABLE, max_concurrent_jobs=2)


def take(capacity: Capacity, job_id: str, now: float = NOW, lease: float = 100) -> Slot | Blocked:
    return capacity.take_slot(job_id, now, now + lease)


def held(capacity: Capacity) -> set[str]:
    return set(capacity.snapshot().held or {})


def reason(answer: Slot | Blocked) -> str | None:
    return answer.reason if isinstance(answer, Blocked) else None


def learned(capacity: Capacity) -> tuple[float, int]:
    return capacity.snapshot().ratio, capacity.snapshot().ratio_n


def test_there_are_as_many_slots_as_the_stack_says(capacity: Capacity) -> None:
    assert isinstance(take(capacity, "a"), Slot)
    assert isinstance(take(capacity, "b"), Slot)
    assert reason(take(capacity, "c")) == "SLOTS"
    assert held(capacity) == {"a", "b"}


def test_a_job_takes_its_own_slot_again(capacity: Capacity) -> None:
    take(capacity, "a")
    take(capacity, "b")
    assert isinstance(take(capacity, "a", lease=500), Slot)
    assert capacity.snapshot().held == {"a": NOW + 500, "b": NOW + 100}


def test_a_freed_slot_goes_to_the_next(capacity: Capacity) -> None:
    take(capacity, "a")
    take(capacity, "b")
    capacity.free_slot("a")
    assert isinstance(take(capacity, "c"), Slot)


def test_freeing_what_was_never_held_harms_nobody(capacity: Capacity) -> None:
    capacity.free_slot("nobody")
    take(capacity, "a")
    capacity.free_slot("nobody")
    assert held(capacity) == {"a"}


def test_a_hold_that_was_renewed_is_not_freed_by_its_former_holder(capacity: Capacity) -> None:
    first = take(capacity, "a", lease=100)
    assert isinstance(first, Slot)
    take(capacity, "a", lease=200)
    capacity.free_slot("a", first.lease)
    assert held(capacity) == {"a"}


def test_the_slots_of_the_dead_are_given_away(capacity: Capacity) -> None:
    take(capacity, "a", lease=10)
    take(capacity, "b", lease=100)
    assert isinstance(take(capacity, "c", now=NOW + 10), Slot)
    assert held(capacity) == {"b", "c"}


def test_many_dead_leases_are_cleared_bit_by_bit(client: "DynamoDBClient") -> None:
    crowd = Capacity(client, TABLE, max_concurrent_jobs=100)
    for number in range(2 * BURIED_AT_ONCE):
        take(crowd, f"dead-{number}", lease=1)
    small = Capacity(client, TABLE, max_concurrent_jobs=1)
    assert isinstance(take(small, "a", now=NOW + 2), Slot)
    assert reason(take(small, "b", now=NOW + 2)) == "SLOTS"


def test_a_race_for_the_last_slot_has_one_winner(capacity: Capacity, monkeypatch: pytest.MonkeyPatch) -> None:
    take(capacity, "a")
    stale = capacity.snapshot()
    take(capacity, "b")
    monkeypatch.setattr(capacity, "snapshot", lambda: stale)
    assert reason(take(capacity, "c")) == "SLOTS"
    assert held(Capacity(capacity._items._client, TABLE, 2)) == {"a", "b"}


def test_a_loser_who_sees_another_free_slot_takes_it(
    capacity: Capacity, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(capacity, "dead", lease=1)
    stale = capacity.snapshot()
    take(capacity, "a", now=NOW + 2)
    monkeypatch.setattr(capacity, "snapshot", lambda: stale)
    assert isinstance(take(capacity, "b", now=NOW + 2), Slot)


def test_nobody_posts_before_the_gate_opens(capacity: Capacity) -> None:
    take(capacity, "a")
    capacity.shut_gate("RATE_LIMIT", NOW + 30)
    blocked = take(capacity, "b")
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, blocked.until) == ("RATE_LIMIT", NOW + 30)
    assert isinstance(take(capacity, "b", now=NOW + 30), Slot)


def test_a_gate_is_never_opened_early(capacity: Capacity) -> None:
    capacity.shut_gate("RATE_LIMIT", NOW + 30)
    capacity.shut_gate("CANNOT_CONNECT", NOW + 10)
    assert (capacity.snapshot().not_before, capacity.snapshot().gate) == (NOW + 30, "RATE_LIMIT")


def test_a_gate_shut_since_the_look_holds(capacity: Capacity, monkeypatch: pytest.MonkeyPatch) -> None:
    take(capacity, "a")
    stale = capacity.snapshot()
    capacity.shut_gate("SEGMIND_ERROR", NOW + 30)
    monkeypatch.setattr(capacity, "snapshot", lambda: stale)
    assert reason(take(capacity, "b")) == "SEGMIND_ERROR"


def test_during_trouble_one_job_at_a_time_tries(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    assert reason(take(capacity, "a", now=NOW + 1)) == "ACCOUNT"

    probe_at = NOW + PROBE_SECONDS
    assert isinstance(take(capacity, "a", now=probe_at), Slot)
    blocked = take(capacity, "b", now=probe_at)
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, blocked.until) == ("ACCOUNT", probe_at + PROBE_SECONDS)


def test_two_probers_at_once_end_in_one(capacity: Capacity, monkeypatch: pytest.MonkeyPatch) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    stale = CapacitySnapshot(
        held={}, trouble=capacity.snapshot().trouble, not_before=capacity.snapshot().not_before
    )
    probe_at = NOW + PROBE_SECONDS
    assert isinstance(take(capacity, "a", now=probe_at), Slot)
    monkeypatch.setattr(capacity, "snapshot", lambda: stale)
    assert reason(take(capacity, "b", now=probe_at)) == "ACCOUNT"


def test_the_same_trouble_keeps_its_beginning_and_another_has_its_own(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    same = capacity.raise_trouble(CREDITS, "still none", NOW + 5).trouble
    other = capacity.raise_trouble("API_KEY_REJECTED", "bad key", NOW + 6).trouble
    assert same is not None
    assert (same.since, same.message) == (NOW, "none left")
    assert other is not None
    assert (other.since, other.code) == (NOW + 6, "API_KEY_REJECTED")


def test_trouble_that_is_over_opens_the_gate_for_all(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.clear_trouble(NOW)
    assert isinstance(take(capacity, "a", now=NOW + 1), Slot)


def test_a_success_from_before_does_not_end_a_newer_trouble(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.clear_trouble(NOW - 1)
    assert capacity.snapshot().trouble is not None


def test_one_job_tells_of_a_trouble_and_may_repeat_itself(capacity: Capacity) -> None:
    assert capacity.raise_trouble(CREDITS, "none left", NOW).wants_alert(NOW)
    assert [capacity.claim_alert(CREDITS, job, NOW) for job in ("a", "b", "a")] == [True, False, True]
    assert not capacity.snapshot().wants_alert(NOW)


def test_a_trouble_that_nobody_mends_is_told_again_by_whoever_waits_then(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.claim_alert(CREDITS, "a", NOW)
    later = NOW + REPEAT_SECONDS
    assert not capacity.snapshot().wants_alert(later - 1)
    assert capacity.snapshot().wants_alert(later)
    assert [capacity.claim_alert(CREDITS, job, later) for job in ("b", "c", "b")] == [True, False, True]


def test_there_is_nothing_to_tell_of_a_trouble_that_is_over(capacity: Capacity) -> None:
    assert not capacity.claim_alert(CREDITS, "a", NOW)
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.clear_trouble(NOW)
    assert not capacity.claim_alert(CREDITS, "a", NOW)


def test_a_trouble_that_comes_and_goes_is_told_once_an_hour(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.claim_alert(CREDITS, "a", NOW)
    capacity.clear_trouble(NOW)
    back = capacity.raise_trouble(CREDITS, "none left", NOW + 60)
    assert not back.wants_alert(NOW + 60)
    assert back.wants_alert(NOW + QUIET_SECONDS)
    assert capacity.raise_trouble("API_KEY_REJECTED", "bad key", NOW + 61).wants_alert(NOW + 61)


def test_finished_jobs_correct_the_expectation(capacity: Capacity) -> None:
    capacity.learn(100, 150)
    capacity.learn(100, 170)
    assert learned(capacity) == learn(*learn(1, 0, 100, 150), 100, 170)


def test_a_lesson_learned_in_between_is_not_lost(capacity: Capacity, monkeypatch: pytest.MonkeyPatch) -> None:
    stale, real = [capacity.snapshot()], capacity.snapshot
    capacity.learn(100, 150)
    monkeypatch.setattr(capacity, "snapshot", lambda: stale.pop() if stale else real())
    capacity.learn(100, 170)
    assert learned(capacity) == learn(*learn(1, 0, 100, 150), 100, 170)


def test_courtesies_never_raise(client: "DynamoDBClient") -> None:
    nowhere = Capacity(client, "no-such-table", 2)
    nowhere.shut_gate("RATE_LIMIT", NOW)
    nowhere.clear_trouble(NOW)
    nowhere.learn(100, 150)


def test_the_item_is_where_people_look_for_it(capacity: Capacity, client: "DynamoDBClient") -> None:
    take(capacity, "a")
    assert JobsTable(client, TABLE).get_item("#control", consistent=True)["held"] == {"a": NOW + 100}
