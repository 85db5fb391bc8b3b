"""A deployed stack with narrow limits and short waits, so that every way to end can be walked in minutes."""

from collections.abc import Iterator

import pytest

from local import paths
from local.stack import Stack, running
from local.standin.control import StandinControl
from local.subscriber import Subscriber

STAND_IN = ("--processing-seconds", "1")
PARAMETERS = {
    "ExpectedBaseSeconds": "100",
    "ExpectedSecondsPerSecond": "0",
    "DeadlineSeconds": "25",
    "MaxMediaSeconds": "20",
    "MaxMediaBytes": "1000000",
    "MaxJobCost": "1.2",
    "MaxResultBytes": "700000",
}
"""Wide enough for the sample media, and for a machine that has other things to do."""
WAIT_SCALE = "0.01"
"""The local AWS waits a hundredth of what the state machine says; what functions measure stays real time."""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One deployed stack for the tests of this folder, which keep apart by the folders they drop into."""
    with running(
        paths.HOME / "outcomes",
        stand_in=STAND_IN,
        parameters=PARAMETERS,
        aws_settings={"SFN_WAIT_SCALE": WAIT_SCALE},
    ) as deployed:
        yield deployed


@pytest.fixture(scope="session", autouse=True)
def everything(stack: Stack) -> Subscriber:
    """Return a subscriber without a filter that was there before the first drop."""
    return Subscriber(stack)


@pytest.fixture
def standin(stack: Stack) -> Iterator[StandinControl]:
    """The stand-in Segmind, which behaves again after the test."""
    control = StandinControl(stack.segmind_base_url)
    before = control.settings()
    yield control
    control.clear_faults()
    control.configure(key=before.key, credits=before.credits, processing_seconds=before.processing_seconds)
    control.close()
