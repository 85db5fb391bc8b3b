"""Every kind of bad reply has one defined outcome, with a code, a sentence and a next step."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lipdrop.model.failures import FAILURES
from lipdrop.segmind.error_mapping import retry_at
from lipdrop.segmind.errors import (
    AccountTrouble,
    Ambiguous,
    Expired,
    RateLimited,
    RequestRejected,
    SegmindError,
    Unavailable,
)
from tests.support.segmind_fake import NOW, Canned, answering

PAGE = b"<html><body>405 Method Not Allowed</body></html>"

# status, the reply's error text, then for POST and GET: the error's class and its code
OUTCOMES: list[tuple[int, str, type[SegmindError], str, type[SegmindError], str]] = [
    (400, "video_url is required", RequestRejected, "REQUEST_REJECTED", Unavailable, "SEGMIND_UNAVAILABLE"),
    (401, "unauthorized", AccountTrouble, "API_KEY_REJECTED", AccountTrouble, "API_KEY_REJECTED"),
    (402, "payment", AccountTrouble, "INSUFFICIENT_CREDITS", AccountTrouble, "INSUFFICIENT_CREDITS"),
    (403, "forbidden", AccountTrouble, "API_KEY_REJECTED", AccountTrouble, "API_KEY_REJECTED"),
    (404, "not found", RequestRejected, "MODEL_UNAVAILABLE", Expired, "RESULT_EXPIRED"),
    (405, "", RequestRejected, "MODEL_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (
        406,
        "Insufficient credits",
        AccountTrouble,
        "INSUFFICIENT_CREDITS",
        AccountTrouble,
        "INSUFFICIENT_CREDITS",
    ),
    (
        406,
        "Spend limit reached",
        AccountTrouble,
        "INSUFFICIENT_CREDITS",
        AccountTrouble,
        "INSUFFICIENT_CREDITS",
    ),
    (406, "Invalid Content-Type", RequestRejected, "REQUEST_REJECTED", Unavailable, "SEGMIND_UNAVAILABLE"),
    (
        406,
        "temperature must be <= 1",
        RequestRejected,
        "REQUEST_REJECTED",
        Unavailable,
        "SEGMIND_UNAVAILABLE",
    ),
    (406, "", AccountTrouble, "INSUFFICIENT_CREDITS", AccountTrouble, "INSUFFICIENT_CREDITS"),
    (408, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (410, "model retired", RequestRejected, "MODEL_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (413, "too large", RequestRejected, "REQUEST_REJECTED", Unavailable, "SEGMIND_UNAVAILABLE"),
    (422, "unprocessable", RequestRejected, "REQUEST_REJECTED", Unavailable, "SEGMIND_UNAVAILABLE"),
    (429, "slow down", RateLimited, "SEGMIND_UNAVAILABLE", RateLimited, "SEGMIND_UNAVAILABLE"),
    (500, "boom", Unavailable, "SEGMIND_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (502, "", Unavailable, "SEGMIND_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (503, "", Unavailable, "SEGMIND_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (504, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (507, "", Unavailable, "SEGMIND_UNAVAILABLE", Unavailable, "SEGMIND_UNAVAILABLE"),
    (520, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (524, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (302, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (308, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
    (799, "", Ambiguous, "SUBMISSION_UNKNOWN", Unavailable, "SEGMIND_UNAVAILABLE"),
]


# Only its message tells the meanings of 406 apart; every other code speaks for itself, whatever the body.
CASES = [
    (form, *row)
    for form in ("json", "html", "empty")
    for row in OUTCOMES
    if form == "json" or row[0] != 406 or not row[1]
]


@pytest.mark.parametrize(("form", "status", "text", "post", "post_code", "get", "get_code"), CASES)
def test_each_code_has_its_outcome_whatever_the_body(
    form: str,
    status: int,
    text: str,
    post: type[SegmindError],
    post_code: str,
    get: type[SegmindError],
    get_code: str,
) -> None:
    body: Any = {"json": {"error": text}, "html": PAGE, "empty": b""}[form]
    segmind = answering(Canned(status, body))

    _assert_outcome(lambda: segmind.submit({}), post, post_code, status)
    _assert_outcome(lambda: segmind.status("req-1"), get, get_code, status)
    if form == "json":
        _assert_outcome(lambda: segmind.result("req-1"), get, get_code, status)


def _assert_outcome(call: Any, kind: type[SegmindError], code: str, status: int) -> None:
    with pytest.raises(SegmindError) as caught:
        call()
    error = caught.value
    assert (type(error), error.code, error.http_status) == (kind, code, status)
    assert f"HTTP {status}" in error.message
    assert FAILURES[error.code].action


def test_the_sentence_says_what_was_asked_and_what_segmind_said() -> None:
    segmind = answering(Canned(404, {"error": "no such thing"}))
    with pytest.raises(Expired, match=r"\(HTTP 404, request req-77\): no such thing$"):
        segmind.status("req-77")


def test_an_auth_error_gives_both_its_texts() -> None:
    body = {"error": "Unauthorized", "error_description": "The key was revoked."}
    with pytest.raises(AccountTrouble, match="Unauthorized: The key was revoked"):
        answering(Canned(401, body)).submit({})


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Insufficient credits: 5 required, 2 available", AccountTrouble),
        ("Your account balance is too low.", AccountTrouble),
        ("Monthly spending limit of $100 exceeded", AccountTrouble),
        ("Unsupported Media Type in request", RequestRejected),
        ("Content-Type must be application/json", RequestRejected),
        ("'sync_mode' is not one of the allowed values", RequestRejected),
        ("Invalid parameter: temperature", RequestRejected),
        ("Not Acceptable", AccountTrouble),
    ],
)
def test_406_is_read_by_its_message(message: str, kind: type[SegmindError]) -> None:
    with pytest.raises(kind, match="HTTP 406"):
        answering(Canned(406, {"error": message})).submit({})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (str(int(NOW) + 40), NOW + 40),
        (str(int(NOW + 40) * 1000), NOW + 40),
        ("17", NOW + 17),
        (datetime.fromtimestamp(NOW + 40, UTC).isoformat(), NOW + 40),
        (datetime.fromtimestamp(NOW + 40, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW + 40),
        (datetime.fromtimestamp(NOW + 40, UTC).strftime("%Y-%m-%d %H:%M:%S"), NOW + 40),
        (datetime.fromtimestamp(NOW + 40, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), NOW + 40),
        (datetime.fromtimestamp(NOW + 40, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW + 40),
        (str(int(NOW) - 500), NOW),
        ("2099-01-01T00:00:00Z", NOW + 3600),
        ("tomorrow", None),
        ("-5", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_the_reset_time_is_understood_in_every_likely_form(text: str, expected: float | None) -> None:
    reply = Canned(429, {"error": "slow"}, x_rate_limit_reset_at_utc=text)
    with pytest.raises(RateLimited) as caught:
        answering(reply).submit({})
    assert caught.value.retry_at == expected


def test_retry_after_counts_when_no_reset_time_is_given() -> None:
    assert retry_at({"retry-after": "30"}, NOW) == NOW + 30
    assert retry_at({"retry-after": "30", "x-rate-limit-reset-at-utc": "5"}, NOW) == NOW + 5
    assert retry_at({}, NOW) is None
