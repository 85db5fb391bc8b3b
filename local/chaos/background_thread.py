"""Something that goes on beside a campaign, in a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Let `run` go on while the block lasts; it is to end once its event is set."""
    over = threading.Event()
    thread = threading.Thread(target=run, args=[over])
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
