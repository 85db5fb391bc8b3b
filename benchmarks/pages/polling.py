"""Tables of `benchmarks.polling` and `benchmarks.measured_polling`."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import show, table


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the simulation by name."""
    spreads = sorted({row["cv"] for row in result["schedules"]})
    by_key = {(row["schedule"], row["cv"]): row for row in result["schedules"]}
    names = list(dict.fromkeys(row["schedule"] for row in result["schedules"]))
    header = [
        "schedule",
        *(f"{word}, spread {cv}" for cv in spreads for word in ("checks", "delay s", "95 % s")),
    ]
    rows = [
        [name, *(by_key[name, cv][field] for cv in spreads for field in ("polls", "delay", "delay_p95"))]
        for name in names
    ]
    mistaken = [
        (f"{row['wrong_by']:g} times", row["cv"], row["run"], row["polls"], row["delay"])
        for row in result["mistaken"]
    ]
    return {
        "schedules": table(header, rows),
        "mistaken": table(
            ("expected, of the true mean", "spread", "correction", "checks", "delay s"), mistaken
        ),
        "mean": f"{result['mean_seconds']:.0f} s",
        "jobs": show(int(result["jobs"])),
    }


def measured_tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the real jobs by name."""
    measured = result["measured"]
    rows: list[tuple[str | float, ...]] = [
        ("Lipdrop, measured", measured["looks"], measured["seen_after"]),
        *((f"{row['schedule']}, simulated", row["looks"], row["delay"]) for row in result["simulated"]),
    ]
    return {
        "schedules": table(("schedule", "checks", "delay s"), rows),
        "jobs": show(int(result["jobs"])),
        "mean": f"{result['mean_seconds']:g} s",
        "cv": f"{result['cv']:g}",
        "told": f"{measured['told_after']:.1f} s",
    }


def schedule(result: Mapping[str, Any], name: str, cv: float) -> Mapping[str, Any]:
    """Return the row of one schedule."""
    return next(row for row in result["schedules"] if row["schedule"] == name and row["cv"] == cv)
