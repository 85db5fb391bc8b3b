"""Poll a request that was paid for: one GET, and when to do the next.

Nothing that goes wrong with a look ends the job: it costs a wait. Only Segmind's own FAILED and the
deadline end it. A request that is COMPLETED at the very last look is still rescued.
"""

import math
import random
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from lipdrop.jobs_table.capacity_snapshot import Gate
from lipdrop.model.failures import failure
from lipdrop.model.task_outputs import Completed, Failed, Waiting
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import Expired, RateLimited, SegmindError
from lipdrop.timing.poll_intervals import next_wait
from lipdrop.timing.queue_backoff import RATE_GATE_SECONDS

type CheckStatusOutput = Waiting | Completed | Failed
Unfinished = Literal["QUEUED", "PROCESSING", "UNKNOWN"]


class CheckStatusInput(Struct, frozen=True, kw_only=True):
    """What the state machine asks: `polls` looks were made before this one; times as in `Accepted`."""

    job_id: str
    request_id: str
    posted_at: float
    expected_seconds: float
    polls: int = 0


class Poller(Struct, frozen=True, kw_only=True):
    """Everything `check_status` needs.

    `status` does one GET; `note_poll` and `shut_gate` are those of the ledger and the control item, and
    never raise. `deadline_seconds` and `result_life_seconds` count from the POST: the last look, and the
    age from which Segmind may have forgotten a request.
    """

    status: Callable[[str], Status]
    note_poll: Callable[[str, str, int], object]
    shut_gate: Callable[[Gate, float], object]
    deadline_seconds: float
    result_life_seconds: float
    clock: Callable[[], float]
    rng: random.Random

    def check_once(self, asked: CheckStatusInput) -> CheckStatusOutput:
        """Look once at the request, write its status into the ledger, and return what follows."""
        answer, seen = self._look(asked, asked.polls + 1)
        self.note_poll(asked.job_id, seen, asked.polls + 1)
        return answer

    def _look(self, asked: CheckStatusInput, polls: int) -> tuple[CheckStatusOutput, str]:
        """Return the answer and Segmind's status, UNKNOWN where it gave none."""
        try:
            status = self.status(asked.request_id)
        except Expired as gone:
            return self._unknown_request(asked, polls, gone), "UNKNOWN"
        except RateLimited as limit:
            # The same limit counts POSTs and looks: jobs that are not paid for yet must wait.
            self.shut_gate("RATE_LIMIT", limit.retry_at or self.clock() + RATE_GATE_SECONDS)
            return self._again(asked, polls, "UNKNOWN", limit), "UNKNOWN"
        except SegmindError as trouble:
            return self._again(asked, polls, "UNKNOWN", trouble), "UNKNOWN"
        match status.status:
            case "COMPLETED":
                answer = Completed(polls=polls, metrics=status.metrics, seen_at=self.clock())
                return answer, status.status
            case "FAILED":
                message = f"Segmind could not process the media: {status.error}"
                return Failed(error=failure("INFERENCE_FAILED", message), polls=polls), status.status
            case unfinished:
                return self._again(asked, polls, unfinished), unfinished

    def _unknown_request(self, asked: CheckStatusInput, polls: int, gone: Expired) -> Waiting | Failed:
        """Return a wait while the request is too young to be forgotten and the deadline is not reached.

        Such a 404 is a gateway's, or comes from a server that does not know the request yet.
        """
        if self.clock() - asked.posted_at < self.result_life_seconds:
            answer = self._again(asked, polls, "UNKNOWN", gone)
            if isinstance(answer, Waiting):
                return answer
        message = f"Segmind does not know the request {asked.request_id} any more. {gone.message}"
        error = failure("RESULT_EXPIRED", message, http_status=gone.http_status)
        return Failed(error=error, polls=polls)

    def _again(
        self, asked: CheckStatusInput, polls: int, status: Unfinished, trouble: SegmindError | None = None
    ) -> Waiting | Failed:
        """Return the wait until the next look, or the end of the job if this was the last one."""
        now = self.clock()
        left = asked.posted_at + self.deadline_seconds - now
        if left <= 0:
            message = _too_late(asked.request_id, status, now - asked.posted_at, trouble)
            return Failed(error=failure("DEADLINE", message), polls=polls)
        wait = next_wait(asked.expected_seconds, now - asked.posted_at, self.deadline_seconds)
        if trouble and trouble.retry_at:
            # All jobs that met the limit come back then, hence the jitter; the last look cannot wait for it.
            wait = max(wait, math.ceil(min(trouble.retry_at - now + self.rng.uniform(0, 5), left)))
        return Waiting(status=status, wait_seconds=wait, polls=polls)


def _too_late(request_id: str, status: str, elapsed: float, trouble: SegmindError | None) -> str:
    minutes = f"{elapsed / 60:.0f} minutes after it was sent"
    if trouble:
        return f"{minutes} the request {request_id} could still not be looked at: {trouble.message}"
    return f"{minutes} the request {request_id} was still {status}; Segmind forgets it after 60."
