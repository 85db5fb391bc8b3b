"""`make chaos`: run a chaos campaign and save its figures beside the other measurements."""

import sys
from importlib.metadata import distributions

from benchmarks.record import save, surroundings
from local import paths
from local.chaos.campaign import Campaign
from local.chaos.command import main
from local.chaos.report import summary

PACKAGES = ("boto3", "msgspec", "requests")


def keep(campaign: Campaign) -> None:
    """Write the figures of `campaign` to `results/chaos.json`."""
    around = surroundings(*PACKAGES)
    around["versions"]["ministack"] = _local_aws()
    save("chaos", {**around, **summary(campaign)})


def _local_aws() -> str:
    """Return the version of the local AWS, which has an environment of its own."""
    places = [str(place) for place in (paths.HOME / "ministack").glob("lib/python*/site-packages")]
    return next(found.version for found in distributions(name="ministack", path=places))


if __name__ == "__main__":
    sys.exit(main(keep))
