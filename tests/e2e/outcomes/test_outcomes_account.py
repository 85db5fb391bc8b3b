"""The account cannot be used: one alert for all, the jobs wait, and continue by themselves after a fix."""

from collections.abc import Iterator
from typing import Any

import pytest

from lipdrop.model.failures import FAILURES
from local.stack import Stack
from local.standin.control import StandinControl
from local.subscriber import Subscriber
from tests.support.dropping import VIDEO, VOICE, drop_files, outcome, subscribed, under_way
from tests.support.journey import hear
from tests.support.mishaps import configured, fresh_control_item, let_the_gate_open

TROUBLES: dict[str, dict[str, Any]] = {
    "API_KEY_REJECTED": {"key": "another"},
    "INSUFFICIENT_CREDITS": {"credits": 0},
}
VOICES = {"fr.wav": VOICE, "es.wav": VOICE, "de.wav": VOICE}


@pytest.fixture(autouse=True)
def _no_trouble_remembered(stack: Stack) -> Iterator[None]:
    with fresh_control_item(stack):
        yield


@pytest.mark.parametrize("code", TROUBLES)
def test_one_alert_speaks_for_all_jobs_which_go_on_once_the_account_is_mended(
    stack: Stack, standin: StandinControl, code: str
) -> None:
    folder = f"account-{code}"
    usual = {field: getattr(standin.settings(), field) for field in TROUBLES[code]}
    alerts, jobs = Subscriber(stack, filter_policy={"status": ["ALERT"]}), subscribed(stack, folder)
    standin.configure(**TROUBLES[code])

    drop_files(stack, folder, VOICES | {"video.mp4": VIDEO})
    (alert,) = hear(alerts, 1)
    under_way(stack, folder, len(VOICES))
    standin.configure(**usual)
    let_the_gate_open(stack)

    ends = hear(jobs, len(VOICES))
    assert [end["status"] for end in ends] == ["COMPLETED"] * len(VOICES)
    assert alert["error"]["code"] == code
    assert "continue by themselves" in alert["error"]["action"]
    assert list(alerts.notifications()) == []


@pytest.mark.parametrize("code", TROUBLES)
def test_a_job_that_waited_too_long_for_the_account_says_so(
    stack: Stack, standin: StandinControl, code: str
) -> None:
    standin.configure(**TROUBLES[code])

    with configured(stack, "Request", ACCOUNT_WAIT_HOURS="0.001"):
        message = outcome(stack, f"account-late-{code}")

    error = message["error"]
    assert (error["code"], error["charged"]) == (code, "no")
    assert error["action"] == FAILURES[code].action
