"""Asking later: rate limits, outages, an account in trouble, no slot; and for how long."""

import pytest

from lipdrop.model.task_outputs import Rejected
from lipdrop.segmind.errors import (
    AccountTrouble,
    NotSent,
    RateLimited,
    RequestRejected,
    SegmindError,
    Unavailable,
)
from lipdrop.timing.queue_backoff import MOST_ERRORS
from tests.support.requests_world import START, Scene, accepted, busy, error_code


def test_a_rate_limit_is_learned_once_for_all(scene: Scene) -> None:
    scene.outcomes = [RateLimited("Too many.", http_status=429, retry_at=START + 40)]
    first = busy(scene.request("a"))
    assert first.reason == "RATE_LIMIT"
    assert first.wait_seconds > 40
    assert scene.held() == set()

    assert busy(scene.request("b")).reason == "RATE_LIMIT"
    assert len(scene.bodies) == 1
    scene.now += 40
    assert accepted(scene.request("b"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("Out of service.", http_status=503), "SEGMIND_ERROR"),
        (NotSent("No connection."), "CANNOT_CONNECT"),
    ],
)
def test_an_outage_stops_all_and_blames_nobody(scene: Scene, error: SegmindError, reason: str) -> None:
    scene.outcomes = [error]
    assert busy(scene.request("a")).reason == reason
    assert busy(scene.request("b")).reason == reason
    assert len(scene.bodies) == 1
    assert scene.record("a").errors == 0
    scene.now += 60
    assert accepted(scene.request("a"))


@pytest.mark.parametrize("status", [500, 502])
def test_an_error_that_may_be_the_jobs_own_is_bounded_and_spans_its_patience(
    scene: Scene, status: int
) -> None:
    scene.outcomes = [Unavailable("Boom.", http_status=status)] * MOST_ERRORS
    for _ in range(MOST_ERRORS - 1):
        answer = busy(scene.request())
        assert answer.reason == "SEGMIND_ERROR"
        assert scene.held() == set()
        scene.now += answer.wait_seconds
    assert 18 < (scene.now - START) / 3600 < 24
    last = scene.request()
    assert error_code(last) == "SUBMISSION_UNKNOWN"
    assert isinstance(last, Rejected)
    assert last.error.charged == "unknown"
    assert "Boom." in last.error.message
    assert len(scene.bodies) == MOST_ERRORS
    assert accepted(scene.request("another", queued_at=scene.now))


def test_a_job_that_met_a_502_never_ends_as_not_charged(scene: Scene) -> None:
    scene.outcomes = [
        Unavailable("Bad gateway.", http_status=502),
        RequestRejected("Bad sync_mode.", http_status=422),
    ]
    scene.now += busy(scene.request()).wait_seconds
    answer = scene.request()
    assert error_code(answer) == "SUBMISSION_UNKNOWN"
    assert isinstance(answer, Rejected)
    assert "Bad sync_mode." in answer.error.message


def test_503_429_and_no_connection_are_not_counted(scene: Scene) -> None:
    scene.outcomes = [
        Unavailable("Out of service.", http_status=503),
        RateLimited("Too many.", http_status=429),
        NotSent("No connection."),
    ] * 5
    for _ in range(15):
        scene.now += busy(scene.request()).wait_seconds
    assert scene.record().errors == 0
    assert accepted(scene.request())


BAD_KEY = AccountTrouble("Bad key.", http_status=401)
NO_CREDITS = AccountTrouble("No credits.", code="INSUFFICIENT_CREDITS", http_status=406)
ODD = AccountTrouble(
    "Video duration exceeds 300 seconds.",
    code="INSUFFICIENT_CREDITS",
    own_code="REQUEST_REJECTED",
    http_status=406,
)


