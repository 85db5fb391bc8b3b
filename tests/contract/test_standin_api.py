"""The documented codes and shapes, seen with a bare HTTP client."""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests

from local.standin.model import MODEL, Fault, ResultKind
from local.standin.server import Standin

type Body = dict[str, Any]


def post(standin: Standin, body: object, *, path: str = f"v2/{MODEL}", **options: Any) -> requests.Response:
    """Return the reply to a POST of `body`."""
    options.setdefault("headers", {"x-api-key": standin.key})
    return requests.post(f"{standin.base_url}/{path}", json=body, timeout=30, **options)


def get(standin: Standin, path: str) -> requests.Response:
    """Return the reply to a GET with the key."""
    return requests.get(f"{standin.base_url}/{path}", headers={"x-api-key": standin.key}, timeout=30)


def finished(standin: Standin, body: Body) -> dict[str, Any]:
    """Return the final body of a request made of `body`."""
    request_id = post(standin, body).json()["request_id"]
    return wait_for(standin, request_id)


def wait_for(standin: Standin, request_id: str) -> dict[str, Any]:
    """Return the final body of `request_id`."""
    deadline = time.monotonic() + 30
    while get(standin, f"v2/requests/{request_id}/status").json()["status"] not in ("COMPLETED", "FAILED"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    final: dict[str, Any] = get(standin, f"v2/requests/{request_id}").json()
    return final


def test_a_submit_says_where_to_look(standin: Standin, body: Body) -> None:
    reply = post(standin, body).json()
    request = f"{standin.base_url}/v2/requests/{reply['request_id']}"
    assert reply == {
        "request_id": reply["request_id"],
        "status": "QUEUED",
        "status_url": f"{request}/status",
        "response_url": request,
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"video_url": None}, "video_url"),
        ({"audio_url": "ftp://host/voice.mp3"}, "audio_url"),
        ({"audio_url": "voice.mp3"}, "audio_url"),
        ({"audio_url": "http://[half"}, "audio_url"),
        ({"sync_mode": "cutoff"}, "sync_mode"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": "0.5"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"auto_active_speaker_detection": "yes"}, "auto_active_speaker_detection"),
        ({"occlusion_detection_enabled": 1}, "occlusion_detection_enabled"),
        ({"speed": 2}, "speed"),
    ],
)
def test_each_parameter_is_checked(standin: Standin, body: Body, change: Body, named: str) -> None:
    reply = post(standin, {**body, **change})
    assert reply.status_code == 400
    assert set(reply.json()) == {"error"}
    assert named in reply.json()["error"]
    assert standin.control.counters().accepted == 0


@pytest.mark.parametrize("missing", ["video_url", "audio_url"])
def test_both_urls_are_required(standin: Standin, body: Body, missing: str) -> None:
    del body[missing]
    assert missing in post(standin, body).json()["error"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff"])
def test_a_body_that_is_no_json_object_is_400(standin: Standin, raw: bytes) -> None:
    headers = {"x-api-key": standin.key, "content-type": "application/json"}
    reply = requests.post(f"{standin.base_url}/v2/{MODEL}", data=raw, headers=headers, timeout=10)
    assert reply.status_code == 400
    assert standin.control.requests()[0].answered == 400


def test_every_documented_option_is_taken(standin: Standin, body: Body) -> None:
    options = {
        "sync_mode": "cut_off",
        "temperature": 0,
        "auto_active_speaker_detection": True,
        "occlusion_detection_enabled": True,
    }
    assert post(standin, body | options).status_code == 200


def test_missing_key_is_401_with_a_description_on_every_route(standin: Standin, body: Body) -> None:
    replies = [
        post(standin, body, headers={}),
        requests.get(f"{standin.base_url}/v2/requests/x/status", timeout=10),
        requests.get(f"{standin.base_url}/v2/requests/x", timeout=10),
        requests.get(f"{standin.base_url}/v1/get-user-credits", timeout=10),
    ]
    for reply in replies:
        assert reply.status_code == 401
        assert set(reply.json()) == {"error", "error_description"}


def test_wrong_method_is_405_as_html(standin: Standin, body: Body) -> None:
    for reply in (get(standin, f"v2/{MODEL}"), post(standin, body, path="v2/requests/x/status")):
        assert reply.status_code == 405
        assert reply.headers["content-type"].startswith("text/html")
        assert "allow" in reply.headers


def test_unknown_path_is_404_as_json(standin: Standin) -> None:
    reply = get(standin, "v3/anything")
    assert (reply.status_code, list(reply.json())) == (404, ["error"])


def test_wrong_content_type_is_406(standin: Standin, body: Body) -> None:
    reply = requests.post(
        f"{standin.base_url}/v2/{MODEL}", data=body, headers={"x-api-key": standin.key}, timeout=10
    )
    assert (reply.status_code, reply.json()["error"]) == (406, "Content-Type must be application/json.")


def test_used_up_credits_are_406_and_say_so(standin: Standin, body: Body) -> None:
    standin.control.configure(credits=0.3)
    assert finished(standin, body)["metrics"]["remaining_credits"] < 0
    reply = post(standin, body)
    assert (reply.status_code, "credits" in reply.json()["error"]) == (406, True)
    assert get(standin, "v1/get-user-credits").json()["credits"] < 0


def test_reached_spend_limit_is_406_with_another_sentence(standin: Standin, body: Body) -> None:
    standin.control.configure(spend_limit=0.3)
    finished(standin, body)
    reply = post(standin, body)
    assert (reply.status_code, "spend limit" in reply.json()["error"]) == (406, True)


def test_a_failed_request_costs_nothing(
    standin: Standin, body: Body, media_url: Callable[[str], str]
) -> None:
    final = finished(standin, {**body, "audio_url": media_url("missing.wav")})
    assert set(final["metrics"]) == {"inference_time"}
    assert get(standin, "v1/get-user-credits").json() == {"credits": 1000.0, "free-credits": 0}
    (seen,) = standin.control.requests()
    assert (seen.status, seen.charged, seen.sha256) == ("FAILED", False, None)


def test_rate_limit_says_when_it_ends_and_then_ends(standin: Standin, body: Body) -> None:
    standin.control.configure(requests_per_window=1, window_seconds=1, processing_seconds=60)
    assert post(standin, body).status_code == 200
    refused = post(standin, body)
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    ends = datetime.fromisoformat(refused.headers["x-rate-limit-reset-at-utc"]).timestamp()
    assert 0 < ends - time.time() < 1.1
    while post(standin, body).status_code == 429:
        assert time.time() < ends + 0.1
    assert time.time() >= ends - 0.001


def test_gets_can_be_free_of_the_rate_limit(standin: Standin, body: Body) -> None:
    standin.control.configure(requests_per_window=1, limit_gets=False)
    assert finished(standin, body)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("shape", "path"),
    [("url", []), ("list", [0]), ("url_object", ["url"]), ("video_object", ["video"])],
)
def test_output_comes_in_each_shape(standin: Standin, body: Body, shape: str, path: list[Any]) -> None:
    standin.control.configure(output=shape)
    found = finished(standin, body)["output"]
    for step in path:
        found = found[step]
    assert found.startswith(f"{standin.base_url}/results/")


