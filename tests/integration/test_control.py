"""What all jobs share: slots, the gate, the account's trouble, the learned ratio."""

from typing import TYPE_CHECKING

import pytest

from lipdrop.jobs_table.capacity import BURIED_AT_ONCE, PROBE_SECONDS, Control
from lipdrop.jobs_table.capacity_snapshot import QUIET_SECONDS, REPEAT_SECONDS, Blocked, Situation, Slot
from lipdrop.jobs_table.table import Items
from lipdrop.timing.poll_intervals import learn
from tests.jobs_table import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0
CREDITS = "INSUFFICIENT_CREDITS"


@pytest.fixture
def control(client: "DynamoDBClient") -> Control:
    return Control(client, TABLE, max_concurrent_jobs=2)


def take(control: Control, job_id: str, now: float = NOW, lease: float = 100) -> Slot | Blocked:
    return control.take_slot(job_id, now, now + lease)


def held(control: Control) -> set[str]:
    return set(control.look().held or {})


def reason(answer: Slot | Blocked) -> str | None:
    return answer.reason if isinstance(answer, Blocked) else None


def learned(control: Control) -> tuple[float, int]:
    return control.look().ratio, control.look().ratio_n


def test_there_are_as_many_slots_as_the_stack_says(control: Control) -> None:
    assert isinstance(take(control, "a"), Slot)
    assert isinstance(take(control, "b"), Slot)
    assert reason(take(control, "c")) == "SLOTS"
    assert held(control) == {"a", "b"}


def test_a_job_takes_its_own_slot_again(control: Control) -> None:
    take(control, "a")
    take(control, "b")
    assert isinstance(take(control, "a", lease=500), Slot)
    assert control.look().held == {"a": NOW + 500, "b": NOW + 100}


def test_a_freed_slot_goes_to_the_next(control: Control) -> None:
    take(control, "a")
    take(control, "b")
    control.free_slot("a")
    assert isinstance(take(control, "c"), Slot)


def test_freeing_what_was_never_held_harms_nobody(control: Control) -> None:
    control.free_slot("nobody")
    take(control, "a")
    control.free_slot("nobody")
    assert held(control) == {"a"}


def test_a_hold_that_was_renewed_is_not_freed_by_its_former_holder(control: Control) -> None:
    first = take(control, "a", lease=100)
    assert isinstance(first, Slot)
    take(control, "a", lease=200)
    control.free_slot("a", first.lease)
    assert held(control) == {"a"}


def test_the_slots_of_the_dead_are_given_away(control: Control) -> None:
    take(control, "a", lease=10)
    take(control, "b", lease=100)
    assert isinstance(take(control, "c", now=NOW + 10), Slot)
    assert held(control) == {"b", "c"}


def test_many_dead_leases_are_cleared_bit_by_bit(client: "DynamoDBClient") -> None:
    crowd = Control(client, TABLE, max_concurrent_jobs=100)
    for number in range(2 * BURIED_AT_ONCE):
        take(crowd, f"dead-{number}", lease=1)
    small = Control(client, TABLE, max_concurrent_jobs=1)
    assert isinstance(take(small, "a", now=NOW + 2), Slot)
    assert reason(take(small, "b", now=NOW + 2)) == "SLOTS"


