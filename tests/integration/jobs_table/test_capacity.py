"""What all jobs share: slots, the gate, the account's trouble, the learned ratio."""

from typing import TYPE_CHECKING

import pytest

from lipdrop.jobs_table.capacity import BURIED_AT_ONCE, Capacity
from lipdrop.jobs_table.capacity_snapshot import (
    ALONE_SECONDS,
    CLAIM_SECONDS,
    FIRST_PROBE_SECONDS,
    OUTAGE_SECONDS,
    PROBE_SECONDS,
    QUIET_SECONDS,
    REPEAT_SECONDS,
    Blocked,
    CapacitySnapshot,
    Slot,
    Trouble,
)
from lipdrop.jobs_table.table import JobsTable, OvertakenError
from lipdrop.timing.poll_intervals import learn
from tests.support.jobs_table import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0
CREDITS, KEY = "INSUFFICIENT_CREDITS", "API_KEY_REJECTED"


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


def test_a_job_that_others_overtake_each_time_gets_no_slot(
    capacity: Capacity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: object) -> None:
        raise OvertakenError({"held": {}})

    monkeypatch.setattr(Capacity, "_take", overtaken)

    assert reason(take(capacity, "a")) == "SLOTS"
    assert held(capacity) == set()


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


def test_during_trouble_one_job_at_a_time_probes_at_first_often_then_each_two_minutes(
    capacity: Capacity,
) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    assert reason(take(capacity, "a", now=NOW + 1)) == "ACCOUNT"

    probe_at = NOW + FIRST_PROBE_SECONDS
    pauses = []
    while probe_at < NOW + 3600:
        assert isinstance(take(capacity, "a", now=probe_at), Slot)
        blocked = take(capacity, "b", now=probe_at)
        assert isinstance(blocked, Blocked)
        assert blocked.reason == "ACCOUNT"
        pauses.append(blocked.until - probe_at)
        probe_at = blocked.until
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_PROBE_SECONDS, PROBE_SECONDS)
    assert len(pauses) < 60


def test_a_job_that_has_met_the_trouble_probes_less_often_than_one_that_has_not(capacity: Capacity) -> None:
    seen = capacity.raise_trouble(CREDITS, "none left", NOW)
    later = NOW + FIRST_PROBE_SECONDS
    assert capacity.blocked(seen, "fresh", later) is None
    blocked = capacity.blocked(seen, "met", later, met=True)
    assert blocked is not None
    assert blocked.until == NOW + PROBE_SECONDS


def test_two_probers_at_once_end_in_one(capacity: Capacity, monkeypatch: pytest.MonkeyPatch) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    stale = CapacitySnapshot(
        held={}, trouble=capacity.snapshot().trouble, not_before=capacity.snapshot().not_before
    )
    probe_at = NOW + FIRST_PROBE_SECONDS
    assert isinstance(take(capacity, "a", now=probe_at), Slot)
    monkeypatch.setattr(capacity, "snapshot", lambda: stale)
    assert reason(take(capacity, "b", now=probe_at)) == "ACCOUNT"


