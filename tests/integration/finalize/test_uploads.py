"""Multipart uploads of jobs that end side by side: each job begins, completes and ends its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import to_json
from lipdrop.results.copy_limits import Limits
from local.sample_media.mp4 import sample_video
from tests.support.file_server import Plan
from tests.support.jobs_table import a_job
from tests.support.results_world import BUCKET, NOW, World

LATER = NOW + 600
EndingMaker = Callable[..., FinalizeEvent]


@pytest.fixture(autouse=True)
def _parts(scene: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    scene.limits = Limits(max_bytes=1 << 30, part_bytes=200_000)


def begin(scene: World, key: str) -> str:
    return scene.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]


def open_ids(scene: World) -> set[str]:
    uploads = scene.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return {upload["UploadId"] for upload in uploads}


def test_a_left_over_of_the_job_s_own_is_ended_and_no_other_upload(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked()
    own, others = begin(scene, "launch/fr.mp4"), begin(scene, "launch/fr.mp4")
    scene.ledger.note_upload("fr-1", "launch/fr.mp4", own)
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert open_ids(scene) == {others}


def test_the_id_of_an_upload_is_in_the_ledger_before_its_first_part(
    scene: World, asked: Callable[..., None], plan: Plan, ending: EndingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked()

    def killed(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(scene.s3, "upload_part", killed)
        dying.setattr(scene.s3, "abort_multipart_upload", killed)
        with pytest.raises(KeyboardInterrupt):
            scene.finalizer.finish(ending(), LATER)
    record = scene.ledger.get_record("fr-1")
    assert record is not None
    assert {record.upload_id} == open_ids(scene)
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert open_ids(scene) == set()


@pytest.mark.parametrize("part_bytes", [200_000, 8 << 20])
def test_a_stored_file_of_another_ending_is_found_by_the_next_run(
    scene: World,
    asked: Callable[..., None],
    plan: Plan,
    ending: EndingMaker,
    monkeypatch: pytest.MonkeyPatch,
    part_bytes: int,
) -> None:
    asked()
    plan.data = sample_video().replace(b"ftypisom", b"ftypqt  ")
    scene.limits = Limits(max_bytes=1 << 30, part_bytes=part_bytes)

    def fail(*_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "close", fail)
        assert scene.finalizer.finish(ending(), LATER)["status"] == "PENDING"
    fetched = len(plan.requests)
    assert scene.finalizer.finish(ending(), LATER)["status"] == "COMPLETED"
    assert len(plan.requests) == fetched, "the stored video was fetched again"
    (message,) = scene.messages()
    assert message["result"]["key"] == "launch/fr.mov"
    assert "unusual format" in message["warnings"][0]
    assert len(scene.s3.list_object_versions(Bucket=BUCKET, Prefix="launch/fr.mov")["Versions"]) == 1


def test_13_jobs_for_one_place_all_complete_at_the_first_attempt(
    scene: World, plan: Plan, ending: EndingMaker
) -> None:
    plan.pace = 20e6
    jobs = [a_job(f"fr-{number}") for number in range(13)]
    for job in jobs:
        scene.ledger.begin(job.job_id, to_json(job), "attempt", now=NOW, until=NOW)

    def end(number: int) -> str:
        request = {"outcome": "accepted", "request_id": f"req-{number}", "posted_at": int(NOW)}
        request |= {"expected_seconds": 107, "wait_seconds": 60}
        return str(scene.finalizer.finish(ending(jobs[number], request=request), LATER)["status"])

    with ThreadPoolExecutor(13) as pool:
        assert set(pool.map(end, range(13))) == {"COMPLETED"}
    assert scene.pauses == [], "no job had to try twice"
    versions = scene.s3.list_object_versions(Bucket=BUCKET, Prefix="launch/fr.mp4")["Versions"]
    assert [version["Size"] for version in versions] == [len(sample_video())] * 13
    assert open_ids(scene) == set()
