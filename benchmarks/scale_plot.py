"""Draw what one job costs, in calls and in money, over the number of jobs: flat lines are the aim."""

from collections.abc import Mapping
from typing import Any

from benchmarks.plots import drawing


def lines(row: Mapping[str, Any]) -> dict[str, float]:
    """Return one job's calls by service."""
    calls: dict[str, float] = {}
    for name, count in row["calls"].items():
        service = name.partition(":")[0].removesuffix("-presigned")
        calls[service] = calls.get(service, 0) + count
    return {
        "state transitions": sum(row["states"].values()),
        "DynamoDB calls": calls.get("dynamodb", 0),
        "S3 calls": calls.get("s3", 0),
        "Lambda invocations": sum(f["invocations"] for f in row["functions"].values()),
        "Segmind calls": sum(row["segmind"][name] for name in ("posts", "polls", "results", "files")),
        "SNS calls": calls.get("sns", 0),
    }


def draw(result: Mapping[str, Any]) -> None:
    """Write `results/scale.svg` from what `benchmarks.scale` measured."""
    rows = result["rows"]
    sizes = [row["pairs"] for row in rows]
    with drawing("scale", 2) as (figure, (calls, money)):
        for name in lines(rows[0]):
            calls.plot(sizes, [lines(row)[name] for row in rows], marker="o", label=name)
        calls.set(xscale="log", ylim=(0, None), ylabel="for one job")
        calls.legend(fontsize="small", ncols=2)
        money.plot(sizes, [1000 * row["job_usd"] for row in rows], marker="o", color="black")
        money.set(xscale="log", ylim=(0, None), ylabel="AWS list price of 1,000 such jobs, USD")
        for panel in (calls, money):
            panel.set_xlabel("pairs dropped into one folder")
            panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
            panel.minorticks_off()
            panel.grid(visible=True, alpha=0.2)
        figure.suptitle("What one job costs, whatever their number")
