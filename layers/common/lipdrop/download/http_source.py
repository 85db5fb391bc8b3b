"""The body of a result as a source of bytes: one stream from the front, and ranges where it has them."""

import re
from typing import Protocol
from urllib.parse import urljoin

import requests
import urllib3

from lipdrop.download.errors import Changed, Invalid, SourceError, Unreachable
from lipdrop.download.http_body import RANGE_RECEIVE_BYTES, Body, Identity
from lipdrop.download.ssrf_guard import MAX_REDIRECTS, check_url, origin

CONNECT_SECONDS = 5.0
STALL_SECONDS = 20.0
"""Silence on a connection after which it counts as dead."""
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_REDIRECTS = {301, 302, 303, 307, 308}


class DownloadSource(Protocol):
    """Where a result's bytes come from."""

    def open(self) -> Body:
        """Return the body from its first byte."""

    def open_range(self, first: int, last: int, identity: Identity) -> Body:
        """Return bytes `first` to `last` of the file with this `identity`; raises Changed for another."""


class StreamSource:
    """A body that came with Segmind's own answer: it can be read once, from the front."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def open(self) -> Body:
        """Return the body; a second call would find it read."""
        try:
            _check_encoding(self._response)
        except Invalid:
            self._response.close()
            raise
        identity = Identity(length=_content_length(self._response))
        return Body(self._response, identity, size=identity.length)

    def open_range(self, first: int, last: int, identity: Identity) -> Body:
        """Raise Unreachable: there are no ranges of an answer."""
        raise Unreachable(f"Bytes {first}-{last} of {identity.length} cannot be asked for again.")


class LinkSource:
    """A file behind a link. It is asked for as `bytes=0-`: the answer tells length, ETag and whether the
    server knows ranges, and is at the same time the whole file as one stream.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        *,
        trusted_base_url: str = "",
        connect_seconds: float = CONNECT_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._session = session
        self._url = url
        self._trusted = origin(trusted_base_url)
        self._timeout = (connect_seconds, stall_seconds)

    def open(self) -> Body:
        """Return the file from its first byte. Raises Unreachable, Invalid, HostRefused."""
        response = self._get({"Range": "bytes=0-"})
        try:
            return self._whole(response)
        except SourceError:
            response.close()
            raise

    def open_range(self, first: int, last: int, identity: Identity) -> Body:
        """Return these bytes of the file that `identity` was read from. Raises Changed if it is another."""
        headers = {"Range": f"bytes={first}-{last}"}
        if identity.etag and not identity.etag.startswith("W/"):
            headers["If-Range"] = identity.etag
        response = self._get(headers)
        try:
            return self._part(response, first, last, identity)
        except SourceError:
            response.close()
            raise

    def _whole(self, response: requests.Response) -> Body:
        if response.status_code == 200:
            identity = _identity(response, _content_length(response))
            return Body(response, identity, size=identity.length)
        first, last, length = _content_range(response)
        if first != 0 or last != length - 1:
            raise Invalid(f"Asked for the whole result, got bytes {first}-{last} of {length}.")
        identity = _identity(response, length)
        return Body(response, identity, size=length, ranges=identity.pinned)

    def _part(self, response: requests.Response, first: int, last: int, identity: Identity) -> Body:
        if response.status_code == 200:
            raise Changed("Asked for a part of the result, got a whole file.")
        got = _content_range(response)
        if _identity(response, got[2]) != identity:
            raise Changed("The file behind the link changed while it was read.")
        if got[:2] != (first, last):
            raise Unreachable(f"Asked for bytes {first}-{last} of the result, got {got[0]}-{got[1]}.")
        return Body(response, identity, size=last - first + 1, ranges=True, receive=RANGE_RECEIVE_BYTES)

    def _get(self, headers: dict[str, str]) -> requests.Response:
        """Send one GET, follow at most `MAX_REDIRECTS` checked redirects, return a good answer."""
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            check_url(url, self._trusted)
            response = self._send(url, headers)
            if response.status_code not in _REDIRECTS:
                return _good(response)
            response.close()
            url = urljoin(url, response.headers.get("location", ""))
        raise Unreachable("The result's address redirects too often.")

    def _send(self, url: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(
                url,
                headers={"Accept-Encoding": "identity", "User-Agent": "lipdrop", **headers},
                stream=True,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # Only the class: the text of these errors holds the URL.
            raise Unreachable(f"The result's host cannot be reached: {type(error).__name__}.") from None


def _good(response: requests.Response) -> requests.Response:
    """Return `response` if it holds a body as it is, 200 or 206; raise otherwise."""
    if response.status_code not in (200, 206):
        response.close()
        if response.status_code == 416:
            raise Invalid("The result is empty.")
        raise Unreachable(
            f"The result's host answered HTTP {response.status_code}.", http_status=response.status_code
        )
    try:
        _check_encoding(response)
    except Invalid:
        response.close()
        raise
    return response


def _check_encoding(response: requests.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", ""):
        raise Invalid(f"The result came encoded as {encoding[:40]}, which was not asked for.")


def _identity(response: requests.Response, length: int | None) -> Identity:
    headers = response.headers
    return Identity(length=length, etag=headers.get("etag", ""), modified=headers.get("last-modified", ""))


def _content_length(response: requests.Response) -> int | None:
    value = response.headers.get("content-length", "")
    return int(value) if value.isdecimal() else None


def _content_range(response: requests.Response) -> tuple[int, int, int]:
    """Return first byte, last byte and length of the whole, as answered; raises Invalid."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if found is None:
        raise Invalid("The result came as a part that does not say which.")
    first, last, length = (int(number) for number in found.groups())
    announced = _content_length(response)
    if announced not in (None, last - first + 1):
        raise Invalid(f"The result's part of {last - first + 1} bytes announces {announced}.")
    return first, last, length
