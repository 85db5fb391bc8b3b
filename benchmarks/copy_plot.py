"""The picture of the copy benchmark: throughput over file size and over connections."""

from typing import Any

from benchmarks.plots import drawing

MB = 1_000_000


def draw(by_size: list[dict[str, Any]], by_connections: list[dict[str, Any]]) -> None:
    """Write `results/copy.svg`."""
    with drawing("copy", 2) as (figure, (left, right)):
        for method in ("lipdrop", "upload_fileobj"):
            rows = [row for row in by_size if row["method"] == method]
            left.plot(
                [row["bytes"] / MB for row in rows],
                [row["mb_per_second"] for row in rows],
                marker="o",
                label=method,
            )
        left.set(xscale="log", xlabel="file size, MB", ylabel="MB/s", ylim=(0, None), title="over file size")
        left.legend(frameon=False)
        right.plot(
            [row["way"]["connections"] for row in by_connections],
            [row["mb_per_second"] for row in by_connections],
            marker="o",
        )
        right.set(xlabel="connections", ylim=(0, None), title="over connections, 256 MB")
        figure.suptitle("From a URL to S3, each connection capped at 25 MB/s at both ends")
