"""Table of `benchmarks.waiting_line`: many jobs at once, few slots."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import show, table


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    header = (
        "jobs at once",
        "tries without a free slot, for one job",
        "USD for 1,000 jobs",
        "hours until all are done",
        "of the least possible",
    )
    rows = [
        (row["jobs"], row["tries"], 1000 * row["usd"], row["hours"], row["of_best"]) for row in result["rows"]
    ]
    return {
        "line": table(header, rows),
        "slots": show(int(result["slots"])),
        "mean": f"{result['mean_seconds']:.0f} s",
    }
