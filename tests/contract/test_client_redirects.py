"""A hundred hostile redirects: the key leaves for the configured host only, and nothing is ever followed."""

import random
from typing import Any

import pytest

from lipdrop.segmind.client import Segmind
from lipdrop.segmind.errors import Ambiguous, Unavailable
from lipdrop.segmind.single_shot_transport import new_session
from tests.support.raw_server import close, raw_server, reply, sending

KEY = "SG_key_for_one_host"
CODES = (
    "300 Multiple Choices",
    "301 Moved",
    "302 Found",
    "303 See Other",
    "305 Use Proxy",
    "307 Temporary",
    "308 Permanent",
)
CALLS = ("submit", "status", "result")


def _headers(rng: random.Random, evil: int, own: int) -> list[str]:
    """Return headers that ask the client, in one way or another, to go elsewhere."""
    place = rng.choice(
        [
            f"http://127.0.0.1:{evil}/v2/steal",
            f"//127.0.0.1:{evil}/steal",
            f"HTTP://LOCALHOST:{evil}/",
            f"http://127.0.0.1:{own}@127.0.0.1:{evil}/",
            f"http://127.0.0.1:{evil}#@127.0.0.1:{own}/",
            f"http://127.0.0.1:{own}\\@127.0.0.1:{evil}/",
            f"http:/\\127.0.0.1:{evil}/",
            f"/v2/requests/req-1?to=http://127.0.0.1:{evil}",
            f"http://127.0.0.1:{own}/again",
            f"http://[::ffff:127.0.0.1]:{evil}/",
            "",
        ]
    )
    others = [
        f"Refresh: 0; url={place}",
        f"Content-Location: {place}",
        f"Link: <{place}>; rel=canonical",
        f'Alt-Svc: h1="127.0.0.1:{evil}"',
        "Set-Cookie: session=1; Domain=127.0.0.1",
        "Connection: keep-alive",
    ]
    return [f"Location: {place}", *rng.sample(others, rng.randint(0, 3))]


def _poisoned(evil: int) -> bytes:
    """Return a body whose URLs all lead to the other server."""
    url = f"http://127.0.0.1:{evil}/v2/requests/req-1"
    return f'{{"status_url": "{url}/status", "response_url": "{url}", "location": "{url}"}}'.encode()


def _call(segmind: Segmind, name: str) -> Any:
    return (
        segmind.submit({"video_url": "https://b.example/v.mp4"})
        if name == "submit"
        else getattr(segmind, name)("req-1")
    )


def test_the_key_leaves_for_the_configured_host_only() -> None:
    rng = random.Random(4)
    with raw_server(close) as thief, raw_server(close) as segmind_server:
        hostile = [
            sending(
                reply(
                    _poisoned(thief.port),
                    *_headers(rng, thief.port, segmind_server.port),
                    status=rng.choice(CODES),
                )
            )
            for _ in range(100)
        ]
        segmind_server.answer_with(*hostile)
        segmind = Segmind(new_session(), f"http://127.0.0.1:{segmind_server.port}", lambda: KEY)
        for number in range(100):
            name = CALLS[number % 3]
            with pytest.raises(Ambiguous if name == "submit" else Unavailable, match="redirect"):
                _call(segmind, name)

    assert thief.connections == 0
    assert segmind_server.connections == len(segmind_server.requests) == 100
    assert all(KEY.encode() in request for request in segmind_server.requests)
    assert not any(b"cookie" in request.lower() for request in segmind_server.requests)
