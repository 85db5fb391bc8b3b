"""Tables of `benchmarks.cold_start`."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import percent, table


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by name."""
    bare = {row["target"]: row for row in result["without_bytecode"]}
    targets = [
        (
            row["target"],
            percent(row["share_of_everything"]),
            percent(row["share_of_all_in_one"]),
            row["import_ms"],
            row["ready_ms"],
            bare[row["target"]]["import_ms"],
            row["peak_mib"],
            row["modules"],
        )
        for row in result["targets"]
    ]
    aims = [
        (
            aim["layers"],
            aim["function"],
            percent(aim["share"]),
            f"at most {percent(aim['at_most'])}",
            aim["reached"],
        )
        for aim in result["aims"]
    ]
    shares = [
        (name, ", ".join(f"{package} {percent(share)}" for package, share in packages.items()))
        for name, packages in result["import_shares"].items()
    ]
    return {
        "targets": table(
            (
                "imported",
                "of everything",
                "of the four in one",
                "import, CPU ms",
                "clients made, CPU ms",
                "import without bytecode, CPU ms",
                "peak MiB",
                "modules",
            ),
            targets,
        ),
        "aims": table(("layers", "function", "of everything's import time", "aim", "reached"), aims),
        "shares": table(("function", "share of its import time"), shares),
        "sizes": table(
            ("part", "unzipped, kB"),
            [(name, round(size / 1000, 1)) for name, size in result["unzipped_bytes"].items()],
        ),
        "unneeded": _unneeded(result["unneeded"]),
    }


def _unneeded(unneeded: Mapping[str, list[str]]) -> str:
    named = [f"{name} imports {', '.join(libraries)}" for name, libraries in unneeded.items() if libraries]
    return (
        f"Without use: {'; '.join(named)}." if named else "No function imports a library it has no use for."
    )
