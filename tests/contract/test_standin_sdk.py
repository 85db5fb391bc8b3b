"""The official SDK, unchanged, against the stand-in: what it accepts as Segmind is Segmind's contract."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from segmind import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError

from local.standin.model import MODEL, Fault
from local.standin.server import Standin


@pytest.fixture
def client(standin: Standin) -> Iterator[SegmindClient]:
    """The SDK, told of the stand-in the way one tells it of a staging host."""
    client = SegmindClient(api_key=standin.key, base_url=f"{standin.base_url}/v1")
    yield client
    client._client.close()


def test_submit_and_wait_give_a_playable_result(client: SegmindClient, body: dict[str, Any]) -> None:
    job = client.submit_async(MODEL, **body, sync_mode="bounce", temperature=0.5)
    result = job.wait(timeout=30, interval=0.1)

    assert job.submit_response["status"] == "QUEUED"
    assert result["status"] == "COMPLETED"
    assert result["metrics"]["inference_time"] > 0
    assert result["metrics"]["cost"] == pytest.approx(4 * 0.084)
    assert result["metrics"]["remaining_credits"] == pytest.approx(1000 - 4 * 0.084)
    video = requests.get(result["output"], timeout=10)
    assert video.headers["content-type"] == "video/mp4"
    assert video.content[4:8] == b"ftyp"


def test_run_is_submit_and_wait_in_one(client: SegmindClient, body: dict[str, Any]) -> None:
    assert client.run(MODEL, **body)["status"] == "COMPLETED"


def test_status_walks_from_queued_over_processing_to_completed(
    standin: Standin, client: SegmindClient, body: dict[str, Any]
) -> None:
    standin.control.configure(processing_seconds=1.0, queued_share=0.5)
    job = client.submit_async(MODEL, **body)
    assert job.status() == {"request_id": job.request_id, "status": "QUEUED", "metrics": {}}

    seen = []
    while (status := job.status())["status"] != "COMPLETED":
        assert status["metrics"] == {}
        seen.append(status["status"])
    assert sorted(set(seen)) == ["PROCESSING", "QUEUED"]
    assert seen == sorted(seen, reverse=True)


def test_a_result_that_is_asked_for_too_early_has_no_output_yet(
    standin: Standin, client: SegmindClient, body: dict[str, Any]
) -> None:
    standin.control.configure(processing_seconds=60)
    assert client.submit_async(MODEL, **body).result()["output"] is None


def test_failed_request_raises_with_segminds_words(
    standin: Standin, client: SegmindClient, body: dict[str, Any]
) -> None:
    standin.control.fault(Fault(where="submit", what="fail", message="No face was found."))
    job = client.submit_async(MODEL, **body)
    with pytest.raises(InferenceFailed) as failed:
        job.wait(timeout=10, interval=0.05)
    assert failed.value.detail == "No face was found."
    assert failed.value.status_body["status"] == "FAILED"
    assert job.result()["status"] == "FAILED"
    for url in (job.status_url, job.response_url):
        reply = requests.get(url, headers={"x-api-key": standin.key}, timeout=10)
        assert (reply.status_code, reply.json()["error"]) == (422, "No face was found.")


def test_unreadable_media_fail_with_a_sentence(
    client: SegmindClient, body: dict[str, Any], media_url: Callable[[str], str]
) -> None:
    job = client.submit_async(MODEL, **{**body, "video_url": media_url("nothing-here.mp4")})
    with pytest.raises(InferenceFailed, match=r"Could not download video_url: HTTP 404\."):
        job.wait(timeout=10, interval=0.05)


def test_a_wait_that_is_too_short_raises_and_leaves_the_request_alone(
    standin: Standin, client: SegmindClient, body: dict[str, Any]
) -> None:
    standin.control.configure(processing_seconds=1.5)
    job = client.submit_async(MODEL, **body)
    with pytest.raises(InferenceTimeout) as late:
        job.wait(timeout=0.2, interval=0.1)
    assert late.value.request_id == job.request_id
    assert job.wait(timeout=30, interval=0.1)["status"] == "COMPLETED"


def test_wrong_key_is_401(standin: Standin, body: dict[str, Any]) -> None:
    stranger = SegmindClient(api_key="not-the-key", base_url=f"{standin.base_url}/v1")
    with pytest.raises(SegmindError) as refused:
        stranger.submit_async(MODEL, **body)
    stranger._client.close()
    assert (refused.value.status, refused.value.detail) == (401, "Unauthorized")
    assert standin.control.counters().unauthorised == 1


def test_wrong_parameter_is_400(client: SegmindClient, body: dict[str, Any]) -> None:
    with pytest.raises(SegmindError) as refused:
        client.submit_async(MODEL, **body, temperature=1.5)
    assert refused.value.status == 400
    assert "temperature" in (refused.value.detail or "")


def test_unknown_model_is_404(client: SegmindClient, body: dict[str, Any]) -> None:
    with pytest.raises(SegmindError) as refused:
        client.submit_async("sync.so-lipsync-9", **body)
    assert refused.value.status == 404


def test_rate_limit_is_429_also_on_a_poll(
    standin: Standin, client: SegmindClient, body: dict[str, Any]
) -> None:
    standin.control.configure(requests_per_window=2)
    job = client.submit_async(MODEL, **body)
    job.status()
    with pytest.raises(SegmindError) as refused:
        job.status()
    assert refused.value.status == 429


def test_forgotten_request_is_404(standin: Standin, client: SegmindClient, body: dict[str, Any]) -> None:
    standin.control.configure(retention_seconds=0)
    job = client.submit_async(MODEL, **body)
    for ask in (job.status, job.result):
        with pytest.raises(SegmindError) as gone:
            ask()
        assert gone.value.status == 404
