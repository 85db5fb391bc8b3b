"""Pauses: growing, bounded, scattered, and in the second half of a job's patience short again."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.timing.queue_backoff import LONGEST_SECONDS, MOST_ERRORS, SHORTEST_SECONDS, error_pause, pause

DAY = 86_400.0
EVENTS_OF_AN_EXECUTION, EVENTS_OF_A_TRY = 25_000, 9


class Middle(random.Random):
    """No chance: the middle of every range."""

    def uniform(self, a: float, b: float) -> float:
        """Return the middle."""
        return (a + b) / 2


def tries(patience: float) -> list[float]:
    """Return the moments at which a job asks that never gets a slot."""
    moments, now, rng = [], 0.0, random.Random(1)
    while now < patience:
        moments.append(now)
        now += pause(now, patience, rng)
    return moments


def test_pauses_grow_sixfold_and_no_further() -> None:
    pauses = [pause(waited, DAY, Middle()) for waited in (0, 200, 600, 1200, 7200)]
    assert pauses == [SHORTEST_SECONDS, SHORTEST_SECONDS, 60, LONGEST_SECONDS, LONGEST_SECONDS]


def test_the_oldest_ask_more_often_than_the_middle_aged() -> None:
    assert pause(0.6 * DAY, DAY, Middle()) < pause(0.4 * DAY, DAY, Middle()) / 2


@given(st.floats(0, DAY), st.integers())
def test_jobs_of_one_drop_part(waited: float, seed: int) -> None:
    usual = pause(waited, DAY, Middle())
    assert usual / 2 <= pause(waited, DAY, random.Random(seed)) <= usual * 1.5


@pytest.mark.parametrize("hours", [1, 24, 72])
def test_a_job_that_never_gets_a_slot_stays_within_its_history(hours: int) -> None:
    assert len(tries(hours * 3600)) * EVENTS_OF_A_TRY < EVENTS_OF_AN_EXECUTION * 0.8


def test_the_tries_of_a_job_that_is_answered_with_errors_span_its_patience() -> None:
    pauses = [error_pause(errors, DAY, random.Random(errors)) for errors in range(1, MOST_ERRORS)]
    assert 0.75 * DAY < sum(pauses) <= DAY
    assert all(1.4 < later / earlier < 2.7 for earlier, later in itertools.pairwise(pauses))