def test_trouble_of_the_account_makes_all_wait_and_is_told_once(scene: Scene) -> None:
    scene.outcomes = [NO_CREDITS, BAD_KEY]
    first = busy(scene.request("a"))
    assert (first.reason, first.alert) == ("ACCOUNT", None)
    alert = busy(scene.request("b")).alert
    assert alert is not None
    assert alert.code == "API_KEY_REJECTED"
    assert busy(scene.request("c")).alert == alert

    assert scene.capacity.claim_alert("API_KEY_REJECTED", "c", scene.now)
    assert busy(scene.request("d")).alert is None
    assert len(scene.bodies) == 2
    assert scene.held() == set()


def test_one_job_that_meets_account_trouble_stops_no_other_and_ends_when_another_got_through(
    scene: Scene,
) -> None:
    scene.outcomes = [ODD]
    first = busy(scene.request("odd"))
    assert (first.reason, first.alert) == ("ACCOUNT", None)
    assert accepted(scene.request("good"))

    scene.now += first.wait_seconds
    scene.outcomes = [ODD]
    answer = scene.request("odd")
    assert error_code(answer) == "REQUEST_REJECTED"
    assert isinstance(answer, Rejected)
    assert "Video duration exceeds" in answer.error.message
    assert answer.error.charged == "no"


def test_few_credits_left_are_no_fault_of_the_job_that_finds_them_used_up(scene: Scene) -> None:
    scene.outcomes = [NO_CREDITS]
    scene.now += busy(scene.request("a")).wait_seconds
    assert accepted(scene.request("b"))
    scene.now += 1
    scene.outcomes = [NO_CREDITS]
    scene.now += busy(scene.request("a")).wait_seconds
    scene.outcomes = [NO_CREDITS]
    assert busy(scene.request("a")).reason == "ACCOUNT"
    scene.now += 120
    assert accepted(scene.request("c"))
    scene.capacity.free_slot("c")
    scene.now += 1
    scene.outcomes = [NO_CREDITS]
    assert error_code(scene.request("a")) == "INSUFFICIENT_CREDITS"


def test_a_single_job_with_account_trouble_speaks_for_all_after_15_minutes(scene: Scene) -> None:
    tries = 0
    while True:
        scene.outcomes, tries = [BAD_KEY], tries + 1
        answer = busy(scene.request("a"))
        if answer.alert:
            break
        scene.now += answer.wait_seconds
    assert 900 <= scene.now - START < 1200
    assert tries < 10


def test_a_key_that_cannot_be_read_is_everybodys_trouble_at_once(scene: Scene) -> None:
    scene.outcomes = [AccountTrouble("There is no API key.")]
    assert busy(scene.request("a")).alert is not None
    assert busy(scene.request("b")).reason == "ACCOUNT"


def test_when_the_trouble_is_over_the_jobs_go_on_by_themselves(scene: Scene) -> None:
    scene.outcomes = [BAD_KEY, BAD_KEY]
    scene.request("a")
    scene.now += busy(scene.request("b")).wait_seconds

    assert accepted(scene.request("b"))
    assert scene.capacity.snapshot().trouble is None
    assert accepted(scene.request("a"))


def test_a_job_gives_up_when_the_account_stays_in_trouble(scene: Scene) -> None:
    scene.outcomes = [BAD_KEY] * 2
    scene.request("a")
    scene.now += 6 * 3600
    answer = scene.request("a")
    assert error_code(answer) == "API_KEY_REJECTED"
    assert isinstance(answer, Rejected)
    assert "Bad key." in answer.error.message


def test_two_jobs_that_meet_a_502_hold_the_others_back(scene: Scene) -> None:
    scene.outcomes = [Unavailable("Bad gateway.", http_status=502)] * 2
    scene.request("a")
    assert scene.capacity.snapshot().not_before == 0
    scene.request("b")
    assert busy(scene.request("c")).reason == "SEGMIND_ERROR"
    assert len(scene.bodies) == 2


def test_a_job_that_never_gets_a_slot_gives_up(scene: Scene) -> None:
    scene.request("a")
    scene.request("b")
    scene.now += 3000
    assert error_code(scene.request("c", queued_at=scene.now - 24 * 3600)) == "QUEUE_TIMEOUT"
