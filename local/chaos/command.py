"""The chaos campaign as a command: inject faults at every seam under many jobs, and show what held."""

import argparse
from collections.abc import Callable

from rich.console import Console

from local import paths
from local.chaos.campaign import Campaign, run
from local.chaos.report import keep_histories, show
from local.processes import LocalRunError


def main(save: Callable[[Campaign], None]) -> int:
    """Run the campaign that the command line asks for; return 0 only if no promise was broken.

    `save` is called with a whole campaign if `--save` was given, and never with one of a single job.
    """
    arguments = argparse.ArgumentParser(prog="chaos", description=__doc__)
    arguments.add_argument("--jobs", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="", help="the name of one job of that campaign")
    arguments.add_argument("--save", action="store_true", help="save the figures")
    wanted = arguments.parse_args()
    console = Console()
    console.print(f"{wanted.jobs} jobs, seed {wanted.seed}: starting a local AWS and a stand-in for Segmind.")
    try:
        campaign = run(wanted.jobs, wanted.seed, wanted.only, say=console.print)
    except (LocalRunError, ValueError) as error:
        console.print(f"The campaign did not run: {error}", style="red", markup=False)
        return 2
    show(console, campaign)
    for place in keep_histories(campaign):
        console.print(f"history  {place.relative_to(paths.ROOT)}", soft_wrap=True)
    if wanted.save and not wanted.only:
        save(campaign)
    if campaign.verdict.violations:
        console.print(f"To repeat one job: make chaos JOBS={wanted.jobs} SEED={wanted.seed} ONLY=<job>")
        return 1
    return 0
