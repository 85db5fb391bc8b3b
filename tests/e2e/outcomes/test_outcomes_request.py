"""Jobs that end at the request: refused, unavailable, in doubt, out of time, out of media."""

import pytest

from lipdrop.model.failures import FAILURES
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from tests.support.dropping import PAIR, drop_files, only, outcome, subscribed, under_way
from tests.support.mishaps import configured, fresh_control_item, no_slot_free

ANSWERS = {
    "REQUEST_REJECTED": Fault(where="submit", what="http", status=400, message="temperature is odd"),
    "MODEL_UNAVAILABLE": Fault(where="submit", what="http", status=410),
    "SUBMISSION_UNKNOWN": Fault(where="submit", what="reset", accepted=True),
}


@pytest.mark.parametrize("code", ANSWERS)
def test_an_answer_that_ends_the_job_is_told_and_never_asked_for_again(
    stack: Stack, standin: StandinControl, code: str
) -> None:
    standin.configure(history_lag_seconds=3600)  # where no answer came, the history does not know it either
    standin.fault(ANSWERS[code])

    message = outcome(stack, f"request-{code}")

    error = message["error"]
    assert (error["code"], error["stage"]) == (code, "request")
    assert (error["charged"], error["action"]) == (FAILURES[code].charged, FAILURES[code].action)
    assert ANSWERS[code].message in error["message"]
    assert _posts(standin, f"request-{code}") == 1


def test_a_job_that_segmind_cannot_serve_in_time_is_given_up(stack: Stack, standin: StandinControl) -> None:
    standin.fault(Fault(where="submit", what="http", status=503, times=None))

    with fresh_control_item(stack), configured(stack, "Request", MAX_QUEUE_HOURS="0.001"):
        message = outcome(stack, "request-SEGMIND_UNAVAILABLE")

    assert (message["error"]["code"], message["error"]["charged"]) == ("SEGMIND_UNAVAILABLE", "no")


def test_a_job_that_gets_no_slot_in_time_says_so(stack: Stack, standin: StandinControl) -> None:
    with configured(stack, "Request", MAX_QUEUE_HOURS="0.0005"), no_slot_free(stack):
        message = outcome(stack, "request-QUEUE_TIMEOUT")

    assert (message["error"]["code"], message["error"]["charged"]) == ("QUEUE_TIMEOUT", "no")
    assert message["timings"]["total_seconds"] >= 1.8
    assert _posts(standin, "request-QUEUE_TIMEOUT") == 0


def test_media_that_was_deleted_while_its_job_waited_is_missed(stack: Stack, standin: StandinControl) -> None:
    folder = "request-MEDIA_GONE"
    subscriber = subscribed(stack, folder)
    with no_slot_free(stack):
        drop_files(stack, folder, PAIR)
        under_way(stack, folder)
        _delete_every_version(stack, f"inbox/{folder}/fr.wav")

    message = only(subscriber)

    assert (message["error"]["code"], message["error"]["charged"]) == ("MEDIA_GONE", "no")
    assert "fr.wav" in message["error"]["message"]
    assert _posts(standin, folder) == 0


def _posts(standin: StandinControl, folder: str) -> int:
    return sum(f"/{folder}/" in str((seen.body or {}).get("audio_url")) for seen in standin.requests())


def _delete_every_version(stack: Stack, key: str) -> None:
    s3, place = stack.client("s3"), {"Bucket": stack.drop_bucket}
    for version in s3.list_object_versions(**place, Prefix=key)["Versions"]:
        s3.delete_object(**place, Key=key, VersionId=version["VersionId"])
