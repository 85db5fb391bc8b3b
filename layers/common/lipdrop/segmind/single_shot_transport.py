"""The wire to Segmind: every request has a connection of its own and goes over it at most once.

A POST that is sent twice is charged twice, so nothing here may send again by itself, and a failure must
say whether bytes can have left. `requests` alone cannot tell: a reset during the TLS handshake and a
reset after the body look the same, and a connection from the pool may have been closed by the server
long ago (a Lambda is frozen between calls). A fresh connection settles both: what fails inside
`connect()` was never sent, whatever fails later may have been.
"""

import logging
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from lipdrop.segmind.errors import NotSent


def new_session() -> requests.Session:
    """Return a session that never retries, never reuses a connection and ignores the environment.

    Without `trust_env` no proxy, no netrc login and no other certificate store comes in from outside:
    the key's way is decided by the stack's parameters alone.
    """
    # Its warnings quote replies that it cannot parse, and a reply may quote the key.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", SingleShotAdapter())
    session.mount("http://", SingleShotAdapter())
    return session


class SingleShotAdapter(HTTPAdapter):
    """requests' adapter with fresh connections, no retries, and `NotSent` for a failure to connect."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools build connections that know whether they came about."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send over a new connection; idle ones are dropped first. Connections in use stay untouched."""
        self.poolmanager.clear()
        return super().send(*args, **kwargs)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise _not_sent(self.host, error) from None


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise _not_sent(self.host, error) from None


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _not_sent(host: str, error: Exception) -> NotSent:
    # Only the class: the text of some of these errors holds addresses and certificates.
    return NotSent(f"No connection to {host}: {type(error).__name__}. Nothing was sent.")
