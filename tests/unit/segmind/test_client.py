"""submit, status, result: what is sent, what is understood, and what odd replies come to."""

import json
from typing import Any

import pytest
import requests

from lipdrop.model.job import Metrics
from lipdrop.segmind.client import MODEL, Segmind, Status, Submitted
from lipdrop.segmind.errors import (
    AccountTrouble,
    Ambiguous,
    InferenceFailed,
    NotSent,
    RequestRejected,
    ResultInvalid,
    SegmindError,
    Unavailable,
)
from lipdrop.segmind.response import MAX_JSON_BYTES
from lipdrop.segmind.result_body import Link, Stream
from tests.support.segmind_fake import BASE_URL, KEY, Canned, FakeWire, answering, client

ACCEPTED = {"request_id": "req-1", "status": "QUEUED", "status_url": "https://x.example/", "response_url": ""}
DONE = {"status": "COMPLETED", "metrics": {}, "output": "https://cdn.example/v.mp4"}
DEEP = b"[" * 200_000
HUGE = b'{"request_id": "req-1", "status": "COMPLETED", "padding": "' + b"x" * 50_000_000 + b'"}'

ODD_REPLIES = {
    "empty": b"",
    "no JSON": b"<html>Please wait</html>",
    "half JSON": b'{"request_id": "re',
    "a list": b'["req-1"]',
    "null": b"null",
    "a text": b'"req-1"',
    "no fields": b"{}",
    "wrong types": b'{"request_id": 17, "status": ["QUEUED"], "metrics": 3, "output": 4}',
    "no UTF-8": b'{"request_id": "\xff\xfe", "status": "\xff"}',
    "half a character": b'{"request_id": "\\ud800x"}',
    "a number beyond all": b'{"request_id": ' + b"9" * 4000 + b"}",
    "deep": DEEP,
    "50 MB": HUGE,
}


def test_a_submission_is_one_post_with_the_key_to_the_models_address() -> None:
    wire = FakeWire(Canned(200, ACCEPTED))
    assert client(wire).submit({"temperature": 0.5}) == Submitted(request_id="req-1")

    (sent,) = wire.requests
    assert (sent.method, sent.url) == ("POST", f"{BASE_URL}/v2/{MODEL}")
    assert sent.headers["x-api-key"] == KEY
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.body or "") == {"temperature": 0.5}
    assert wire.options[0]["timeout"] == (5.0, 60.0)


def test_urls_come_from_the_base_and_the_id_never_from_a_reply() -> None:
    wire = FakeWire(Canned(200, ACCEPTED | {"status_url": "https://evil.example/s"}), Canned(200, DONE))
    segmind = client(wire)
    request_id = segmind.submit({}).request_id
    segmind.status(request_id)
    segmind.result(request_id)
    assert [request.url for request in wire.requests[1:]] == [
        f"{BASE_URL}/v2/requests/req-1/status",
        f"{BASE_URL}/v2/requests/req-1",
    ]


@pytest.mark.parametrize("request_id", ["", ".", "..", "a/b", "a?b", "a b", "%2e%2e", "-x", "é", "x" * 201])
def test_an_id_that_could_lead_elsewhere_is_refused(request_id: str) -> None:
    segmind = answering(Canned(200, DONE))
    for ask in (segmind.status, segmind.result):
        with pytest.raises(ValueError, match="not a request id"):
            ask(request_id)
    with pytest.raises(Ambiguous):
        answering(Canned(200, ACCEPTED | {"request_id": request_id})).submit({})


@pytest.mark.parametrize("code", [200, 201, 202])
@pytest.mark.parametrize("body", ODD_REPLIES.values(), ids=ODD_REPLIES)
def test_a_success_without_a_usable_id_is_in_doubt(body: bytes, code: int) -> None:
    with pytest.raises(Ambiguous, match=r"without a usable request_id\. Seen: ") as caught:
        answering(Canned(code, body)).submit({})
    assert caught.value.code == "SUBMISSION_UNKNOWN"


@pytest.mark.parametrize("body", ODD_REPLIES.values(), ids=ODD_REPLIES)
def test_an_odd_status_reply_costs_a_look_not_the_job(body: bytes) -> None:
    with pytest.raises(Unavailable, match="Seen: "):
        answering(Canned(200, body)).status("req-1")


NOT_RESULTS = ("a list", "null", "a text", "no fields", "wrong types", "a number beyond all", "50 MB")


@pytest.mark.parametrize("name", NOT_RESULTS)
def test_a_result_of_a_wrong_shape_is_invalid_and_says_what_was_seen(name: str) -> None:
    with pytest.raises(ResultInvalid, match="Seen: ") as caught:
        answering(Canned(200, ODD_REPLIES[name], Content_Type="application/json")).result("req-1")
    assert caught.value.code == "RESULT_INVALID"


@pytest.mark.parametrize("name", sorted(ODD_REPLIES.keys() - NOT_RESULTS))
def test_a_result_that_is_no_json_may_have_been_cut_and_can_be_asked_for_again(name: str) -> None:
    with pytest.raises(Unavailable, match="Seen: "):
        answering(Canned(200, ODD_REPLIES[name], Content_Type="application/json")).result("req-1")


@pytest.mark.parametrize("code", [422, 500, 429])
def test_a_post_whose_reply_names_a_request_was_accepted_whatever_its_code(code: int) -> None:
    assert answering(Canned(code, ACCEPTED | {"status": "FAILED"})).submit({}).request_id == "req-1"


def test_an_error_that_only_carries_a_trace_id_was_not_accepted() -> None:
    with pytest.raises(RequestRejected):
        answering(Canned(400, {"error": "bad", "request_id": "trace-1"})).submit({})


