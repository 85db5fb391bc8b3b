"""Draw mean delay over looks for every schedule, with the best that could be done below."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from benchmarks.record import RESULTS

# Text stays text, and ids and date stay the same from run to run: the file can be compared.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "lipdrop"


def draw(result: dict[str, Any]) -> Path:
    """Write `results/polling.svg` from what `benchmarks.polling` measured and return its path."""
    spreads = sorted({row["cv"] for row in result["schedules"]})
    figure, panels = plt.subplots(1, len(spreads), figsize=(11, 4.6), sharey=True, layout="constrained")
    for panel, cv in zip(panels, spreads, strict=True):
        _panel(panel, result, cv)
    panels[0].set_ylabel("mean delay after the finish, seconds")
    figure.suptitle(
        f"Looking at jobs of {result['mean_seconds']:.0f} s: fewer looks and less delay is better"
    )
    path = RESULTS / "polling.svg"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


def _panel(panel: Axes, result: dict[str, Any], cv: float) -> None:
    bound = [row for row in result["optimum"] if row["cv"] == cv]
    panel.plot(
        [row["polls"] for row in bound],
        [row["delay"] for row in bound],
        color="grey",
        label="best possible, spread known",
    )
    for row in (row for row in result["schedules"] if row["cv"] == cv):
        mine = row["schedule"] == "Lipdrop"
        panel.scatter(row["polls"], row["delay"], marker="*" if mine else "o", s=140 if mine else 30)
        beside = (10, -12) if mine else (6, 5)
        panel.annotate(row["schedule"], (row["polls"], row["delay"]), beside, textcoords="offset points")
    panel.set(xscale="log", yscale="log", xlim=(4, 1600), ylim=(0.3, 60))
    panel.set_xticks([5, 10, 20, 50, 100, 200, 500], minor=False)
    panel.set_yticks([0.5, 1, 2, 5, 10, 20, 50], minor=False)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    panel.set(xlabel="looks a job", title=f"coefficient of variation {cv}")
    panel.grid(visible=True, alpha=0.2)
    panel.legend(loc="lower left")
