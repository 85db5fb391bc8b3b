"""A warm `request` function that forks: each child is one invocation, and may be told when to die.

Runs as a process of its own (`python -m tests.support.request_forks LOG`), so that no thread of pytest's
is copied. Reads lines of JSON, each a list of `Run`s to start at the same moment; answers each with a
line: what every run answered, "killed", or the name of what it raised. What the function logs goes to LOG.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
import urllib3

from lipdrop.config.settings import settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.request.requester import Requester
from lipdrop.segmind.single_shot_transport import SingleShotAdapter

APP = Path(__file__).parents[2] / "functions" / "request" / "app.py"
CONTEXT = SimpleNamespace(
    function_name="request",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:request",
    aws_request_id="-",
)

METHODS: dict[str, tuple[type, str]] = {
    "read": (Ledger, "get_record"),
    "slot": (Capacity, "take_slot"),
    "promise": (Ledger, "begin"),
    "send": (SingleShotAdapter, "send"),
    "note": (Ledger, "note_request"),
    "give up": (Ledger, "give_up_try"),
    "doubt": (Ledger, "doubt"),
    "gate": (Capacity, "shut_gate"),
    "trouble": (Capacity, "raise_trouble"),
    "free": (Capacity, "free_slot"),
}
PORTS = ("link", "submit")
STEPS = [f"{when} {what}" for what in (*METHODS, *PORTS) for when in ("before", "after")]
STEPS += ["before reply", "after reply", "after answer"]
"""Every place to die: around each step of the request, and around the moment when the POST is out."""


class Run(msgspec.Struct, kw_only=True):
    """One invocation: its event, how many seconds later than now it thinks it is, and its end.

    `kill` is one of `STEPS`, or a number of milliseconds; "" lets it live.
    """

    event: dict[str, Any]
    later: float = 0
    kill: str = ""


def die(*_: object) -> NoReturn:
    """End this process as Lambda ends one: at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def deadly[**P, R](real: Callable[P, R], when: str) -> Callable[P, R]:
    """Return `real`, dying before it is called or after it has returned or raised."""

    @wraps(real)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if when == "before":
            die()
        try:
            return real(*args, **kwargs)
        finally:
            die()

    return wrapped


def arm(requester: Requester, kill: str) -> Requester:
    """Return the requester with death built in at `kill`."""
    if not kill or kill == "after answer":
        return requester
    if kill.replace(".", "").isdigit():
        signal.signal(signal.SIGALRM, die)
        signal.setitimer(signal.ITIMER_REAL, float(kill) / 1000)
        return requester
    when, what = kill.split(" ", 1)
    if what in PORTS:
        return msgspec.structs.replace(requester, **{what: deadly(getattr(requester, what), when)})
    if what == "reply":
        arm_reply(when)
    else:
        owner, name = METHODS[what]
        setattr(owner, name, deadly(getattr(owner, name), when))
    return requester


def arm_reply(when: str) -> None:
    """Die when the POST is out to the last byte and its reply is not read, or has just begun to be."""
    real, port = urllib3.connection.HTTPConnection.getresponse, urlsplit(settings().segmind_base_url).port

    def getresponse(self: Any) -> Any:
        return deadly(real, when)(self) if self.port == port else real(self)

    urllib3.connection.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]


def invoke(app: Any, run: Run) -> Any:
    """Call the handler as Lambda does; return its answer or the name of what it raised."""
    requester = msgspec.structs.replace(app.requester(), clock=lambda: time.time() + run.later)
    armed = arm(requester, run.kill)
    app.requester = lambda: armed
    try:
        answer = app.lambda_handler(run.event, CONTEXT)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if run.kill == "after answer":
        die()
    return answer


def fork(app: ModuleType, run: Run, start: int) -> tuple[int, int]:
    """Start one child that waits for `start` to close; return its id and the pipe its answer comes from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.read(start, 1)
    os.write(writing, msgspec.json.encode(invoke(app, run)))
    os._exit(0)


def run_together(app: ModuleType, runs: list[Run]) -> list[Any]:
    """Run all of `runs` at once; return what became of each."""
    start, starter = os.pipe()
    children = [fork(app, run, start) for run in runs]
    os.close(start)
    os.write(starter, b"." * len(runs))
    os.close(starter)
    return [finished(child, reading) for child, reading in children]


def finished(child: int, reading: int) -> Any:
    """Wait for a child; return its answer, or "killed"."""
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    return msgspec.json.decode(answer)


def load() -> ModuleType:
    """Return the function's module as Lambda imports it, warm: with its clients made, not yet used."""
    spec = spec_from_file_location("app", APP)
    if spec is None or spec.loader is None:
        raise ImportError(str(APP))
    app = module_from_spec(spec)
    spec.loader.exec_module(app)
    app.requester()
    return app


def main() -> None:
    """Answer line by line until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    app = load()
    for line in sys.stdin.buffer:
        answers.write(
            msgspec.json.encode(run_together(app, msgspec.json.decode(line, type=list[Run]))) + b"\n"
        )
        answers.flush()


if __name__ == "__main__":
    main()
