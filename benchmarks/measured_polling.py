"""Poll real jobs on the local stack and see when they were seen: `python -m benchmarks.measured_polling`.

Everything is a tenth of the model page's example: the stand-in's durations are drawn from a lognormal
distribution around 22 s instead of 222 s. The stack looks in whole seconds, which are ten times as coarse
here. The same durations, with other schedules, are simulated beside it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.pipeline import Heard, Pipeline, deployed
from benchmarks.polling_simulation import MEAN_SECONDS, Schedule, every, look_times, ours, score
from benchmarks.record import save, surroundings
from local.standin.model import Seen, StandinSettings

SCALE = 0.1
MEAN = round(MEAN_SECONDS * SCALE, 1)
SPREAD = 0.3
SEED = 20261122
JOBS = 40
AT_ONCE = 20
PARAMETERS = {
    "ExpectedBaseSeconds": f"{MEAN:g}",
    "ExpectedSecondsPerSecond": "0",
    "MaxConcurrentJobs": f"{JOBS}",
}
OTHERS: dict[str, Schedule] = {
    "Lipdrop": ours,
    "every 2 s (model page)": every(2 * SCALE),
    "every 30 s": every(30 * SCALE),
}


def measure(pipeline: Pipeline) -> list[dict[str, float]]:
    """Run the jobs and return for each: seconds, status checks, delay until it was noticed and announced."""
    heard = pipeline.run("polling", [f"clip-{i:02}" for i in range(JOBS)], AT_ONCE)
    return [_job(seen, heard) for seen in pipeline.standin.requests()]


def simulated(seconds: list[float]) -> list[dict[str, Any]]:
    """Return looks and delay of each schedule for jobs that took exactly so long."""
    rows = []
    for name, schedule in OTHERS.items():
        found = score(look_times(schedule, MEAN), np.array(seconds))
        rows.append({"schedule": name, "looks": round(found.polls, 2), "delay": round(found.delay, 2)})
    return rows


def main() -> None:
    """Measure, print, and keep."""
    behaviour = StandinSettings(processing_seconds=MEAN, processing_cv=SPREAD, seed=SEED)
    with deployed("polling", behaviour, PARAMETERS) as pipeline:
        pipeline.warm_up(AT_ONCE)
        jobs = measure(pipeline)
    means = {name: round(float(np.mean([job[name] for job in jobs])), 2) for name in jobs[0]}
    result = {
        "benchmark": "measured_polling",
        "seed": SEED,
        **surroundings("numpy", "boto3"),
        "jobs": JOBS,
        "scale": SCALE,
        "mean_seconds": MEAN,
        "cv": SPREAD,
        "measured": means,
        "simulated": simulated([job["seconds"] for job in jobs]),
        "each": jobs,
    }
    print(result["measured"], result["simulated"])
    print(save("measured_polling", result))


def _job(seen: Seen, heard: Mapping[str, Heard]) -> dict[str, float]:
    assert seen.body is not None
    assert seen.completed_at is not None
    name = urlsplit(seen.body["audio_url"]).path.rpartition("/")[2].partition(".")[0]
    found = min(look for look in seen.polls if look >= seen.completed_at)
    return {
        "seconds": round(seen.completed_at - seen.at, 2),
        "looks": len(seen.polls),
        "seen_after": round(found - seen.completed_at, 2),
        "told_after": round(heard[name].at - seen.completed_at, 2),
    }


if __name__ == "__main__":
    main()
