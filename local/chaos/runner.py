"""Runs a campaign's loop: upload, deliver again, redrive, listen, until every job was announced."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local.chaos.drops import Dropper
from local.chaos.eventbridge_redelivery import EventRedelivery
from local.chaos.killer import Killer
from local.chaos.notification_listener import NotificationListener
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
class CampaignRunner:
    """Runs `folders` through a stack, a limited number at once; `say` receives progress messages."""

    dropper: Dropper
    redelivery: EventRedelivery
    listener: NotificationListener
    killer: Killer
    folders: Sequence[Folder]
    say: Callable[[str], None]
    dropped: int = 0
    heard: int = 0
    _told: tuple[int, int] = (0, 0)
    _waiting: list[Folder] = field(default_factory=list)

    def run(self) -> None:
        """Continue until each job was announced and everything is delivered, or no news comes any more."""
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
        if len(self.listener.messages) > self.heard:
            self.heard, self._news = len(self.listener.messages), time.monotonic()

    def _tick(self) -> None:
        """Do what an operator does, and report progress."""
        self._next_tick = time.monotonic() + TICK_SECONDS
        self.dropper.redrive()
        if self._silence > NO_NEWS_SECONDS:
            self.redelivery.deliver(self.listener.messages)
        if self._told != (self.dropped, self.heard):
            self._told = self.dropped, self.heard
            elapsed = time.monotonic() - self._began
            self.say(f"{elapsed:5.0f} s  {self.dropped} dropped, {self.heard} heard of")
