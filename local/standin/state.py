"""What one stand-in remembers: settings, requests, faults; all of it on one event loop."""

from dataclasses import dataclass, field
from typing import Any

from local.standin.faults import Faults
from local.standin.jobs import Jobs
from local.standin.limits import Window
from local.standin.model import Counters, Seen, StandinSettings
from local.standin.parameters import public
from local.standin.renderer import Studio


@dataclass
class State:
    """The stand-in behind the routes."""

    settings: StandinSettings
    studio: Studio
    jobs: Jobs
    faults: Faults = field(default_factory=Faults)
    window: Window = field(default_factory=Window)
    seen: list[Seen] = field(default_factory=list)

    def note(self, body: Any, now: float) -> Seen:
        """Write a POST down as received."""
        self.jobs.counters.posts += 1
        entry = Seen(number=len(self.seen) + 1, at=now, body=public(body))
        self.seen.append(entry)
        return entry

    def counters(self) -> Counters:
        """Return the totals."""
        counters = self.jobs.counters
        counters.charged = sum(entry.charged for entry in self.seen)
        counters.renderings = self.studio.renderings
        return counters

    def forget(self, settings: StandinSettings) -> None:
        """Begin anew with `settings`; only the shelf of renderings stays."""
        self.jobs.cancel()
        self.settings = settings
        self.jobs, self.faults, self.window, self.seen = Jobs(self.studio), Faults(), Window(), []
