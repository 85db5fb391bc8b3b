"""When to look at a request: rarely, and promptly once it is done. Pure functions, times in seconds.

A look costs a request of the account's rate limit, a late look costs the user time. For a given price of
a look the best gap is sqrt(2 * price / hazard), the hazard being the chance to finish in the next second.
The curve below follows the gaps that a dynamic program finds best when it must serve jobs of an
unknown spread: the first look comes at about half the expected time, the gaps shrink as the finish gets
likely, and grow again when the job is so late that nothing is known of it any more. They grow with the
square root of the expected duration, so a job five times as long has twice the looks and twice the delay.
`python -m benchmarks.polling` measures what the curve is worth.
"""

import math

DEFAULT_SPREAD = 0.3
"""Coefficient of variation of the durations. The true one is unpublished; 0.3 serves 0.2 to 0.4."""

_FIRST_LOOK = 1.55  # spreads before the expected end; hardly a job is done by then
_GAP = 1.17  # times sqrt(spread * expected): the gap around the expected end
_SHRINK = 0.45  # over the spread: how steeply the gaps fall towards the expected end
_GROW = 0.02  # how soon they grow again: they are shortest at about 1.5 times the expected duration

_FASTEST, _SLOWEST = 0.2, 5.0
_SETTLED = 10


def next_wait(
    expected_seconds: float,
    elapsed_seconds: float,
    deadline_seconds: float,
    *,
    spread: float = DEFAULT_SPREAD,
) -> int:
    """Return the whole seconds (at least 1) from now to the next look at a request.

    `elapsed_seconds` and `deadline_seconds` count from the POST. No wait passes the deadline: the last
    look is on it, and the caller asks for none after it. `spread` is the coefficient of variation of the
    durations around `expected_seconds`, between 0.05 and 0.6.
    """
    first_look = expected_seconds * (1 - _FIRST_LOOK * spread)
    if elapsed_seconds < first_look:
        wait = math.ceil(first_look - elapsed_seconds)
    else:
        wait = round(_gap(expected_seconds, elapsed_seconds / expected_seconds, spread))
    return max(1, min(wait, math.floor(deadline_seconds - elapsed_seconds)))


def _gap(expected: float, late: float, spread: float) -> float:
    """Return the gap after a look at `late` times the expected duration (1.0: just when it should end)."""
    return _GAP * math.sqrt(spread * expected) * (math.pow(late, -_SHRINK / spread) + _GROW * late**3)


def expected_seconds(output_seconds: float, base: float, per_second: float, ratio: float = 1.0) -> float:
    """Return how long Segmind should take for `output_seconds` of video: a line, corrected by `ratio`.

    `base` and `per_second` are the stack's parameters, `ratio` is what `learn` made of finished jobs.
    """
    return max(1.0, (base + per_second * output_seconds) * ratio)


def learn(ratio: float, n: int, predicted: float, actual: float) -> tuple[float, int]:
    """Return the running mean of actual over predicted seconds, and its count, after one more job.

    `predicted` is the plain line, uncorrected by any ratio: a mean of corrected predictions would
    settle at the root of the truth. The start value counts like one job, later ones are forgotten at a
    tenth a job, and no single job counts for more than 5 times or less than a fifth of its prediction.
    """
    seen = min(max(actual / predicted, _FASTEST), _SLOWEST)
    return ratio + (seen - ratio) / min(n + 2, _SETTLED), n + 1
