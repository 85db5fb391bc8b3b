"""From a finished request to a stored video: fetch, copy, verify, and retry where that may help.

A result is asked for at Segmind first, and at the address that the ledger remembers where Segmind does not
answer or has forgotten the request: the file outlives the request's record by days. One call tries for
minutes; what it could not get comes back as a `Miss`, which says for how long further calls make sense.
"""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from lipdrop.download.errors import SourceError
from lipdrop.model.job import Job
from lipdrop.results.copy_limits import Limits
from lipdrop.results.fetch import Earlier, Fetch, FetchParts, StoredResult
from lipdrop.results.misses import PAUSES, Miss
from lipdrop.results.results_bucket import StoredVideo
from lipdrop.results.salvage import salvage
from lipdrop.segmind.errors import SegmindError

SHORTEST_ATTEMPT_SECONDS = 20
"""What the first attempt has at least, out of the time that the function reserves for what follows."""


class Storer(FetchParts, frozen=True, kw_only=True):
    """Everything that is needed to store results."""

    limits: Limits
    clock: Callable[[], float]
    pause: Callable[[float], None]

    def store(
        self, job: Job, request_id: str, ends_at: float, earlier: Earlier, *, attempts: int = len(PAUSES) + 1
    ) -> StoredResult | Miss:
        """Return the job's stored video, or why there is none now; makes at least one real attempt.

        It makes at most `attempts`, and begins none after `ends_at` (epoch seconds) but the first. A video
        of this very job and request that is at its place already is taken as it is. Raises only what is
        neither Segmind's, the source's nor S3's fault.
        """
        call = Fetch(self, job, request_id, earlier)
        pauses, misses = iter(PAUSES), Counter[str]()
        for number in itertools.count(1):
            outcome = call.attempt(self._limits(number, ends_at))
            if isinstance(outcome, StoredResult):
                return outcome
            pause = max(next(pauses, math.inf), outcome.retry_at - self.clock())
            misses[outcome.failure.code] += 1
            enough = misses[outcome.failure.code] >= outcome.attempts or number >= attempts
            if enough or self.clock() + pause >= ends_at:
                return _counted(outcome, number)
            self.pause(pause)
        raise AssertionError("itertools.count never ends")

    def salvage(self, job: Job, request_id: str, ends_at: float, earlier: Earlier) -> StoredVideo | None:
        """Store what can be had of the result, complete or not, as an unverified file; None if nothing can.

        Never raises for Segmind's, the source's or S3's faults: this is the last thing that is done for a
        job that fails anyway.
        """
        call = Fetch(self, job, request_id, earlier)
        try:
            return salvage(call.source(call.body()), self.results, call.target(), self._limits(1, ends_at))
        except (SourceError, SegmindError, ClientError, BotoCoreError):
            return None

    def _limits(self, number: int, ends_at: float) -> Limits:
        """Return the limits of one attempt: after two that went wrong the plainest way, a single stream."""
        connections = self.limits.connections if number <= 2 else 1
        left = max(ends_at - self.clock(), SHORTEST_ATTEMPT_SECONDS)
        return msgspec.structs.replace(self.limits, ends_at=time.monotonic() + left, connections=connections)


def _counted(missed: Miss, attempts: int) -> Miss:
    """Return `missed` with the number of attempts in its message, where there were several."""
    if attempts == 1:
        return missed
    message = f"{missed.failure.message} (Tried {attempts} times.)"
    return msgspec.structs.replace(missed, failure=msgspec.structs.replace(missed.failure, message=message))
