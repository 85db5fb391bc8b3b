"""When to look: the shape of the schedule, its bounds, its measured worth, and what finished jobs teach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.polling_simulation import MEAN_SECONDS, durations, look_times, ours, score
from lipdrop.timing.poll_intervals import expected_seconds, learn, next_wait

DEADLINE = 3300


@pytest.mark.parametrize(("cv", "most_polls", "longest_delay"), [(0.2, 9.0, 5.5), (0.4, 12.0, 7.0)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_fixed_schedule_is_prompt_and_sparing_at_both_spreads(
    cv: float, most_polls: float, longest_delay: float, seed: int
) -> None:
    found = score(look_times(ours, MEAN_SECONDS), durations(MEAN_SECONDS, cv, 100_000, seed))
    assert found.polls <= most_polls
    assert found.delay <= longest_delay


def test_knowing_the_spread_makes_it_better_still() -> None:
    def known(expected: float, elapsed: float, _looks: int) -> float:
        return next_wait(expected, elapsed, DEADLINE, spread=0.2)

    seconds = durations(MEAN_SECONDS, 0.2, 100_000, 1)
    default, informed = (score(look_times(schedule, MEAN_SECONDS), seconds) for schedule in (ours, known))
    assert informed.polls < default.polls
    assert informed.delay < default.delay


def test_the_first_look_is_late_then_gaps_shrink_and_grow_again_in_the_tail() -> None:
    looks = look_times(ours, MEAN_SECONDS)
    gaps = looks[1:] - looks[:-1]
    shortest = int(gaps.argmin())

    assert 0.5 * MEAN_SECONDS < looks[0] < 0.6 * MEAN_SECONDS
    assert all(gaps[: shortest + 1] == sorted(gaps[: shortest + 1], reverse=True))
    assert 1.2 * MEAN_SECONDS < looks[shortest] < 2 * MEAN_SECONDS
    assert all(gaps[shortest:-1] == sorted(gaps[shortest:-1]))
    assert gaps[-2] > 30


@pytest.mark.parametrize("expected", [1.0, 60.0, 222.0, 1210.0, 5000.0])
def test_a_job_that_never_ends_gets_its_last_look_on_the_deadline_after_a_bounded_number(
    expected: float,
) -> None:
    looks = look_times(ours, expected)
    assert looks[-1] == DEADLINE
    assert len(looks) < 200


@pytest.mark.parametrize("wrong_by", [0.5, 2.0])
def test_an_expectation_wrong_by_a_factor_of_two_costs_looks_or_seconds_but_not_both(wrong_by: float) -> None:
    seconds = durations(MEAN_SECONDS, 0.2, 20_000, 1)
    found = score(look_times(ours, wrong_by * MEAN_SECONDS), seconds)
    assert found.polls < 40
    assert found.delay < 40


@given(
    expected=st.floats(1, 100_000),
    elapsed=st.floats(0, 10_000),
    deadline=st.floats(1, 10_000),
    spread=st.floats(0.05, 0.6),
)
def test_every_wait_is_at_least_a_second_and_none_passes_the_deadline(
    expected: float, elapsed: float, deadline: float, spread: float
) -> None:
    wait = next_wait(expected, elapsed, deadline, spread=spread)
    assert wait >= 1
    assert wait == 1 or elapsed + wait <= deadline


@given(expected=st.floats(30, 3000))
def test_a_job_five_times_as_long_has_about_twice_the_looks_by_its_expected_end(expected: float) -> None:
    def looks_until_expected_end(seconds: float) -> int:
        looks = look_times(lambda e, t, _: next_wait(e, t, 10 * e), seconds)
        return int((looks <= seconds).sum())

    shorter, longer = looks_until_expected_end(expected / 5), looks_until_expected_end(expected)
    assert longer <= 3 * shorter + 2


def test_the_expected_duration_is_a_line_times_what_was_learned() -> None:
    assert expected_seconds(33, 100, 3.7) == pytest.approx(222.1)
    assert expected_seconds(33, 100, 3.7, 2.0) == pytest.approx(444.2)
    assert expected_seconds(0, 0, 0) == 1.0


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.0])
def test_the_running_mean_finds_the_truth_from_jobs_of_any_length(truth: float) -> None:
    ratio, n = 1.0, 0
    for job in range(40):
        predicted = 100.0 + 10 * job
        ratio, n = learn(ratio, n, predicted, truth * predicted)
    assert ratio == pytest.approx(truth, rel=0.01)
    assert n == 40


def test_the_running_mean_forgets_what_segmind_was_like_once() -> None:
    ratio, n = 1.0, 1000
    for _ in range(30):
        ratio, n = learn(ratio, n, 200.0, 500.0)
    assert ratio == pytest.approx(2.5, rel=0.03)


@pytest.mark.parametrize(("actual", "counted"), [(0.0, 0.2), (1e9, 5.0)])
def test_one_absurd_job_counts_for_no_more_than_a_factor_of_five(actual: float, counted: float) -> None:
    ratio, n = learn(1.0, 0, 222.0, actual)
    assert ratio == pytest.approx((1.0 + counted) / 2)
    assert n == 1
