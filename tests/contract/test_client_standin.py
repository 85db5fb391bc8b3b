"""Our client against the stand-in: it speaks Segmind's contract, and its claims about money are true."""

from typing import Any

import pytest

from lipdrop.model.failures import FAILURES
from lipdrop.segmind.client import Segmind, Status
from lipdrop.segmind.errors import (
    AccountTrouble,
    Ambiguous,
    Expired,
    InferenceFailed,
    RateLimited,
    RequestRejected,
    ResultInvalid,
    SegmindError,
    Unavailable,
)
from lipdrop.segmind.result_body import Link, Stream
from lipdrop.segmind.single_shot_transport import new_session
from local.standin.model import Fault
from local.standin.server import Standin
from tests.support.deadline import until


@pytest.fixture
def segmind(standin: Standin) -> Segmind:
    return _client(standin)


def _client(standin: Standin, key: str | None = None) -> Segmind:
    return Segmind(
        new_session(), standin.base_url, lambda: key or standin.key, post_seconds=1.0, get_seconds=1.0
    )


def _finished(segmind: Segmind, request_id: str) -> Status:
    def look() -> Status | None:
        status = segmind.status(request_id)
        return status if status.status in ("COMPLETED", "FAILED") else None

    return until(look)


def test_a_job_goes_from_submission_to_a_link(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    request_id = segmind.submit(body).request_id
    status = _finished(segmind, request_id)
    assert status.status == "COMPLETED"
    result = segmind.result(request_id)
    assert isinstance(result, Link)
    assert result.url.startswith(f"{standin.base_url}/")
    assert result.metrics.cost == pytest.approx(4 * 0.084)
    assert result.metrics.inference_time
    assert [seen.request_id for seen in standin.control.requests()] == [request_id]


@pytest.mark.parametrize("output", ["url", "list", "url_object", "video_object"])
def test_a_link_is_found_in_each_shape_of_output(
    segmind: Segmind, standin: Standin, body: dict[str, Any], output: str
) -> None:
    standin.control.configure(output=output)
    request_id = segmind.submit(body).request_id
    _finished(segmind, request_id)
    assert isinstance(segmind.result(request_id), Link)


def test_the_video_itself_is_handed_on_as_a_stream(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    standin.control.configure(output="bytes")
    request_id = segmind.submit(body).request_id
    _finished(segmind, request_id)
    result = segmind.result(request_id)
    assert isinstance(result, Stream)
    with result.response as response:
        assert response.raw.read()[4:8] == b"ftyp"


def test_a_result_that_is_asked_for_too_early_is_not_lost(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    standin.control.configure(processing_seconds=60)
    request_id = segmind.submit(body).request_id
    assert segmind.status(request_id).status in ("QUEUED", "PROCESSING")
    with pytest.raises(Unavailable):
        segmind.result(request_id)


def test_failed_comes_as_422_and_is_no_error_of_the_look(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    standin.control.fault(Fault(where="submit", what="fail", message="No face was found."))
    request_id = segmind.submit(body).request_id
    assert _finished(segmind, request_id).error == "No face was found."
    with pytest.raises(InferenceFailed, match=r"No face was found\."):
        segmind.result(request_id)


def test_an_expired_request_is_told_with_its_id(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    standin.control.fault(Fault(where="submit", what="expire"))
    request_id = segmind.submit(body).request_id

    def look() -> Expired | None:
        try:
            segmind.status(request_id)
        except Expired as gone:
            return gone
        return None

    assert request_id in until(look).message


def test_a_wrong_key_is_the_accounts_trouble(standin: Standin, body: dict[str, Any]) -> None:
    with pytest.raises(AccountTrouble) as caught:
        _client(standin, "SG_wrong_key").submit(body)
    assert caught.value.code == "API_KEY_REJECTED"
    assert "SG_wrong_key" not in str(caught.value)


def test_the_rate_limit_says_when_to_come_back(
    segmind: Segmind, standin: Standin, body: dict[str, Any]
) -> None:
    standin.control.configure(requests_per_window=1, window_seconds=30)
    request_id = segmind.submit(body).request_id
    with pytest.raises(RateLimited) as caught:
        segmind.status(request_id)
    posted_at = standin.control.requests()[0].at
    assert caught.value.retry_at
    assert posted_at < caught.value.retry_at <= posted_at + 31


@pytest.mark.parametrize(
    ("setting", "word"), [({"credits": 0.0}, "credits"), ({"spend_limit": 0.01}, "limit")]
)
def test_an_empty_account_is_the_accounts_trouble(
    segmind: Segmind, standin: Standin, body: dict[str, Any], setting: dict[str, float], word: str
) -> None:
    standin.control.configure(**setting)
    if "spend_limit" in setting:
        _finished(segmind, segmind.submit(body).request_id)
    with pytest.raises(AccountTrouble, match=word) as caught:
        segmind.submit(body)
    assert caught.value.code == "INSUFFICIENT_CREDITS"


def test_a_parameter_that_the_model_refuses_is_the_jobs_trouble(
    segmind: Segmind, body: dict[str, Any]
) -> None:
    with pytest.raises(RequestRejected) as caught:
        segmind.submit(body | {"temperature": 7})
    assert caught.value.code == "REQUEST_REJECTED"


# What is asked of the stand-in, and what the client must make of it.
SPOILED: dict[str, tuple[Fault, type[SegmindError]]] = {
    **{
        f"HTTP {status}": (Fault(where="submit", what="http", status=status), kind)
        for status, kind in {
            400: RequestRejected,
            401: AccountTrouble,
            403: AccountTrouble,
            404: RequestRejected,
            405: RequestRejected,
            406: AccountTrouble,
            410: RequestRejected,
            422: RequestRejected,
            429: RateLimited,
            500: Unavailable,
            502: Unavailable,
            503: Unavailable,
            504: Ambiguous,
        }.items()
    },
    **{
        f"{what}, {'accepted' if accepted else 'not accepted'}": (
            Fault(where="submit", what=what, accepted=accepted, status=302),
            Ambiguous,
        )
        for what in ("stall", "reset", "redirect", "half_json", "not_json", "missing_fields", "empty", "huge")
        for accepted in (True, False)
    },
}


@pytest.mark.parametrize(("fault", "kind"), SPOILED.values(), ids=SPOILED)
def test_what_is_called_surely_not_accepted_was_not_charged(
    segmind: Segmind, standin: Standin, body: dict[str, Any], fault: Fault, kind: type[SegmindError]
) -> None:
    standin.control.fault(fault)
    with pytest.raises(kind) as caught:
        segmind.submit(body)
    (seen,) = standin.control.requests()
    assert type(caught.value) is kind
    assert isinstance(caught.value, Ambiguous) or not seen.charged
    assert FAILURES[caught.value.code].action


@pytest.mark.parametrize(
    "what", ["stall", "reset", "redirect", "half_json", "not_json", "missing_fields", "empty", "huge"]
)
@pytest.mark.parametrize("where", ["status", "result"])
def test_a_spoiled_look_costs_nothing_but_another_look(
    segmind: Segmind, standin: Standin, body: dict[str, Any], where: Any, what: str
) -> None:
    request_id = segmind.submit(body).request_id
    _finished(segmind, request_id)
    standin.control.fault(Fault(where=where, what=what))
    ask = segmind.status if where == "status" else segmind.result
    lasting = where == "result" and what in ("missing_fields", "huge")
    with pytest.raises(ResultInvalid if lasting else Unavailable):
        ask(request_id)
    assert ask(request_id)
