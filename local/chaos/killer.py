"""Kills Lambda workers while they work: SIGKILL, at random, only those of one local AWS.

Only a worker that has waited for an event before is killed: the local AWS answers the death of one that
is still starting by ending all workers of that function, which AWS never does.
"""

import os
import random
import signal
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.chaos.background_thread import beside

FUNCTIONS = ("Submit", "Request", "CheckStatus", "Finalize")
PATIENCE_SECONDS = 1.0
SCAN_SECONDS = 0.1
_IDLE = ("0 0x0 ", "63 0x0 ")
"""/proc/PID/syscall of a worker that waits for its next event: read(0) on x86-64 and on arm64."""
_STARTED_TICKS = 15
"""CPU time (hundredths of a second) after which that event is not the first line, which only starts it."""


@dataclass(frozen=True)
class Kill:
    """When (epoch seconds), and which function's worker in the middle of an invocation."""

    at: float
    function: str


@dataclass
class Killer:
    """Kills a busy worker of the local AWS `aws_pid` about every `interval` seconds."""

    aws_pid: int
    interval: float
    rng: random.Random
    kills: list[Kill] = field(default_factory=list)
    busy: int = 0
    """Workers that are starting or have an event in hand, a moment ago."""
    _ready: set[int] = field(default_factory=set)

    def at_work(self) -> AbstractContextManager[None]:
        """Kill workers while the block lasts."""
        return beside(self._run)

    def _run(self, over: threading.Event) -> None:
        due = time.monotonic()
        while not over.wait(SCAN_SECONDS):
            self._notice_idle()
            if time.monotonic() >= due:
                self._strike(self.rng.choice(FUNCTIONS), over)
                due = time.monotonic() + self.rng.expovariate(1 / self.interval)

    def _notice_idle(self) -> None:
        """Remember which workers have waited for an event, and so have started; count those that do not."""
        alive = set(children(self.aws_pid))
        busy = {pid for pid in alive if _busy(pid)}
        self._ready &= alive
        self._ready |= {pid for pid in alive - busy if _ticks(pid) > _STARTED_TICKS}
        self.busy = len(busy)

    def _strike(self, function: str, over: threading.Event) -> None:
        """Wait a moment for a busy worker of `function`, and kill it."""
        mine = [pid for pid in self._ready if _mark(function) in _read(pid, "cmdline")]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while mine and time.monotonic() < deadline and not over.is_set():
            if busy := [pid for pid in mine if _busy(pid)]:
                with suppress(ProcessLookupError):
                    os.kill(self.rng.choice(busy), signal.SIGKILL)
                    self.kills.append(Kill(time.time(), function))
                return
            time.sleep(0.005)


def children(pid: int) -> list[int]:
    """Return the children of all threads of `pid`."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def _mark(function: str) -> str:
    """Return what the command line of a worker of `function` (its logical name) holds."""
    return f"ministack-lambda-lipdrop-{function}-"


def _busy(pid: int) -> bool:
    """Whether the worker is processing an event."""
    call = _read(pid, "syscall")
    return bool(call) and not call.startswith(_IDLE)


def _ticks(pid: int) -> int:
    """Return the CPU time that `pid` has used, in hundredths of a second."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace")
    except OSError:
        return ""
