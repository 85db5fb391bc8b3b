"""The client of Segmind's request history: what was asked for on this account, and what became of it.

A POST without an answer leaves it unknown whether a request exists, and is charged. The history knows: it
lists every request with its inputs, failed and running ones included. It can be late ("not landed yet"),
so a request that it does not list may still exist: an empty answer proves nothing.
"""

import time
from collections.abc import Callable, Iterable, Set
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urlsplit

import requests

from lipdrop.config.settings import settings
from lipdrop.model.job import Job, MediaSource
from lipdrop.segmind.api_key import ApiKey
from lipdrop.segmind.authenticated_api import AuthenticatedApi
from lipdrop.segmind.client import CONNECT_SECONDS, MODEL
from lipdrop.segmind.error_mapping import reply_error
from lipdrop.segmind.errors import Expired, SegmindError, Unavailable
from lipdrop.segmind.history_rows import HistoryRow, read_rows
from lipdrop.segmind.response import REQUEST_ID, Reply
from lipdrop.segmind.single_shot_transport import new_session

__all__ = ["HistoryRow", "RequestHistory", "matching"]

PAGE_ROWS = 50
MAX_PAGES = 20
"""A search reads at most 1,000 rows, newest first; 20 minutes of the Pro plan's limit."""
MAX_PAGE_BYTES = 4 << 20
"""A row holds two presigned links of about 2 kB each, and may hold them twice."""
PAGE_SECONDS = 10.0
SEARCH_SECONDS = 25.0
CLOCK_SKEW_SECONDS = 5.0
"""How much earlier than our promise a request may seem to be: whole seconds, and two clocks."""
_DAY = 86_400.0
_LONGEST_WINDOW = 28 * _DAY
"""Segmind allows 31 days; a day more on each side leaves 28 and the odd one."""


