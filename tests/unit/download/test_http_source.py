"""The link to a result: redirects by hand, no key, and answers held against what was asked."""

import pytest
import requests

from lipdrop.download.errors import Changed, HostRefused, Invalid, SourceError, Unreachable
from lipdrop.download.http_body import Identity
from lipdrop.download.http_source import LinkSource, StreamSource
from tests.support.segmind_fake import Canned, FakeWire

URL = "https://cdn.example/fr.mp4?sig=secret"
FILE = b"0123456789"


def source(*replies: Canned | Exception) -> tuple[LinkSource, FakeWire]:
    wire = FakeWire(*replies)
    session = requests.Session()
    session.mount("https://", wire)
    return LinkSource(session, URL, trusted_base_url="https://api.segmind.example"), wire


def part(content_range: str, body: bytes = FILE, **headers: str) -> Canned:
    return Canned(206, body, Content_Range=content_range, ETag='"v1"', **headers)


def redirect(to: str) -> Canned:
    return Canned(302, b"", Location=to)


def test_whole_file_is_asked_for_as_an_open_range_without_a_key() -> None:
    link, wire = source(part("bytes 0-9/10"))
    body = link.open()
    assert body.identity == Identity(length=10, etag='"v1"')
    assert body.ranges
    (request,) = wire.requests
    assert request.headers["Range"] == "bytes=0-"
    assert request.headers["Accept-Encoding"] == "identity"
    assert "x-api-key" not in request.headers
    buffer = bytearray(10)
    assert body.read_into(memoryview(buffer), within=5) == 10
    assert buffer == FILE


def test_a_server_without_ranges_gives_a_stream_only() -> None:
    link, _ = source(Canned(200, FILE, Content_Length="10"))
    body = link.open()
    assert (body.identity.length, body.ranges) == (10, False)


def test_a_file_that_nothing_tells_from_another_is_a_stream_only() -> None:
    link, _ = source(Canned(206, FILE, Content_Range="bytes 0-9/10"))
    assert not link.open().ranges


def test_redirects_are_followed_by_hand_and_checked_each_time() -> None:
    link, wire = source(redirect("/moved"), redirect("https://other.example/x"), part("bytes 0-9/10"))
    link.open()
    urls = [request.url for request in wire.requests]
    assert urls == [URL, "https://cdn.example/moved", "https://other.example/x"]


@pytest.mark.parametrize("to", ["http://cdn.example/x", "file:///etc/passwd", "https://a:b@cdn.example/x"])
def test_a_redirect_to_a_forbidden_place_is_refused(to: str) -> None:
    link, wire = source(redirect(to))
    with pytest.raises(HostRefused):
        link.open()
    assert len(wire.requests) == 1


def test_a_circle_of_redirects_ends() -> None:
    link, wire = source(redirect(URL))
    with pytest.raises(Unreachable):
        link.open()
    assert len(wire.requests) == 4


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Canned(403, b"<Error/>"), Unreachable),
        (Canned(503, b""), Unreachable),
        (Canned(416, b""), Invalid),
        (Canned(206, FILE), Invalid),
        (part("bytes 0-4/10"), Invalid),
        (part("bytes 1-9/10"), Invalid),
        (part("bytes 0-9/*"), Invalid),
        (part("bytes 0-9/10", Content_Length="9"), Invalid),
        (Canned(200, FILE, Content_Encoding="gzip"), Invalid),
        (requests.ConnectionError(f"cannot reach {URL}"), Unreachable),
        (requests.ReadTimeout(f"no answer from {URL}"), Unreachable),
    ],
)
def test_an_answer_that_is_not_the_whole_file_is_refused_without_telling_the_query(
    reply: Canned | Exception, error: type[SourceError]
) -> None:
    link, _ = source(reply)
    with pytest.raises(error) as caught:
        link.open()
    assert "secret" not in f"{caught.value}{caught.value.__cause__}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Canned(200, FILE), Changed),
        (Canned(206, FILE[2:5], Content_Range="bytes 2-4/10", ETag='"v2"'), Changed),
        (part("bytes 2-4/11", FILE[2:5]), Changed),
        (part("bytes 3-5/10", FILE[3:6]), Unreachable),
    ],
)
def test_a_range_that_is_not_what_was_asked_for_is_refused(reply: Canned, error: type[SourceError]) -> None:
    link, wire = source(reply)
    with pytest.raises(error):
        link.open_range(2, 4, Identity(length=10, etag='"v1"'))
    assert wire.requests[0].headers["If-Range"] == '"v1"'


def test_a_weak_etag_is_compared_but_not_sent_as_a_condition() -> None:
    link, wire = source(Canned(206, FILE[2:5], Content_Range="bytes 2-4/10", ETag='W/"v1"'))
    link.open_range(2, 4, Identity(length=10, etag='W/"v1"'))
    assert "If-Range" not in wire.requests[0].headers


def test_an_answer_that_is_the_video_has_no_ranges() -> None:
    response = requests.Response()
    with pytest.raises(Unreachable):
        StreamSource(response).open_range(0, 1, Identity(length=10))
