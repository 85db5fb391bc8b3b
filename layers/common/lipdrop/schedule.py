"""When to look at a request: rarely, and promptly once it is done. Pure functions, times in seconds."""

import math

DEFAULT_SPREAD = 0.3


def next_wait(
    expected_seconds: float,
    elapsed_seconds: float,
    deadline_seconds: float,
    *,
    spread: float = DEFAULT_SPREAD,
) -> int:
    """Return the whole seconds (at least 1) from now to the next look at a request.

    `elapsed_seconds` and `deadline_seconds` count from the POST. No wait passes the deadline: the last
    look is on it, and the caller asks for none after it.
    """
    wait = max(expected_seconds * 0.7 - elapsed_seconds, expected_seconds * spread / 8)
    return max(1, math.floor(min(wait, deadline_seconds - elapsed_seconds)))


def expected_seconds(output_seconds: float, base: float, per_second: float, ratio: float = 1.0) -> float:
    """Return how long Segmind should take for `output_seconds` of video: a line, corrected by `ratio`."""
    return (base + per_second * output_seconds) * ratio


def learn(ratio: float, n: int, predicted: float, actual: float) -> tuple[float, int]:
    """Return the running mean of actual over predicted, and its count, after one more finished job."""
    weight = 1 / min(n + 1, 20)
    seen = min(max(actual / predicted, 0.1), 10.0)
    return ratio * (1 - weight) + seen * weight, n + 1
