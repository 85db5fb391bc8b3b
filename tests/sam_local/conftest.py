"""The four handlers under the Lambda runtime interface: `sam local invoke`, Docker, a local stack."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from local import paths, up
from local.stack import Stack, running

STAND_IN = ("--processing-seconds", "0")


@pytest.fixture(scope="session", autouse=True)
def _docker() -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers: `sam local invoke` needs one")


@pytest.fixture(scope="session")
def stack(_docker: None) -> Iterator[Stack]:
    """The stack that `make up` left running, or one of our own for the session."""
    if up.STATE.exists():
        yield Stack(**json.loads(up.STATE.read_text()))
        return
    with running(paths.HOME / f"invoke-{os.getpid()}", stand_in=STAND_IN) as deployed:
        yield deployed
