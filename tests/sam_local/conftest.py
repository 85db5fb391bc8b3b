"""The functions under the Lambda runtime interface: `sam local`, Docker, the stack of `make up DOCKER=1`."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from local import paths, up
from local.stack import Stack


@pytest.fixture(scope="session", autouse=True)
def _docker() -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers: `sam local invoke` needs one")


@pytest.fixture(scope="session", autouse=True)
def stack(_docker: None) -> Iterator[Stack]:
    """The stack that is up already, or one for the session; open to containers."""
    ours = not up.STATE.exists()
    subprocess.run(["make", "up", "DOCKER=1"], cwd=paths.ROOT, check=True)
    yield Stack(**json.loads(up.STATE.read_text()))
    if ours:
        subprocess.run(["make", "down"], cwd=paths.ROOT, check=True)