def test_trouble_keeps_its_beginning_whatever_codes_take_turns(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    same = capacity.raise_trouble(CREDITS, "still none", NOW + 5).trouble
    other = capacity.raise_trouble(KEY, "bad key", NOW + 6).trouble
    assert same == other == Trouble(code=CREDITS, message="none left", since=NOW)


def test_trouble_ends_for_all_when_a_job_gets_through(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.got_through(NOW + 1)
    assert isinstance(take(capacity, "a", now=NOW + 1), Slot)
    assert capacity.snapshot().through_at == NOW + 1


def test_a_job_that_gets_through_in_peace_writes_nothing(
    capacity: Capacity, client: "DynamoDBClient"
) -> None:
    take(capacity, "a")
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    capacity.got_through(NOW)
    assert calls == ["GetItem"]


def account_error(capacity: Capacity, job: str, now: float = NOW, met_at: float = 0) -> str:
    return capacity.report_account_error(job, KEY, "bad key", now, met_at=met_at)[0]


def test_the_first_job_that_meets_account_trouble_leaves_the_gate_open(capacity: Capacity) -> None:
    assert account_error(capacity, "a") == "SUSPECT"
    assert account_error(capacity, "a", NOW + 60, met_at=NOW) == "WAIT"
    assert capacity.snapshot().trouble is None
    assert isinstance(take(capacity, "b"), Slot)


def test_the_second_job_shuts_it_for_all(capacity: Capacity) -> None:
    account_error(capacity, "a")
    assert account_error(capacity, "b", NOW + 60) == "SHUT"
    assert reason(take(capacity, "c", now=NOW + 60)) == "ACCOUNT"
    assert capacity.snapshot().trouble == Trouble(code=KEY, message="bad key", since=NOW)


def test_a_job_that_is_alone_with_it_for_15_minutes_stands_for_all(capacity: Capacity) -> None:
    account_error(capacity, "a")
    assert account_error(capacity, "a", NOW + ALONE_SECONDS - 1, met_at=NOW) == "WAIT"
    assert account_error(capacity, "a", NOW + ALONE_SECONDS, met_at=NOW) == "SHUT"


def test_if_another_job_gets_through_the_trouble_is_the_jobs_own(capacity: Capacity) -> None:
    account_error(capacity, "a")
    capacity.got_through(NOW + 30)
    assert account_error(capacity, "a", NOW + 60, met_at=NOW) == "PASSED"
    assert account_error(capacity, "b", NOW + 70) == "SUSPECT"


def test_trouble_that_is_surely_everybodys_shuts_at_once(capacity: Capacity) -> None:
    assert capacity.report_account_error("a", KEY, "no key", NOW, met_at=0, sure=True)[0] == "SHUT"


def test_two_jobs_that_meet_server_errors_mean_an_outage_unless_one_gets_through(capacity: Capacity) -> None:
    assert capacity.report_server_error("a", NOW) == "SUSPECT"
    assert capacity.report_server_error("a", NOW + 60) == "WAIT"
    assert capacity.report_server_error("b", NOW + 90) == "SHUT"
    capacity.got_through(NOW + 100)
    assert capacity.report_server_error("b", NOW + 110) == "SUSPECT"
    assert capacity.report_server_error("c", NOW + 110 + OUTAGE_SECONDS + 1) == "SUSPECT"


def test_one_job_tells_of_a_trouble_and_may_repeat_itself(capacity: Capacity) -> None:
    assert capacity.raise_trouble(CREDITS, "none left", NOW).wants_alert(NOW)
    assert [capacity.claim_alert(CREDITS, job, NOW) for job in ("a", "b", "a")] == [True, False, True]
    assert not capacity.snapshot().wants_alert(NOW)


def test_an_alert_that_could_not_be_sent_is_left_to_the_next_job(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.claim_alert(CREDITS, "a", NOW)
    later = NOW + CLAIM_SECONDS
    assert capacity.snapshot().wants_alert(later)
    assert capacity.claim_alert(CREDITS, "b", later)
    capacity.confirm_alert(CREDITS, later)
    assert not capacity.claim_alert(CREDITS, "c", later + CLAIM_SECONDS)


def told(capacity: Capacity, now: float = NOW) -> None:
    assert capacity.claim_alert(CREDITS, "a", now)
    capacity.confirm_alert(CREDITS, now)


def test_a_trouble_that_nobody_ends_is_told_again_by_a_job_that_waits_then(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    told(capacity)
    later = NOW + REPEAT_SECONDS
    assert not capacity.snapshot().wants_alert(later - 1)
    assert capacity.snapshot().wants_alert(later)
    assert [capacity.claim_alert(CREDITS, job, later) for job in ("b", "c", "b")] == [True, False, True]


def test_one_trouble_is_told_once_whatever_codes_take_turns(capacity: Capacity) -> None:
    sent = 0
    for minute in range(0, 350, 2):
        now = NOW + 60 * minute
        code = (KEY, CREDITS)[minute % 4 // 2]
        if capacity.raise_trouble(code, "no", now).wants_alert(now) and capacity.claim_alert(code, "a", now):
            capacity.confirm_alert(code, now)
            sent += 1
    assert sent == 1


def test_there_is_nothing_to_tell_of_a_trouble_that_is_over(capacity: Capacity) -> None:
    assert not capacity.claim_alert(CREDITS, "a", NOW)
    capacity.raise_trouble(CREDITS, "none left", NOW)
    capacity.got_through(NOW)
    assert not capacity.claim_alert(CREDITS, "a", NOW)


def test_a_trouble_that_comes_and_goes_is_told_once_an_hour(capacity: Capacity) -> None:
    capacity.raise_trouble(CREDITS, "none left", NOW)
    told(capacity)
    capacity.got_through(NOW)
    back = capacity.raise_trouble(KEY, "bad key", NOW + 60)
    assert not back.wants_alert(NOW + 60)
    assert back.wants_alert(NOW + QUIET_SECONDS)


def test_an_alert_about_one_job_is_always_sent(capacity: Capacity) -> None:
    assert capacity.claim_alert("CHARGED_TWICE", "a", NOW)


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
    nowhere.got_through(NOW)
    nowhere.learn(100, 150)


def test_the_item_is_where_people_look_for_it(capacity: Capacity, client: "DynamoDBClient") -> None:
    take(capacity, "a")
    assert JobsTable(client, TABLE).get_item("#control", consistent=True)["held"] == {"a": NOW + 100}
