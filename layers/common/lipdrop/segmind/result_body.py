"""Find the video in a finished request's body, whose shape Segmind leaves to the model."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests
from msgspec import Struct

from lipdrop.model.job import Metrics
from lipdrop.model.redaction import scrub
from lipdrop.segmind.errors import ResultInvalid
from lipdrop.segmind.response import Reply

_LIKELY_KEYS = ("url", "video", "video_url", "output_url", "output", "videos", "urls", "result", "file")
_VIDEO_ENDINGS = {".mp4", ".mov", ".webm", ".avi", ".m4v"}
_DEEPEST = 6
_ABSURD = 1e12


class Link(Struct, frozen=True, kw_only=True):
    """The result lies behind `url`: fetch it without the key. `repr` hides the query, it may be a secret."""

    url: str
    metrics: Metrics = Metrics()

    def __repr__(self) -> str:
        """Name the place without the query."""
        return f"Link(url={scrub(self.url)!r}, metrics={self.metrics!r})"


class Stream(Struct, frozen=True, kw_only=True):
    """The result is the body of `response`, unread: read `response.raw` once, then close `response`."""

    response: requests.Response
    metrics: Metrics = Metrics()


def read_metrics(body: Mapping[str, Any]) -> Metrics:
    """Return the numbers in `body["metrics"]`; what is missing or no number is None."""
    metrics = body.get("metrics")
    return Metrics(**{name: _number(metrics, name) for name in Metrics.__struct_fields__})


def _number(metrics: object, name: str) -> float | None:
    value = metrics.get(name) if isinstance(metrics, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _ABSURD:
        return None
    return float(value)


def read_link(reply: Reply, schemes: frozenset[str]) -> Link:
    """Return the link in the body's `output`: a URL, a list of them, or an object holding one, also nested.

    Of several URLs the first with a video's ending counts, else the first. Only URLs of `schemes` are
    taken. Raises ResultInvalid, telling types and keys but no contents, if there is none.
    """
    url = first_link(reply.body.get("output"), schemes)
    if url is not None:
        return Link(url=url, metrics=read_metrics(reply.body))
    raise ResultInvalid(
        f"The result holds no link to a video. Seen: {reply.seen}.", http_status=reply.http_status
    )


def first_link(value: object, schemes: frozenset[str]) -> str | None:
    """Return the first URL in `value` that has a video's ending, else the first one, else None."""
    links = [url for url in _strings(value, _DEEPEST) if _is_link(url, schemes)]
    videos = [url for url in links if PurePosixPath(urlsplit(url).path).suffix.lower() in _VIDEO_ENDINGS]
    return next(iter(videos + links), None)


def _strings(value: object, depth: int) -> Iterator[str]:
    """Yield the strings in `value`, those under likely names first."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, list):
        for item in value:
            yield from _strings(item, depth - 1)
    elif depth and isinstance(value, dict):
        for key in sorted(value, key=lambda key: key.lower() not in _LIKELY_KEYS):
            yield from _strings(value[key], depth - 1)


def _is_link(text: str, schemes: frozenset[str]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
