"""Tables of `benchmarks.preflight`: what the probe of a large video, and of a whole voice, costs."""

from collections.abc import Mapping
from typing import Any

from benchmarks.prices import FULL_CPU_MB, LAMBDA_GB_SECOND, gb_seconds
from benchmarks.tables import table


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    header = ("video", "MB", "read, MB", "share read", "ranged reads", "peak memory of both processes, MiB")
    return {
        "looks": table(
            header,
            [
                (
                    name,
                    row["bytes_of_file"] // 1_000_000,
                    row["bytes_read"] / 1_000_000,
                    f"{100 * row['bytes_read'] / row['bytes_of_file']:.2f} %",
                    row["reads"],
                    row["peak_rss_mib"] + row["peak_rss_of_parser_mib"],
                )
                for name, row in result["results"].items()
            ],
        ),
        "voices": table(
            (
                "voice",
                "MB",
                "read, MB",
                "ranged reads",
                "processor time, s",
                "USD",
                "peak memory of both, MiB",
            ),
            [
                (
                    name,
                    row["bytes_of_file"] // 1_000_000,
                    row["bytes_read"] / 1_000_000,
                    row["reads"],
                    row["cpu_seconds"],
                    LAMBDA_GB_SECOND * gb_seconds(1000 * row["cpu_seconds"], FULL_CPU_MB),
                    row["peak_rss_mib"] + row["peak_rss_of_parser_mib"],
                )
                for name, row in result["voices"].items()
            ],
        ),
    }
