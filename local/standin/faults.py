"""The rules by which the stand-in misbehaves, and the deterministic choice among them."""

import random
from collections import Counter
from dataclasses import dataclass, field

from local.standin.model import Fault, Where


@dataclass
class Rule:
    """A fault and how often it was met and used, by scope (a job's media, or "" for all)."""

    fault: Fault
    met: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    drawn: Counter[str] = field(default_factory=Counter)

    def applies(self, where: Where, media: str, age: float) -> bool:
        """Say whether this request is to be spoiled; counts it."""
        if where != self.fault.where or self.fault.match not in media:
            return False
        if self.fault.younger_than and age >= self.fault.younger_than:
            return False
        scope = media if self.fault.each_job else ""
        self.met[scope] += 1
        if self.met[scope] <= self.fault.after:
            return False
        if self.fault.times is not None and self.used[scope] >= self.fault.times:
            return False
        if not self._drawn(media):
            return False
        self.used[scope] += 1
        return True

    def _drawn(self, media: str) -> bool:
        self.drawn[media] += 1
        draw = random.Random(f"{self.fault.seed} {self.fault.what} {media} {self.drawn[media]}").random()
        return draw < self.fault.chance


class Faults:
    """The rules in the order in which they were asked for."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, faults: list[Fault]) -> None:
        """Put `faults` behind those that are there."""
        self.rules += [Rule(fault) for fault in faults]

    def pick(self, where: Where, media: str, age: float = 0.0) -> Fault | None:
        """Return the fault to show to this request. `media` is the job's two URL paths, `age` in seconds."""
        return next((rule.fault for rule in self.rules if rule.applies(where, media, age)), None)
