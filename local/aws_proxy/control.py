"""A typed client of the proxy's control surface."""

from typing import Any

import msgspec
import requests

from local.aws_proxy.model import CONTROL, Counts, Fault, Strike

_SECONDS = 30


class ProxyControl:
    """Asks the proxy at `url` what it saw, and configures its faults."""

    def __init__(self, url: str) -> None:
        self._url = url + CONTROL
        self._session = requests.Session()

    def counts(self) -> Counts:
        """Return what was called, and what went wrong, since the start or the last reset."""
        return self._call("GET", "counts", None, Counts)

    def strikes(self) -> list[Strike]:
        """Return every call that went wrong, oldest first."""
        return self._call("GET", "strikes", None, list[Strike])

    def reset(self) -> Counts:
        """Reset the counts; the faults stay."""
        return self._call("POST", "reset", None, Counts)

    def upstream(self, endpoint: str) -> None:
        """Say where the local AWS is: until then every call is reset."""
        self._call("PUT", "upstream", endpoint, Counts)

    def fault(self, *faults: Fault) -> None:
        """Ask for `faults`, behind those asked for before; the first that applies is used."""
        self._call("POST", "faults", faults, Counts)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "faults", None, Counts)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call[T](self, method: str, path: str, body: Any, kind: type[T]) -> T:
        data = None if body is None else msgspec.json.encode(body)
        answer = self._session.request(method, self._url + path, data=data, timeout=_SECONDS)
        if answer.status_code != 200:
            raise ValueError(answer.json()["error"])
        return msgspec.json.decode(answer.content, type=kind)
