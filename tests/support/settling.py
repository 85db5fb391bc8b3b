"""Wait until nothing more can happen: every upload was processed, and no execution runs."""

import time

from local.stack import Stack
from tests.support.journey import settled
from tests.support.mishaps import physical

WOKEN_BY_THE_STATE_MACHINE = ("Request", "CheckStatus", "Finalize")
AT_ONCE = 8


def restrain(stack: Stack) -> None:
    """Let each function that the state machine wakes run AT_ONCE times at once; it tries the others again.

    The local AWS starts a Python process for every further one, which takes half a second of a core.
    """
    for function in WOKEN_BY_THE_STATE_MACHINE:
        stack.client("lambda").put_function_concurrency(
            FunctionName=physical(stack, function), ReservedConcurrentExecutions=AT_ONCE
        )


class Uploads:
    """Counts the uploads that `submit` is done with from now on."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._group = physical(stack, "SubmitLogs")
        self._before = self._done()

    def wait(self, count: int, *, seconds: float = 180) -> None:
        """Wait until `submit` is done with `count` uploads."""
        deadline = time.monotonic() + seconds
        while (done := self._done() - self._before) < count:
            assert time.monotonic() < deadline, f"{done} of {count} uploads handled after {seconds} s"
            time.sleep(0.3)

    def settle(self, count: int, *, seconds: float = 180) -> None:
        """Wait until `submit` is done with `count` uploads and no execution runs: nothing more can come."""
        self.wait(count, seconds=seconds)
        settled(self._stack, seconds=seconds)

    def _done(self) -> int:
        """Return how many invocations have ended, by the lines that Lambda itself writes."""
        pages = (
            self._stack.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=self._group, filterPattern="REPORT")
        )
        return sum(event["message"].startswith("REPORT ") for page in pages for event in page["events"])
