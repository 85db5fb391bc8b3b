"""300 jobs at once, dropped as one manifest: all of it real but the scale of time.

A job takes 2 s here instead of 222 s, a hundredth. At that scale a minute's window of 50 requests would be
half a second, and too easy a limit: waits are whole seconds, so a job is looked at once or twice instead of
eight times, and asks for 3.4 requests instead of 10. With a window of 4 s ten jobs at a time use two thirds
of the limit; ten real jobs use half of 50 requests a minute. A request is forgotten after two minutes
instead of 36 s: the local AWS starts its processes no faster than at any other scale.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from local import paths
from local.stack import Stack, running
from local.standin.control import StandinControl
from local.standin.model import Counters, Seen
from local.subscriber import Subscriber
from tests.support.journey import drop, hear, result

JOBS = 300
SLOTS = 10
STAND_IN = (
    *("--processing-seconds", "2", "--processing-cv", "0.2"),
    *("--requests-per-window", "50", "--window-seconds", "4"),
    *("--retention-seconds", "120"),
)
PARAMETERS = {
    "ExpectedBaseSeconds": "2",
    "ExpectedSecondsPerSecond": "0",
    "DeadlineSeconds": "110",
    "MaxConcurrentJobs": str(SLOTS),
}
AWS_SETTINGS = {"LAMBDA_ACCOUNT_CONCURRENCY": "12"}
"""A process of the local AWS for each of 300 jobs would keep two cores busy with starting Python."""
MOST_WASTED = 0.05

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]


class Crowd(NamedTuple):
    """What became of the jobs: messages, what the stand-in saw, checksums of results by request id.

    `more`: messages beyond one a job.
    """

    heard: list[dict[str, Any]]
    seen: list[Seen]
    counters: Counters
    results: dict[str, str]
    more: list[dict[str, Any]]


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    with running(
        paths.HOME / f"load-{os.getpid()}",
        stand_in=STAND_IN,
        parameters=PARAMETERS,
        aws_settings=AWS_SETTINGS,
    ) as stack:
        yield _run(stack)


def _run(stack: Stack) -> Crowd:
    control, subscriber = StandinControl(stack.segmind_base_url), Subscriber(stack)
    drop(stack, "media/video.mp4", (paths.MEDIA / "talking-head.mp4").read_bytes())
    drop(stack, "media/voice.wav", (paths.MEDIA / "voice-short.wav").read_bytes())
    entry = {"video": "media/video.mp4", "audio": "media/voice.wav"}
    drop(stack, "jobs/crowd.json", json.dumps([entry] * JOBS).encode())
    heard = hear(subscriber, JOBS, seconds=400)
    results = {
        message["request_id"]: hashlib.sha256(result(stack, message)).hexdigest()
        for message in heard
        if message["status"] == "COMPLETED"
    }
    more = list(subscriber.notifications(wait_seconds=1))
    return Crowd(heard, control.requests(), control.counters(), results, more)


def test_all_jobs_complete_and_each_is_told_of_once(crowd: Crowd) -> None:
    assert {message["status"] for message in crowd.heard} == {"COMPLETED"}
    assert {message["name"] for message in crowd.heard} == {f"crowd/{n:04}" for n in range(1, JOBS + 1)}
    assert crowd.more == []


def test_each_job_is_paid_for_once(crowd: Crowd) -> None:
    assert crowd.counters.accepted == crowd.counters.charged == JOBS


def test_slots_are_used_and_never_exceeded(crowd: Crowd) -> None:
    assert SLOTS / 2 < crowd.counters.max_in_flight <= SLOTS


def test_hardly_a_request_is_wasted_on_the_rate_limit(crowd: Crowd) -> None:
    counters = crowd.counters
    asked = counters.posts + counters.polls + counters.results
    assert counters.limited < MOST_WASTED * asked


def test_every_result_is_the_one_that_its_request_made(crowd: Crowd) -> None:
    assert crowd.results == {seen.request_id: seen.sha256 for seen in crowd.seen if seen.request_id}
