"""Read one reply of Segmind's: bounded in bytes and in time, whatever the other side sends."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import requests
import urllib3

from lipdrop.model.redaction import scrub

MAX_JSON_BYTES = 1 << 20
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:=+-]{0,199}")
"""What an id may look like: it becomes a part of a URL's path, so it can hold neither "/" nor ".." alone."""
_CHUNK = 1 << 16
_MESSAGE_KEYS = ("error", "error_description", "message", "detail")

BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What requests and urllib3 raise when a connection or an encoding breaks."""


class Reply(NamedTuple):
    """A reply that was read: `value` is its JSON, `body` the same if it is an object, {} otherwise.

    `seen` says in words what came (types and names, no contents), `message` is the error text in the
    body; both are scrubbed. `intact` is False for what is no JSON at all, which is what a reply looks
    like that was cut off, or replaced by some gateway's page: asking again may help.
    """

    http_status: int
    headers: Mapping[str, str]
    body: dict[str, Any]
    seen: str
    message: str
    intact: bool = True
    value: Any = None

    @property
    def ok(self) -> bool:
        """Whether the code is a success (2xx)."""
        return 200 <= self.http_status < 300


def read_reply(
    response: requests.Response,
    seconds: float,
    *,
    limit: int = MAX_JSON_BYTES,
    timer: Callable[[], float] = time.monotonic,
) -> Reply:
    """Read `response` and close it: at most `limit` decoded bytes, within `seconds`.

    Raises nothing when the connection breaks: a JSON object that came in full counts although more was
    announced, since it may hold the id of a request that is paid for.
    """
    data, broken = bytearray(), ""
    try:
        _read_into(data, response, limit, timer() + seconds, timer)
    except BROKEN as error:
        broken = f", then {type(error).__name__}"
    finally:
        response.close()
    key = sent_key(response)
    value, seen, intact = _parse(bytes(data), response.headers.get("Content-Type", ""), limit)
    body = value if isinstance(value, dict) else {}
    message = scrub(error_text(body), key)
    seen = scrub(seen + broken, key)
    return Reply(response.status_code, response.headers, body, seen, message, intact, value)


def sent_key(response: requests.Response) -> str:
    """Return the API key that the request of `response` carried."""
    return response.request.headers.get("x-api-key", "") if response.request else ""


def _read_into(
    data: bytearray, response: requests.Response, limit: int, until: float, timer: Callable[[], float]
) -> None:
    """Append the body to `data`, at most a byte over the limit; a compressed one is unpacked only so far."""
    while len(data) <= limit:
        if timer() > until:
            raise TimeoutError
        chunk = response.raw.read1(min(_CHUNK, limit + 1 - len(data)), decode_content=True)
        if not chunk:
            break
        data += chunk


def _parse(data: bytes, content_type: str, limit: int) -> tuple[Any, str, bool]:
    """Return the JSON in `data` (None if it is none), what was seen, and whether it was JSON or too large."""
    if len(data) > limit:
        return None, f"more than {limit} bytes of {content_type}", True
    try:
        value = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        seen = f"{len(data)} bytes of {content_type or 'no type'}, no JSON" if data else "an empty reply"
        return None, seen, False
    return value, describe_json(value), True


def error_text(body: Mapping[str, Any], depth: int = 8) -> str:
    """Return the texts under the names that errors go by, each once; objects give their own message."""
    found: dict[str, None] = {}
    for value in (body.get(key) for key in _MESSAGE_KEYS):
        text = error_text(value, depth - 1) if isinstance(value, dict) and depth else value
        if text:
            found[text if isinstance(text, str) else describe_json(text)] = None
    return ": ".join(found)


def describe_json(value: object, depth: int = 3) -> str:
    """Return the shape of `value`: types and names, no contents. The names are as they came: scrub it."""
    if isinstance(value, dict) and depth:
        fields = [f"{key}: {describe_json(value[key], depth - 1)}" for key in list(value)[:10]]
        return "{" + ", ".join(fields) + (", …" if len(value) > 10 else "") + "}"
    if isinstance(value, list) and depth:
        inside = describe_json(value[0], depth - 1) if value else "nothing"
        return f"list of {len(value)} ({inside})"
    names = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}
    return "empty text" if value == "" else names.get(type(value), "number")
