"""Tables of `benchmarks.scale`: calls and money."""

from collections.abc import Mapping
from typing import Any

from benchmarks.prices import T4G_SMALL_HOUR
from benchmarks.scale_plot import lines
from benchmarks.tables import show, table, times


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    rows, bill = result["rows"], result["bill"]
    kinds = list(lines(rows[0]))
    counted = [
        [row["pairs"], *(float(lines(row)[kind]) for kind in kinds), 1000 * row["job_usd"]] for row in rows
    ]
    services = [(name, 1000 * usd) for name, usd in bill["by_service_usd"].items()]
    return {
        "counts": table(["pairs", *kinds, "USD for 1,000 jobs"], counted),
        "growth": times(growth(result)),
        "services": table(
            ("service", "USD for 1,000 jobs"), [*services, ("together", 1000 * bill["job_usd"])]
        ),
        "waiting": table(
            ("way to wait", "USD for 1,000 jobs"),
            [
                ("Lipdrop: the whole job", 1000 * bill["job_usd"]),
                (
                    f"a Lambda function of {bill['running_lambda_mb']} MB that stays awake for "
                    f"{bill['seconds']:.0f} s and looks each 2 s: the waiting alone",
                    1000 * bill["running_lambda_usd"],
                ),
                (
                    "a t4g.small that does nothing else: the month, whatever the jobs",
                    bill["server_month_usd"],
                ),
            ],
        ),
        "server": f"{show(T4G_SMALL_HOUR)} USD an hour",
        "server_jobs": show(int(bill["jobs_a_month_for_a_server"])),
        "looks": show(float(bill["looks"])),
        "seconds": f"{bill['seconds']:.0f} s",
        "region": bill["region"],
        "read_in": bill["prices_read_in"],
        "at_once": show(int(result["at_once"])),
        "processing": f"{result['processing_seconds']:g} s",
        "walls": table(
            ("pairs", "wall time, s", "jobs a minute on this machine"),
            [
                (row["pairs"], row["wall_seconds"], round(60 * row["pairs"] / row["wall_seconds"]))
                for row in rows
            ],
        ),
    }


def growth(result: Mapping[str, Any]) -> float:
    """Return a job's price in the largest run over that in the smallest."""
    rows = sorted(result["rows"], key=lambda row: int(row["pairs"]))
    return float(rows[-1]["job_usd"] / rows[0]["job_usd"])
