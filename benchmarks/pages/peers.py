"""Tables of `benchmarks.peers`."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import percent, show, table


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    mean, waits = float(result["mean_seconds"]), result["waits"]
    rows = [
        (
            name,
            f"{row['delivered']} of {row['jobs']}",
            percent(row["delay_seconds"] / mean) if row["delay_seconds"] is not None else None,
            row["looks"],
            row["charged_again_after_duplicates"],
            row["charged_again"] - row["charged_again_after_duplicates"],
            row["lost"],
            row["lost_untold"],
            row["silent"],
        )
        for name, row in result["contenders"].items()
    ]
    return {
        "contenders": table(
            (
                "",
                "delivered",
                "delay, of a job's time",
                "status checks a job",
                "charged again after duplicates",
                "charged again after lost answers and timeouts",
                "results lost",
                "of them without a notification",
                "ended without a notification",
            ),
            rows,
        ),
        "cases": table(
            ("what goes wrong", "jobs"), [(case["case"], case["jobs"]) for case in result["cases"]]
        ),
        "lost": table(("case", *result["contenders"]), _lost(result)),
        "jobs": show(sum(int(case["jobs"]) for case in result["cases"])),
        "mean": f"{mean:g} s",
        "sdk_wait": f"{waits['SDK script']:g} s",
        "function_wait": f"{waits['waiting Lambda']:g} s",
        "function_limit": f"{waits['waiting Lambda, limit']:g} s",
        "poller_wait": f"{waits['job poller']:g} s",
        "forgotten": f"{result['forgotten_after_seconds']:g} s",
    }


def _lost(result: Mapping[str, Any]) -> list[list[str]]:
    """Return for each case and contender what the owner has in the end."""
    return [
        [case["case"], *(_ends(row["each"].values(), case["case"]) for row in result["contenders"].values())]
        for case in result["cases"]
    ]


def _ends(jobs: Any, case: str) -> str:
    own = [job for job in jobs if job["case"] == case]
    delivered = sum(job["delivered"] for job in own)
    words = [f"{delivered} delivered"] if delivered else []
    if told := sum(not job["delivered"] and job["told"] is not None for job in own):
        words.append(f"{told} reported")
    if silent := sum(job["told"] is None for job in own):
        words.append(f"{silent} silent")
    if again := sum(job["charged_again"] for job in own):
        words.append(f"{again} charged again")
    return ", ".join(words)
