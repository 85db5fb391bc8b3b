"""Thirty jobs, four ways to do them, the same faults: `python -m benchmarks.peers [--only lipdrop …]`.

(a) a script with the official SDK, a thread a job; (b) one Lambda function that asks and looks until the
video is there; (c) AWS's published job poller as a state machine; and the deployed stack. (b) and (c) are
real functions and a real state machine on the same local AWS. All times are a tenth of real ones.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.peer import sdk_script
from benchmarks.peer.cloud import Cloud
from benchmarks.peer.on_aws import (
    LIMIT_SECONDS,
    LOOK_SECONDS,
    POLLER_SECONDS,
    RETRY_SECONDS,
    job_poller,
    lipdrop,
    waiting_function,
)
from benchmarks.peer.outcome import Outcome, judged
from benchmarks.peer.plan import CASES, FORGOTTEN_AFTER, SCALE, SECONDS, SEED, SPREAD, behaviour, faults, jobs
from benchmarks.pipeline import Pipeline, deployed
from benchmarks.record import save, surroundings
from local.stack import API_KEY

PARAMETERS = {
    "ExpectedBaseSeconds": f"{SECONDS:g}",
    "ExpectedSecondsPerSecond": "0",
    "MaxConcurrentJobs": "50",
    "DeadlineSeconds": f"{FORGOTTEN_AFTER - 10}",
    "ResultLifeSeconds": f"{FORGOTTEN_AFTER}",
    "HistoryWaitSeconds": f"{600 * SCALE:g}",
}
AWS = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": f"{RETRY_SECONDS:g}"}

WARM = 20
"""Jobs before the first run. AWS starts functions side by side; here they share two cores with the clock."""

type Contender = Callable[[list[str]], Outcome]


def events() -> list[str]:
    """Return the jobs in the order in which their events come; those that come twice do so in the end."""
    wanted = jobs()
    return [*wanted, *(name for name, case in wanted.items() if case.twice)]


def contenders(pipeline: Pipeline, cloud: Cloud) -> dict[str, Contender]:
    """Return what is compared, by the name in the table."""
    stack, standin = pipeline.stack, pipeline.standin
    return {
        "Lipdrop": lambda names: lipdrop(pipeline, names),
        "SDK script": lambda names: sdk_script.run(stack.segmind_base_url, API_KEY, names, cloud.link),
        "waiting Lambda": lambda names: waiting_function(cloud, standin, names),
        "job poller": lambda names: job_poller(cloud, names),
    }


def measure(pipeline: Pipeline, contender: Contender) -> dict[str, Any]:
    """Let one contender do the jobs on a stand-in that has forgotten everything before."""
    pipeline.standin.reset(behaviour(API_KEY))
    pipeline.standin.fault(*faults())
    outcome = contender(events())
    return judged(outcome, jobs(), pipeline.standin.requests())


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", help="some of the contenders; nothing is kept then")
    only = arguments.parse_args(words).only
    rows = {}
    with deployed("peers", behaviour(API_KEY), PARAMETERS, AWS) as pipeline:
        cloud = Cloud.made(pipeline.stack, jobs())
        pipeline.warm_up(WARM)
        for name, contender in contenders(pipeline, cloud).items():
            if not only or name in only:
                rows[name] = measure(pipeline, contender)
                print(name, {key: value for key, value in rows[name].items() if key != "each"})
                print(*(one for one in rows[name]["each"].values() if not one["delivered"]), sep="\n")
    if only:
        return
    result = {
        "benchmark": "peers",
        "seed": SEED,
        **surroundings("segmind", "boto3", "requests"),
        "scale": SCALE,
        "mean_seconds": SECONDS,
        "cv": SPREAD,
        "forgotten_after_seconds": FORGOTTEN_AFTER,
        "waits": {
            "SDK script": sdk_script.INTERVAL,
            "waiting Lambda": LOOK_SECONDS,
            "waiting Lambda, limit": LIMIT_SECONDS,
            "job poller": POLLER_SECONDS,
        },
        "cases": [{"case": case.name, "jobs": case.jobs} for case in CASES],
        "contenders": rows,
    }
    print(save("peers", result))


if __name__ == "__main__":
    main()
