"""The faults that can be asked for: each really happens on the wire, and only where and when it should."""

import errno
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from local.standin.model import MODEL, Fault, Where
from local.standin.server import Standin

type Body = dict[str, Any]


def post(standin: Standin, body: Body, timeout: float = 30) -> requests.Response:
    """Return the reply to a POST of `body` with the key."""
    return requests.post(
        f"{standin.base_url}/v2/{MODEL}",
        json=body,
        headers={"x-api-key": standin.key},
        timeout=timeout,
        allow_redirects=False,
    )


def get(standin: Standin, request_id: str, part: str = "/status", timeout: float = 30) -> requests.Response:
    """Return the reply to a GET of a request."""
    return requests.get(
        f"{standin.base_url}/v2/requests/{request_id}{part}",
        headers={"x-api-key": standin.key},
        timeout=timeout,
        allow_redirects=False,
    )


def raw_post(standin: Standin, body: Body) -> bytes:
    """Send a POST over a bare socket; return what comes back until the peer's end, or raise its reset."""
    host = urlsplit(standin.base_url)
    data = json.dumps(body).encode()
    head = (
        f"POST /v2/{MODEL} HTTP/1.1\r\nhost: {host.netloc}\r\nx-api-key: {standin.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection((host.hostname or "", host.port or 80), timeout=10) as connection:
        connection.sendall(head.encode() + data)
        reply = b""
        while chunk := connection.recv(65536):
            reply += chunk
    return reply


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 422, 429, 500, 502, 503, 504])
def test_each_documented_error_before_a_job_exists(standin: Standin, body: Body, status: int) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=status))
    reply = post(standin, body)
    assert reply.status_code == status
    if status == 405:
        assert reply.headers["content-type"].startswith("text/html")
    else:
        assert set(reply.json()) == ({"error", "error_description"} if status == 401 else {"error"})
    assert ("x-rate-limit-reset-at-utc" in reply.headers) == (status == 429)
    assert standin.control.counters().accepted == 0
    assert post(standin, body).status_code == 200


def test_406_can_have_any_of_its_meanings(standin: Standin, body: Body) -> None:
    standin.control.fault(
        Fault(where="submit", what="http", status=406, message="Parameter temperature was rejected.")
    )
    assert post(standin, body).json() == {"error": "Parameter temperature was rejected."}


def test_a_gateway_can_time_out_after_the_job_was_made(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=504, accepted=True))
    assert post(standin, body).status_code == 504
    (seen,) = standin.control.requests()
    assert (seen.answered, seen.charged) == (504, True)
    assert get(standin, seen.request_id or "").status_code == 200


@pytest.mark.parametrize("accepted", [False, True])
def test_a_reset_is_a_real_one(standin: Standin, body: Body, accepted: bool) -> None:
    standin.control.fault(Fault(where="submit", what="reset", accepted=accepted))
    with pytest.raises(ConnectionResetError) as reset:
        raw_post(standin, body)
    assert reset.value.errno == errno.ECONNRESET
    (seen,) = standin.control.requests()
    assert seen.answered is None
    assert (seen.request_id is not None) == seen.charged == accepted


@pytest.mark.parametrize("accepted", [False, True])
def test_a_stall_says_nothing(standin: Standin, body: Body, accepted: bool) -> None:
    standin.control.fault(Fault(where="submit", what="stall", accepted=accepted))
    with pytest.raises(requests.ReadTimeout):
        post(standin, body, timeout=0.3)
    assert standin.control.counters().accepted == accepted


def test_a_stall_ends_in_a_reset(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="stall", seconds=0.1))
    with pytest.raises(ConnectionResetError):
        raw_post(standin, body)


def test_a_late_reply_is_right_but_late(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="delay", seconds=0.3))
    with pytest.raises(requests.ReadTimeout):
        post(standin, body, timeout=0.1)
    standin.control.fault(Fault(where="submit", what="delay", seconds=0.3))
    assert post(standin, body).elapsed.total_seconds() > 0.3
    assert standin.control.counters().accepted == 2


@pytest.mark.parametrize(
    ("what", "check"),
    [
        ("half_json", lambda reply: reply.text.startswith("{") and not reply.text.endswith("}")),
        ("not_json", lambda reply: "<html>" in reply.text),
        ("missing_fields", lambda reply: "request_id" not in reply.json() and "status" not in reply.json()),
        ("empty", lambda reply: reply.content == b""),
        ("huge", lambda reply: len(reply.content) >= 2_000_000 and reply.json()["status"]),
        (
            "redirect",
            lambda reply: reply.is_redirect and reply.headers["location"] == "http://other.invalid/",
        ),
    ],
)
@pytest.mark.parametrize("where", ["submit", "status", "result"])
def test_a_reply_can_be_spoiled_anywhere(
    standin: Standin, body: Body, where: Where, what: str, check: Callable[[requests.Response], bool]
) -> None:
    standin.control.fault(Fault(where=where, what=what, size=2_000_000, location="http://other.invalid/"))
    if where == "submit":
        reply = post(standin, body)
        assert standin.control.counters().accepted == (what != "redirect")
    else:
        request_id = post(standin, body).json()["request_id"]
        reply = get(standin, request_id, "/status" if where == "status" else "")
    assert check(reply)
    assert post(standin, body).json()["status"] == "QUEUED"