def test_output_can_be_the_video_itself(standin: Standin, body: Body) -> None:
    standin.control.configure(output="bytes")
    request_id = post(standin, body).json()["request_id"]
    while get(standin, f"v2/requests/{request_id}/status").json()["status"] != "COMPLETED":
        time.sleep(0.02)
    reply = get(standin, f"v2/requests/{request_id}")
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.content[4:8] == b"ftyp"


def test_a_result_file_outlives_its_request_and_is_forgotten_later(standin: Standin, body: Body) -> None:
    finished(standin, body)  # so that the rendering waits on the shelf
    standin.control.configure(retention_seconds=1, file_seconds=2)
    link = finished(standin, body)["output"]
    assert requests.get(link, timeout=10).status_code == 200
    deadline = time.monotonic() + 10
    states = set()
    while (reply := requests.get(link, timeout=10)).status_code != 404:
        states.add(get(standin, f"v2/requests/{link.split('/')[-1].removesuffix('.mp4')}").status_code)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert reply.json() == {"error": "Not found."}
    assert states == {200, 404}


def test_what_is_told_of_a_request_holds_no_signature(standin: Standin, body: Body) -> None:
    signed = {name: f"{url}?X-Amz-Signature=secret" for name, url in body.items()}
    finished(standin, signed)
    (seen,) = standin.control.requests()
    assert seen.body == body
    assert len(seen.polls) >= 1
    assert len(seen.results) == 1
    assert seen.at < (seen.completed_at or 0)


def test_the_same_media_are_rendered_once_but_each_result_is_its_own(standin: Standin, body: Body) -> None:
    before = standin.control.counters().renderings
    for _ in range(3):
        finished(standin, {**body, "sync_mode": "remap"})
    assert standin.control.counters().renderings <= before + 1
    assert len({seen.sha256 for seen in standin.control.requests()}) == 3


def test_jobs_in_flight_are_counted(standin: Standin, body: Body) -> None:
    standin.control.configure(processing_seconds=0.5)
    ids = [post(standin, body).json()["request_id"] for _ in range(4)]
    for request_id in ids:
        wait_for(standin, request_id)
    counters = standin.control.counters()
    assert (counters.max_in_flight, counters.in_flight) == (4, 0)
    assert (counters.posts, counters.accepted, counters.charged) == (4, 4, 4)


def test_control_refuses_what_does_not_exist(standin: Standin) -> None:
    with pytest.raises(ValueError, match="colour"):
        standin.control.configure(colour="blue")
    with pytest.raises(ValueError, match="queued_share"):
        standin.control.configure(queued_share=2)


@pytest.mark.parametrize(
    ("kind", "ending", "content_type"),
    [("webm", "webm", "video/webm"), ("mov", "mov", "video/quicktime"), ("text_behind", "mp4", "video/mp4")],
)
def test_one_request_can_give_a_result_of_another_kind(
    standin: Standin, body: Body, kind: ResultKind, ending: str, content_type: str
) -> None:
    standin.control.fault(Fault(where="submit", what="other_result", kind=kind))
    other, usual = finished(standin, body)["output"], finished(standin, body)["output"]
    reply = requests.get(other, timeout=10)
    assert (other.rpartition(".")[2], usual.rpartition(".")[2]) == (ending, "mp4")
    assert reply.headers["content-type"] == content_type
    assert reply.content.endswith(b"adds a line.\n") == (kind == "text_behind")
    assert hashlib.sha256(reply.content).hexdigest() == standin.control.requests()[0].sha256
