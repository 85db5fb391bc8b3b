"""How long a job that may not POST yet waits before it asks again. Pure functions, times in seconds.

Whoever asks at the right moment gets the free slot; there is no queue. Pauses grow with the time that a
job has waited, so that a thousand jobs cost little while ten of them run, but no more than sixfold: a
newcomer's advantage stays small and short. In the second half of its patience a job asks as often as its
execution history allows, so under a lasting overload the oldest go first and nobody starves.
"""

import math
import random

SHORTEST_SECONDS = 20.0
LONGEST_SECONDS = 120.0
"""A free slot waits for the next asker: a minute on average when one job is left in the queue. Only where a
job may wait for longer than two days are its pauses longer, as its history must hold them all."""
GROWTH = 0.1
"""A pause as a share of the time waited so far."""
MOST_TRIES = 1450
"""Of the oldest. A try takes 9 of the 25,000 events that an execution may have (Step Functions quotas), and
the rest of the way needs nearly half of them (`python -m local.longest_way`)."""
RATE_GATE_SECONDS = 60.0
"""For how long nobody POSTs after a 429 that named no time: the limits are per minute."""
MOST_ERRORS = 10
"""How many POSTs of one job may be answered 500 or 502: each of them may have been accepted all the same."""


def pause(waited_seconds: float, patience_seconds: float, rng: random.Random) -> float:
    """Return the pause of a job that has waited `waited_seconds` of at most `patience_seconds`.

    By chance it is up to a half longer or shorter: jobs that were dropped together part.
    """
    oldest = patience_seconds / MOST_TRIES
    usual = oldest if waited_seconds > patience_seconds / 2 else waited_seconds * GROWTH
    longest = max(LONGEST_SECONDS, oldest)
    return min(max(usual, SHORTEST_SECONDS), longest) * rng.uniform(0.5, 1.5)


def error_pause(errors: int, span_seconds: float, rng: random.Random) -> float:
    """Return the pause after the `errors`-th answer that may be this very job's fault.

    The pauses double, and the `MOST_ERRORS` tries that a job has span `span_seconds` (2.8 minutes, 5.6, …,
    12 hours for a day): an outage of hours costs no job all its tries. Jitter of a quarter.
    """
    first = span_seconds / (2.0 ** (MOST_ERRORS - 1) - 1)
    return first * math.pow(2, errors - 1) * rng.uniform(0.75, 1.0)
