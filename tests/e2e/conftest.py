"""End to end: the real template, deployed by SAM CLI onto the local AWS with IAM enforced."""

import os
from collections.abc import Iterator

import pytest

from local import paths
from local.stack import Stack, running
from local.standin.control import StandinControl
from tests.support.settling import restrain

STAND_IN = ("--processing-seconds", "2")
PARAMETERS = {"ExpectedBaseSeconds": "2", "ExpectedSecondsPerSecond": "0"}


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One deployed stack for the tests of this folder, which use a folder of the inbox each.

    Those in `outcomes` come first and have a stack of their own, which has ended by then.
    """
    with running(paths.HOME / f"e2e-{os.getpid()}", stand_in=STAND_IN, parameters=PARAMETERS) as deployed:
        restrain(deployed)
        yield deployed


@pytest.fixture(scope="package")
def standin(stack: Stack) -> Iterator[StandinControl]:
    """Return the control of the stand-in Segmind."""
    control = StandinControl(stack.segmind_base_url)
    yield control
    control.close()
