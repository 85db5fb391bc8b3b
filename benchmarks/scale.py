"""Drop 10 to 1,000 pairs into one folder and count: `python -m benchmarks.scale [--sizes 10 30]`.

The stack is the real one, on the local AWS; the stand-in takes seconds instead of minutes. What matters
is whether a job costs the same calls whatever their number: wall time is the machine's.
"""

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import prices
from benchmarks.pipeline import Pipeline, deployed
from benchmarks.record import load, save, surroundings
from benchmarks.scale_plot import draw
from benchmarks.usage import LambdaUse, lambda_use, largest_items, log_bytes, transitions
from local.standin.model import Counters, StandinSettings

SIZES = (10, 30, 100, 300, 1000)
AT_ONCE = 12
"""Pairs on their way at a time: what two cores can do without a queue of their own."""
SEED = 0
SECONDS = 4.0
PARAMETERS = {
    "ExpectedBaseSeconds": f"{SECONDS:g}",
    "ExpectedSecondsPerSecond": "0",
    "MaxConcurrentJobs": "50",
}
FREE = ("DeleteObject", "AbortMultipartUpload")
READING = ("GetObject", "HeadObject", "HeadBucket")
UPLOADS_A_PAIR = 2
LOOK = ("WaitForResult", "CheckStatus", "IsItReady")
"""The states that one look goes through."""


def measure(pipeline: Pipeline, pairs: int) -> dict[str, Any]:
    """Drop `pairs` pairs into one folder and return one row: wall time, and all else for one job."""
    stack, began = pipeline.stack, time.time()
    segmind, logs = pipeline.standin.counters(), log_bytes(stack)
    pipeline.proxy.reset()
    heard = pipeline.run(f"scale-{pairs}", [f"clip-{i:04}" for i in range(pairs)], AT_ONCE)
    wall = time.time() - began
    calls = Counter(pipeline.proxy.counts().calls)
    states = transitions(stack, (h.notification["execution_arn"] for h in heard.values()))
    failed = [h.notification for h in heard.values() if h.notification["status"] != "COMPLETED"]
    if failed:
        raise RuntimeError(f"{len(failed)} of {pairs} jobs failed, the first with {failed[0]['error']}")
    return {
        "pairs": pairs,
        "wall_seconds": round(wall, 1),
        "calls": _each(calls, pairs),
        "states": _each(states, pairs),
        "functions": {name: _function(use, pairs) for name, use in lambda_use(stack, began).items()},
        "segmind": _segmind(segmind, pipeline.standin.counters(), pairs),
        "log_bytes": round((log_bytes(stack) - logs) / pairs),
    }


def counts(row: Mapping[str, Any]) -> dict[str, float]:
    """Return one job's units as `prices.parts` wants them."""
    calls = Counter(row["calls"])
    s3 = {name.partition(":")[2]: count for name, count in calls.items() if name.startswith("s3:")}
    reading = sum(count for name, count in s3.items() if name in READING)
    writing = sum(count for name, count in s3.items() if name not in (*READING, *FREE))
    functions = row["functions"].values()
    return {
        "transitions": sum(row["states"].values()),
        "invocations": sum(f["invocations"] for f in functions),
        "gb_seconds": sum(
            f["invocations"] * prices.gb_seconds(f["milliseconds"], f["memory_mb"]) for f in functions
        ),
        "dynamodb_writes": calls["dynamodb:UpdateItem"] + calls["dynamodb:PutItem"],
        "dynamodb_reads": calls["dynamodb:GetItem"],
        "s3_puts": writing + UPLOADS_A_PAIR,
        "s3_gets": reading + calls["s3-presigned:GetObject"],
        "sns_publishes": calls["sns:Publish"],
        "key_reads": calls["ssm:GetParameter"],
        "log_bytes": row["log_bytes"],
    }


def with_looks(measured: Mapping[str, float], row: Mapping[str, Any], looks: float) -> dict[str, float]:
    """Return the units of a job that takes `looks` looks instead of those it took here."""
    here = row["functions"]["CheckStatus"]
    more = looks - here["invocations"]
    one_look = {
        "transitions": float(len(LOOK)),
        "invocations": 1.0,
        "gb_seconds": prices.gb_seconds(here["milliseconds"], here["memory_mb"]),
        "dynamodb_writes": 1.0,
        "log_bytes": row["log_bytes"] / sum(f["invocations"] for f in row["functions"].values()),
    }
    return {name: count + more * one_look.get(name, 0) for name, count in measured.items()}


def bill(row: Mapping[str, Any], item_bytes: int) -> dict[str, Any]:
    """Return the price of one real job on AWS, and of two ways to wait for it that need no state machine."""
    polling = load("polling")
    spread = max(s["cv"] for s in polling["schedules"])
    (looks,) = (s["polls"] for s in polling["schedules"] if s["schedule"] == "Lipdrop" and s["cv"] == spread)
    seconds, memory = polling["mean_seconds"], row["functions"]["CheckStatus"]["memory_mb"]
    by_service = prices.parts(with_looks(counts(row), row, looks), item_bytes)
    job = sum(by_service.values())
    return {
        "looks": looks,
        "seconds": seconds,
        "by_service_usd": by_service,
        "job_usd": job,
        "running_lambda_mb": memory,
        "running_lambda_usd": prices.running_lambda(seconds, memory),
        "server_month_usd": prices.server_month(),
        "jobs_a_month_for_a_server": round(prices.server_month() / job),
        "region": prices.REGION,
        "prices_read_in": prices.READ_IN,
    }


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    sizes = arguments.parse_args(words).sizes
    rows = []
    with deployed("scale", StandinSettings(processing_seconds=SECONDS, seed=SEED), PARAMETERS) as pipeline:
        pipeline.warm_up(AT_ONCE)
        for pairs in sizes:
            rows.append(measure(pipeline, pairs))
            print({name: rows[-1][name] for name in ("pairs", "wall_seconds", "calls", "states")})
        items = largest_items(pipeline.stack)
    for row in rows:
        row["job_usd"] = sum(prices.parts(counts(row), items["job"]).values())
    result = {
        "benchmark": "scale",
        "seed": SEED,
        **surroundings("boto3"),
        "at_once": AT_ONCE,
        "processing_seconds": SECONDS,
        "item_bytes": items,
        "rows": rows,
        "bill": bill(rows[-1], items["job"]),
    }
    print(result["bill"])
    print(save("scale", result))
    draw(result)


def _each(totals: Mapping[str, float], pairs: int) -> dict[str, float]:
    return {name: round(total / pairs, 3) for name, total in sorted(totals.items())}


def _function(use: LambdaUse, pairs: int) -> dict[str, float]:
    """Return invocations for one job, and the milliseconds of one invocation."""
    return {
        "invocations": round(use.invocations / pairs, 3),
        "milliseconds": round(use.milliseconds, 1),
        "memory_mb": use.memory_mb,
    }


def _segmind(before: Counters, after: Counters, pairs: int) -> dict[str, float]:
    names = ("posts", "charged", "polls", "results", "files")
    return _each({name: getattr(after, name) - getattr(before, name) for name in names}, pairs)


if __name__ == "__main__":
    main()
