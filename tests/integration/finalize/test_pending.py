"""A paid result is tried for as long as Segmind, or the host of its file, may still give it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.results.results_bucket import ResultsBucket
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import (
    AccountTrouble,
    Expired,
    InferenceFailed,
    ResultInvalid,
    SegmindError,
    Unavailable,
)
from lipdrop.segmind.result_body import Link, Stream
from local.sample_media.mp4 import sample_video
from tests.support.file_server import Fault, Plan
from tests.support.journey import SCHEMA
from tests.support.results_world import NOW, OVER, World, failed_look

EndingMaker = Callable[..., FinalizeEvent]
HOUR = 3600.0
EXPIRED = Expired("Unknown request.", http_status=404)


def finish(scene: World, ending: FinalizeEvent) -> dict[str, Any]:
    """Run finalize as the state machine does, with ten minutes of time."""
    return scene.finalizer.finish(ending, scene.now + 600)


def refusing(error: SegmindError) -> Callable[[str], Any]:
    def answer(_: str) -> Any:
        raise error

    return answer


def forget(scene: World) -> None:
    """Let Segmind forget the request: its hour is over."""
    scene.answer = refusing(EXPIRED)
    scene.status = refusing(EXPIRED)
    scene.now = NOW + HOUR


@pytest.mark.parametrize("look", ["COMPLETED", "RESULT_EXPIRED"])
def test_a_404_on_a_young_request_is_an_error_of_the_moment(
    scene: World, asked: Callable[..., None], ending: EndingMaker, look: str
) -> None:
    asked()
    usual = scene.answer
    scene.answer, scene.status = refusing(EXPIRED), refusing(EXPIRED)
    event = ending() if look == "COMPLETED" else ending(look=failed_look(look))
    assert finish(scene, event)["status"] == "PENDING"
    scene.answer, scene.status = usual, lambda _: Status(status="COMPLETED")
    assert finish(scene, event)["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()


@pytest.mark.parametrize("fault", ["html", "cut", "empty", "gzip", "unavailable", "forbidden", "reset"])
def test_a_link_that_serves_something_else_for_a_while_costs_no_result(
    scene: World, plan: Plan, ending: EndingMaker, fault: Fault
) -> None:
    plan.then = fault
    assert finish(scene, ending())["status"] == "PENDING"
    assert scene.messages() == []
    plan.then = None
    assert finish(scene, ending())["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()


@pytest.mark.parametrize(
    "trouble",
    [
        ResultInvalid("The result holds no link to a video. Seen: {output: null}."),
        Unavailable("Out of service.", http_status=503),
        AccountTrouble("The API key could not be read (AccessDenied)."),
    ],
)
def test_a_body_without_a_link_and_a_key_that_cannot_be_read_are_pending(
    scene: World, ending: EndingMaker, trouble: SegmindError
) -> None:
    usual = scene.answer
    scene.answer = refusing(trouble)
    assert finish(scene, ending())["status"] == "PENDING"
    scene.answer = usual
    assert finish(scene, ending())["status"] == "COMPLETED"


def test_segmind_s_own_failed_is_final_at_once(scene: World, ending: EndingMaker) -> None:
    scene.answer = refusing(InferenceFailed("No face."))
    assert finish(scene, ending())["error"]["code"] == "INFERENCE_FAILED"


def test_the_pauses_grow_to_half_an_hour_and_shrink_towards_the_end_of_the_record(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.then, scene.link_seconds = "unavailable", 72 * HOUR
    asked = [finish(scene, ending(waits=waits))["wait_seconds"] for waits in range(12)]
    assert asked[:4] == [60, 90, 135, 203]
    assert max(asked) == 1750, "half of what is left of the hour"
    scene.now = NOW + 3400
    assert finish(scene, ending(waits=9))["wait_seconds"] == 60
    scene.now = NOW + 3490
    assert finish(scene, ending(waits=9))["wait_seconds"] == 11, "right behind the hour, as the link lives on"
    scene.now = NOW + 9000
    assert finish(scene, ending(waits=99))["wait_seconds"] == 1800


@pytest.mark.parametrize("method", ["put_video", "put_record", "find"])
@pytest.mark.parametrize("silent", [False, True])
def test_s3_in_trouble_is_waited_for_while_the_result_lives(
    scene: World, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch, method: str, silent: bool
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        if silent:
            raise EndpointConnectionError(endpoint_url="https://s3")
        raise ClientError({"Error": {"Code": "SlowDown"}}, method)

    with monkeypatch.context() as broken:
        broken.setattr(ResultsBucket, method, fail)
        assert finish(scene, ending())["status"] == "PENDING"
    assert scene.messages() == []
    assert finish(scene, ending())["status"] == "COMPLETED"


@pytest.mark.parametrize("method", ["get_record", "close"])
def test_dynamodb_in_trouble_is_waited_for_while_the_result_lives(
    scene: World, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, method)

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, method, fail)
        answer = finish(scene, ending())
        assert (answer["status"], answer["error"]["code"]) == ("PENDING", "INTERNAL_ERROR")
        scene.now = NOW + 2 * HOUR
        with pytest.raises(ClientError):
            finish(scene, ending())
    assert finish(scene, ending())["status"] == "COMPLETED"


def test_a_job_that_nothing_was_paid_for_does_not_wait_for_dynamodb(
    scene: World, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "GetItem")

    monkeypatch.setattr(Ledger, "get_record", fail)
    with pytest.raises(ClientError):
        finish(scene, ending(request={}, look={"polls": 0}))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_refusal_of_dynamodb_is_raised_as_waiting_does_not_help(
    scene: World, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": code}}, "GetItem")

    monkeypatch.setattr(Ledger, "get_record", fail)
    with pytest.raises(ClientError):
        finish(scene, ending())


def test_a_bucket_that_keeps_refusing_is_told_once_while_the_job_goes_on(
    scene: World, ending: EndingMaker
) -> None:
    scene.s3.delete_bucket(Bucket="results")
    for waits in range(5):
        assert finish(scene, ending(waits=waits))["status"] == "PENDING"
    (alert,) = scene.messages()
    SCHEMA.validate(alert)
    assert (alert["status"], alert["error"]["code"]) == ("ALERT", "STORE_FAILED")
    assert "NoSuchBucket" in alert["error"]["message"]


def test_the_link_is_kept_at_first_sight_and_fetched_after_the_record_s_hour(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker
) -> None:
    asked()
    scene.link_seconds, plan.then = 72 * HOUR, "unavailable"
    assert finish(scene, ending())["status"] == "PENDING"
    record = scene.ledger.get_record("fr-1")
    assert record is not None
    assert "X-Amz-Signature=secret" in record.link
    forget(scene)
    assert finish(scene, ending())["status"] == "PENDING"
    plan.then = None
    assert finish(scene, ending())["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()


def test_a_run_after_the_hour_makes_a_real_try_without_any_time_left(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker
) -> None:
    asked()
    scene.ledger.note_link("fr-1", scene.answer("req-1").url)  # type: ignore[union-attr]
    forget(scene)
    assert scene.finalizer.finish(ending(), scene.now - 5)["status"] == "COMPLETED"


@pytest.mark.parametrize("fault", ["html", "unavailable", "reset"])
def test_a_host_in_trouble_after_the_hour_is_tried_for_the_link_s_time(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker, fault: Fault
) -> None:
    asked()
    scene.link_seconds, plan.then = 72 * HOUR, fault
    assert finish(scene, ending())["status"] == "PENDING"
    forget(scene)
    scene.now = NOW - 100 + 73 * HOUR - 1
    assert finish(scene, ending(waits=200))["wait_seconds"] == 2
    scene.now += 2
    assert finish(scene, ending())["status"] == "FAILED"


@pytest.mark.parametrize(("status", "final"), [("forbidden", True), ("unavailable", False)])
def test_a_file_that_is_gone_for_an_hour_after_the_record_is_final(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker, status: Fault, final: bool
) -> None:
    asked()
    scene.link_seconds, plan.then = 72 * HOUR, status
    assert finish(scene, ending())["status"] == "PENDING"
    forget(scene)
    assert finish(scene, ending())["status"] == "PENDING"
    scene.now = NOW - 100 + 2 * HOUR
    assert finish(scene, ending())["status"] == ("FAILED" if final else "PENDING")


def test_the_slot_is_free_once_the_record_s_hour_is_over(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker
) -> None:
    asked()
    scene.capacity.take_slot("fr-1", NOW, NOW + 9999)
    scene.link_seconds, plan.then = 72 * HOUR, "unavailable"
    finish(scene, ending())
    assert list(scene.capacity.snapshot().held or {}) == ["fr-1"]
    forget(scene)
    assert finish(scene, ending())["status"] == "PENDING"
    assert scene.capacity.snapshot().held == {}


@pytest.mark.parametrize("fault", ["cut", "unavailable"])
def test_no_message_record_or_answer_holds_the_link(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker, fault: Fault
) -> None:
    asked()
    plan.then, scene.result_life = fault, OVER
    answer = finish(scene, ending())
    (message,) = scene.messages()
    texts = (str(answer), str(message), str(scene.record("launch/fr.failed.json")))
    assert all("Signature" not in text and "secret" not in text for text in texts)
    assert "secret" not in repr(scene.ledger.get_record("fr-1"))


def test_a_stream_without_a_link_ends_with_the_record(scene: World, ending: EndingMaker) -> None:
    scene.link_seconds = 72 * HOUR

    def answer(_: str) -> Link | Stream:
        raise ResultInvalid("No link.")

    scene.answer = answer
    assert finish(scene, ending())["status"] == "PENDING"
    scene.now = NOW + HOUR
    assert finish(scene, ending())["error"]["code"] == "RESULT_INVALID"
