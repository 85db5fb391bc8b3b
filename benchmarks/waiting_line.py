"""Drop a thousand jobs at once and see what waiting for a slot costs: `python -m benchmarks.waiting_line`.

A simulation with Lipdrop's own pauses and the stack's default of ten slots, on jobs of real length: hours
that no benchmark can wait for. Seeded: two runs give the same figures.
"""

import heapq
import random
from typing import NamedTuple

from benchmarks.polling_simulation import MEAN_SECONDS, durations
from benchmarks.prices import (
    DYNAMODB_READ_UNIT,
    LAMBDA_GB_SECOND,
    LAMBDA_REQUEST,
    STATE_TRANSITION,
    gb_seconds,
)
from benchmarks.record import save, surroundings
from lipdrop.config.settings import Settings
from lipdrop.timing.queue_backoff import pause

SEED = 20261122
SIZES = (10, 30, 100, 300, 1000)
SPREAD = 0.3
DEFAULTS = Settings(drop_bucket="", results_bucket="", topic_arn="", jobs_table="")
TRANSITIONS_A_TRY = 3
"""WaitForCapacity, Request, WasItAccepted."""
TRY_MILLISECONDS, TRY_MEMORY_MB, TRY_READ_UNITS = 50, 512, 0.5
"""One invocation that reads the control item and goes away: assumed, and a hundredth of the sum."""
TRY_USD = (
    TRANSITIONS_A_TRY * STATE_TRANSITION
    + LAMBDA_REQUEST
    + gb_seconds(TRY_MILLISECONDS, TRY_MEMORY_MB) * LAMBDA_GB_SECOND
    + TRY_READ_UNITS * DYNAMODB_READ_UNIT
)


class Line(NamedTuple):
    """What a drop of so many jobs led to: tries without a free slot a job, hours until all were done."""

    tries: float
    hours: float
    best_hours: float


def wait_in_line(jobs: int, slots: int, seed: int) -> Line:
    """Let `jobs` that come at once ask for `slots` until all are done."""
    rng = random.Random(seed)
    seconds = durations(MEAN_SECONDS, SPREAD, jobs, seed)
    patience = DEFAULTS.max_queue_hours * 3600
    askers = [(rng.random(), job) for job in range(jobs)]
    heapq.heapify(askers)
    running: list[float] = []
    in_vain, last = 0, 0.0
    while askers:
        now, job = heapq.heappop(askers)
        while running and running[0] <= now:
            heapq.heappop(running)
        if len(running) < slots:
            heapq.heappush(running, now + float(seconds[job]))
            last = max(last, now + float(seconds[job]))
        else:
            in_vain += 1
            heapq.heappush(askers, (now + pause(now, patience, rng), job))
    return Line(in_vain / jobs, last / 3600, max(float(seconds.sum()) / slots, float(seconds.max())) / 3600)


def main() -> None:
    """Simulate, print, and keep."""
    slots = DEFAULTS.max_concurrent_jobs
    found = {jobs: wait_in_line(jobs, slots, SEED) for jobs in SIZES}
    rows = [
        {
            "jobs": jobs,
            "tries": round(line.tries, 2),
            "usd": line.tries * TRY_USD,
            "hours": round(line.hours, 2),
            "of_best": round(line.hours / line.best_hours, 3),
        }
        for jobs, line in found.items()
    ]
    result = {
        "benchmark": "waiting_line",
        "seed": SEED,
        **surroundings("numpy"),
        "slots": slots,
        "mean_seconds": MEAN_SECONDS,
        "cv": SPREAD,
        "try_usd": TRY_USD,
        "rows": rows,
    }
    print(*rows, sep="\n")
    print(save("waiting_line", result))


if __name__ == "__main__":
    main()
