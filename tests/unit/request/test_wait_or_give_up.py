"""What a job that may not POST is told: how long to wait, why, whom to alert, and when it is over."""

import random
from typing import Any

import pytest

from lipdrop.config.settings import Settings, read_settings
from lipdrop.jobs_table.capacity_snapshot import Alert, Blocked, CapacitySnapshot, Gate, Trouble
from lipdrop.model.task_outputs import Busy, Rejected
from lipdrop.request.wait_or_give_up import wait

QUEUED = 1_000_000.0
HOUR = 3600.0
ENVIRONMENT = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": "j"}
SETTINGS = read_settings(ENVIRONMENT)
TROUBLE = Trouble(code="INSUFFICIENT_CREDITS", message="No credits left.", since=QUEUED + HOUR)


def ask(blocked: Blocked, waited: float, settings: Settings = SETTINGS) -> Busy | Rejected:
    return wait(blocked, QUEUED, QUEUED + waited, settings, random.Random(7))


def blocked(reason: Any = "SLOTS", until: float = 0, **seen: Any) -> Blocked:
    return Blocked(reason=reason, until=until, seen=CapacitySnapshot(**seen), trouble=seen.get("trouble"))


def busy(answer: Busy | Rejected) -> Busy:
    assert isinstance(answer, Busy)
    return answer


def code(answer: Busy | Rejected) -> str:
    assert isinstance(answer, Rejected)
    return answer.error.code


def test_a_job_without_a_slot_waits_and_is_told_why() -> None:
    answer = busy(ask(blocked(), 0))
    assert 10 <= answer.wait_seconds <= 30
    assert (answer.reason, answer.alert) == ("SLOTS", None)
    assert "MaxConcurrentJobs" in answer.message


def test_the_servers_time_is_honoured_and_the_jobs_part_after_it() -> None:
    waits = {
        busy(
            wait(blocked("RATE_LIMIT", QUEUED + 45), QUEUED, QUEUED, SETTINGS, random.Random(seed))
        ).wait_seconds
        for seed in range(50)
    }
    assert min(waits) > 45
    assert max(waits) - min(waits) > 15


def test_the_last_try_is_when_patience_ends() -> None:
    assert busy(ask(blocked(until=QUEUED + 30 * HOUR), 24 * HOUR - 5)).wait_seconds == 5
    assert code(ask(blocked(), 24 * HOUR)) == "QUEUE_TIMEOUT"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("SLOTS", "QUEUE_TIMEOUT"),
        ("RATE_LIMIT", "QUEUE_TIMEOUT"),
        ("SEGMIND_ERROR", "SEGMIND_UNAVAILABLE"),
        ("CANNOT_CONNECT", "SEGMIND_UNAVAILABLE"),
    ],
)
def test_the_end_of_patience_names_what_was_in_the_way(reason: Gate, expected: str) -> None:
    answer = ask(blocked(reason), 24.5 * HOUR)
    assert code(answer) == expected
    assert isinstance(answer, Rejected)
    assert "24.5 hours" in answer.error.message
    assert (answer.error.charged, answer.error.stage) == ("no", "request")


def test_in_trouble_a_job_waits_as_long_as_the_account_may_take() -> None:
    in_trouble = blocked("ACCOUNT", trouble=TROUBLE)
    assert busy(ask(in_trouble, 7 * HOUR - 3)).wait_seconds == 3
    assert code(ask(in_trouble, 7 * HOUR)) == "INSUFFICIENT_CREDITS"


def test_a_job_that_comes_late_into_the_trouble_waits_from_its_own_beginning() -> None:
    old = Trouble(code="API_KEY_REJECTED", message="Bad key.", since=QUEUED - 5 * HOUR)
    in_trouble = blocked("ACCOUNT", trouble=old)
    assert busy(ask(in_trouble, 5.9 * HOUR)).reason == "ACCOUNT"
    assert code(ask(in_trouble, 6 * HOUR)) == "API_KEY_REJECTED"


def test_trouble_does_not_prolong_the_patience_of_the_queue() -> None:
    late = Trouble(code="API_KEY_REJECTED", message="Bad key.", since=QUEUED + 23 * HOUR)
    assert code(ask(blocked("ACCOUNT", trouble=late), 24 * HOUR)) == "API_KEY_REJECTED"


def test_trouble_that_nobody_told_of_comes_with_an_alert() -> None:
    alert = busy(ask(blocked("ACCOUNT", trouble=TROUBLE), HOUR)).alert
    assert alert is not None
    assert (alert.code, alert.message) == ("INSUFFICIENT_CREDITS", "No credits left.")
    assert "credits" in alert.action
    assert "6 hours" in alert.action


def test_trouble_that_was_told_of_comes_without() -> None:
    told, claimed = Alert(told_at=QUEUED + HOUR), Alert(by="another", claimed_at=QUEUED + HOUR)
    for alert in (told, claimed):
        assert busy(ask(blocked("ACCOUNT", trouble=TROUBLE, account_alert=alert), HOUR + 60)).alert is None


def test_a_stack_without_patience_says_so_at_once() -> None:
    impatient = read_settings({**ENVIRONMENT, "MAX_QUEUE_HOURS": "0"})
    assert code(ask(blocked(), 0, impatient)) == "QUEUE_TIMEOUT"