def test_a_huge_reply_is_50_mb_unless_told_otherwise() -> None:
    assert Fault(where="submit", what="huge").size == 50_000_000


def test_a_request_can_fail_later(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="fail", seconds=0.3))
    request_id = post(standin, body).json()["request_id"]
    assert get(standin, request_id).json()["status"] in ("QUEUED", "PROCESSING")
    deadline = time.monotonic() + 10
    while get(standin, request_id).status_code != 422:
        assert time.monotonic() < deadline
    assert standin.control.counters().charged == 0


def test_a_request_can_hang_until_it_is_forgotten(standin: Standin, body: Body) -> None:
    standin.control.configure(retention_seconds=0.5)
    standin.control.fault(Fault(where="submit", what="never"))
    request_id = post(standin, body).json()["request_id"]
    deadline = time.monotonic() + 10
    while (reply := get(standin, request_id)).status_code == 200:
        assert reply.json()["status"] in ("QUEUED", "PROCESSING")
        assert time.monotonic() < deadline
    assert reply.status_code == 404
    assert standin.control.requests()[0].charged


def test_a_request_can_be_forgotten_at_once(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="expire"))
    assert get(standin, post(standin, body).json()["request_id"]).status_code == 404


def test_rules_follow_one_another(standin: Standin, body: Body) -> None:
    standin.control.fault(
        Fault(where="submit", what="http", status=503, after=1, times=2),
        Fault(where="submit", what="http", status=502),
    )
    # The first POST passes the first rule by, and so meets the second.
    assert [post(standin, body).status_code for _ in range(5)] == [502, 503, 503, 200, 200]


def test_rules_speak_of_some_media_only(
    standin: Standin, body: Body, media_url: Callable[[str], str]
) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=503, match="voice-long", times=None))
    other = {**body, "audio_url": media_url("voice-long.mp3") + "?X-Amz-Signature=voice-short"}
    assert [post(standin, which).status_code for which in (body, other, body, other)] == [200, 503, 200, 503]


def test_rules_can_count_for_each_job(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=503, each_job=True))
    other = {**body, "audio_url": body["video_url"]}
    assert [post(standin, which).status_code for which in (body, other, body, other)] == [503, 503, 200, 200]


def test_chance_does_not_depend_on_the_order_of_arrival(standin: Standin, body: Body) -> None:
    rule = Fault(where="submit", what="http", status=503, chance=0.5, times=None, seed=7)
    names = [f"http://127.0.0.1:9/{number}.wav" for number in range(20)]

    def refused(order: list[str]) -> set[str]:
        standin.control.reset()
        standin.control.fault(rule)
        return {name for name in order if post(standin, {**body, "audio_url": name}).status_code == 503}

    first = refused(names)
    assert 4 <= len(first) <= 16
    assert refused(names[::-1]) == first


def test_faults_can_be_cleared(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=500, times=None))
    standin.control.clear_faults()
    assert post(standin, body).status_code == 200


def test_a_fault_that_cannot_happen_there_is_refused(standin: Standin) -> None:
    with pytest.raises(ValueError, match="cut"):
        Fault(where="submit", what="cut")
    reply = requests.post(
        f"{standin.base_url}/standin/faults", json=[{"where": "file", "what": "never"}], timeout=10
    )
    assert reply.status_code == 400


def test_a_young_request_can_be_unknown_to_a_gateway_for_a_while(standin: Standin, body: Body) -> None:
    text = "default backend - 404"
    standin.control.fault(
        Fault(where="status", what="http", status=404, text=text, younger_than=0.4, times=None)
    )
    request_id = post(standin, body).json()["request_id"]
    young = get(standin, request_id)
    assert (young.status_code, young.text) == (404, text)
    assert young.headers["content-type"].startswith("text/plain")
    deadline = time.monotonic() + 10
    while get(standin, request_id).status_code == 404:
        assert time.monotonic() < deadline


def test_a_finished_request_can_be_without_an_output_for_a_while(standin: Standin, body: Body) -> None:
    standin.control.fault(Fault(where="result", what="null_output", younger_than=0.4, times=None))
    request_id = post(standin, body).json()["request_id"]
    deadline, seen = time.monotonic() + 30, []
    while not (reply := get(standin, request_id, "").json())["output"]:
        seen.append(reply["status"])
        assert time.monotonic() < deadline
    assert seen[-1] == "COMPLETED"
