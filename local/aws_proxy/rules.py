"""The rules that are in force, and the seeded choice among them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from local.aws_proxy.model import Call, Fault


@dataclass
class Rule:
    """A fault, and how often it was met and used."""

    fault: Fault
    clock: Callable[[], float]
    met: int = 0
    used: int = 0
    until: float = 0.0
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.fault.seed)

    def applies(self, call: Call) -> bool:
        """Whether `call` is to go wrong; counts it."""
        fault = self.fault
        if call.service != fault.service or fault.operation not in ("", call.operation):
            return False
        if self.clock() < self.until:
            return True
        self.met += 1
        if self.met <= fault.after or (fault.times is not None and self.used >= fault.times):
            return False
        if self.rng.random() >= fault.chance:
            return False
        self.used += 1
        self.until = self.clock() + fault.lasting
        return True
