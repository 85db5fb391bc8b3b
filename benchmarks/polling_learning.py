"""What the correction of the expected duration is worth when the two coefficients are wrong."""

import numpy as np

from benchmarks.polling_simulation import MEAN_SECONDS, Floats, Score, durations, look_times, ours, score
from lipdrop.timing.poll_intervals import learn

STACKS = 100
JOBS = 40
SETTLED_AFTER = 10


def learned(wrong_by: float, cv: float, seed: int) -> tuple[Score, Score]:
    """Return the scores of a stack's first jobs and of its later ones.

    Each of `STACKS` stacks starts with an expected duration of `wrong_by` times the true mean and runs
    `JOBS` jobs, one after the other. It learns from when it saw the end, not from when the end was.
    """
    early: list[Floats] = []
    later: list[Floats] = []
    for stack in range(STACKS):
        looks = _one_stack(wrong_by * MEAN_SECONDS, durations(MEAN_SECONDS, cv, JOBS, seed + stack))
        early.append(looks[:SETTLED_AFTER])
        later.append(looks[SETTLED_AFTER:])
    return _mean(np.concatenate(early)), _mean(np.concatenate(later))


def _one_stack(predicted: float, seconds: Floats) -> Floats:
    """Return looks and delay of each job."""
    ratio, count = 1.0, 0
    rows = np.empty((len(seconds), 2))
    for row, actual in zip(rows, seconds, strict=True):
        found = score(look_times(ours, predicted * ratio), np.array([actual]))
        row[:] = found.polls, found.delay
        ratio, count = learn(ratio, count, predicted, float(actual) + found.delay)
    return rows


def _mean(rows: Floats) -> Score:
    polls, delay = rows.mean(axis=0)
    return Score(float(polls), float(delay), float(np.percentile(rows[:, 1], 95)))
