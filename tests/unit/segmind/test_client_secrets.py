"""The key and presigned queries leave the client in the request only: not in errors, logs or reprs."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3

from lipdrop.segmind.client import Segmind
from lipdrop.segmind.errors import AccountTrouble, SegmindError
from tests.support.segmind_fake import BASE_URL, KEY, Canned, FakeWire, client

SIGNATURE = "5ec2e7516a7e"
SIGNED = f"https://drop.s3.amazonaws.com/v.mp4?X-Amz-Signature={SIGNATURE}&X-Amz-Credential=AKIA{SIGNATURE}"
BODY = {"video_url": SIGNED, "audio_url": SIGNED}
ECHO = f"could not use key {KEY} to fetch {SIGNED} (headers: x-api-key: {KEY})"

BROKEN_WIRES: list[Exception] = [
    requests.ConnectionError(urllib3.exceptions.ProtocolError(f"aborted {SIGNED} {KEY}")),
    requests.ReadTimeout(f"{SIGNED} {KEY}"),
    requests.exceptions.InvalidHeader(f"invalid header {KEY}"),
    requests.exceptions.InvalidURL(SIGNED),
    OSError(KEY),
]
TELLTALE_REPLIES = [
    Canned(status, {"error": ECHO, "message": {"detail": ECHO}, KEY: SIGNED})
    for status in (200, 302, 400, 401, 404, 406, 422, 429, 500, 504)
]
CALLS: dict[str, Callable[[Segmind], object]] = {
    "submit": lambda segmind: segmind.submit(BODY),
    "status": lambda segmind: segmind.status("req-1"),
    "result": lambda segmind: segmind.result("req-1"),
}


def _told(error: BaseException) -> str:
    """Return everything that a handler or Lambda itself would write of `error`."""
    return "".join([*traceback.format_exception(error), repr(error), str(error), repr(vars(error))])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("reply", [*BROKEN_WIRES, *TELLTALE_REPLIES])
def test_nothing_secret_is_told_of_a_failure(
    reply: Canned | Exception, call: Callable[[Segmind], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SegmindError) as caught:
        call(client(FakeWire(reply)))
    told = _told(caught.value) + caplog.text
    assert KEY not in told
    assert SIGNATURE not in told


def test_segminds_reason_for_a_failed_request_is_cleaned() -> None:
    seen = client(FakeWire(Canned(422, {"status": "FAILED", "error": ECHO}))).status("req-1")
    assert "could not use key ***" in seen.error
    assert SIGNATURE not in repr(seen)


@pytest.mark.parametrize("key", ["", "two words", f"{KEY}\n", f"{KEY}\r\nX-Evil: 1", "schlüssel", "x" * 1025])
def test_a_key_that_no_header_can_carry_is_the_accounts_trouble_and_is_not_quoted(key: str) -> None:
    wire = FakeWire(Canned(200, {}))
    with pytest.raises(AccountTrouble) as caught:
        client(wire, api_key=lambda: key).submit(BODY)
    assert wire.requests == []
    assert KEY not in _told(caught.value)
    assert not key or key not in caught.value.message


def test_the_client_and_its_values_show_no_secret() -> None:
    segmind = client(FakeWire(Canned(200, {"status": "COMPLETED", "output": SIGNED})))
    shown: list[Any] = [segmind, segmind.result("req-1")]
    assert repr(segmind) == f"Segmind({BASE_URL!r})"
    assert SIGNATURE not in repr(shown)
    assert KEY not in repr(shown)
