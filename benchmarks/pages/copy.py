"""Tables of `benchmarks.copy`: from a URL to S3."""

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.tables import Cell, percent, show, table, times

MB = 1_000_000
METHODS = {
    "lipdrop": "Lipdrop",
    "upload_fileobj": "`upload_fileobj(response.raw)`",
    "chunks_128_mib": "128 MiB read, then uploaded as a part, then the next",
    "whole_body": "whole body in memory, then `put_object`",
}


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    return {
        "aims": _aims(result["targets"]),
        "capped": _runs([row for row in result["capped"] if row["round"] == 0]),
        "uncapped": _runs([row for row in result["uncapped"] if row["round"] == 0]),
        "cap": f"{result['cap_bytes_per_second'] // MB} MB/s",
    }


def ratio(result: Mapping[str, Any]) -> str:
    """Return how many times faster the copy is than the usual one, where a connection is slow."""
    return times(float(result["targets"]["capped_to_upload_fileobj"]["ratio"]))


def _aims(targets: Mapping[str, Mapping[str, float]]) -> str:
    names = {
        "capped_to_upload_fileobj": "speed against `upload_fileobj`, capped",
        "capped_to_chunks_128_mib": "speed against chunks of 128 MiB, capped",
        "uncapped_to_upload_fileobj": "speed against `upload_fileobj`, uncapped",
        "peak_mib_at_4_gb": "peak memory for 4 GB, MiB",
        "peak_mib_growth": "more memory for 4 GB than for 256 MB, MiB",
    }
    return table(
        ("what", "measured", "aim", "reached"), [_aim(names[key], aim) for key, aim in targets.items()]
    )


def _aim(name: str, aim: Mapping[str, float]) -> list[Cell]:
    measured = aim.get("ratio", aim.get("mib", 0.0))
    shown = times(measured) if "ratio" in aim else show(measured)
    if "at_least" in aim:
        return [name, shown, f"at least {show(aim['at_least'])}", measured >= aim["at_least"]]
    if "less_than" in aim:
        return [name, shown, f"less than {show(aim['less_than'])}", measured < aim["less_than"]]
    return [name, shown, f"at most {show(aim['at_most'])}", measured <= aim["at_most"]]


def _runs(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the methods of one round beside each other, the first one's speed as the measure."""
    found = list(rows)
    fastest = found[0]["mb_per_second"]
    return table(
        ("method", "MB", "speed, of Lipdrop's", "peak memory, MiB", "CPU seconds for 1 GB"),
        [
            (
                METHODS[row["method"]],
                row["bytes"] // MB,
                percent(row["mb_per_second"] / fastest),
                row["peak_mib"],
                row["cpu_seconds_per_gb"],
            )
            for row in found
        ],
    )
