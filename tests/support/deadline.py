"""Wait for something to happen by asking for it, never by sleeping a guessed time."""

import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.01


def until[T](ask: Callable[[], T | None], seconds: float = 20) -> T:
    """Return the first answer that is not None; raises TimeoutError when there is none within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (answer := ask()) is not None:
            return answer
        time.sleep(_PAUSE_SECONDS)
    raise TimeoutError(f"nothing happened within {seconds} seconds")
