"""Many jobs at once: the rate limit, the slots, jobs that only get errors, and an overload."""

import random

import pytest

from lipdrop.model.task_outputs import Rejected
from lipdrop.segmind.errors import AccountTrouble
from tests.support.crowd import START, Crowd


@pytest.mark.parametrize("spread", [0.2, 0.4])
def test_300_jobs_through_10_slots_under_50_requests_a_minute(spread: float) -> None:
    crowd = Crowd(slots=10, spread=spread)
    crowd.run(300)
    assert len(crowd.completed) == 300
    assert crowd.most_held == 10
    assert crowd.limited / sum(crowd.minutes.values()) < 0.01
    assert crowd.now - START < 1.1 * crowd.ideal_seconds(300)


def test_more_slots_than_the_rate_limit_bears_cost_time_and_no_job() -> None:
    crowd = Crowd(slots=30)
    crowd.run(200)
    assert len(crowd.completed) == 200
    assert crowd.limited > 0


def test_under_a_lasting_overload_nobody_starves() -> None:
    crowd = Crowd(slots=10)
    crowd.run(400, seconds_between=20)  # a quarter more than 10 slots can do
    assert len(crowd.completed) == 400
    assert crowd.now - START < 1.1 * crowd.ideal_seconds(400)


FORBIDDEN = AccountTrouble("Forbidden.", own_code="REQUEST_REJECTED", http_status=403)
TOO_LONG = AccountTrouble(
    "Video duration exceeds 300 seconds.",
    code="INSUFFICIENT_CREDITS",
    own_code="REQUEST_REJECTED",
    http_status=406,
)


@pytest.mark.parametrize("poison", [FORBIDDEN, TOO_LONG])
def test_20_poisoned_jobs_hold_30_good_ones_back_by_a_tenth_at_most(poison: AccountTrouble) -> None:
    poisoned = frozenset(number for number in range(50) if number % 5 < 2)
    alone_seconds = mixed_seconds = 0.0
    for seed in range(6):
        alone = Crowd(slots=10, rng=random.Random(seed))
        alone.run(30)
        alone_seconds += alone.now - START
        mixed = Crowd(slots=10, rng=random.Random(seed), poison=poison, poisoned=poisoned)
        mixed.run(50)
        good_end = max(mixed.ended_at[number] for number in mixed.completed)
        mixed_seconds += good_end - START

        assert mixed.completed == set(range(50)) - poisoned
        assert len([at for at in mixed.alerts if at <= good_end]) <= 1
        assert all(isinstance(mixed.ends[number], Rejected) for number in poisoned)
        assert mixed.posts < 30 + 20 * 10
    assert mixed_seconds < 1.1 * alone_seconds
