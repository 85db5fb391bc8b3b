"""`make chaos`: break everything at once under many jobs, and show what held. `--only` runs one job again."""

import argparse
import sys
from importlib.metadata import distributions

from rich.console import Console

from benchmarks.record import save, surroundings
from local import paths
from local.chaos.campaign import run
from local.chaos.report import keep_histories, show, summary
from local.processes import LocalRunError

PACKAGES = ("boto3", "msgspec", "requests")


def _local_aws() -> str:
    """Return the version of the local AWS, which lives in an environment of its own."""
    places = [str(place) for place in (paths.HOME / "ministack").glob("lib/python*/site-packages")]
    return next(found.version for found in distributions(name="ministack", path=places))


def main() -> int:
    """Run a campaign; return 0 only if no promise was broken."""
    arguments = argparse.ArgumentParser(prog="local.chaos", description=__doc__)
    arguments.add_argument("--jobs", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="", help="the name of one job of that campaign")
    arguments.add_argument("--save", action="store_true", help="keep the figures in benchmarks/results")
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
        around = surroundings(*PACKAGES)
        around["versions"]["ministack"] = _local_aws()
        save("chaos", {**around, **summary(campaign)})
    if campaign.verdict.violations:
        console.print(f"Again, one alone: make chaos JOBS={wanted.jobs} SEED={wanted.seed} ONLY=<job>")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
