"""A fake of the wire under `requests`: canned replies, no sockets, every request kept."""

import io
import json
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from lipdrop.segmind.client import Segmind

BASE_URL = "https://api.segmind.example"
KEY = "SG_0123456789abcdef"
NOW = 1_800_000_000.0


class Canned:
    """One reply: a status, and a body given as bytes or as something to be written as JSON."""

    def __init__(self, status: int = 200, body: Any = b"", **headers: str) -> None:
        self.status = status
        self.raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        self.headers = {"Content-Type": kind} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }


class FakeWire(BaseAdapter):
    """An adapter that gives its replies in order, the last one for ever; an exception is raised."""

    def __init__(self, *replies: Canned | Exception) -> None:
        super().__init__()
        self.replies = list(replies)
        self.requests: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Answer without a wire."""
        self.requests.append(request)
        self.options.append(options)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        raw = urllib3.HTTPResponse(
            io.BytesIO(reply.raw), reply.headers, reply.status, preload_content=False, decode_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


def client(wire: FakeWire, **options: Any) -> Segmind:
    """Return a client whose wire is `wire` and whose clock stands at `NOW`."""
    session = requests.Session()
    session.mount("https://", wire)
    return Segmind(session, BASE_URL, options.pop("api_key", lambda: KEY), clock=lambda: NOW, **options)


def answering(*replies: Canned | Exception) -> Segmind:
    """Return a client that gets `replies`."""
    return client(FakeWire(*replies))
