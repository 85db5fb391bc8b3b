"""The four handlers under the Lambda runtime interface: `sam local invoke`, Docker, a local stack."""

import json
import os
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from local import paths, up
from local.stack import Stack, running
from tests.support.loopback import shared_loopback

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


@pytest.fixture(scope="session", autouse=True)
def _loopback(stack: Stack) -> Iterator[None]:
    """Let the containers reach the stack, which listens on 127.0.0.1 of this machine."""
    addresses = (urlsplit(url) for url in (stack.endpoint, stack.segmind_base_url))
    with shared_loopback([address.port for address in addresses if address.port]):
        yield