def test_a_race_for_the_last_slot_has_one_winner(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    take(control, "a")
    stale = control.look()
    take(control, "b")
    monkeypatch.setattr(control, "look", lambda: stale)
    assert reason(take(control, "c")) == "SLOTS"
    assert held(Control(control._items._client, TABLE, 2)) == {"a", "b"}


def test_a_loser_who_sees_another_free_slot_takes_it(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(control, "dead", lease=1)
    stale = control.look()
    take(control, "a", now=NOW + 2)
    monkeypatch.setattr(control, "look", lambda: stale)
    assert isinstance(take(control, "b", now=NOW + 2), Slot)


def test_nobody_posts_before_the_gate_opens(control: Control) -> None:
    take(control, "a")
    control.shut_gate("RATE_LIMIT", NOW + 30)
    blocked = take(control, "b")
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, blocked.until) == ("RATE_LIMIT", NOW + 30)
    assert isinstance(take(control, "b", now=NOW + 30), Slot)


def test_a_gate_is_never_opened_early(control: Control) -> None:
    control.shut_gate("RATE_LIMIT", NOW + 30)
    control.shut_gate("CANNOT_CONNECT", NOW + 10)
    assert (control.look().not_before, control.look().gate) == (NOW + 30, "RATE_LIMIT")


def test_a_gate_shut_since_the_look_holds(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    take(control, "a")
    stale = control.look()
    control.shut_gate("SEGMIND_ERROR", NOW + 30)
    monkeypatch.setattr(control, "look", lambda: stale)
    assert reason(take(control, "b")) == "SEGMIND_ERROR"


def test_during_trouble_one_job_at_a_time_tries(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    assert reason(take(control, "a", now=NOW + 1)) == "ACCOUNT"

    probe_at = NOW + PROBE_SECONDS
    assert isinstance(take(control, "a", now=probe_at), Slot)
    blocked = take(control, "b", now=probe_at)
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, blocked.until) == ("ACCOUNT", probe_at + PROBE_SECONDS)


def test_two_probers_at_once_end_in_one(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    stale = Situation(held={}, trouble=control.look().trouble, not_before=control.look().not_before)
    probe_at = NOW + PROBE_SECONDS
    assert isinstance(take(control, "a", now=probe_at), Slot)
    monkeypatch.setattr(control, "look", lambda: stale)
    assert reason(take(control, "b", now=probe_at)) == "ACCOUNT"


def test_the_same_trouble_keeps_its_beginning_and_another_has_its_own(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    same = control.raise_trouble(CREDITS, "still none", NOW + 5).trouble
    other = control.raise_trouble("API_KEY_REJECTED", "bad key", NOW + 6).trouble
    assert same is not None
    assert (same.since, same.message) == (NOW, "none left")
    assert other is not None
    assert (other.since, other.code) == (NOW + 6, "API_KEY_REJECTED")


def test_trouble_that_is_over_opens_the_gate_for_all(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    control.clear_trouble(NOW)
    assert isinstance(take(control, "a", now=NOW + 1), Slot)


def test_a_success_from_before_does_not_end_a_newer_trouble(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    control.clear_trouble(NOW - 1)
    assert control.look().trouble is not None


def test_one_job_tells_of_a_trouble_and_may_repeat_itself(control: Control) -> None:
    assert control.raise_trouble(CREDITS, "none left", NOW).wants_alert(NOW)
    assert [control.claim_alert(CREDITS, job, NOW) for job in ("a", "b", "a")] == [True, False, True]
    assert not control.look().wants_alert(NOW)


def test_a_trouble_that_nobody_mends_is_told_again_by_whoever_waits_then(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    control.claim_alert(CREDITS, "a", NOW)
    later = NOW + REPEAT_SECONDS
    assert not control.look().wants_alert(later - 1)
    assert control.look().wants_alert(later)
    assert [control.claim_alert(CREDITS, job, later) for job in ("b", "c", "b")] == [True, False, True]


def test_there_is_nothing_to_tell_of_a_trouble_that_is_over(control: Control) -> None:
    assert not control.claim_alert(CREDITS, "a", NOW)
    control.raise_trouble(CREDITS, "none left", NOW)
    control.clear_trouble(NOW)
    assert not control.claim_alert(CREDITS, "a", NOW)


def test_a_trouble_that_comes_and_goes_is_told_once_an_hour(control: Control) -> None:
    control.raise_trouble(CREDITS, "none left", NOW)
    control.claim_alert(CREDITS, "a", NOW)
    control.clear_trouble(NOW)
    back = control.raise_trouble(CREDITS, "none left", NOW + 60)
    assert not back.wants_alert(NOW + 60)
    assert back.wants_alert(NOW + QUIET_SECONDS)
    assert control.raise_trouble("API_KEY_REJECTED", "bad key", NOW + 61).wants_alert(NOW + 61)


def test_finished_jobs_correct_the_expectation(control: Control) -> None:
    control.learn(100, 150)
    control.learn(100, 170)
    assert learned(control) == learn(*learn(1, 0, 100, 150), 100, 170)


def test_a_lesson_learned_in_between_is_not_lost(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    stale, real = [control.look()], control.look
    control.learn(100, 150)
    monkeypatch.setattr(control, "look", lambda: stale.pop() if stale else real())
    control.learn(100, 170)
    assert learned(control) == learn(*learn(1, 0, 100, 150), 100, 170)


def test_courtesies_never_raise(client: "DynamoDBClient") -> None:
    nowhere = Control(client, "no-such-table", 2)
    nowhere.shut_gate("RATE_LIMIT", NOW)
    nowhere.clear_trouble(NOW)
    nowhere.learn(100, 150)


def test_the_item_is_where_people_look_for_it(control: Control, client: "DynamoDBClient") -> None:
    take(control, "a")
    assert Items(client, TABLE).read("#control", consistent=True)["held"] == {"a": NOW + 100}
