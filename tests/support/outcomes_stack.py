"""How the stack of these tests is set up, and how it is deployed again."""

from typing import Any

from local import sam
from local.stack import STAND_IN_PARAMETERS, Stack
from local.subscriber import Subscriber

API_KEY = "sk-4711-nobody-may-read-this"
STAND_IN = ("--processing-seconds", "1")
PARAMETERS = {
    "ExpectedBaseSeconds": "100",
    "ExpectedSecondsPerSecond": "0",
    "DeadlineSeconds": "25",
    "HistoryWaitSeconds": "2",
    "ResultLifeSeconds": "40",
    "ResultLinkHours": "0",
    "MaxMediaSeconds": "20",
    "MaxMediaBytes": "1000000",
    "MaxJobCost": "1.2",
    "MaxResultBytes": "700000",
}
"""Wide enough for the sample media, and for a machine that has other things to do.

Results that cannot be had are pending until their life is over; `LONG_LIFE` lets a test turn it good before.
"""
BRIEF_SECONDS = 65
"""A timeout of finalize that leaves it 5 s for trying again, where the real one leaves 14 minutes."""
LONG_LIFE = {"RESULT_LIFE_SECONDS": "3600"}
WAIT_SCALE = "0.01"
"""The local AWS waits a hundredth of what the state machine says; what functions measure stays real time."""


def deploy(stack: Stack, **changed: str) -> None:
    """Deploy the template again on the running `stack`, with parameters that are `changed`."""
    usual = {"SegmindBaseUrl": stack.segmind_base_url, **STAND_IN_PARAMETERS, **PARAMETERS}
    sam.deploy(stack.endpoint, usual | changed, template=sam.build())


class Archive:
    """Keeps every message that the topic publishes from now on."""

    def __init__(self, stack: Stack) -> None:
        self._subscriber = Subscriber(stack)
        self._envelopes: list[dict[str, Any]] = []

    def envelopes(self) -> list[dict[str, Any]]:
        """Return the SNS envelopes of all messages so far."""
        self._envelopes += self._subscriber.messages(wait_seconds=2)
        return list(self._envelopes)
