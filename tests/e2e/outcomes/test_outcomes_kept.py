"""Paid results that something stands in the way of for a while, or that are odd: none of them is lost."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from tests.support.deadline import until
from tests.support.dropping import PAIR, drop_files, only, subscribed, under_way
from tests.support.journey import result, seen
from tests.support.mishaps import configured

SHORT_LIFE = {"RESULT_LIFE_SECONDS": "6", "RESULT_LINK_HOURS": "1"}
YOUNG = 4.0
PASSING = {
    "404-text": Fault(where="status", what="http", status=404, text="default backend - 404"),
    "html": Fault(where="file", what="html"),
    "half": Fault(where="file", what="half"),
    "nothing": Fault(where="file", what="empty"),
    "null": Fault(where="result", what="null_output"),
}
ODD = {
    "mov": ("mov", "unusual format"),
    "webm": ("webm", "unusual format"),
    "silent": ("mp4", "has no sound"),
    "double": ("mp4", "were expected"),
    "text_behind": ("mp4", "are no part of the video"),
}


@pytest.fixture(scope="module")
def messages(stack: Stack) -> Iterator[dict[str, dict[str, Any]]]:
    """The messages of all these jobs, which run side by side."""
    standin = StandinControl(stack.segmind_base_url)
    for name, fault in PASSING.items():
        faulty = msgspec.structs.replace(fault, match=f"/kept-{name}/", times=None, younger_than=YOUNG)
        standin.fault(faulty)
    for kind in ODD:
        standin.fault(Fault(where="submit", what="other_result", kind=kind, match=f"/kept-{kind}/"))  # type: ignore[arg-type]
    subscribers = {name: subscribed(stack, f"kept-{name}") for name in (*PASSING, *ODD)}
    for name in subscribers:
        drop_files(stack, f"kept-{name}", PAIR)
    yield {name: only(subscriber) for name, subscriber in subscribers.items()}
    standin.clear_faults()


@pytest.mark.parametrize("name", PASSING)
def test_an_error_of_the_moment_costs_no_result(
    stack: Stack, messages: dict[str, dict[str, Any]], name: str
) -> None:
    message = messages[name]
    assert message["status"] == "COMPLETED"
    assert seen(result(stack, message))[0] == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_result_is_stored_under_its_own_ending_with_a_warning(
    stack: Stack, messages: dict[str, dict[str, Any]], name: str
) -> None:
    ending, warning = ODD[name]
    message = messages[name]
    assert message["status"] == "COMPLETED"
    assert message["result"]["key"] == f"kept-{name}/fr.{ending}"
    assert any(warning in told for told in message["warnings"])
    assert seen(result(stack, message))[0] > 3


def test_a_result_is_fetched_by_its_link_after_segmind_forgot_the_request(
    stack: Stack, standin: StandinControl
) -> None:
    folder = "/kept-link/"
    standin.fault(
        Fault(where="submit", what="expire", seconds=5, match=folder),
        Fault(where="file", what="http", status=503, times=None, younger_than=7, match=folder),
        Fault(where="history", what="http", status=503, times=None),
    )
    subscriber = subscribed(stack, "kept-link")
    with configured(stack, "Finalize", timeout=70, **SHORT_LIFE):
        drop_files(stack, "kept-link", PAIR)
        message = only(subscriber)

    assert message["status"] == "COMPLETED"
    assert seen(result(stack, message))[0] == pytest.approx(4, abs=0.2)
    item = stack.client("dynamodb").get_item(
        TableName=stack.jobs_table, Key={"id": {"S": message["job_id"]}}
    )["Item"]
    assert item["link"]["S"].startswith(stack.segmind_base_url)
    assert item["link"]["S"] not in str(message)


def test_an_id_that_comes_after_its_job_was_stopped_is_followed(
    stack: Stack, standin: StandinControl
) -> None:
    standin.fault(Fault(where="submit", what="delay", seconds=3, match="/kept-stopped/"))
    posts, subscriber = standin.counters().posts, subscribed(stack, "kept-stopped")
    drop_files(stack, "kept-stopped", PAIR)
    (execution,) = under_way(stack, "kept-stopped")
    until(lambda: standin.counters().posts > posts or None)

    stack.client("stepfunctions").stop_execution(executionArn=execution, cause="too early")

    message = only(subscriber)
    assert (message["status"], message["execution_arn"]) == ("COMPLETED", execution)
    assert "ABORTED, The execution was stopped" in message["warnings"][0]
    assert seen(result(stack, message))[0] == pytest.approx(4, abs=0.2)
