"""Run something in a background thread during a campaign."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `run` in a thread while the block lasts; it must end when its event is set."""
    over = threading.Event()
    thread = threading.Thread(target=run, args=[over])
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
