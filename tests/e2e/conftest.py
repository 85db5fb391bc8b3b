"""End to end: the real template, deployed by SAM CLI onto the local AWS with IAM enforced."""

import os
from collections.abc import Iterator

import pytest

from local import paths
from local.stack import Stack, running

STAND_IN = ("--processing-seconds", "2")
PARAMETERS = {"ExpectedBaseSeconds": "2", "ExpectedSecondsPerSecond": "0"}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One deployed stack for the session; tests keep apart by the folders they drop into."""
    with running(paths.HOME / f"e2e-{os.getpid()}", stand_in=STAND_IN, parameters=PARAMETERS) as deployed:
        yield deployed
