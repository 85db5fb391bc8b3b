"""The request history: what is asked, how odd pages are read, and which rows belong to a job."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.model.job import Job, Options, S3Object
from lipdrop.segmind.errors import AccountTrouble, NotSent, RateLimited, SegmindError, Unavailable
from lipdrop.segmind.history import MAX_PAGES, HistoryRow, RequestHistory, matching
from lipdrop.segmind.history_rows import read_rows
from tests.support.segmind_fake import KEY, NOW, Canned, FakeWire

URL = "https://history.segmind.example/inference-request/request-history"
HTTPS = frozenset({"https"})
JOB_ID = "launch-fr-0123456789abcdef0123456789abcdef"
DROP = "https://drop.s3.eu-central-1.amazonaws.com/inbox/launch"
SIGNED = f"?versionId=3&x-lipdrop-job={JOB_ID}&X-Amz-Signature=5ec2e7"
OPTIONS = {
    "sync_mode": "bounce",
    "temperature": 0.5,
    "auto_active_speaker_detection": False,
    "occlusion_detection_enabled": False,
}
BODY = {"video_url": f"{DROP}/video.mp4{SIGNED}", "audio_url": f"{DROP}/fr.mp3{SIGNED}", **OPTIONS}
ROW: dict[str, Any] = {
    "request_id": "req-1",
    "model_name": "sync.so-lipsync-2-pro",
    "model_status": "COMPLETED",
    "credits_deduction": 0.34,
    "request_body": BODY,
    "generation_url": "https://cdn.example/v.mp4?token=5ec2e7",
    "latency_ms": 1000,
    "model_created": "2027-01-15T08:00:00Z",
}
CREATED = NOW
"""15 January 2027, 8:00 UTC."""


def history(wire: FakeWire, **options: Any) -> RequestHistory:
    session = requests.Session()
    session.mount("https://", wire)
    return RequestHistory(session, URL, lambda: KEY, clock=lambda: NOW, **options)


def page(*rows: dict[str, Any]) -> Canned:
    return Canned(200, {"data": list(rows), "total": len(rows)})


def row(**fields: Any) -> HistoryRow:
    (found,) = read_rows([ROW | fields], HTTPS)
    return found


def asked(request: requests.PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(request.url)).query))


def test_a_row_tells_what_was_asked_and_what_became_of_it() -> None:
    assert row() == HistoryRow(
        request_id="req-1",
        status="COMPLETED",
        job_id=JOB_ID,
        video_address=f"{DROP}/video.mp4",
        audio_address=f"{DROP}/fr.mp3",
        video_query=SIGNED[1:],
        audio_query=SIGNED[1:],
        options=Options(),
        created_at=CREATED,
        output_url="https://cdn.example/v.mp4?token=5ec2e7",
        cost=0.34,
    )


def test_a_search_asks_for_whole_days_of_our_model_newest_first_with_the_key_in_the_header_only() -> None:
    wire = FakeWire(page())
    assert history(wire).search(NOW - 3600, NOW) == []

    (sent,) = wire.requests
    assert (sent.method, str(sent.url).partition("?")[0]) == ("GET", URL)
    assert asked(sent) == {
        "page": "1",
        "per_page": "50",
        "from_date": "2027-01-14",
        "model_name": "sync.so-lipsync-2-pro",
        "sort_by": "model_created",
        "sort_order": "desc",
    }
    assert sent.headers["x-api-key"] == KEY
    assert KEY not in str(sent.url)


def test_a_search_in_the_past_ends_a_day_after_it_and_spans_at_most_31_days() -> None:
    wire = FakeWire(page())
    history(wire).search(NOW - 300 * 86_400, NOW - 3 * 86_400)
    assert asked(wire.requests[0])["to_date"] == "2027-01-13"
    assert asked(wire.requests[0])["from_date"] == "2026-12-15"


def test_pages_are_read_until_one_brings_nothing_new() -> None:
    rows = [ROW | {"request_id": f"req-{number}"} for number in range(5)]
    wire = FakeWire(page(*rows[:2]), page(*rows[1:4]), page(*rows[4:]), page(*rows[4:]))
    found = history(wire).search(NOW - 60, NOW)
    assert [each.request_id for each in found] == [f"req-{number}" for number in range(5)]
    assert [asked(request)["page"] for request in wire.requests] == ["1", "2", "3", "4"]


def test_no_page_is_read_behind_one_that_is_older_than_the_window() -> None:
    older = ROW | {"request_id": "req-0", "model_created": NOW - 7200}
    wire = FakeWire(page(ROW, older), page(ROW | {"request_id": "never"}))
    assert len(history(wire).search(NOW - 3600, NOW)) == 2
    assert len(wire.requests) == 1


def test_a_page_in_another_order_does_not_end_the_search() -> None:
    older = ROW | {"request_id": "req-0", "model_created": NOW - 7200}
    wire = FakeWire(page(older, ROW), page(ROW | {"request_id": "req-2"}), page())
    assert len(history(wire).search(NOW - 3600, NOW)) == 3


def test_a_history_without_end_is_read_up_to_a_limit_of_pages() -> None:
    pages = [page(ROW | {"request_id": f"req-{number}"}) for number in range(MAX_PAGES + 5)]
    wire = FakeWire(*pages)
    assert len(history(wire).search(NOW - 60, NOW)) == MAX_PAGES


def test_a_search_ends_in_time_however_slow_each_page_is() -> None:
    times = iter([0.0, 0.0, 9.0, 18.0, 27.0])
    wire = FakeWire(*(page(ROW | {"request_id": f"req-{number}"}) for number in range(9)))
    with pytest.raises(Unavailable, match="too slowly"):
        history(wire, timer=lambda: next(times)).search(NOW - 60, NOW)
    assert [options["timeout"][1] for options in wire.options] == [10.0, 10.0, 7.0]


def test_a_page_that_fails_fails_the_search_because_the_rest_would_look_whole() -> None:
    wire = FakeWire(page(ROW), Canned(502, b"<html>Bad gateway</html>"))
    with pytest.raises(Unavailable):
        history(wire).search(NOW - 60, NOW)


ANSWERS: list[tuple[Canned | Exception, type[SegmindError]]] = [
    (Canned(401, {"error": "no"}), AccountTrouble),
    (Canned(429, {"error": "slow"}), RateLimited),
    (Canned(500, {"error": "oops"}), Unavailable),
    (Canned(302, b"", Location="https://evil.example/"), Unavailable),
    (Canned(200, b"<html>Please wait</html>"), Unavailable),
    (Canned(200, b""), Unavailable),
    (Canned(200, b"7"), Unavailable),
    (Canned(200, b"[" * 200_000), Unavailable),
    (Canned(200, b'[{"request_id": "r", "padding": "' + b"x" * 5_000_000 + b'"}]'), Unavailable),
    (requests.ConnectionError("x"), Unavailable),
    (NotSent("no connection"), NotSent),
]


ASKS: dict[str, Callable[[RequestHistory], object]] = {
    "search": lambda asked: asked.search(NOW - 60, NOW),
    "get": lambda asked: asked.get("req-1"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(("reply", "kind"), ANSWERS)
def test_an_answer_that_is_no_history_is_an_error_of_the_tree(
    reply: Canned | Exception, kind: type[SegmindError], ask: Callable[[RequestHistory], object]
) -> None:
    with pytest.raises(kind) as caught:
        ask(history(FakeWire(reply)))
    assert KEY not in str(caught.value)


def test_a_404_of_the_list_says_nothing_of_any_request() -> None:
    with pytest.raises(Unavailable):
        history(FakeWire(Canned(404, {"error": "Not found"}))).search(NOW - 60, NOW)


@pytest.mark.parametrize("body", [ROW, {"data": ROW}, {"success": True, "request": [ROW]}])
def test_one_request_is_found_by_its_id(body: dict[str, Any]) -> None:
    wire = FakeWire(Canned(200, body))
    assert history(wire).get("req-1") == row()
    assert wire.requests[0].url == f"{URL}/req-1"


def test_an_id_that_the_account_has_not_is_none_and_a_gateways_404_is_an_error() -> None:
    assert history(FakeWire(Canned(404, {"error": "not found"}))).get("req-2") is None
    assert history(FakeWire(Canned(200, ROW))).get("req-2") is None
    with pytest.raises(Unavailable):
        history(FakeWire(Canned(404, b"default backend - 404"))).get("req-2")


@pytest.mark.parametrize("request_id", ["", "..", "a/b", "a?b", "%2e%2e"])
def test_an_id_that_could_lead_elsewhere_is_refused(request_id: str) -> None:
    with pytest.raises(ValueError, match="not a request id"):
        history(FakeWire(page())).get(request_id)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"data": rows},
        lambda rows: {"request_id": "trace", "result": {"requests": rows, "page": 1}},
        lambda rows: {"items": {each["request_id"]: each for each in rows}},
    ],
)
def test_rows_are_found_wherever_the_page_holds_them(wrap: Any) -> None:
    found = read_rows(wrap([ROW, ROW | {"request_id": "req-2"}]), HTTPS)
    assert [each.request_id for each in found] == ["req-1", "req-2"]


def test_the_rows_of_one_request_are_one_and_complete_each_other() -> None:
    rows = [ROW | {"generation_url": None}, ROW, ROW | {"generation_url": "https://cdn.example/2.mp4"}]
    (found,) = read_rows(rows, HTTPS)
    assert (found.output_url, found.cost) == (ROW["generation_url"], 0.34)


@pytest.mark.parametrize(
    "odd", [{}, {"request_id": None}, {"request_id": "../x"}, {"request_id": ["a"]}, 7, None, "row", []]
)
def test_a_malformed_row_is_skipped_and_the_next_one_read(odd: Any) -> None:
    spoiled = ROW | odd if isinstance(odd, dict) and odd else odd
    assert read_rows([spoiled, ROW], HTTPS) == [row()]


@pytest.mark.parametrize(
    ("status", "read"),
    [("failed", "FAILED"), ("PENDING", "PENDING"), ("QUEUED", "PENDING"), (None, "PENDING"), (3, "PENDING")],
)
def test_a_status_is_one_of_three(status: Any, read: str) -> None:
    assert row(model_status=status).status == read


@pytest.mark.parametrize(
    "created",
    [CREATED, str(int(CREATED)), CREATED * 1000, "2027-01-15T08:00:00", "2027-01-15 09:00:00+01:00"],
)
def test_a_time_is_read_in_every_usual_form(created: Any) -> None:
    assert row(model_created=created).created_at == CREATED


def test_the_inputs_may_be_json_text() -> None:
    assert row(request_body=json.dumps(BODY)) == row()


def test_options_may_be_texts_and_are_none_if_one_is_missing() -> None:
    assert row(request_body=BODY | {"temperature": "0.5", "occlusion_detection_enabled": "false"}) == row()
    assert row(request_body={name: BODY[name] for name in BODY if name != "temperature"}).options is None


@pytest.mark.parametrize("cost", [None, "free", -1, float("inf"), True, {}])
def test_a_cost_is_a_number_or_nothing(cost: Any) -> None:
    assert row(credits_deduction=cost).cost is None
    assert row(credits_deduction="0.34").cost == 0.34


def test_links_that_name_two_jobs_name_none() -> None:
    other = f"{DROP}/fr.mp3?x-lipdrop-job=another"
    assert row(request_body=BODY | {"audio_url": other}).job_id is None
    assert row(request_body=BODY | {"audio_url": "https://example.org/fr.mp3"}).job_id == JOB_ID


def test_the_links_of_a_row_are_not_shown() -> None:
    assert "5ec2e7" not in repr([row()])
    assert "https" not in repr([row()])


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["https://[", "//["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ROW)), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ROW, "error", "status", "created_at"]), json_values), json_values)
def test_whatever_a_row_holds_it_is_read_or_skipped(fields: dict[str, Any], body: Any) -> None:
    read_rows({"rows": [ROW | fields, ROW | {"request_body": body}, fields]}, HTTPS)


SOURCES = {name: S3Object(bucket="drop", key=f"inbox/launch/{name}") for name in ("video.mp4", "fr.mp3")}
DROPPED = Job(job_id=JOB_ID, name="launch/fr", video=SOURCES["video.mp4"], audio=SOURCES["fr.mp3"])
LINKED = Job(
    job_id=JOB_ID, name="launch/fr", video="https://cdn.example/v.mp4?", audio="https://cdn.example/a.mp3"
)
PLAIN = {"video_url": "https://cdn.example/v.mp4?id=1", "audio_url": "https://cdn.example/a.mp3", **OPTIONS}


def test_a_request_whose_links_name_the_job_is_the_jobs_whenever_it_was_made() -> None:
    other = row(request_id="req-2", request_body=json.loads(json.dumps(BODY).replace(JOB_ID, "other-1")))
    assert matching([other, row()], DROPPED, NOW + 999, set()) == [row()]
    assert matching([other], DROPPED, 0, set()) == []


def test_both_requests_of_a_job_that_was_asked_for_twice_are_told() -> None:
    rows = [row(), row(request_id="req-2")]
    assert matching(rows, DROPPED, NOW, {"req-1"}) == rows


def test_a_manifests_links_match_by_addresses_options_time_and_an_id_of_nobody_else() -> None:
    assert matching([row(request_body=PLAIN)], LINKED, NOW, set()) == [row(request_body=PLAIN)]


@pytest.mark.parametrize(
    "fields",
    [
        {"request_id": "known"},
        {"model_created": NOW - 60},
        {"model_created": None},
        {"request_body": PLAIN | {"temperature": 0.6}},
        {"request_body": PLAIN | {"audio_url": "https://cdn.example/b.mp3"}},
        {"request_body": PLAIN | {"video_url": "https://other.example/v.mp4"}},
        {"request_body": PLAIN | {"video_url": "https://cdn.example/v.mp4?x-lipdrop-job=other"}},
        {"request_body": None},
    ],
)
def test_a_manifests_links_do_not_match_what_differs_in_one_thing(fields: dict[str, Any]) -> None:
    assert matching([row(**({"request_body": PLAIN} | fields))], LINKED, NOW, {"known"}) == []


def test_whole_links_match_by_their_queries_too() -> None:
    whole = Job(job_id=JOB_ID, name="n", video=PLAIN["video_url"], audio=PLAIN["audio_url"])  # type: ignore[arg-type]
    another = PLAIN | {"video_url": "https://cdn.example/v.mp4?id=2"}
    rows = [row(request_body=PLAIN), row(request_id="req-2", request_body=another)]
    assert matching(rows, whole, NOW, set()) == rows[:1]


def test_two_candidates_are_both_told() -> None:
    rows = [row(request_body=PLAIN), row(request_id="req-2", request_body=PLAIN)]
    assert matching(rows, LINKED, NOW, set()) == rows
