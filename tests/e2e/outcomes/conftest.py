"""A deployed stack with narrow limits and short waits, so that every way to end can be walked in minutes."""

from collections.abc import Iterator

import pytest

from local import paths
from local.stack import Stack, running
from local.standin.control import StandinControl
from local.subscriber import Subscriber
from tests.support.outcomes_stack import PARAMETERS, STAND_IN, WAIT_SCALE


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
