"""A typed client of the control surface, for tests, the demo and the benchmarks."""

from typing import Any

import msgspec
import requests

from local.standin.model import Counters, Fault, Seen, StandinSettings

_SECONDS = 30


class StandinControl:
    """Looks into the stand-in at `base_url` and tells it how to behave."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/standin"
        self._session = requests.Session()

    def requests(self) -> list[Seen]:
        """Return every POST that arrived, oldest first."""
        return self._call("GET", "requests", None, list[Seen])

    def counters(self) -> Counters:
        """Return the totals."""
        return self._call("GET", "counters", None, Counters)

    def settings(self) -> StandinSettings:
        """Return how the stand-in behaves now."""
        return self._call("GET", "config", None, StandinSettings)

    def configure(self, **settings: Any) -> StandinSettings:
        """Change some settings (fields of `StandinSettings`); ValueError names one that cannot be."""
        return self._call("PUT", "config", settings, StandinSettings)

    def fault(self, *faults: Fault) -> None:
        """Ask for `faults`, behind those asked for before; the first that applies is used."""
        self._call("POST", "faults", faults, list[Fault])

    def clear_faults(self) -> None:
        """Behave again."""
        self._call("DELETE", "faults", None, list[Fault])

    def reset(self, settings: StandinSettings | None = None) -> None:
        """Forget requests, faults and counts; `settings` (None: the defaults) count from now on."""
        self._call("POST", "reset", settings or StandinSettings(), StandinSettings)

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def _call[T](self, method: str, path: str, body: Any, kind: type[T]) -> T:
        data = None if body is None else msgspec.json.encode(body)
        answer = self._session.request(method, f"{self._url}/{path}", data=data, timeout=_SECONDS)
        if answer.status_code != 200:
            raise ValueError(answer.json()["error"])
        return msgspec.json.decode(answer.content, type=kind)
