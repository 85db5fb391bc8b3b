"""Start and stop the processes of a local run, by their id, and wait for what they promise."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_children: dict[int, subprocess.Popen[bytes]] = {}
"""What this process started and has not stopped: one that is forgotten is never reaped."""


class LocalRunError(Exception):
    """Something that the local run needs did not happen; the message says what and where to look."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(argv: Sequence[str | Path], *, environment: Mapping[str, str], log: Path, cwd: Path) -> int:
    """Start `argv` as the leader of a process group of its own, with its output in `log`; return its id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    return process.pid


def stop(pid: int, *, grace_seconds: float = 10) -> None:
    """Stop the process group that `pid` leads: asked first, forced after `grace_seconds`."""
    for kind, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + patience
        with suppress(ProcessLookupError):
            os.killpg(pid, kind)
        while time.monotonic() < deadline and _alive(pid):
            time.sleep(0.05)
        if not _alive(pid):
            _children.pop(pid, None)
            return


def wait_until(
    what: str, check: Callable[[], bool], *, seconds: float, pid: int | None = None, log: Path | None = None
) -> None:
    """Ask `check` until it says yes.

    Raises LocalRunError, with the end of `log`, when `pid` has died or `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while not check():
        dead = pid is not None and not _alive(pid)
        if dead or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log else ""
            raise LocalRunError(
                f"{what} {'died' if dead else f'was not ready after {seconds:.0f} s'}\n{tail}"
            )
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    """Whether `pid` runs; a dead child of ours is reaped on the way."""
    if child := _children.get(pid):
        child.poll()
    return _group_alive(pid)


def _group_alive(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True
