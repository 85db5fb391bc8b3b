"""Result files: ranges as a good server serves them, and downloads that go wrong on request."""

import gzip
import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.standin.model import MODEL, Fault
from local.standin.server import Standin

type Body = dict[str, Any]
PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def link(standin: Standin, body: Body) -> str:
    """The URL of a finished result."""
    headers = {"x-api-key": standin.key}
    request = requests.post(f"{standin.base_url}/v2/{MODEL}", json=body, headers=headers, timeout=10).json()
    deadline = time.monotonic() + 30
    while requests.get(request["status_url"], headers=headers, timeout=10).json()["status"] != "COMPLETED":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    url: str = requests.get(request["response_url"], headers=headers, timeout=10).json()["output"]
    return url


def read(link: str, wanted: str | None = None, **headers: str) -> requests.Response:
    """GET the file, or the range `wanted` of it."""
    given = {"range": f"bytes={wanted}"} if wanted else {}
    return requests.get(link, headers=PLAIN | given | headers, timeout=10)


def test_the_whole_file_is_what_was_made(standin: Standin, link: str) -> None:
    reply = read(link)
    assert reply.status_code == 200
    assert reply.headers["accept-ranges"] == "bytes"
    assert hashlib.sha256(reply.content).hexdigest() == standin.control.requests()[0].sha256


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [("0-0", 0, 1), ("100-199", 100, 200), ("100-", 100, None), ("-50", -50, None), ("5-99999999", 5, None)],
)
def test_a_range_is_that_part_of_the_file(link: str, wanted: str, start: int, stop: int | None) -> None:
    whole = read(link)
    part = read(link, wanted)
    assert part.status_code == 206
    assert part.content == whole.content[start:stop]
    first = start % len(whole.content)
    last = first + len(part.content) - 1
    assert part.headers["content-range"] == f"bytes {first}-{last}/{len(whole.content)}"
    assert part.headers["etag"] == whole.headers["etag"]


def test_ranges_put_together_are_the_file(link: str) -> None:
    whole = read(link).content
    parts = [read(link, f"{at}-{at + 99_999}").content for at in range(0, len(whole), 100_000)]
    assert b"".join(parts) == whole


def test_a_range_outside_of_the_file_is_416(link: str) -> None:
    size = len(read(link).content)
    reply = read(link, f"{size}-")
    assert (reply.status_code, reply.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_range_of_another_version_is_answered_with_the_whole(link: str) -> None:
    assert read(link, "0-9", **{"if-range": '"another"'}).status_code == 200
    assert read(link, "0-9", **{"if-range": read(link).headers["etag"]}).status_code == 206


def test_head_tells_size_and_version_without_the_body(link: str) -> None:
    head, whole = requests.head(link, headers=PLAIN, timeout=10), read(link)
    assert head.status_code == 200
    for name in ("content-length", "etag", "content-type", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


def test_an_unknown_file_is_404(standin: Standin) -> None:
    assert read(f"{standin.base_url}/results/nothing.mp4").status_code == 404


@pytest.mark.parametrize("what", ["cut", "reset", "stall"])
def test_a_body_can_end_early(standin: Standin, link: str, what: str) -> None:
    standin.control.fault(Fault(where="file", what=what, offset=100_000, seconds=0.2))
    with requests.get(link, headers=PLAIN, stream=True, timeout=10) as reply:
        assert reply.status_code == 200
        got: list[bytes] = []
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            got.extend(reply.iter_content(10_000))
    assert sum(map(len, got)) <= 100_000
    assert len(read(link).content) == int(reply.headers["content-length"])


def test_a_connection_can_be_reset_before_any_byte(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="reset"))
    with pytest.raises(requests.ConnectionError):
        read(link)


def test_a_length_can_be_too_long(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="wrong_length", amount=10))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read(link)


def test_a_length_can_be_too_short(standin: Standin, link: str) -> None:
    size = len(read(link).content)
    standin.control.fault(Fault(where="file", what="wrong_length", amount=-10))
    assert len(read(link).content) == size - 10


def test_a_range_can_be_another_one(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="wrong_range", amount=7))
    assert read(link, "0-9").headers["content-range"].startswith("bytes 7-16/")


def test_an_etag_can_change_with_every_reply(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="new_etag", times=None))
    assert read(link, "0-9").headers["etag"] != read(link, "0-9").headers["etag"]


def test_access_can_be_lost_after_some_ranges(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="http", status=403, after=2, times=None))
    assert [read(link, "0-9").status_code for _ in range(4)] == [206, 206, 403, 403]


def test_a_file_can_come_packed_though_nobody_asked(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="gzip"))
    with requests.get(link, headers=PLAIN, stream=True, timeout=10) as reply:
        packed = reply.raw.read(decode_content=False)
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == read(link).content


def test_a_page_can_come_in_place_of_the_file(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="html"))
    reply = read(link)
    assert (reply.status_code, "<html>" in reply.text) == (200, True)


def test_ranges_can_be_ignored(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="no_ranges"))
    reply = read(link, "0-9")
    assert (reply.status_code, reply.headers["accept-ranges"]) == (200, "none")
    assert len(reply.content) > 10


@pytest.mark.parametrize("offset", [0, 100_000])
def test_a_length_can_be_missing_so_that_a_cut_cannot_be_seen(
    standin: Standin, link: str, offset: int
) -> None:
    whole = read(link).content
    standin.control.fault(Fault(where="file", what="no_length", offset=offset))
    reply = read(link)
    assert "content-length" not in reply.headers
    assert "transfer-encoding" not in reply.headers
    assert reply.content == (whole[:offset] if offset else whole)


@pytest.mark.parametrize("by", ["fault", "setting"])
def test_a_connection_can_be_slow(standin: Standin, link: str, by: str) -> None:
    rate = len(read(link).content) * 2
    if by == "fault":
        standin.control.fault(Fault(where="file", what="slow", bytes_per_second=rate))
    else:
        standin.control.configure(bytes_per_second=rate)
    began = time.monotonic()
    read(link)
    assert 0.4 < time.monotonic() - began < 3


def test_only_the_media_named_are_spoiled(
    standin: Standin, link: str, media_url: Callable[[str], str]
) -> None:
    standin.control.fault(Fault(where="file", what="html", match="voice-long", times=None))
    assert read(link).content[4:8] == b"ftyp"


def test_a_file_can_be_half_written_and_all_else_be_well(standin: Standin, link: str) -> None:
    whole = read(link).content
    standin.control.fault(Fault(where="file", what="half", times=3))
    half = read(link)
    assert (half.status_code, half.content) == (200, whole[: len(whole) // 2])
    part = read(link, "0-")
    assert part.headers["content-range"] == f"bytes 0-{len(half.content) - 1}/{len(half.content)}"
    assert read(link, "10-19").content == whole[10:20]
    assert read(link).content == whole


def test_a_file_can_be_empty(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="empty"))
    reply = read(link, "0-")
    assert (reply.status_code, reply.content, reply.headers["content-length"]) == (200, b"", "0")


def test_a_link_can_turn_good_after_a_while(standin: Standin, link: str) -> None:
    standin.control.fault(Fault(where="file", what="html", younger_than=3600, times=None))
    assert read(link).headers["content-type"].startswith("text/html")
    standin.control.clear_faults()
    standin.control.fault(Fault(where="file", what="html", younger_than=0.001, times=None))
    assert read(link).headers["content-type"] == "video/mp4"
