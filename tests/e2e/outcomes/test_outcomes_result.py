"""Jobs that were accepted and came to nothing: each says what was charged and what can still be done."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from lipdrop.model.failures import FAILURES
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from tests.support.dropping import (
    PAIR,
    VIDEO,
    drop_files,
    only,
    silence,
    subscribed,
    under_way,
    until_in,
)
from tests.support.journey import record, result, seen
from tests.support.mishaps import configured, unwritable
from tests.support.outcomes_stack import BRIEF_SECONDS, LONG_LIFE

FATES = {
    "INFERENCE_FAILED": Fault(where="submit", what="fail", message="The content was blocked."),
    "RESULT_EXPIRED": Fault(where="submit", what="expire", seconds=0.1),
    "DEADLINE": Fault(where="submit", what="never"),
    "RESULT_INVALID": Fault(where="file", what="html", times=None),
    "RESULT_UNREACHABLE": Fault(where="file", what="http", status=503, times=None),
}
FILES = {"RESULT_TOO_LARGE": {"video.mp4": VIDEO, "fr.wav": silence(13)}}
CODES = (*FATES, *FILES, "STORE_FAILED")


@pytest.fixture(scope="module")
def endings(stack: Stack) -> Iterator[dict[str, dict[str, Any]]]:
    """The messages of all these jobs, which wait side by side."""
    standin = StandinControl(stack.segmind_base_url)
    for code, fault in FATES.items():
        standin.fault(_only_for(code, fault))
    # The history would give the result of the request that Segmind forgot.
    standin.fault(Fault(where="history", what="http", status=503, times=None))
    subscribers = {code: subscribed(stack, f"result-{code}") for code in CODES}
    with configured(stack, "Finalize", timeout=BRIEF_SECONDS), unwritable(stack, "result-STORE_FAILED"):
        for code in CODES:
            drop_files(stack, f"result-{code}", FILES.get(code, PAIR))
        yield {code: only(subscriber) for code, subscriber in subscribers.items()}
    standin.clear_faults()


def test_a_result_whose_host_is_down_for_a_while_is_stored_once_it_is_back(
    stack: Stack, standin: StandinControl
) -> None:
    subscriber = subscribed(stack, "host-down")
    standin.fault(_only_for("/host-down/", FATES["RESULT_UNREACHABLE"]))
    with configured(stack, "Finalize", timeout=BRIEF_SECONDS, **LONG_LIFE):
        drop_files(stack, "host-down", PAIR)
        (execution,) = under_way(stack, "host-down")
        until_in(stack, execution, "WaitForPendingResult")
        standin.clear_faults()
        message = only(subscriber)

    assert (message["status"], message["warnings"]) == ("COMPLETED", [])
    assert seen(result(stack, message))[0] == pytest.approx(4, abs=0.2)


def _only_for(match: str, fault: Fault) -> Fault:
    return msgspec.structs.replace(fault, match=match)


@pytest.mark.parametrize("code", CODES)
def test_a_request_without_a_result_says_whether_it_was_charged(
    stack: Stack, endings: dict[str, dict[str, Any]], code: str
) -> None:
    message = endings[code]

    error = message["error"]
    assert error["code"] == code
    assert (error["charged"], error["action"]) == (FAILURES[code].charged, FAILURES[code].action)
    assert message["request_id"]
    assert message["polls"] >= 1
    with pytest.raises(ClientError, match="404"):
        stack.client("s3").head_object(Bucket=stack.results_bucket, Key=f"result-{code}/fr.mp4")


@pytest.mark.parametrize("code", [code for code in CODES if code != "STORE_FAILED"])
def test_a_failure_leaves_a_record_where_it_hides_no_result(
    stack: Stack, endings: dict[str, dict[str, Any]], code: str
) -> None:
    assert endings[code]["record"]["key"] == f"result-{code}/fr.failed.json"
    assert record(stack, endings[code])["notification"] == endings[code]


def test_a_record_that_cannot_be_written_is_missed_in_the_message(endings: dict[str, dict[str, Any]]) -> None:
    message = endings["STORE_FAILED"]

    assert "record" not in message
    assert any("could not be written" in warning for warning in message["warnings"])
