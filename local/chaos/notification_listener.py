"""Receives every notification while a campaign runs, and keeps the exact bytes."""

import json
import threading
from collections import defaultdict
from contextlib import AbstractContextManager

from local.chaos.background_thread import beside
from local.stack import Stack
from local.subscriber import Subscriber


class NotificationListener:
    """A subscriber in a thread of its own; `messages` holds the JSON texts by job name, in order."""

    def __init__(self, stack: Stack) -> None:
        self._subscriber = Subscriber(stack)
        self.messages: defaultdict[str, list[str]] = defaultdict(list)
        self.others: list[str] = []
        """Account alerts, and anything else that is no job's end."""

    def listening(self) -> AbstractContextManager[None]:
        """Listen while the block lasts, and receive what is left at its end."""
        return beside(self._run)

    def _run(self, over: threading.Event) -> None:
        while not over.is_set():
            self._hear(wait_seconds=1)
        self._hear(wait_seconds=0)

    def _hear(self, *, wait_seconds: int) -> None:
        for envelope in self._subscriber.messages(wait_seconds=wait_seconds):
            text = envelope["Message"]
            name = json.loads(text).get("name") if text.startswith("{") else None
            if name:
                self.messages[name].append(text)
            else:
                self.others.append(text)
