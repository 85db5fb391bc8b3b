"""How every plot of the benchmarks is made: an SVG that is the same again for the same figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from benchmarks.record import RESULTS

# Text stays text, and ids and date stay the same from run to run: the file can be compared.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "lipdrop"


@contextmanager
def drawing(name: str, panels: int, *, width: float = 9, height: float = 3.6) -> Iterator[tuple[Any, Any]]:
    """Yield a figure and its `panels` side by side; write `results/<name>.svg` when they are drawn."""
    figure, axes = plt.subplots(1, panels, figsize=(width, height), layout="constrained", squeeze=False)
    try:
        yield figure, axes[0]
        figure.savefig(RESULTS / f"{name}.svg", metadata={"Date": None})
    finally:
        plt.close(figure)
