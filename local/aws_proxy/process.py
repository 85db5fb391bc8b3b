"""Run the proxy as a process of its own, so that it takes no time from the process that measures."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import paths
from local.aws_proxy.control import ProxyControl
from local.processes import free_port, start, stop, wait_until


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its URL, the template's `AwsEndpointUrl`, and the way to control it."""

    url: str
    control: ProxyControl


@contextmanager
def running(upstream: str = "") -> Iterator[Proxy]:
    """Run a proxy on a free port of 127.0.0.1 while the block lasts.

    `upstream` is the local AWS; it can be told later by `control.upstream`, since a stack wants the
    proxy's address before it has one itself. Raises LocalRunError when the proxy does not start.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="aws-proxy-") as folder:
        log = Path(folder) / "log"
        words = ["--port", str(port), "--upstream", upstream]
        pid = start(
            [sys.executable, "-m", "local.aws_proxy", *words], environment=os.environ, log=log, cwd=paths.ROOT
        )
        control = ProxyControl(url)
        try:
            wait_until("the AWS proxy", lambda: url in log.read_text(), seconds=30, pid=pid, log=log)
            yield Proxy(url, control)
        finally:
            control.close()
            stop(pid)
