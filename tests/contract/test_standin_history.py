"""The stand-in's request history: as the official SDK reads it, and as our client does."""

import importlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from segmind import SegmindClient, SegmindError

from lipdrop.model.job import Job, Options, S3Object
from lipdrop.segmind.client import Segmind
from lipdrop.segmind.errors import AccountTrouble, Ambiguous, RateLimited, Unavailable
from lipdrop.segmind.history import RequestHistory, matching
from lipdrop.segmind.single_shot_transport import new_session
from local.standin.history import PATH
from local.standin.model import MODEL, Fault
from local.standin.server import Standin
from tests.support.deadline import until

type Body = dict[str, Any]
JOB = Job(
    job_id="launch-fr-0123456789abcdef0123456789abcdef",
    name="launch/fr",
    video=S3Object(bucket="drop", key="v.mp4"),
    audio=S3Object(bucket="drop", key="a.wav"),
)


@pytest.fixture
def sdk(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmindClient]:
    """The SDK, with both of its addresses pointed at the stand-in."""
    module = importlib.import_module("segmind.generations")  # `segmind.generations` itself is an object
    monkeypatch.setattr(module, "REQUEST_HISTORY_URL", f"{standin.base_url}{PATH}")
    client = SegmindClient(api_key=standin.key, base_url=f"{standin.base_url}/v1")
    yield client
    client._client.close()


@pytest.fixture
def history(standin: Standin) -> RequestHistory:
    return RequestHistory(new_session(), f"{standin.base_url}{PATH}", lambda: standin.key, page_seconds=2.0)


@pytest.fixture
def signed(body: Body) -> Body:
    """A body whose links carry a signature and name the job, with all options, as `request` sends it."""
    links = {name: f"{url}?x-lipdrop-job={JOB.job_id}&X-Amz-Signature=5ec2e7" for name, url in body.items()}
    return links | {name: getattr(Options(), name) for name in Options.__struct_fields__}


def post(standin: Standin, body: Body) -> str:
    client = Segmind(new_session(), standin.base_url, lambda: standin.key, post_seconds=1.0)
    return client.submit(body).request_id


def row_of(history: RequestHistory, request_id: str, status: str) -> Any:
    def look() -> Any:
        row = history.get(request_id)
        return row if row and row.status == status else None

    return until(look)


def test_the_sdk_lists_a_request_with_its_inputs_and_its_outcome(
    standin: Standin, sdk: SegmindClient, history: RequestHistory, signed: Body
) -> None:
    request_id = post(standin, signed)
    row_of(history, request_id, "COMPLETED")
    (row,) = sdk.generations.history(model_name=MODEL)["requests"]
    assert row["request_id"] == request_id
    assert row["request_body"] == signed
    assert row["credits_deduction"] == pytest.approx(4 * 0.084)
    assert requests.get(row["generation_url"], timeout=10).headers["content-type"] == "video/mp4"
    assert sdk.generations.get(request_id) == row


def test_the_sdks_filters_and_limits_hold(standin: Standin, sdk: SegmindClient, signed: Body) -> None:
    first, second = post(standin, signed), post(standin, signed)
    listed = sdk.generations.history
    assert [row["request_id"] for row in listed(sort_order="asc")["requests"]] == [first, second]
    assert [row["request_id"] for row in listed(page=2, per_page=1)["requests"]] == [first]
    assert listed(page=3, per_page=1)["requests"] == []
    assert listed(status="FAILED")["requests"] == []
    assert listed(model_name="another-model")["requests"] == []
    assert listed(from_date="2020-01-01", to_date="2020-01-31")["requests"] == []
    for wrong in ({"per_page": 101}, {"from_date": "2020-01-01"}, {"status": "DONE"}):
        with pytest.raises(SegmindError) as refused:
            listed(**wrong)
        assert refused.value.status == 400


def test_the_sdk_is_told_404_for_a_request_that_is_not_the_accounts(sdk: SegmindClient) -> None:
    with pytest.raises(SegmindError) as unknown:
        sdk.generations.get("00000000-0000-0000-0000-000000000000")
    assert unknown.value.status == 404


