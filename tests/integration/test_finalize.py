"""Finalize among real adapters: every end of a job, once, whole, and told once."""

from collections.abc import Iterator
from typing import Any

import pytest

from lipdrop.ending import Ending, read_event
from lipdrop.model import Estimate, Job, to_plain
from lipdrop.segmind_result import Link, Metrics
from tests.file_server import FileServer, Plan, file_server
from tests.jobs_table import a_job
from tests.results_world import BUCKET, NOW, World, world
from tests.sample_video import sample_video

ARN = "arn:aws:states:us-east-1:123456789012:execution:lipsync:fr-1"
LATER = NOW + 600


@pytest.fixture(scope="module")
def server() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def scene(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world whose Segmind has finished with the sample video."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with world(trusted=server.base_url) as made:
        url = server.serve("/fr.mp4", Plan(sample_video()))
        metrics = Metrics(inference_time=222.4, cost=0.17, remaining_credits=9)
        made.answer = lambda _: Link(url=f"{url}?sig=secret", metrics=metrics)
        yield made


def job(**changes: Any) -> Job:
    return a_job(estimate=Estimate(output_seconds=2, expected_seconds=107, cost_usd=0.17), **changes)


def completed(job: Job, **changes: Any) -> Ending:
    event: dict[str, Any] = {
        "job": to_plain(job),
        "request": {
            "outcome": "accepted",
            "request_id": "req-1",
            "posted_at": int(NOW) - 100,
            "expected_seconds": 107,
            "wait_seconds": 60,
        },
        "look": {"outcome": "completed", "polls": 3, "metrics": {}},
        "caught": {},
        "execution": {"arn": ARN, "started_at": "2027-01-15T07:57:00.123Z"},
    }
    ending = read_event(event | changes)
    assert isinstance(ending, Ending)
    return ending


def test_completed_job_is_stored_recorded_closed_and_told(scene: World) -> None:
    answer = scene.finalizer.finish(completed(job()), LATER)
    assert answer == {"status": "COMPLETED", "job_id": "fr-1"}
    assert scene.stored("launch/fr.mp4") == sample_video()
    (message,) = scene.messages()
    assert message["result"]["key"] == "launch/fr.mp4"
    head = scene.s3.head_object(Bucket=BUCKET, Key="launch/fr.mp4")
    assert head["Metadata"] == {"job-id": "fr-1", "request-id": "req-1"}
    assert message["result"]["version_id"] == head["VersionId"]
