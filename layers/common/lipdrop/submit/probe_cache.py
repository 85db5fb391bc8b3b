"""A cache in front of the media probe: each object of an event is probed once, in whichever thread."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from lipdrop.media.probe import ProbeResult
from lipdrop.model.job import S3Object


class ProbeCache:
    """Remembers what `probe` found in each version; a video with fifty voices is looked at once."""

    def __init__(self, probe: Callable[[S3Object], ProbeResult]) -> None:
        self._probe = probe
        self._seen: dict[S3Object, Future[ProbeResult]] = {}
        self._lock = threading.Lock()

    def probe(self, item: S3Object) -> ProbeResult:
        """Return what is in `item`; raises what looking raised, for everyone who asked."""
        with self._lock:
            first = item not in self._seen
            future = self._seen.setdefault(item, Future())
        if first:
            try:
                future.set_result(self._probe(item))
            except Exception as error:
                future.set_exception(error)
        return future.result()
