"""Measure cold starts of the built artifact: `python -m benchmarks.cold_start`.

Each function's handler is imported in a fresh interpreter that sees what Lambda would show it, beside an
empty handler, boto3 alone, the four functions in one, and everything that is there to be imported. The
targets take turns, so that a slow moment of the machine hits all; what counts are ratios within a turn.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cold_start_layout import Layout, laid_out, layers, size
from benchmarks.cold_start_probe import ALL_FUNCTIONS, ALL_MODULES, Sample, import_shares, probe
from benchmarks.record import save, surroundings

TURNS = 15
EVERYTHING = "everything"
"""All that the four functions import, and every module of both layers."""
ALL_IN_ONE = "the four functions in one"
AIM = 0.5
"""Of everything's import time, for the two functions that wake most often."""
AIMED_AT = ("Request", "CheckStatus")

LIBRARIES: Mapping[str, Sequence[str]] = {
    "aws_lambda_powertools": ("Submit", "Request", "CheckStatus", "Finalize"),
    "msgspec": ("Submit", "Request", "CheckStatus", "Finalize"),
    "requests": ("Request", "CheckStatus", "Finalize"),
    "fastjsonschema": ("Submit",),
    "pymediainfo": (),
}
"""The layers' libraries, and who has a use for them in his own process: MediaInfo runs in one of its own."""

type Target = tuple[list[str], str]


def targets(layout: Layout) -> dict[str, Target]:
    """Return `sys.path` and code for each thing that is imported."""
    used = layers()
    both = layout.path([], [*dict.fromkeys(layer for own in used.values() for layer in own)])
    one = f"FUNCTIONS = {[str(layout.root / name) for name in used]}\n{ALL_FUNCTIONS}"
    return {
        "empty handler": ([], "def lambda_handler(event, context): return {}"),
        "import boto3": (layout.path([], []), "import boto3"),
        **{name: (layout.path([name], own), "import app") for name, own in used.items()},
        ALL_IN_ONE: (both, one),
        EVERYTHING: (both, f"LAYERS = {both[:-1]}\n{one}\n{ALL_MODULES}"),
    }


def measure(layouts: Sequence[Layout], turns: int = TURNS) -> list[dict[str, list[Sample]]]:
    """Return for each layout `turns` samples of each target; all of all layouts take part in a turn."""
    wanted = [targets(layout) for layout in layouts]
    samples: list[dict[str, list[Sample]]] = [{name: [] for name in each} for each in wanted]
    for _ in range(turns):
        for each, taken in zip(wanted, samples, strict=True):
            for name, (path, code) in each.items():
                taken[name].append(probe(path, code))
    return samples


def rows(samples: Mapping[str, Sequence[Sample]]) -> list[dict[str, Any]]:
    """Return medians of each target, and of its share of everything within a turn."""
    return [
        {
            "target": name,
            "import_ms": _middle(taken, lambda s: s.import_ms),
            "share_of_everything": _share(taken, samples[EVERYTHING]),
            "share_of_all_in_one": _share(taken, samples[ALL_IN_ONE]),
            "ready_ms": _middle(taken, lambda s: s.ready_ms),
            "peak_mib": _middle(taken, lambda s: s.peak_mib),
            "modules": len(taken[0].modules),
        }
        for name, taken in samples.items()
    ]


def unneeded(sample: Sample, function: str) -> list[str]:
    """Return the layers' libraries that `function` has imported without having a use for them."""
    packages = {module.partition(".")[0] for module in sample.modules}
    return [name for name, users in LIBRARIES.items() if name in packages and function not in users]


def aims(layers: str, measured: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return for each function that the aim is for: its share of everything, and whether that is enough."""
    shares = {row["target"]: row["share_of_everything"] for row in measured}
    return [
        {
            "layers": layers,
            "function": name,
            "share": shares[name],
            "at_most": AIM,
            "reached": shares[name] <= AIM,
        }
        for name in AIMED_AT
    ]


def sizes(root: Path) -> dict[str, int]:
    """Return the unzipped bytes of each layer and function."""
    used = layers()
    names = dict.fromkeys([*(layer for own in used.values() for layer in own), *used])
    return {name: size(root / name) for name in names}


def main() -> None:
    """Measure, print, and keep."""
    with laid_out() as (built, bare):
        samples, uncompiled = measure([built, bare])
        measured, without = rows(samples), rows(uncompiled)
        result = {
            "benchmark": "cold_start",
            **surroundings("boto3", "msgspec", "requests", "aws-lambda-powertools"),
            "turns": TURNS,
            "targets": measured,
            "without_bytecode": without,
            "share_of_bare": {name: _share(samples[name], uncompiled[name]) for name in layers()},
            "aims": [*aims("as built", measured), *aims("without bytecode", without)],
            "unneeded": {name: unneeded(samples[name][0], name) for name in layers()},
            "import_shares": {name: _largest(targets(built)[name]) for name in layers()},
            "unzipped_bytes": sizes(built.root),
        }
    for row in [*result["targets"], *result["aims"]]:
        print(row)
    print(save("cold_start", result))


def _largest(target: Target, count: int = 8) -> dict[str, float]:
    shares = import_shares(*target)
    return {name: round(share, 3) for name, share in list(shares.items())[:count]}


def _share(samples: Sequence[Sample], whole: Sequence[Sample]) -> float:
    return round(median(s.import_ms / w.import_ms for s, w in zip(samples, whole, strict=True)), 3)


def _middle(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return round(median(map(of, samples)), 1)


if __name__ == "__main__":
    main()
