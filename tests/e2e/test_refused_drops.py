"""Every bad drop of the table, all the way: refused once, in the right words, unheard of by Segmind."""

import re
from typing import Any, NamedTuple

import pytest

from local.stack import Stack
from local.standin.control import StandinControl
from local.subscriber import Subscriber
from tests.support.bad_drops import BAD_DROPS, BadDrop
from tests.support.journey import drop, hear
from tests.support.settling import Uploads, restrain

DROPPED = [case for case in BAD_DROPS if not case.settings]
"""The other few need stacks with other limits; tests/integration goes through them too."""
AT_ONCE = 8
"""Uploads that `submit` may be behind: each of them has a Python process on the local AWS."""


class Told(NamedTuple):
    """The messages that came of all bad drops, and how many POSTs there were meanwhile."""

    heard: list[dict[str, Any]]
    posts: int


@pytest.fixture(scope="module")
def told(stack: Stack) -> Told:
    restrain(stack)
    control, subscriber, uploads = StandinControl(stack.segmind_base_url), Subscriber(stack), Uploads(stack)
    posts, sent = control.counters().posts, 0
    for case in DROPPED:
        for put in case.puts:
            drop(stack, put.key, put.body(), put.metadata)
            sent += put.key.startswith(("inbox/", "jobs/"))
        uploads.wait(sent - AT_ONCE)
    uploads.settle(sent)
    heard = hear(subscriber, sum(case.refusals for case in DROPPED))
    heard += subscriber.notifications(wait_seconds=1)
    return Told(heard, control.counters().posts - posts)


def test_there_are_enough_of_them_and_nothing_else_is_told(told: Told) -> None:
    assert len(DROPPED) >= 40
    assert len(told.heard) == sum(case.refusals for case in DROPPED)


def test_none_of_them_reaches_segmind(told: Told) -> None:
    assert told.posts == 0


@pytest.mark.parametrize("case", DROPPED, ids=lambda case: case.name)
def test_a_bad_drop_is_told_of_once_in_words(case: BadDrop, told: Told) -> None:
    messages = [message for message in told.heard if f"/{case.name}/" in _origin(message)]
    assert len(messages) == case.refusals
    for message in messages:
        error = message["error"]
        assert message["status"] == "FAILED"
        assert re.fullmatch(case.code, error["code"]), error
        assert re.search(case.message, error["message"]), error
        assert (error["stage"], error["charged"]) == ("drop", "no")


def _origin(message: dict[str, Any]) -> str:
    """Return the key that was dropped: of the manifest, or else of the voice or the video."""
    inputs = message["inputs"]
    return str((inputs.get("manifest") or inputs.get("audio") or inputs["video"])["key"])
