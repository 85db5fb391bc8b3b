"""Requests whose result cannot be had, or not be kept: what is told, and what is left behind (nothing)."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.results.copy_limits import Limits
from lipdrop.segmind.errors import (
    AccountTrouble,
    Expired,
    InferenceFailed,
    RateLimited,
    ResultInvalid,
    Unavailable,
)
from lipdrop.segmind.result_body import Link, Stream
from local.sample_media.mp4 import sample_video
from tests.support.file_server import Plan
from tests.support.results_world import BUCKET, LAST_RUN, NOW, World

LATER = NOW + 600
EndingMaker = Callable[..., FinalizeEvent]


def error_of(scene: World) -> dict[str, Any]:
    """Take the one message there is and return its error."""
    (message,) = scene.messages()
    assert message["status"] == "FAILED"
    assert scene.open_uploads() == 0
    error: dict[str, Any] = message["error"]
    return error


def raising(error: Exception) -> Callable[[str], Link | Stream]:
    def answer(_: str) -> Link | Stream:
        raise error

    return answer


@pytest.mark.parametrize(
    ("plan", "seen"),
    [
        (Plan(sample_video(), then="html"), "HTML page, sent as text/html"),
        (Plan(sample_video(), then="empty"), "The result is empty"),
        (Plan(sample_video(), then="cut"), "cut off"),
        (Plan(sample_video(), then="gzip"), "encoded as gzip"),
        (Plan(sample_video()[:-1000]), "too early by its own index"),
        (Plan(sample_video()[:-1000], ranges=False, length="none"), "too early by its own index"),
        (Plan(sample_video(sound=False)), "no sound track"),
        (Plan(sample_video(picture=False)), "no picture track"),
        (Plan(sample_video(6)), "should have 2.0 s"),
        (Plan(sample_video()[:32] + bytes(9_000)), "no picture track"),
    ],
)
def test_what_is_no_whole_video_is_fetched_again_and_never_stored(
    scene: World, plan: Plan, seen: str, ending: EndingMaker
) -> None:
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert (error["code"], error["charged"], error["stage"]) == ("RESULT_INVALID", "yes", "finalize")
    assert seen in error["message"]
    assert "Tried 4 times" in error["message"]
    assert scene.pauses == [1, 3, 10]
    assert "Versions" not in scene.s3.list_object_versions(Bucket=BUCKET, Prefix="launch/fr.mp4")
    assert scene.record("launch/fr.failed.json")["notification"]["error"] == error


def test_a_failure_leaves_an_earlier_result_and_its_record_alone(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    scene.s3.put_object(Bucket=BUCKET, Key="launch/fr.mp4", Body=b"earlier")
    scene.s3.put_object(Bucket=BUCKET, Key="launch/fr.json", Body=b"{}")
    plan.then = "html"
    scene.finalizer.finish(ending(), LATER)
    assert scene.stored("launch/fr.mp4") == b"earlier"
    assert scene.stored("launch/fr.json") == b"{}"


def test_a_result_out_of_reach_is_tried_for_minutes_and_nothing_ends_while_it_lives(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.then = "unavailable"
    answer = scene.finalizer.finish(ending(), LATER)
    assert (answer["status"], answer["wait_seconds"]) == ("PENDING", 60)
    assert answer["error"]["code"] == "RESULT_UNREACHABLE"
    assert sum(scene.pauses) > 240
    assert scene.messages() == []
    assert scene.stored("launch/fr.failed.json") is None
    plan.then = None
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"


def test_a_result_out_of_reach_until_it_expires_is_told_of(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.then = "unavailable"
    scene.result_life = LAST_RUN
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert (error["code"], error["http_status"]) == ("RESULT_UNREACHABLE", 503)
    assert "request_id" in error["action"]


def test_no_try_begins_that_the_function_could_not_finish(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.then = "unavailable"
    scene.result_life = LAST_RUN
    scene.finalizer.finish(ending(), NOW + 2)
    assert scene.pauses == [1]
    assert error_of(scene)["code"] == "RESULT_UNREACHABLE"


def test_a_passing_fault_costs_a_pause_and_no_more(scene: World, plan: Plan, ending: EndingMaker) -> None:
    plan.faults = ["html", "cut"]
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()


def test_a_result_that_follows_its_status_by_a_moment_is_waited_for(
    scene: World, ending: EndingMaker
) -> None:
    usual, missing = scene.answer, [Expired("Unknown request.", http_status=404)] * 2
    scene.answer = lambda request_id: raising(missing.pop())("") if missing else usual(request_id)
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert scene.pauses == [1, 3]


def test_silence_takes_no_tries_from_a_result_that_comes_wrong_in_the_end(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    usual, silences = scene.answer, [Unavailable("Out of service.", http_status=503)] * 3

    def answer(request_id: str) -> Link | Stream:
        if silences:
            raise silences.pop()
        return usual(request_id)

    scene.answer = answer
    plan.faults = ["cut", "html"]
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()


@pytest.mark.parametrize(
    ("raised", "code", "charged"),
    [
        (Expired("Unknown request.", http_status=404), "RESULT_EXPIRED", "yes"),
        (InferenceFailed("No face."), "INFERENCE_FAILED", "no"),
        (ResultInvalid("No link. Seen: {output: null}."), "RESULT_INVALID", "yes"),
        (RateLimited("Too many.", http_status=429), "RESULT_UNREACHABLE", "yes"),
        (AccountTrouble("Bad key.", http_status=401), "RESULT_UNREACHABLE", "yes"),
    ],
)
def test_what_segmind_says_of_the_result_decides(
    scene: World, raised: Exception, code: str, charged: str, ending: EndingMaker
) -> None:
    scene.answer = raising(raised)
    scene.result_life = LAST_RUN
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert (error["code"], error["charged"]) == (code, charged)


def test_a_result_over_the_limit_is_refused_before_it_is_read(scene: World, ending: EndingMaker) -> None:
    scene.limits = Limits(max_bytes=1_000_000)
    scene.finalizer.finish(ending(), LATER)
    assert error_of(scene)["code"] == "RESULT_TOO_LARGE"


def test_a_link_to_a_private_host_is_never_followed(scene: World, ending: EndingMaker) -> None:
    scene.answer = lambda _: Link(url="https://127.0.0.1:9/latest/meta-data")
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert error["code"] == "RESULT_INVALID"
    assert "not public" in error["message"]


def test_a_bucket_that_refuses_ends_as_store_failed_and_is_told(scene: World, ending: EndingMaker) -> None:
    scene.s3.delete_bucket(Bucket=BUCKET)
    scene.finalizer.finish(ending(), LATER)
    (message,) = scene.messages()
    assert message["error"]["code"] == "STORE_FAILED"
    assert "NoSuchBucket" in message["error"]["message"]
    assert "record" not in message
    assert message["warnings"] == ["The record launch/fr.failed.json could not be written: NoSuchBucket."]


def test_a_passing_trouble_of_s3_is_left_to_the_state_machine(
    scene: World, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_down(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    with monkeypatch.context() as broken:
        broken.setattr(scene.s3, "put_object", slow_down)
        with pytest.raises(ClientError):
            scene.finalizer.finish(ending(), LATER)
    assert scene.messages() == []
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"


def test_the_errors_of_request_and_poll_are_told_as_they_are(scene: World, ending: EndingMaker) -> None:
    error = {
        "code": "INFERENCE_FAILED",
        "message": "No face was found.",
        "stage": "poll",
        "action": "Change the media.",
        "charged": "no",
    }
    scene.finalizer.finish(ending(look={"outcome": "failed", "error": error, "polls": 5}), LATER)
    assert error_of(scene) == error
    assert scene.capacity.snapshot().ratio_n == 0
