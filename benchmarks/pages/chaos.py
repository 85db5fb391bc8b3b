"""Tables of the campaign that `make chaos` runs."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import show, table

PROMISES = {
    "double_charges": "charged twice",
    "lost_results": "results lost",
    "wrong_results": "wrong bytes or versions",
    "silent_ends": "ended without a notification",
    "contradictions": "two contradicting notifications",
    "leftovers": "slots, uploads or executions left behind",
    "other": "any other promise",
}


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    broken = result["broken"]
    done = [
        *((f"events: {name}", count) for name, count in broken["events"].items()),
        *((f"killed: {name}", count) for name, count in broken["workers_killed"].items()),
        *((f"AWS calls: {name}", count) for name, count in broken["aws_calls"].items()),
        ("faults at Segmind", broken["segmind_troubles"]),
    ]
    return {
        "jobs": show(int(result["jobs"])),
        "promises": table(("promise broken", "jobs"), [(PROMISES[name], result[name]) for name in PROMISES]),
        "outcomes": table(("outcome", "jobs"), list(result["outcomes"].items())),
        "broken": table(("injected fault", "times"), done),
    }
