"""The client of Segmind's asynchronous API for one model: submit, status, result.

Thin and typed: it sends once, reads the reply, and returns a value or raises one error of
`lipdrop.segmind.errors`, whose tree says what the outcome means for the money. It keeps no state, never
sleeps, never tries again (but for one refused key), and follows neither redirects nor URLs from replies.
"""

import time
from collections.abc import Callable
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

import requests
from msgspec import Struct

from lipdrop.config.settings import settings
from lipdrop.model.job import Metrics
from lipdrop.segmind.api_key import ApiKey
from lipdrop.segmind.authenticated_api import AuthenticatedApi
from lipdrop.segmind.error_mapping import Method, reply_error
from lipdrop.segmind.errors import Ambiguous, InferenceFailed, SegmindError, Unavailable
from lipdrop.segmind.response import REQUEST_ID, Reply, read_reply
from lipdrop.segmind.result_body import Link, Stream, read_link, read_metrics
from lipdrop.segmind.single_shot_transport import new_session

MODEL = "sync.so-lipsync-2-pro"
CONNECT_SECONDS = 5.0
POST_SECONDS = 60.0
"""Long: a POST whose answer is not waited for leaves a job in doubt."""
GET_SECONDS = 20.0

_KNOWN = ("QUEUED", "PROCESSING", "COMPLETED", "FAILED")
_RAW_TYPES = ("video/", "application/octet-stream", "binary/octet-stream")


class Submitted(Struct, frozen=True, kw_only=True):
    """Segmind accepted the request: from now on it is paid for."""

    request_id: str


class Status(Struct, frozen=True, kw_only=True):
    """Where a request stands. `error` is Segmind's message when it FAILED, "" otherwise.

    UNKNOWN is a status that Segmind's documents do not name: look again.
    """

    status: Literal["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "UNKNOWN"]
    metrics: Metrics = Metrics()
    error: str = ""


class Segmind:
    """The client; its arguments, and what it refuses, are those of `AuthenticatedApi`."""

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        api_key: Callable[[], str],
        *,
        refresh_key: Callable[[], str] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        post_seconds: float = POST_SECONDS,
        get_seconds: float = GET_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = AuthenticatedApi(
            session, base_url, api_key, refresh_key=refresh_key, connect_seconds=connect_seconds
        )
        self._base_url = self._api.base_url
        self._seconds: dict[Method, float] = {"POST": post_seconds, "GET": get_seconds}
        self._clock = clock

    @classmethod
    def from_env(cls) -> Self:
        """Return the client that the stack's parameters describe."""
        key = ApiKey.from_env()
        return cls(new_session(), settings().segmind_base_url, key, refresh_key=key.refresh)

    def __repr__(self) -> str:
        """Name the address, nothing else."""
        return f"Segmind({self._base_url!r})"

    def submit(self, body: dict[str, Any]) -> Submitted:
        """POST `body` once. Raises Ambiguous when it may have been accepted without a usable answer."""
        reply = self._read("POST", self._send("POST", f"/v2/{MODEL}", body))
        request_id = reply.body.get("request_id")
        accepted = reply.ok or reply.body.get("status") in _KNOWN
        if accepted and isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id):
            return Submitted(request_id=request_id)
        if reply.ok:
            raise Ambiguous(
                f"Segmind answered HTTP {reply.http_status} without a usable request_id. Seen: {reply.seen}.",
                http_status=reply.http_status,
            )
        raise reply_error("POST", reply, f"model {MODEL}", self._clock())

    def status(self, request_id: str) -> Status:
        """Look once at the request. FAILED (served as HTTP 422) is returned, not raised."""
        reply = self._read("GET", self._send("GET", f"{_path(request_id)}/status"))
        status = reply.body.get("status")
        if status in _KNOWN:
            error = _reason(reply) if status == "FAILED" else ""
            return Status(status=status, metrics=read_metrics(reply.body), error=error)
        if not reply.ok:
            raise reply_error("GET", reply, f"request {request_id}", self._clock())
        if isinstance(status, str) and status:
            return Status(status="UNKNOWN", metrics=read_metrics(reply.body))
        raise _unreadable(reply, request_id)

    def result(self, request_id: str) -> Link | Stream:
        """Fetch the finished request's body: a Link to the video, or the video itself as a Stream.

        Raises InferenceFailed if it FAILED, Unavailable while it is not finished or the reply is no JSON
        (cut off, a gateway's page), ResultInvalid for a body in which no video can be found.
        """
        response = self._send("GET", _path(request_id))
        if response.status_code == 200 and _content_type(response).startswith(_RAW_TYPES):
            response.request.headers.pop("x-api-key", None)
            return Stream(response=response)
        reply = self._read("GET", response)
        status = reply.body.get("status")
        if status == "FAILED":
            raise InferenceFailed(_reason(reply), http_status=reply.http_status)
        if not reply.ok and status != "COMPLETED":
            raise reply_error("GET", reply, f"request {request_id}", self._clock())
        if not reply.intact or status in ("QUEUED", "PROCESSING"):
            raise _unreadable(reply, request_id)
        return read_link(reply, frozenset({"https", urlsplit(self._base_url).scheme}))

    def _send(self, method: Method, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return self._api.send(method, path, self._seconds[method], body=body)

    def _read(self, method: Method, response: requests.Response) -> Reply:
        return read_reply(response, self._seconds[method])


def _reason(reply: Reply) -> str:
    return reply.message or "Segmind gave no reason."


def _unreadable(reply: Reply, request_id: str) -> SegmindError:
    return Unavailable(
        f"Segmind's answer about request {request_id} is not (yet) usable. Seen: {reply.seen}.",
        http_status=reply.http_status,
    )


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").strip().lower()


def _path(request_id: str) -> str:
    """Return the request's path. Raises ValueError for an id that could lead to another one ("..", "/")."""
    if not REQUEST_ID.fullmatch(request_id):
        raise ValueError("not a request id of Segmind's")
    return f"/v2/requests/{quote(request_id, safe='')}"
