"""The local AWS: ministack from the package index, IAM enforced, on 127.0.0.1, in a folder of its own."""

import os
import urllib.error
import urllib.request
from pathlib import Path

from local import paths
from local.processes import free_port, start, wait_until

ACCOUNT = "000000000000"
REGION = "us-east-1"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
"""ministack's root user: who deploys and drops. The functions run under their own roles."""


def start_aws(directory: Path, *, settings: dict[str, str]) -> tuple[int, str]:
    """Start the local AWS with its files under `directory`; return its process id and endpoint.

    `settings` are ministack's own variables, on top of ours (`SFN_WAIT_SCALE` for scaled waits).
    Raises LocalRunError when it does not answer within a minute.
    """
    port = free_port()
    temporary = directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    log = directory / "aws.log"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "INFO",
        **CREDENTIALS,
        **settings,
    }
    pid = start([paths.MINISTACK], environment=environment, log=log, cwd=directory)
    endpoint = f"http://127.0.0.1:{port}"
    wait_until("the local AWS", lambda: _healthy(endpoint), seconds=60, pid=pid, log=log)
    return pid, endpoint


def _healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
