"""The few figures that the README shows, out of all the benchmarks."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.pages import copy, polling, scale
from benchmarks.tables import percent, show, table, times

type Results = Mapping[str, Mapping[str, Any]]


def table_of(results: Results) -> str:
    """Return the README's table; `results` by benchmark."""
    rows = [row for needed, rows_of in ROWS if needed <= set(results) for row in rows_of(results)]
    return table(("", "Lipdrop", "instead"), rows)


def _waiting(results: Results) -> list[tuple[str, str, str]]:
    simulated = results["polling"]
    spread = max(row["cv"] for row in simulated["schedules"])
    mine = polling.schedule(simulated, "Lipdrop", spread)
    rare = polling.schedule(simulated, "every 30 s", spread)
    often = polling.schedule(simulated, "every 2 s (model page)", spread)
    return [
        (
            f"status checks of a job of {simulated['mean_seconds']:.0f} s, delay until its end is seen",
            f"{mine['polls']:.0f} checks, {mine['delay']:.0f} s",
            f"every 2 s: {often['polls']:.0f} checks, {often['delay']:.0f} s; "
            f"every 30 s: {rare['polls']:.0f} checks, {rare['delay']:.0f} s",
        )
    ]


def _mistakes(results: Results) -> list[tuple[str, str, str]]:
    contenders = results["peers"]["contenders"]
    jobs = contenders["Lipdrop"]["jobs"]
    others = {name: row for name, row in contenders.items() if name != "Lipdrop"}

    def line(what: str, field: str) -> tuple[str, str, str]:
        rest = "; ".join(f"{name}: {row[field]}" for name, row in others.items())
        return (what, show(contenders["Lipdrop"][field]), rest)

    return [
        line(f"charged again, {jobs} jobs with faults", "charged_again"),
        line("ended without a notification", "silent"),
        line("paid results lost without a notification", "lost_untold"),
    ]


def _chaos(results: Results) -> list[tuple[str, str, str]]:
    return [
        (
            f"{show(int(results['chaos']['jobs']))} jobs with faults in every component",
            f"{results['chaos']['double_charges']} charged twice, {results['chaos']['lost_results']} lost, "
            f"{results['chaos']['silent_ends']} without a notification",
            "",
        ),
    ]


def _money(results: Results) -> list[tuple[str, str, str]]:
    found = results["scale"]
    bill = found["bill"]
    sizes = sorted(row["pairs"] for row in found["rows"])
    return [
        (
            f"AWS for 1,000 jobs of {bill['seconds']:.0f} s",
            f"{1000 * bill['job_usd']:.2f} USD",
            f"a Lambda that waits: {1000 * bill['running_lambda_usd']:.2f} USD for the waiting alone",
        ),
        (
            f"price of a job among {sizes[-1]:,}, of that among {sizes[0]:,}",
            times(scale.growth(found)),
            "1 × is flat",
        ),
    ]


def _bytes(results: Results) -> list[tuple[str, str, str]]:
    peak = results["copy"]["targets"]["peak_mib_at_4_gb"]["mib"]
    reads = results["preflight"]["results"].values()
    most = max(row["bytes_read"] / row["bytes_of_file"] for row in reads)
    shares = results["cold_start"]["share_of_bare"]
    return [
        (
            f"copy of a result with connections of {copy.tables(results['copy'])['cap']}",
            f"{copy.ratio(results['copy'])}, {peak:.0f} MiB for 4 GB",
            "1 × is `upload_fileobj`",
        ),
        ("bytes read of a 2 GB video before the request", f"at most {100 * most:.2f} %", "100 %: a download"),
        (
            "CPU time of imports at a cold start",
            ", ".join(f"{name} {percent(share)}" for name, share in shares.items()),
            "100 %: layers as SAM builds them, without bytecode",
        ),
    ]


ROWS: tuple[tuple[set[str], Callable[[Results], list[tuple[str, str, str]]]], ...] = (
    ({"polling"}, _waiting),
    ({"peers"}, _mistakes),
    ({"chaos"}, _chaos),
    ({"scale"}, _money),
    ({"copy", "preflight", "cold_start"}, _bytes),
)
"""Which results each part of the table needs; a part without them is left out."""
