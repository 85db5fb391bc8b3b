"""The account's rate limit: a fixed window, counted from the first request in it."""

import time
from collections.abc import Callable


class Window:
    """Counts requests; nothing but the current window is remembered."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._start = 0.0
        self._count = 0

    def full_until(self, allowed: int, seconds: float) -> float | None:
        """Count one request; return None, or when the window ends (epoch s) if it is one too many."""
        now = self._clock()
        if now >= self._start + seconds:
            self._start, self._count = now, 0
        if allowed and self._count >= allowed:
            return self._start + seconds
        self._count += 1
        return None
