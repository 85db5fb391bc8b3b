"""Requests whose result cannot be had, or not be kept: what is told, and what is left behind (nothing)."""

from collections.abc import Callable
from typing import Any

import pytest

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
from tests.support.journey import SCHEMA
from tests.support.results_world import BUCKET, NOW, OVER, World

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


HALF = sample_video()[:-1000]
UNUSABLE = [
    (Plan(sample_video(), then="html"), "HTML page, sent as text/html", ""),
    (Plan(sample_video(), then="empty"), "The result is empty", ""),
    (Plan(sample_video(), then="gzip"), "encoded as gzip", ""),
    (Plan(b'{"error": "gone"}'), "JSON file", ""),
    (Plan(sample_video(), then="cut"), "cut off", "mp4"),
    (Plan(HALF), "too early by its own index", "mp4"),
    (Plan(HALF, ranges=False, length="none"), "too early by its own index", "mp4"),
    (Plan(sample_video(picture=False)), "no picture track", "mp4"),
    (Plan(sample_video()[:32] + bytes(9_000)), "no picture track", "mp4"),
    (Plan(b"PK\3\4" + bytes(9_000)), "looks like a ZIP archive", "bin"),
]


@pytest.mark.parametrize(("plan", "seen", "kept"), UNUSABLE)
def test_what_is_no_complete_video_is_fetched_again_while_segmind_keeps_the_request(
    scene: World, plan: Plan, seen: str, ending: EndingMaker, kept: str
) -> None:
    answer = scene.finalizer.finish(ending(), LATER)
    assert (answer["status"], answer["wait_seconds"]) == ("PENDING", 60)
    assert scene.pauses == [1, 3, 10]
    assert (answer["error"]["code"], scene.messages()) == ("RESULT_INVALID", [])
    assert "Versions" not in scene.s3.list_object_versions(Bucket=BUCKET)
    assert scene.open_uploads() == 0


@pytest.mark.parametrize(("plan", "seen", "kept"), UNUSABLE)
def test_what_is_there_in_the_end_is_kept_unverified_and_no_page_is(
    scene: World, plan: Plan, seen: str, ending: EndingMaker, kept: str
) -> None:
    scene.result_life = OVER
    scene.finalizer.finish(ending(), LATER)
    (message,) = scene.messages()
    SCHEMA.validate(message)
    error = message["error"]
    assert (error["code"], error["charged"], error["stage"]) == ("RESULT_INVALID", "yes", "finalize")
    assert seen in error["message"]
    assert scene.record("launch/fr.failed.json")["notification"] == message
    assert scene.stored("launch/fr.mp4") is None
    if not kept:
        assert "unverified" not in message
        return
    key = f"launch/fr.unverified.{kept}"
    body = scene.stored(key)
    assert body is not None
    assert plan.data.startswith(body)
    assert f"s3://{BUCKET}/{key}" in error["action"]
    assert message["unverified"] == {"bucket": BUCKET, "key": key, "size": len(body)}
    head = scene.s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"] == "application/octet-stream"
    assert head["Metadata"] == {"job-id": "fr-1", "request-id": "req-1"}


def test_a_large_unverified_file_is_kept_in_parts(
    scene: World, plan: Plan, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    scene.limits, scene.result_life = Limits(max_bytes=1 << 30, part_bytes=100_000), OVER
    plan.data = HALF
    scene.finalizer.finish(ending(), LATER)
    assert scene.stored("launch/fr.unverified.mp4") == HALF
    assert scene.open_uploads() == 0


def test_what_is_kept_unverified_is_bounded_like_every_result(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    scene.limits, scene.result_life = Limits(max_bytes=500_000), OVER
    plan.data, plan.ranges, plan.length = HALF, False, "none"
    scene.finalizer.finish(ending(), LATER)
    assert scene.messages()[0]["error"]["code"] == "RESULT_INVALID"
    assert len(scene.stored("launch/fr.unverified.mp4") or b"") <= 500_000


def test_a_failure_leaves_an_earlier_result_and_its_record_alone(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    scene.s3.put_object(Bucket=BUCKET, Key="launch/fr.mp4", Body=b"earlier")
    scene.s3.put_object(Bucket=BUCKET, Key="launch/fr.json", Body=b"{}")
    plan.then = "html"
    scene.result_life = OVER
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
    scene.result_life = OVER
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert (error["code"], error["http_status"]) == ("RESULT_UNREACHABLE", 503)
    assert "Finish the job by hand" in error["action"]


def test_no_try_begins_that_the_function_could_not_finish(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.then = "unavailable"
    scene.result_life = OVER
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
    scene.result_life = OVER
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert (error["code"], error["charged"]) == (code, charged)


def test_a_result_over_the_limit_is_refused_before_it_is_read(scene: World, ending: EndingMaker) -> None:
    scene.limits = Limits(max_bytes=1_000_000)
    scene.finalizer.finish(ending(), LATER)
    assert error_of(scene)["code"] == "RESULT_TOO_LARGE"


def test_a_link_to_a_private_host_is_never_followed(scene: World, ending: EndingMaker) -> None:
    scene.answer = lambda _: Link(url="https://127.0.0.1:9/latest/meta-data")
    scene.result_life = OVER
    scene.finalizer.finish(ending(), LATER)
    error = error_of(scene)
    assert error["code"] == "RESULT_INVALID"
    assert "not public" in error["message"]


def test_a_bucket_that_refuses_ends_as_store_failed_and_is_told(scene: World, ending: EndingMaker) -> None:
    scene.s3.delete_bucket(Bucket=BUCKET)
    assert scene.finalizer.finish(ending(), LATER)["status"] == "PENDING"
    scene.result_life = OVER
    scene.finalizer.finish(ending(), LATER)
    (message,) = scene.messages()
    assert message["error"]["code"] == "STORE_FAILED"
    assert "NoSuchBucket" in message["error"]["message"]
    assert "record" not in message
    assert message["warnings"] == ["The record launch/fr.failed.json could not be written: NoSuchBucket."]


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
