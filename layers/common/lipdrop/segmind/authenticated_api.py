"""Sends one request to one configured origin, with the API key: what both of Segmind's APIs have in common.

The key is a secret that is worth money, so where it goes is decided here and nowhere else: to the address
that the stack's parameters name, over https (or to this machine), and never along a redirect or a URL from
a reply. Every request is sent once, except after one refused key that has been replaced since.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from lipdrop.model.redaction import scrub
from lipdrop.segmind.error_mapping import Method
from lipdrop.segmind.errors import AccountTrouble, Ambiguous, Unavailable
from lipdrop.segmind.response import BROKEN, Reply, read_reply, sent_key
from lipdrop.segmind.single_shot_transport import SingleShotAdapter

_API_KEY = re.compile(r"[!-~]{1,1024}")
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "host.docker.internal"}


class AuthenticatedApi:
    """One address that gets the key. `api_key` is asked before each request, `refresh_key` once after a 401.

    The session must come from `lipdrop.segmind.single_shot_transport.new_session` (or hold a fake adapter):
    requests' own adapter reuses connections, which makes a dropped POST undecidable. Raises TypeError
    otherwise, and ValueError for a base URL that is neither https nor this machine.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        api_key: Callable[[], str],
        *,
        refresh_key: Callable[[], str] | None,
        connect_seconds: float,
    ) -> None:
        self._session = session
        self.base_url = _checked_base(base_url)
        self._api_key = api_key
        self._refresh_key = refresh_key
        self._connect_seconds = connect_seconds
        _check_adapter(session, self.base_url)

    def send(
        self,
        method: Method,
        path: str,
        seconds: float,
        *,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> requests.Response:
        """Send one request and return its reply, the body unread; `seconds` is how long to wait for it.

        Raises NotSent, AccountTrouble for a stored key that no header can carry, and for a connection
        that breaks Ambiguous (POST) or Unavailable (GET).
        """
        whole_path = path + (f"?{urlencode(query)}" if query else "")
        response = self._send_with(_checked_key(self._api_key()), method, whole_path, seconds, body)
        if response.status_code != 401 or self._refresh_key is None:
            return response
        # The key may have been replaced since it was cached. A 401 was surely not accepted: with another
        # key the same request may go out once more.
        fresh = _checked_key(self._refresh_key())
        if fresh == sent_key(response):
            return response
        response.close()
        return self._send_with(fresh, method, whole_path, seconds, body)

    def get_json(self, path: str, seconds: float, *, query: Mapping[str, str | int], limit: int) -> Reply:
        """Send one GET and read its reply, at most `limit` bytes of it."""
        return read_reply(self.send("GET", path, seconds, query=query), seconds, limit=limit)

    def _send_with(
        self, key: str, method: Method, path: str, seconds: float, body: dict[str, Any] | None
    ) -> requests.Response:
        headers = {
            "x-api-key": key,
            "Accept": "application/json, video/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "lipdrop",
        }
        # Prepared without the session, whose headers, cookies, netrc login and proxies have no say here.
        request = requests.Request(method, self.base_url + path, headers=headers, json=body).prepare()
        try:
            return self._session.send(
                request,
                stream=True,
                timeout=(self._connect_seconds, seconds),
                allow_redirects=False,
                proxies={},
            )
        except BROKEN as error:
            kind = Ambiguous if method == "POST" else Unavailable
            raise kind(
                f"Segmind gave no answer ({type(error).__name__}) after the connection was made."
            ) from None


def _checked_key(key: str) -> str:
    # Checked here because requests quotes a header that it refuses, key and all, in its exception.
    if _API_KEY.fullmatch(key):
        return key
    raise AccountTrouble("The stored API key is empty or holds blanks or other characters no key has.")


def _checked_base(base_url: str) -> str:
    parts = urlsplit(base_url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
    if not safe or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"not an https address for the API key to go to: {scrub(base_url)}")
    return base_url.rstrip("/")


def _check_adapter(session: requests.Session, base_url: str) -> None:
    adapter = session.get_adapter(base_url)
    if isinstance(adapter, HTTPAdapter) and not isinstance(adapter, SingleShotAdapter):
        raise TypeError(
            "the session may send a POST twice: use lipdrop.segmind.single_shot_transport.new_session()"
        )
