"""Simulated jobs, and the schedules that look at them."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lipdrop.timing.poll_intervals import next_wait

MEAN_SECONDS = 222.0
"""What the model's page says of its example."""
DEADLINE_SECONDS = 3300

type Floats = NDArray[np.float64]
type Schedule = Callable[[float, float, int], float]
"""(expected seconds, elapsed seconds, looks so far) -> seconds to the next look."""


class Score(NamedTuple):
    """Looks a job, and seconds from a job's finish to the look that sees it: mean and 95th percentile."""

    polls: float
    delay: float
    delay_p95: float


def ours(expected: float, elapsed: float, _looks: int) -> float:
    """Lipdrop's schedule."""
    return next_wait(expected, elapsed, DEADLINE_SECONDS)


def every(seconds: float) -> Schedule:
    """Return the schedule with a fixed gap."""
    return lambda _expected, _elapsed, _looks: seconds


def backoff(first: float, factor: float, cap: float) -> Schedule:
    """Return exponential backoff."""
    return lambda _expected, _elapsed, looks: min(first * factor ** min(looks, 50), cap)


def first_then(first: float, gap: float) -> Schedule:
    """Return one long wait, then a fixed gap."""
    return lambda _expected, elapsed, _looks: gap if elapsed >= first else first


SCHEDULES: dict[str, Schedule] = {
    "Lipdrop": ours,
    "every 2 s (model page)": every(2),
    "every 1 s (SDK)": every(1),
    "every 30 s": every(30),
    "backoff x1.5, cap 60 s": backoff(5, 1.5, 60),
    "first 120 s, then 15 s": first_then(120, 15),
}


def durations(mean: float, cv: float, count: int, seed: int) -> Floats:
    """Return `count` lognormal durations with that mean and coefficient of variation."""
    sigma = math.sqrt(math.log(1 + cv * cv))
    return np.random.default_rng(seed).lognormal(math.log(mean) - sigma * sigma / 2, sigma, count)


def look_times(schedule: Schedule, expected: float) -> Floats:
    """Return the seconds after the POST at which a job that never ends is looked at, up to the deadline."""
    times: list[float] = []
    elapsed = 0.0
    while elapsed < DEADLINE_SECONDS:
        elapsed += min(schedule(expected, elapsed, len(times)), DEADLINE_SECONDS - elapsed)
        times.append(elapsed)
    return np.array(times)


def score(times: Floats, seconds: Floats) -> Score:
    """Return how the looks at `times` do for jobs that take `seconds`."""
    seen = np.searchsorted(times, seconds)
    late = times[np.minimum(seen, len(times) - 1)] - seconds
    return Score(float(np.mean(seen + 1)), float(np.mean(late)), float(np.percentile(late, 95)))
