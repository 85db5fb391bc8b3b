"""Where the video may hide in a finished request, and what is said when it does not."""

from typing import Any

import pytest

from lipdrop.segmind.errors import ResultInvalid
from lipdrop.segmind.response import Reply, describe_json
from lipdrop.segmind.result_body import Link, read_link

VIDEO = "https://cdn.example/out/v.mp4?sig=1"
HTTPS = frozenset({"https"})


def _reply(body: dict[str, Any]) -> Reply:
    return Reply(200, {}, body, describe_json(body), "")


@pytest.mark.parametrize(
    "output",
    [
        VIDEO,
        [VIDEO],
        [{"url": VIDEO}],
        {"url": VIDEO},
        {"video": VIDEO},
        {"video": {"url": VIDEO, "content_type": "video/mp4"}},
        {"output": [{"file": {"url": VIDEO}}]},
        {"anything": {"else": VIDEO}},
        {"thumbnail": "https://cdn.example/t.jpg", "movie": VIDEO},
        ["https://cdn.example/log.txt", VIDEO],
        {"id": "17", "type": "video/mp4", "video_url": VIDEO},
        {"url": "https://cdn.example/page", "video": "https://cdn.example/V.MP4"},
    ],
)
def test_the_video_is_found_in_every_likely_shape(output: Any) -> None:
    found = read_link(_reply({"output": output}), HTTPS).url
    assert found.lower().partition("?")[0].endswith("v.mp4")


def test_a_link_without_an_ending_counts_if_no_better_one_is_there() -> None:
    body = {"output": {"other": "https://cdn.example/a", "video": "https://cdn.example/b"}}
    assert read_link(_reply(body), HTTPS).url == "https://cdn.example/b"


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        (None, "{output: null}"),
        ("", "{output: empty text}"),
        ([], "{output: list of 0 (nothing)}"),
        ({}, "{output: {}}"),
        (17, "{output: number}"),
        (True, "{output: boolean}"),
        ({"url": None, "n": [1, 2]}, "{output: {url: null, n: list of 2 (number)}}"),
        ("no link", "{output: text}"),
        ("http://cdn.example/v.mp4", "{output: text}"),
        ("ftp://cdn.example/v.mp4", "{output: text}"),
        ("file:///etc/passwd", "{output: text}"),
        ("data:video/mp4;base64,AAAA", "{output: text}"),
        ("https:///v.mp4", "{output: text}"),
        ("https://user:pw@cdn.example/v.mp4", "{output: text}"),
        ("https://[broken/v.mp4", "{output: text}"),
    ],
)
def test_a_shape_without_a_video_is_told_by_types_and_names(output: Any, seen: str) -> None:
    with pytest.raises(ResultInvalid) as caught:
        read_link(_reply({"output": output}), HTTPS)
    assert caught.value.message == f"The result holds no link to a video. Seen: {seen}."


def test_a_result_without_output_at_all_is_told_by_its_names() -> None:
    with pytest.raises(ResultInvalid, match=r"Seen: \{status: text, metrics: object\}|\{status: text"):
        read_link(_reply({"status": "COMPLETED", "metrics": {}}), HTTPS)


def test_plain_http_is_taken_only_where_the_client_itself_speaks_it() -> None:
    reply = _reply({"output": "http://127.0.0.1:1/v.mp4"})
    assert read_link(reply, frozenset({"https", "http"})).url.startswith("http://127")


def test_a_description_names_ten_fields_and_holds_no_contents() -> None:
    text = describe_json({f"key{n}": "secret" for n in range(50)})
    assert text.startswith("{key0: text, key1: text")
    assert text.endswith("key9: text, …}")


def test_the_repr_of_a_link_hides_its_query() -> None:
    assert "sig" not in repr(Link(url=VIDEO))
    assert "https://cdn.example/out/v.mp4" in repr(Link(url=VIDEO))