@pytest.mark.parametrize(
    "fault",
    [
        Fault(where="submit", what="stall", accepted=True),
        Fault(where="submit", what="reset", accepted=True),
        Fault(where="submit", what="http", status=504, accepted=True),
        Fault(where="submit", what="half_json"),
    ],
    ids=lambda fault: fault.what,
)
def test_a_request_whose_reply_was_lost_is_found_by_the_job_in_its_links(
    standin: Standin, history: RequestHistory, signed: Body, fault: Fault
) -> None:
    standin.control.fault(fault)
    promised_at = time.time()
    with pytest.raises(Ambiguous):
        post(standin, signed)
    (found,) = matching(history.search(promised_at, time.time()), JOB, promised_at, set())
    assert found.request_id == standin.control.requests()[0].request_id
    assert row_of(history, found.request_id, "COMPLETED").cost == pytest.approx(4 * 0.084)


def test_a_502_after_acceptance_leaves_a_request_in_the_history(
    standin: Standin, history: RequestHistory, signed: Body
) -> None:
    standin.control.fault(Fault(where="submit", what="http", status=502, accepted=True))
    with pytest.raises(Unavailable):
        post(standin, signed)
    assert len(matching(history.search(time.time(), time.time()), JOB, time.time(), set())) == 1


def test_a_request_of_a_manifests_links_is_found_by_its_addresses(
    standin: Standin, history: RequestHistory, body: Body
) -> None:
    linked = Job(job_id="x-1", name="x", video=body["video_url"], audio=body["audio_url"])
    promised_at = time.time()
    options = {name: getattr(Options(), name) for name in Options.__struct_fields__}
    request_id = post(standin, body | options)
    rows = history.search(promised_at, time.time())
    assert [row.request_id for row in matching(rows, linked, promised_at, set())] == [request_id]
    assert matching(rows, linked, promised_at, {request_id}) == []


def test_many_requests_are_read_over_several_pages(
    standin: Standin, history: RequestHistory, signed: Body
) -> None:
    standin.control.configure(history_rows=25, history_body="text", processing_seconds=60)
    ids = [post(standin, signed) for _ in range(5)]
    rows = history.search(time.time() - 60, time.time())
    assert [row.request_id for row in rows] == ids[::-1]
    assert {row.job_id for row in rows} == {JOB.job_id}


def test_a_history_that_lags_knows_a_request_later(
    standin: Standin, history: RequestHistory, signed: Body
) -> None:
    standin.control.configure(history_lag_seconds=0.5)
    request_id = post(standin, signed)
    assert history.get(request_id) is None
    assert history.search(time.time(), time.time()) == []
    assert until(lambda: history.get(request_id))


def test_a_forgotten_request_stays_in_the_history_and_its_file_with_its_host(
    standin: Standin, history: RequestHistory, signed: Body
) -> None:
    standin.control.fault(Fault(where="submit", what="expire"))
    row = row_of(history, post(standin, signed), "COMPLETED")
    assert requests.get(row.output_url, timeout=10).status_code == 200


def test_a_failed_request_is_told_with_its_reason(
    standin: Standin, history: RequestHistory, signed: Body
) -> None:
    standin.control.fault(Fault(where="submit", what="fail", message="No face was found."))
    row = row_of(history, post(standin, signed), "FAILED")
    assert (row.error, row.cost, row.output_url) == ("No face was found.", 0, None)


FAULTS: dict[str, tuple[Fault, type[Exception]]] = {
    "429": (Fault(where="history", what="http", status=429, times=None), RateLimited),
    "page": (Fault(where="history", what="not_json", times=None), Unavailable),
    "half": (Fault(where="history", what="half_json", times=None), Unavailable),
    "reset": (Fault(where="history", what="reset", times=None), Unavailable),
    "stall": (Fault(where="history", what="stall", times=None), Unavailable),
    "redirect": (Fault(where="history", what="redirect", times=None), Unavailable),
    "huge": (Fault(where="history", what="huge", times=None), Unavailable),
}


@pytest.mark.parametrize(("fault", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_history_in_trouble_is_an_error_and_no_empty_list(
    standin: Standin, fault: Fault, kind: type[Exception]
) -> None:
    standin.control.fault(fault)
    url = f"{standin.base_url}{PATH}"
    history = RequestHistory(new_session(), url, lambda: standin.key, page_seconds=0.5)
    with pytest.raises(kind):
        history.search(time.time(), time.time())
    with pytest.raises(kind):
        history.get("req-1")
    assert standin.control.counters().histories == 2


def test_a_wrong_key_opens_no_history(standin: Standin, signed: Body) -> None:
    post(standin, signed)
    stranger = RequestHistory(new_session(), f"{standin.base_url}{PATH}", lambda: "not-the-key")
    with pytest.raises(AccountTrouble):
        stranger.search(time.time(), time.time())
    assert "5ec2e7" not in json.dumps(requests.get(f"{standin.base_url}/standin/requests", timeout=10).json())
