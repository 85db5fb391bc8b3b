"""Compare ways from a URL to S3, source and sink on this machine: `python -m benchmarks.copy`.

Every method runs in a process of its own, one after the other, between the same two servers
(`benchmarks.copy_servers`). Writes `results/copy.json` and `results/copy.svg`. A ratio is the median over
rounds of two runs that follow each other, so that a busy machine slows both.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.copy_plot import draw
from benchmarks.record import save, surroundings
from benchmarks.tables import table

MB = 1_000_000
CAP = 25 * MB
"""What one connection gets in the capped runs, at either end: a usual limit of web servers and S3."""
SIZE = 256 * MB
LARGE = 4_000 * MB
SIZES = [16 * MB, 64 * MB, SIZE, 1_000 * MB]
CONNECTIONS = [1, 2, 4, 8, 12]
PEERS = ("upload_fileobj", "chunks_128_mib", "whole_body")


@contextmanager
def servers(cap: float) -> Iterator[tuple[str, str]]:
    """Run source and sink with `cap` bytes a second for each connection; yield their addresses."""
    command = [sys.executable, "-m", "benchmarks.copy_servers"]
    processes = [
        subprocess.Popen(
            [*command, which, str(cap)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for which in ("source", "sink")
    ]
    try:
        source, sink = (process.stdout.readline().strip() for process in processes if process.stdout)
        yield source, sink
    finally:
        for process in processes:
            process.communicate()


def run(method: str, size: int, between: tuple[str, str], connections: int = 0) -> dict[str, Any]:
    """Copy once in a fresh process and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.copy_methods", method, *between, str(size), str(connections)]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    sys.stderr.write(f"{method} {size // MB} MB: {measured['mb_per_second']} MB/s\n")
    return measured


def rounds(methods: tuple[str, ...], size: int, cap: float, count: int) -> list[dict[str, Any]]:
    """Run `methods` in turn, `count` times; return all measurements with their round."""
    with servers(cap) as between:
        return [
            {"round": number, "cap": cap} | run(method, size, between)
            for number in range(count)
            for method in methods
        ]


def ratio(rows: list[dict[str, Any]], peer: str) -> float:
    """Return how many times faster Lipdrop was than `peer`: the median over the rounds."""
    speed = {(row["method"], row["round"]): row["mb_per_second"] for row in rows}
    numbers = {row["round"] for row in rows}
    ratios = [float(speed["lipdrop", number] / speed[peer, number]) for number in numbers]
    return round(median(ratios), 2)


def main() -> None:
    """Measure everything, print the tables, write results and plot."""
    capped = rounds(("lipdrop", *PEERS), SIZE, CAP, 2)
    uncapped = rounds(("lipdrop", "upload_fileobj"), 1_000 * MB, 0, 5)
    memory = [row for cap in (CAP, 0) for size in (SIZE, LARGE) for row in rounds(("lipdrop",), size, cap, 1)]
    with servers(CAP) as between:
        by_size = [run(m, size, between) for size in SIZES for m in ("lipdrop", "upload_fileobj")]
        by_connections = [run("lipdrop", SIZE, between, count) for count in CONNECTIONS]
    content = {
        **surroundings("boto3", "botocore", "urllib3", "requests", "pymediainfo"),
        "cap_bytes_per_second": CAP,
        "targets": {
            "capped_to_upload_fileobj": {"ratio": ratio(capped, "upload_fileobj"), "at_least": 3.5},
            "capped_to_chunks_128_mib": {"ratio": ratio(capped, "chunks_128_mib"), "at_least": 5},
            "uncapped_to_upload_fileobj": {"ratio": ratio(uncapped, "upload_fileobj"), "at_least": 0.95},
            "peak_mib_at_4_gb": {"mib": max(row["peak_mib"] for row in memory), "less_than": 200},
            "peak_mib_growth": {"mib": _growth(memory), "at_most": 10},
        },
        "capped": capped,
        "uncapped": uncapped,
        "memory": memory,
        "by_size": by_size,
        "by_connections": by_connections,
    }
    draw(by_size, by_connections)
    path = save("copy", content)
    sys.stdout.write(
        f"{_table(capped + uncapped + memory)}\n\n{json.dumps(content['targets'], indent=2)}\n{path}\n"
    )


def _growth(memory: list[dict[str, Any]]) -> float:
    """Return how much more memory 4 GB take than 256 MB, in MiB: the worse of capped and uncapped."""
    peak = {(row["cap"], row["bytes"]): float(row["peak_mib"]) for row in memory}
    return round(max(peak[cap, LARGE] - peak[cap, SIZE] for cap in (CAP, 0)), 1)


def _table(rows: list[dict[str, Any]]) -> str:
    header = ["method", "MB", "cap MB/s", "MB/s", "peak MiB", "CPU s/GB", "connections"]
    return table(
        header,
        [
            (
                row["method"],
                row["bytes"] // MB,
                row["cap"] // MB or None,
                row["mb_per_second"],
                row["peak_mib"],
                row["cpu_seconds_per_gb"],
                row["way"].get("connections", 1),
            )
            for row in rows
        ],
    )


if __name__ == "__main__":
    main()
