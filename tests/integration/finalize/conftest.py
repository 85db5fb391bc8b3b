"""A world in which Segmind has finished with the sample video, and events that tell finalize so."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lipdrop.finalize.event import FinalizeEvent, read_event
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.model.job import Estimate, Job, Metrics, to_json, to_plain
from lipdrop.segmind.result_body import Link
from local.sample_media.mp4 import sample_video
from tests.support.file_server import FileServer, Plan, file_server
from tests.support.jobs_table import a_job
from tests.support.results_world import NOW, World, world

ARN = "arn:aws:states:us-east-1:123456789012:execution:lipsync:fr-1"


@pytest.fixture(scope="session")
def server() -> Iterator[FileServer]:
    """A web server for result files."""
    with file_server() as server:
        yield server


@pytest.fixture(scope="session")
def parser() -> Iterator[MediaInfoPool]:
    """One MediaInfo for all tests: it is slow to start."""
    with MediaInfoPool() as parser:
        yield parser


@pytest.fixture
def plan() -> Plan:
    """How the result is served; tests change it."""
    return Plan(sample_video())


@pytest.fixture
def scene(
    server: FileServer, plan: Plan, parser: MediaInfoPool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return a world whose Segmind has finished with the sample video."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    url = f"{server.serve('/fr.mp4', plan)}?X-Amz-Signature=secret"
    metrics = Metrics(inference_time=222.4, cost=0.17, remaining_credits=9)
    with world(parser, trusted=server.base_url) as made:
        made.answer = lambda _: Link(url=url, metrics=metrics)
        yield made


@pytest.fixture
def job() -> Job:
    """A job whose result should have the sample video's length."""
    return a_job(estimate=Estimate(output_seconds=2, expected_seconds=107, cost_usd=0.17))


@pytest.fixture
def ending(job: Job) -> Callable[..., FinalizeEvent]:
    """Return the function that makes the state machine's event, completed unless told otherwise."""

    def make(job: Job = job, **changes: Any) -> FinalizeEvent:
        event = {
            "job": to_plain(job),
            "request": {
                "outcome": "accepted",
                "request_id": "req-1",
                "posted_at": int(NOW) - 100,
                "expected_seconds": 107,
                "wait_seconds": 60,
            },
            "look": {"outcome": "completed", "polls": 3, "metrics": {}, "seen_at": NOW - 3},
            "caught": {},
            "execution": {"arn": ARN, "started_at": "2027-01-15T07:57:00.123Z"},
        }
        found = read_event(event | changes)
        assert isinstance(found, FinalizeEvent)
        return found

    return make


@pytest.fixture
def asked(scene: World, job: Job) -> Callable[..., None]:
    """Return the function that writes the ledger as `request` leaves it, without an id while it POSTs."""

    def write(request_id: str = "req-1", *, until: float = NOW) -> None:
        scene.ledger.begin(job.job_id, to_json(job), "attempt", now=NOW - 100, until=until)
        if request_id:
            scene.ledger.note_request(
                job.job_id,
                "attempt",
                request_id=request_id,
                posted_at=int(NOW) - 100,
                expected_seconds=107,
            )

    return write


@pytest.fixture
def stopped(job: Job) -> Callable[..., FinalizeEvent]:
    """Return the function that makes EventBridge's event about an execution that did not end by itself."""

    def make(status: str, **changes: Any) -> FinalizeEvent:
        detail = {
            "executionArn": ARN,
            "name": job.job_id,
            "status": status,
            "startDate": int(NOW - 180) * 1000,
            "input": to_json(job),
        }
        event = {"detail-type": "Step Functions Execution Status Change", "detail": detail | changes}
        found = read_event(event)
        assert isinstance(found, FinalizeEvent)
        return found

    return make