class RequestHistory:
    """The history of the account that the key belongs to. Its arguments are those of `Segmind`.

    Its errors are those of `lipdrop.segmind.errors` on a GET. None of them says anything about a job: a
    caller that gets one knows what it knew before.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        api_key: Callable[[], str],
        *,
        refresh_key: Callable[[], str] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        page_seconds: float = PAGE_SECONDS,
        search_seconds: float = SEARCH_SECONDS,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = AuthenticatedApi(
            session, url, api_key, refresh_key=refresh_key, connect_seconds=connect_seconds
        )
        self._schemes = frozenset({"https", urlsplit(url).scheme})
        self._page_seconds = page_seconds
        self._search_seconds = search_seconds
        self._clock = clock
        self._timer = timer

    @classmethod
    def from_env(cls) -> Self | None:
        """Return the history that the stack's parameters name; None if they turn it off."""
        url = settings().history_url
        if not url:
            return None
        key = ApiKey.from_env()
        return cls(new_session(), url, key, refresh_key=key.refresh)

    def __repr__(self) -> str:
        """Name the address, nothing else."""
        return f"RequestHistory({self._api.base_url!r})"

    def search(self, since_epoch: float, until_epoch: float) -> list[HistoryRow]:
        """Return the requests for our model between two times (epoch seconds), newest first.

        The history filters by whole days, so other requests of those days come along. At most `MAX_PAGES`
        pages are read, within `SEARCH_SECONDS`. Raises a SegmindError when a page cannot be read: what the
        pages before it held would look like everything there is.
        """
        window = self._window(since_epoch, until_epoch)
        give_up_at = self._timer() + self._search_seconds
        found: dict[str, HistoryRow] = {}
        for page in range(1, MAX_PAGES + 1):
            left = give_up_at - self._timer()
            if left <= 0:
                raise Unavailable("Segmind's request history answers too slowly to be read.")
            rows = self._page(window | {"page": page}, min(left, self._page_seconds))
            news = [row for row in rows if row.request_id not in found]
            found |= {row.request_id: row for row in news}
            if not news or _all_older(rows, since_epoch - CLOCK_SKEW_SECONDS):
                break
        return list(found.values())

    def get(self, request_id: str) -> HistoryRow | None:
        """Return one request of any age; None if the account has none with this id (yet).

        Raises ValueError for an id that could lead to another address, and a SegmindError when the history
        gives no proper answer.
        """
        if not REQUEST_ID.fullmatch(request_id):
            raise ValueError("not a request id of Segmind's")
        path = f"/{quote(request_id, safe='')}"
        reply = self._api.get_json(path, self._page_seconds, query={}, limit=MAX_PAGE_BYTES)
        if reply.http_status == 404 and reply.intact:
            return None
        rows = self._rows(reply, f"request {request_id} in the request history")
        return next((row for row in rows if row.request_id == request_id), None)

    def _window(self, since: float, until: float) -> dict[str, str | int]:
        """Return the query for all pages: a day more on each side, since its time zone is not documented.

        Without `to_date` the window ends with the history's own today, which is safer to ask for than a
        tomorrow.
        """
        query: dict[str, str | int] = {
            "per_page": PAGE_ROWS,
            "from_date": _date(max(since - _DAY, until - _LONGEST_WINDOW)),
            "model_name": MODEL,
            "sort_by": "model_created",
            "sort_order": "desc",
        }
        return query | ({"to_date": _date(until + _DAY)} if until + _DAY < self._clock() else {})

    def _page(self, query: dict[str, str | int], seconds: float) -> list[HistoryRow]:
        reply = self._api.get_json("", seconds, query=query, limit=MAX_PAGE_BYTES)
        return self._rows(reply, "request history")

    def _rows(self, reply: Reply, subject: str) -> list[HistoryRow]:
        if not reply.ok:
            raise self._error(reply, subject)
        if not isinstance(reply.value, dict | list):
            raise Unavailable(
                f"Segmind's request history is not readable. Seen: {reply.seen}.",
                http_status=reply.http_status,
            )
        return read_rows(reply.value, self._schemes)

    def _error(self, reply: Reply, subject: str) -> SegmindError:
        error = reply_error("GET", reply, subject, self._clock())
        if isinstance(error, Expired):  # of the address or the page: no request is known to be gone
            return Unavailable(error.message, http_status=error.http_status)
        return error


def matching(
    rows: Iterable[HistoryRow], job: Job, promised_at: float, known_ids: Set[str]
) -> list[HistoryRow]:
    """Return the requests in `rows` that were made for `job`.

    The links that we sign name the job, which settles it. A job whose links both came with a manifest has
    only likely candidates: the same two addresses and options, made after the promise (`promised_at`, epoch
    seconds), with an id that no other record holds (`known_ids`). More than one candidate is for a person
    to decide.
    """
    rows = list(rows)
    named = [row for row in rows if row.job_id == job.job_id]
    if named or not (isinstance(job.video, str) and isinstance(job.audio, str)):
        return named
    return [
        row
        for row in rows
        if row.job_id is None
        and row.request_id not in known_ids
        and row.options == job.options
        and row.created_at is not None
        and row.created_at >= promised_at - CLOCK_SKEW_SECONDS
        and _is_link(job.video, row.video_address, row.video_query)
        and _is_link(job.audio, row.audio_address, row.audio_query)
    ]


def _is_link(source: MediaSource, address: str, query: str) -> bool:
    """Whether a row's input is `source`; the queries count if both are known (a job may withhold its own)."""
    own, _, own_query = str(source).partition("#")[0].partition("?")
    return own == address and (own_query == query or not own_query or not query)


def _all_older(rows: list[HistoryRow], than: float) -> bool:
    """Whether this page, sorted from new to old, ended before `than`: no later page can matter."""
    times = [row.created_at for row in rows if row.created_at is not None]
    return len(times) == len(rows) and times == sorted(times, reverse=True) and times[-1:] < [than]


def _date(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()
