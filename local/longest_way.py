"""The longest way through the state machine, counted in events of its history.

Step Functions ends an execution after 25,000 events, whatever it is doing. So the longest wait for a slot,
then for the result, its link and the topic must fit, with the defaults and with every parameter at its
maximum. The pauses are those of the product's own functions; what a state costs is read from the definition.
"""

import itertools
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from lipdrop.finalize.pending import HOUR_SECONDS, Lifetime
from lipdrop.request.history_check import LOOKUPS, SILENT_FACTOR
from lipdrop.timing.poll_intervals import next_wait
from lipdrop.timing.queue_backoff import pause
from local import paths

MOST_EVENTS = 25_000
"""Quota of a standard execution (Step Functions developer guide)."""
STATE_EVENTS = 2
"""Entered and exited: a Choice, a Wait, a Pass."""
ATTEMPT_EVENTS = 3
"""Of a task: scheduled, started, and succeeded or failed."""
EXPECTED_SECONDS = (1.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Lengths of a request for which the polls are counted; the most count."""
QUIET_RETRIES = 0.1
"""Retries of a task that succeeds in the end, on average: faults of Lambda are rare."""


class Limits(Struct, frozen=True, kw_only=True):
    """The parameters that bound an execution, in seconds."""

    queue: float
    deadline: float
    life: float
    link: float


class Leg(Struct, frozen=True, kw_only=True):
    """A part of the way: how often its states are walked, and the events of one round."""

    name: str
    rounds: int
    events: float

    @property
    def total(self) -> int:
        """All its events."""
        return round(self.rounds * self.events)


def definition() -> dict[str, Any]:
    """Return the state machine."""
    found: dict[str, Any] = json.loads((paths.ROOT / "statemachine" / "lipsync.asl.json").read_text())
    return found


def parameters(kind: str) -> Limits:
    """Return the limits at the template's `kind`: "Default" or "MaxValue" (the greatest, of a text)."""
    text = (paths.ROOT / "template.yaml").read_text()

    patterns = {
        "Default": r"^    Default: \"?([\d.]+)",
        "MaxValue": r"^    (?:MaxValue: |ConstraintDescription: .* to )([\d.]+)",
    }

    def value(name: str) -> float:
        block = re.search(rf"^  {name}:\n(?:    .*\n)+", text, re.MULTILINE)
        found = block and re.search(patterns[kind], block[0], re.MULTILINE)
        if not found:
            raise LookupError(f"{name} has no {kind}")
        return float(found[1])

    return Limits(
        queue=max(value("MaxQueueHours"), value("AccountWaitHours")) * HOUR_SECONDS,
        deadline=value("DeadlineSeconds"),
        life=value("ResultLifeSeconds"),
        link=value("ResultLinkHours") * HOUR_SECONDS,
    )


def longest_way(limits: Limits, machine: Mapping[str, Any]) -> list[Leg]:
    """Return the legs of the longest way under `limits`.

    After the request it forks: the time that is left of the execution goes into waiting for the result, and
    the rest into a topic that is closed, or all of it into a Finalize that breaks. The longer one counts.
    """
    states = machine["States"]
    quiet = ATTEMPT_EVENTS * (1 + QUIET_RETRIES) + STATE_EVENTS
    round_events = quiet + 2 * STATE_EVENTS
    broken = _broken_task(states["Finalize"])
    told = broken + 2 * STATE_EVENTS + _broken_task(states["PublishLastResort"])
    again = broken + 3 * STATE_EVENTS
    started = Leg(name="start, end, and one breakdown of each task", rounds=1, events=_once(states))
    queue = Leg(name="waiting for a slot", rounds=_queue_rounds(limits), events=round_events)
    history = Leg(name="asking the request history", rounds=_history_rounds(), events=round_events)
    polls = Leg(name="looking at the request", rounds=_poll_rounds(limits), events=round_events)
    left = machine["TimeoutSeconds"] - limits.queue - limits.life
    pending = Leg(name="waiting for the result", rounds=_pending_rounds(limits), events=round_events)
    closed = "Finalize breaks and the topic is closed"
    topic = Leg(name=closed, rounds=_doubling(300, left - limits.link), events=told + STATE_EVENTS)
    all_topic = Leg(name=closed, rounds=_doubling(300, left), events=told + STATE_EVENTS)
    resort = Leg(name="Finalize breaks after its last resort", rounds=_last_resorts(states), events=again)
    ways = ([pending, topic], [all_topic], [pending, resort])
    tail = max(ways, key=lambda legs: sum(leg.total for leg in legs))
    return [started, queue, history, polls, *tail]


def _broken_task(state: Mapping[str, Any]) -> int:
    """Return the events of a task that fails until no retry is left."""
    attempts = 1 + sum(int(retry["MaxAttempts"]) for retry in state.get("Retry", []))
    return attempts * ATTEMPT_EVENTS + STATE_EVENTS


def _once(states: Mapping[str, Any]) -> int:
    return sum(_broken_task(state) if state["Type"] == "Task" else STATE_EVENTS for state in states.values())


def _queue_rounds(limits: Limits) -> int:
    rng, waited = random.Random(0), 0.0
    for rounds in itertools.count(1):
        waited += pause(waited, limits.queue, rng)
        if waited >= limits.queue:
            return rounds
    raise AssertionError("itertools.count never ends")


def _history_rounds() -> int:
    return round(LOOKUPS * SILENT_FACTOR) + 1


def _poll_rounds(limits: Limits) -> int:
    return max(_polls(expected, limits.deadline) for expected in EXPECTED_SECONDS)


def _polls(expected: float, deadline: float) -> int:
    elapsed = 0.0
    for polls in itertools.count(1):
        if elapsed >= deadline:
            return polls
        elapsed += next_wait(expected, elapsed, deadline)
    raise AssertionError("itertools.count never ends")


def _pending_rounds(limits: Limits) -> int:
    life = Lifetime(record_ends=limits.life, link_ends=limits.life + limits.link)
    now = 0.0
    for waits in itertools.count():
        if now >= life.link_ends:
            return waits + 1
        now += life.pause(now, waits, life.link_ends)
    raise AssertionError("itertools.count never ends")


def _last_resorts(states: Mapping[str, Any]) -> int:
    """Return how often Finalize is asked after its last resort, as the definition says."""
    condition = states["MayItStillBeHad"]["Choices"][0]["Condition"]
    found = re.search(r"\$lastResortWaits < (\d+)", condition)
    if not found:
        raise LookupError("MayItStillBeHad has no bound")
    return int(found[1])


def _doubling(first: float, seconds: float) -> int:
    """Return how many pauses, doubling from `first` up to six hours, fit into `seconds`."""
    pauses: Iterator[float] = (min(first * 2.0**n, 6 * HOUR_SECONDS) for n in itertools.count())
    return sum(1 for _ in itertools.takewhile(lambda ends: ends < seconds, itertools.accumulate(pauses)))


def report(say: Callable[[str], object] = print) -> int:
    """Print the longest ways; return the exit status: 1 if one does not fit."""
    machine, longest = definition(), 0
    for kind, title in (
        ("Default", "with the defaults"),
        ("MaxValue", "with every parameter at its maximum"),
    ):
        legs = longest_way(parameters(kind), machine)
        total = sum(leg.total for leg in legs)
        longest = max(longest, total)
        say(f"The longest way {title}: {total:,} of {MOST_EVENTS:,} events")
        for leg in legs:
            say(f"  {leg.total:>7,}  {leg.name} ({leg.rounds:,} times)")
    return int(longest >= MOST_EVENTS)


if __name__ == "__main__":
    sys.exit(report())
