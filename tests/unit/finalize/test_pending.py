"""How long, and in which steps, a paid result is waited for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.finalize.pending import Lifetime
from lipdrop.results.misses import Patience

LIFE = Lifetime(record_ends=3600, link_ends=3600 + 72 * 3600)


@pytest.mark.parametrize(
    ("patience", "linked", "until"),
    [
        ("none", True, float("-inf")),
        ("record", True, 3600),
        ("gone", True, 7200),
        ("link", True, LIFE.link_ends),
        ("link", False, 3600),
        ("gone", False, 3600),
    ],
)
def test_nothing_is_final_before_the_last_time_that_can_bring_the_result(
    patience: Patience, linked: bool, until: float
) -> None:
    assert LIFE.until(patience, linked=linked) == until


def test_a_short_link_life_ends_before_the_hour_of_a_file_that_is_gone() -> None:
    assert Lifetime(record_ends=3600, link_ends=4000).until("gone", linked=True) == 4000


@given(st.floats(0, 3600 * 73), st.integers(0, 10_000))
def test_no_pause_goes_beyond_the_record_s_end_or_the_last_time(now: float, waits: int) -> None:
    seconds = LIFE.pause(now, waits, LIFE.link_ends)
    assert 1 <= seconds <= 1800
    for end in (LIFE.record_ends, LIFE.link_ends):
        if now < end:
            assert now + seconds <= end + 2


def test_the_tries_of_one_result_are_a_few_in_the_first_hour_and_two_an_hour_later() -> None:
    now, times = 0.0, []
    for waits in itertools.count():
        now += LIFE.pause(now, waits, LIFE.link_ends)
        times.append(now)
        if now >= LIFE.link_ends:
            break
    assert len([at for at in times if at < 3600]) < 15
    assert len(times) < 170
    assert max(at for at in times if at < 3600) > 3480, (
        "one of the last looks is in the record's last minutes"
    )
