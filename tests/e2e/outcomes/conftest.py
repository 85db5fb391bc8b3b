"""A deployed stack with narrow limits and short waits, so that every outcome can be tested in minutes."""

import os
from collections.abc import Iterator

import pytest

from local import paths
from local.stack import Stack, running
from local.standin.control import StandinControl
from tests.support.outcomes_stack import API_KEY, PARAMETERS, STAND_IN, WAIT_SCALE, Archive


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One deployed stack for the tests of this folder, which use a folder of the inbox each."""
    with running(
        paths.HOME / f"outcomes-{os.getpid()}",
        api_key=API_KEY,
        stand_in=STAND_IN,
        parameters=PARAMETERS,
        aws_settings={"SFN_WAIT_SCALE": WAIT_SCALE},
    ) as deployed:
        yield deployed


@pytest.fixture(scope="package", autouse=True)
def everything(stack: Stack) -> Archive:
    """Return an archive of all messages, which was there before the first drop."""
    return Archive(stack)


@pytest.fixture
def standin(stack: Stack) -> Iterator[StandinControl]:
    """The stand-in Segmind, which behaves again after the test."""
    control = StandinControl(stack.segmind_base_url)
    before = control.settings()
    yield control
    control.clear_faults()
    control.configure(
        key=before.key,
        credits=before.credits,
        processing_seconds=before.processing_seconds,
        history_lag_seconds=before.history_lag_seconds,
    )
    control.close()
