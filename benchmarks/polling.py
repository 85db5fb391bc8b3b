"""Compare polling schedules on simulated jobs: `python -m benchmarks.polling`.

Prints the tables, and writes `results/polling.json` and `results/polling.svg`. Seeded: two runs of the
same versions give the same numbers.
"""

from typing import Any

from benchmarks.polling_learning import SETTLED_AFTER, learned
from benchmarks.polling_optimum import optimal_times
from benchmarks.polling_plot import draw
from benchmarks.polling_simulation import MEAN_SECONDS, SCHEDULES, Score, durations, look_times, ours, score
from benchmarks.record import save, surroundings

SEED = 20261122
JOBS = 100_000
SPREADS = (0.2, 0.4)
WRONG_BY = (0.5, 1.0, 2.0)
PRICES = (0.15, 0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0)


def compare(jobs: int = JOBS) -> list[dict[str, Any]]:
    """Return one row for each schedule and spread, with the expected duration right on average."""
    return [
        {"schedule": name, "cv": cv} | _row(score(look_times(schedule, MEAN_SECONDS), seconds))
        for cv in SPREADS
        for seconds in [durations(MEAN_SECONDS, cv, jobs, SEED)]
        for name, schedule in SCHEDULES.items()
    ]


def best_possible(jobs: int = JOBS) -> list[dict[str, Any]]:
    """Return the lower bound: the best schedule at each price of a look, if the spread were known."""
    return [
        {"price": price, "cv": cv} | _row(score(optimal_times(cv, price), seconds))
        for cv in SPREADS
        for seconds in [durations(MEAN_SECONDS, cv, jobs, SEED)]
        for price in PRICES
    ]


def mistaken() -> list[dict[str, Any]]:
    """Return one row for each mistake and spread: uncorrected, and corrected for first and later jobs."""
    rows: list[dict[str, Any]] = []
    for cv in SPREADS:
        seconds = durations(MEAN_SECONDS, cv, JOBS, SEED)
        for wrong_by in WRONG_BY:
            uncorrected = score(look_times(ours, wrong_by * MEAN_SECONDS), seconds)
            first, later = learned(wrong_by, cv, SEED)
            named = {
                "no correction": uncorrected,
                f"jobs 1-{SETTLED_AFTER}": first,
                f"jobs after {SETTLED_AFTER}": later,
            }
            rows += [{"wrong_by": wrong_by, "cv": cv, "run": run} | _row(s) for run, s in named.items()]
    return rows


def main() -> None:
    """Measure, print, and keep."""
    result = {
        "benchmark": "polling",
        "seed": SEED,
        "jobs": JOBS,
        "mean_seconds": MEAN_SECONDS,
        **surroundings("numpy"),
        "schedules": compare(),
        "optimum": best_possible(),
        "mistaken": mistaken(),
    }
    _print(result["schedules"], ("schedule",))
    _print(result["mistaken"], ("wrong_by", "run"))
    for path in (save("polling", result), draw(result)):
        print(f"written: {path.name}")


def _row(found: Score) -> dict[str, float]:
    return {name: round(value, 2) for name, value in found._asdict().items()}


def _print(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    cells = "{:>5} {:>8} {:>13} {:>12}"
    print("\n" + "".join(f"{key:26}" for key in keys) + cells.format("cv", "polls", "mean delay s", "95 % s"))
    for row in rows:
        numbers = cells.format(row["cv"], row["polls"], row["delay"], row["delay_p95"])
        print("".join(f"{row[key]!s:26}" for key in keys) + numbers)


if __name__ == "__main__":
    main()
