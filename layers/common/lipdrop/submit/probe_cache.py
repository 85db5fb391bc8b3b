"""Look at each object of an event once, whoever asks, and from whichever thread."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from lipdrop.media.probe import Seen
from lipdrop.model.job import S3Object


class Looker:
    """Remembers what `look` saw in each version; a video with fifty voices is looked at once."""

    def __init__(self, look: Callable[[S3Object], Seen]) -> None:
        self._look = look
        self._seen: dict[S3Object, Future[Seen]] = {}
        self._lock = threading.Lock()

    def look(self, item: S3Object) -> Seen:
        """Return what is in `item`; raises what looking raised, for everyone who asked."""
        with self._lock:
            first = item not in self._seen
            future = self._seen.setdefault(item, Future())
        if first:
            try:
                future.set_result(self._look(item))
            except Exception as error:
                future.set_exception(error)
        return future.result()