@pytest.mark.parametrize("code", [200, 422, 500])
def test_failed_is_read_from_the_body_before_the_code(code: int) -> None:
    body = {"status": "FAILED", "error": "content was blocked", "metrics": {"inference_time": 3}}
    seen = answering(Canned(code, body)).status("req-1")
    assert seen == Status(status="FAILED", metrics=Metrics(inference_time=3.0), error="content was blocked")
    with pytest.raises(InferenceFailed, match="content was blocked"):
        answering(Canned(code, body)).result("req-1")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, "Segmind gave no reason."),
        ({"message": "no face", "code": 7}, "no face"),
        (["no face"], "list of 1 (text)"),
        ("a\nb\x00c", "a b c"),
        ("x" * 9000, "x" * 499 + "…"),
    ],
)
def test_segminds_reason_is_told_in_one_bounded_line(error: Any, told: str) -> None:
    assert answering(Canned(422, {"status": "FAILED", "error": error})).status("req-1").error == told


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "COMPLETED"])
def test_the_documented_states_are_told_as_they_are(status: str) -> None:
    assert answering(Canned(200, {"status": status, "metrics": {}})).status("req-1").status == status


def test_an_undocumented_state_means_look_again() -> None:
    assert answering(Canned(200, {"status": "WARMING_UP"})).status("req-1") == Status(status="UNKNOWN")


@pytest.mark.parametrize("nonsense", ["3", True, None, [], 10**300, -(10**200)])
def test_metrics_are_numbers_or_nothing(nonsense: Any) -> None:
    metrics = {"inference_time": nonsense, "cost": 0.34, "more": {}}
    seen = answering(Canned(200, {"status": "COMPLETED", "metrics": metrics})).status("req-1")
    assert seen.metrics == Metrics(cost=0.34)


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING"])
def test_a_result_that_is_asked_for_too_early_can_be_asked_for_again(status: str) -> None:
    with pytest.raises(Unavailable):
        answering(Canned(200, {"status": status, "output": None})).result("req-1")


def test_a_video_in_place_of_json_is_handed_on_unread_and_without_the_key() -> None:
    result = answering(Canned(200, b"\0\0\0\x18ftyp...", Content_Type="video/mp4")).result("req-1")
    assert isinstance(result, Stream)
    assert result.response.raw.read(8) == b"\0\0\0\x18ftyp"
    assert "x-api-key" not in result.response.request.headers


def test_a_link_is_handed_on_with_its_metrics() -> None:
    body = DONE | {"metrics": {"cost": 0.34, "remaining_credits": 12}}
    found = answering(Canned(200, body)).result("req-1")
    expected = Metrics(cost=0.34, remaining_credits=12.0)
    assert found == Link(url="https://cdn.example/v.mp4", metrics=expected)


def test_a_refused_key_is_read_again_and_the_request_sent_once_more_if_it_changed() -> None:
    wire = FakeWire(Canned(401, {"error": "no"}), Canned(200, ACCEPTED))
    segmind = client(wire, api_key=lambda: "old", refresh_key=lambda: "new")
    assert segmind.submit({}).request_id == "req-1"
    assert [request.headers["x-api-key"] for request in wire.requests] == ["old", "new"]


def test_a_refused_key_that_did_not_change_is_not_sent_again() -> None:
    wire = FakeWire(Canned(401, {"error": "no"}))
    with pytest.raises(AccountTrouble):
        client(wire, refresh_key=lambda: KEY).submit({})
    assert len(wire.requests) == 1


def test_two_refused_keys_are_enough() -> None:
    wire = FakeWire(Canned(401, {"error": "no"}))
    with pytest.raises(AccountTrouble):
        client(wire, refresh_key=lambda: "new").submit({})
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("x"),
        requests.ReadTimeout("x"),
        requests.exceptions.ChunkedEncodingError("x"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_a_wire_that_breaks_after_the_connection_stood_is_in_doubt_for_a_post_only(error: Exception) -> None:
    with pytest.raises(Ambiguous, match=type(error).__name__):
        answering(error).submit({})
    for ask in (answering(error).status, answering(error).result):
        with pytest.raises(Unavailable):
            ask("req-1")


def test_a_wire_that_never_stood_is_told_as_such() -> None:
    segmind = answering(NotSent("no connection"))
    with pytest.raises(NotSent):
        segmind.submit({})
    for ask in (segmind.status, segmind.result):
        with pytest.raises(NotSent):
            ask("req-1")


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    wire = FakeWire(Canned(200, ACCEPTED))
    client(wire).submit({})
    assert wire.options[0]["proxies"] == {}
    assert wire.options[0]["verify"] is True


def test_requests_own_adapter_is_refused_because_it_may_send_a_post_over_a_used_connection() -> None:
    with pytest.raises(TypeError, match="new_session"):
        Segmind(requests.Session(), BASE_URL, lambda: KEY)


@pytest.mark.parametrize(
    "url",
    ["http://api.segmind.example", "https://u:p@h.example", "https://h.example/?a=b", "ftp://h", "h", ""],
)
def test_the_key_goes_only_to_an_https_address_or_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="not an https address"):
        Segmind(requests.Session(), url, lambda: KEY)


def test_an_error_of_no_kind_is_an_internal_one() -> None:
    assert SegmindError("x").code == "INTERNAL_ERROR"


def test_no_more_than_the_limit_is_read_of_a_reply_without_end() -> None:
    wire = FakeWire(Canned(200, HUGE))
    with pytest.raises(Ambiguous, match=f"more than {MAX_JSON_BYTES} bytes"):
        client(wire).submit({})
