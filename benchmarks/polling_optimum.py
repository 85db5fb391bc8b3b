"""The best that any schedule can do when the spread is known exactly: the lower bound of the plot."""

import math

import numpy as np

from benchmarks.polling_simulation import MEAN_SECONDS, Floats

_HORIZON = 1600
_LONGEST_GAP = 400


def optimal_times(cv: float, price: float) -> Floats:
    """Return the look times that minimise mean delay + `price` seconds a look, by dynamic programming.

    Whole seconds; backwards over the time of the last look, for lognormal jobs of the mean duration.
    """
    alive = _survival(cv)
    area = np.concatenate([[0.0], np.cumsum((alive[1:] + alive[:-1]) / 2)])
    cost = np.zeros(_HORIZON + 1)
    following = np.zeros(_HORIZON + 1, dtype=np.int64)
    for now in range(_HORIZON - 1, -1, -1):
        then = np.arange(now + 1, min(now + _LONGEST_GAP, _HORIZON) + 1)
        delay = (then - now) * alive[now] - (area[then] - area[now])
        total = price * alive[now] + delay + cost[then]
        best = int(np.argmin(total))
        cost[now], following[now] = total[best], then[best]
    times = [int(following[0])]
    while times[-1] < _HORIZON:
        times.append(int(following[times[-1]]))
    return np.array(times, dtype=np.float64)


def _survival(cv: float) -> Floats:
    """Return the share of jobs still running after each second."""
    sigma = math.sqrt(math.log(1 + cv * cv))
    centre = math.log(MEAN_SECONDS) - sigma * sigma / 2
    later = [0.5 * math.erfc((math.log(t) - centre) / sigma / math.sqrt(2)) for t in range(1, _HORIZON + 1)]
    return np.array([1.0, *later])
