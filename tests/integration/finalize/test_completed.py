"""A finished request: stored once, recorded, told once, whatever is run again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import Estimate
from lipdrop.notify.topic import Topic
from lipdrop.results.results_bucket import ResultsBucket
from lipdrop.segmind.result_body import Stream
from local.sample_media.mp4 import sample_video
from tests.support.file_server import FileServer, Plan
from tests.support.jobs_table import a_job
from tests.support.results_world import BUCKET, NOW, World

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/notification.schema.json").read_text())
LATER = NOW + 600
EndingMaker = Callable[..., FinalizeEvent]


def fail_once(monkeypatch: pytest.MonkeyPatch, where: type, method: str) -> None:
    """Let the next call of `method` fail as if the process had died there."""
    real = getattr(where, method)

    def die(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(where, method, real)
        raise ClientError({"Error": {"Code": "InternalError"}}, method)

    monkeypatch.setattr(where, method, die)


def test_video_record_message_and_slot_are_all_seen_to(scene: World, ending: EndingMaker) -> None:
    scene.capacity.take_slot("fr-1", NOW, NOW + 100)
    assert scene.finalizer.finish(ending(), LATER) == {"status": "COMPLETED", "job_id": "fr-1"}

    assert scene.stored("launch/fr.mp4") == sample_video()
    head = scene.s3.head_object(Bucket=BUCKET, Key="launch/fr.mp4")
    assert head["Metadata"] == {"job-id": "fr-1", "request-id": "req-1"}
    assert head["ContentType"] == "video/mp4"
    (message,) = scene.messages()
    Draft202012Validator(SCHEMA).validate(message)
    assert message["result"] == {
        "bucket": BUCKET,
        "key": "launch/fr.mp4",
        "size": len(sample_video()),
        "version_id": head["VersionId"],
        "seconds": 2.0,
    }
    assert message["cost"] == {"estimated_usd": 0.17, "reported": 0.17, "remaining_credits": 9}
    assert message["timings"]["inference_seconds"] == 222.4
    assert scene.capacity.snapshot().held == {}


@pytest.mark.parametrize(("started_at", "left"), [(4e9, None), (1.0, b"{}")], ids=["older", "newer"])
def test_a_success_removes_the_record_of_an_older_failure_at_its_place_and_of_no_newer_one(
    scene: World, ending: EndingMaker, started_at: float, left: bytes | None
) -> None:
    for key in ("launch/fr.failed.json", "launch/es.failed.json"):
        scene.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")

    scene.finalizer.finish(replace(ending(), started_at=started_at), LATER)

    assert scene.stored("launch/fr.failed.json") == left
    assert scene.stored("launch/es.failed.json") == b"{}"
    assert scene.stored("launch/fr.json")


def test_record_holds_the_message_and_the_evidence(scene: World, ending: EndingMaker) -> None:
    scene.finalizer.finish(ending(), LATER)
    record = scene.record("launch/fr.json")
    (message,) = scene.messages()
    assert record["notification"] == message
    assert record["checks"]["media"]["video_codec"] == "AVC"
    assert record["checks"]["way"]["method"] == "put"
    assert record["metrics"]["inference_time"] == 222.4
    assert b"Signature" not in (scene.stored("launch/fr.json") or b"")


def test_a_second_run_changes_nothing_and_tells_nothing(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    first = scene.finalizer.finish(ending(), LATER)
    scene.now += 50
    assert scene.finalizer.finish(ending(), LATER) == first
    assert len(scene.messages()) == 1
    assert len(plan.requests) == 1
    versions = scene.s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert sorted(version["Key"] for version in versions) == ["launch/fr.json", "launch/fr.mp4"]


@pytest.mark.parametrize(
    ("where", "method", "first"),
    [
        (ResultsBucket, "put_record", "PENDING"),
        (Ledger, "close", "PENDING"),
        (Capacity, "free_slot", "PENDING"),
        (Topic, "publish", "raised"),
        (Ledger, "mark_notified", "raised"),
    ],
)
def test_a_run_that_died_anywhere_is_finished_by_the_next_one(
    scene: World,
    plan: Plan,
    ending: EndingMaker,
    monkeypatch: pytest.MonkeyPatch,
    where: type,
    method: str,
    first: str,
) -> None:
    fail_once(monkeypatch, where, method)
    if first == "raised":
        with pytest.raises(ClientError):
            scene.finalizer.finish(ending(), LATER)
    else:
        assert scene.finalizer.finish(ending(), LATER)["status"] == first
    scene.now += 50
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    messages = scene.messages()
    assert len({json.dumps(message, sort_keys=True) for message in messages}) == 1
    assert len(messages) == (2 if method == "mark_notified" else 1)
    assert len(plan.requests) == 1, "the stored video was fetched again"
    assert messages[0]["result"]["seconds"] == 2.0


def test_the_video_of_another_job_at_the_same_place_is_replaced(scene: World, ending: EndingMaker) -> None:
    scene.s3.put_object(Bucket=BUCKET, Key="launch/fr.mp4", Body=b"old", Metadata={"job-id": "older"})
    scene.finalizer.finish(ending(), LATER)
    assert scene.stored("launch/fr.mp4") == sample_video()


def test_a_video_that_comes_as_the_answer_itself_is_stored(
    scene: World, server: FileServer, ending: EndingMaker
) -> None:
    url = server.serve("/answer", Plan(sample_video(), ranges=False, length="chunked"))
    scene.answer = lambda _: Stream(response=requests.get(url, stream=True, timeout=5))
    scene.finalizer.finish(ending(), LATER)
    assert scene.stored("launch/fr.mp4") == sample_video()


def test_link_is_in_the_message_only_and_opens_the_video(scene: World, ending: EndingMaker) -> None:
    scene.link_hours = 2
    scene.finalizer.finish(ending(), LATER)
    (message,) = scene.messages()
    Draft202012Validator(SCHEMA).validate(message)
    assert message["result"]["link_expires_at"] == "2027-01-15T10:00:00Z"
    assert f"versionId={message['result']['version_id']}" in message["result"]["link"]
    assert "link" not in scene.record("launch/fr.json")["notification"]["result"]


def test_the_stack_learns_how_long_it_took(scene: World, ending: EndingMaker) -> None:
    scene.finalizer.finish(ending(), LATER)
    assert scene.capacity.snapshot().ratio_n == 1
    scene.finalizer.finish(ending(), LATER)
    assert scene.capacity.snapshot().ratio_n == 1


def test_what_is_learned_ends_with_the_look_that_saw_the_result(scene: World, ending: EndingMaker) -> None:
    scene.now = NOW + 1800
    scene.finalizer.finish(ending(), scene.now + 600)
    assert scene.capacity.snapshot().ratio == pytest.approx((1 + 97 / 107) / 2)


def test_an_odd_length_is_a_warning_and_no_reason_to_withhold_the_video(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.data = sample_video(6)
    longer = a_job(estimate=Estimate(output_seconds=8.5, expected_seconds=131, cost_usd=0.7))
    scene.finalizer.finish(ending(longer), LATER)
    (message,) = scene.messages()
    assert message["warnings"] == ["The result has 6.0 s where 8.5 s were expected."]


def test_dry_run_and_refused_drop_are_told_without_a_result(scene: World, ending: EndingMaker) -> None:
    dry = a_job("dry-1", dry_run=True)
    assert scene.finalizer.finish(ending(dry, request={}, look={"polls": 0}), LATER)["status"] == "COMPLETED"
    refused = a_job(
        "no-1",
        name="launch/no",
        error={
            "code": "NO_SOUND",
            "message": "It has no sound.",
            "stage": "drop",
            "action": "Mend it.",
            "charged": "no",
        },
    )
    answer = scene.finalizer.finish(ending(refused, request={}, look={"polls": 0}), LATER)
    assert answer == {
        "status": "FAILED",
        "job_id": "no-1",
        "error": {"code": "NO_SOUND", "message": "It has no sound."},
    }
    for message in scene.messages():
        Draft202012Validator(SCHEMA).validate(message)
    assert scene.stored("launch/fr.mp4") is None
    assert scene.record("launch/fr.dry-run.json")["notification"]["dry_run"] is True
    assert scene.record("launch/no.failed.json")["notification"]["error"]["charged"] == "no"


def test_subscribers_with_filter_policies_get_what_they_asked_for(scene: World, ending: EndingMaker) -> None:
    failures = scene.subscribe("failures", {"status": ["FAILED", "ALERT"]})
    folder = scene.subscribe("folder", {"folder": ["launch"]})
    top = scene.subscribe("top", {"folder": [{"exists": False}]})
    error = {"outcome": "rejected", "error": {**NO_REQUEST}}
    scene.finalizer.finish(ending(), LATER)
    scene.finalizer.finish(ending(a_job("de-1", name="other/de"), request=error, look={}), LATER)
    scene.finalizer.finish(ending(a_job("top-1", name="top", dry_run=True), request={}, look={}), LATER)
    assert [message["job_id"] for message in scene.messages(failures)] == ["de-1"]
    assert [message["job_id"] for message in scene.messages(folder)] == ["fr-1"]
    assert [message["job_id"] for message in scene.messages(top)] == ["top-1"]


NO_REQUEST = {
    "code": "REQUEST_REJECTED",
    "message": "Bad parameter.",
    "stage": "request",
    "action": "Change it.",
    "charged": "no",
    "http_status": 400,
}
