"""What the steps of `request` share: its tables and settings, and the job at hand."""

import random
from collections.abc import Callable

from msgspec import Struct

from lipdrop.config.settings import Settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger, Record
from lipdrop.model.job import Job
from lipdrop.model.task_outputs import Accepted, Busy, Rejected
from lipdrop.request.history_check import HistoryCheck

type RequestOutput = Accepted | Busy | Rejected


class RequestContext(Struct, frozen=True, kw_only=True):
    """What every step may use. `clock` returns epoch seconds."""

    ledger: Ledger
    capacity: Capacity
    history: HistoryCheck
    settings: Settings
    clock: Callable[[], float]
    rng: random.Random


class Try(Struct, frozen=True, kw_only=True):
    """One invocation for one job, which has waited since `queued_at` (epoch seconds).

    `record` is what the ledger holds of it, None if that is nothing yet.
    """

    job: Job
    queued_at: float
    record: Record | None


def again() -> Busy:
    """Return the answer to the loser of a race: the next invocation sees what the winner wrote."""
    return Busy(wait_seconds=1, reason="IN_DOUBT", message="Another attempt was faster.")
