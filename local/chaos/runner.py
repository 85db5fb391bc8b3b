"""The course of a campaign: drop, deliver again, redrive, listen, until every job was heard of."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local.chaos.drops import Dropper
from local.chaos.eventbridge_redelivery import Bearer
from local.chaos.killer import Killer
from local.chaos.notification_listener import Witness
from local.chaos.plan import Folder

OPEN_AT_MOST = 40
"""Jobs dropped and not yet heard of: so many wait in front of the slots, and no more executions than
two cores can run."""
BUSY_AT_MOST = 12
"""Workers at work when another folder is dropped or an event delivered again: each of them that has to be
started takes a second of a core."""
STEP_SECONDS = 0.1
DROP_EVERY_SECONDS = 0.5
"""From one folder to the next: how busy the workers are shows only when they have started."""
TICK_SECONDS = 2.0
NO_NEWS_SECONDS = 10.0
SILENCE_SECONDS = 300.0
"""A campaign that hears nothing for so long is over: the longest pause of a job is two minutes."""


@dataclass
class Course:
    """Runs `folders` through a stack, never too many at once; `say` is told how it goes."""

    dropper: Dropper
    bearer: Bearer
    witness: Witness
    killer: Killer
    folders: Sequence[Folder]
    say: Callable[[str], None]
    dropped: int = 0
    heard: int = 0
    _told: tuple[int, int] = (0, 0)
    _waiting: list[Folder] = field(default_factory=list)

    def run(self) -> None:
        """Go on until each job was heard of and all is delivered, or nothing is heard any more."""
        self._waiting = list(self.folders)
        self._began = self._news = self._next_drop = self._next_tick = time.monotonic()
        while self._waiting or self.heard < self.dropped or not self.dropper.idle:
            self._drop()
            time.sleep(STEP_SECONDS)
            self._listen()
            if time.monotonic() > self._next_tick:
                self._tick()
            if self._silence > SILENCE_SECONDS:
                return

    @property
    def _silence(self) -> float:
        return time.monotonic() - self._news

    def _drop(self) -> None:
        """Drop the next folder and deliver what is due, if the machine can take it."""
        if self.killer.busy >= BUSY_AT_MOST:
            return
        self.dropper.deliver()
        room = OPEN_AT_MOST - (self.dropped - self.heard)
        if not self._waiting or len(self._waiting[0].jobs) > room or time.monotonic() < self._next_drop:
            return
        folder = self._waiting.pop(0)
        self.dropper.drop(folder)
        self.dropped += len(folder.jobs)
        self._next_drop = time.monotonic() + DROP_EVERY_SECONDS

    def _listen(self) -> None:
        if len(self.witness.messages) > self.heard:
            self.heard, self._news = len(self.witness.messages), time.monotonic()

    def _tick(self) -> None:
        """Do what an operator does, and say how it goes."""
        self._next_tick = time.monotonic() + TICK_SECONDS
        self.dropper.redrive()
        if self._silence > NO_NEWS_SECONDS:
            self.bearer.deliver(self.witness.messages)
        if self._told != (self.dropped, self.heard):
            self._told = self.dropped, self.heard
            elapsed = time.monotonic() - self._began
            self.say(f"{elapsed:5.0f} s  {self.dropped} dropped, {self.heard} heard of")
