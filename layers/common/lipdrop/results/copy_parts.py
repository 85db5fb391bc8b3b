"""Shared state of a parallel copy: a buffer pool, the queue of parts, and the measured speed."""

import queue
import threading

STEADY = 8


class Stopped(Exception):  # noqa: N818  no error of this thread: another one failed and ended the copy
    """The copy was ended; the thread that ended it knows the reason."""


class Buffers:
    """A pool of at most `count` buffers of `size` bytes, allocated when first needed."""

    def __init__(self, count: int, size: int) -> None:
        self._size = size
        self._free: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        self._unmade = count
        self._lock = threading.Lock()

    def take(self) -> bytearray:
        """Return a buffer, waiting for one if none is free; raises Stopped once `stop` was called."""
        with self._lock:
            if self._free.empty() and self._unmade:
                self._unmade -= 1
                return bytearray(self._size)
        buffer = self._free.get()
        if buffer is None:
            self._free.put(None)
            raise Stopped
        return buffer

    def give(self, buffer: bytearray) -> None:
        """Put a buffer back into the pool."""
        self._free.put(buffer)

    def allow(self, more: int) -> None:
        """Allow `more` buffers to be allocated."""
        with self._lock:
            self._unmade += more

    def stop(self) -> None:
        """Release every thread that waits for a buffer, now or later."""
        with self._lock:
            self._unmade = 0
        self._free.put(None)


class Parts:
    """The parts of a file that are still to be fetched, handed out from both ends, each once.

    `length` None: the number of parts is unknown, so they are handed out from the front without end.
    """

    def __init__(self, length: int | None, part_bytes: int) -> None:
        self._length = length
        self._part_bytes = part_bytes
        self._front = 0
        self._back = None if length is None else -(-length // part_bytes)
        self._under_way = 0
        self._returned: set[int] = set()
        self._stopped = False
        self._changed = threading.Condition()

    def take_front(self) -> int | None:
        """Return the next part of the stream, counted from 0; None where a range has been there.

        Where the stream meets ranges that are still being fetched, it waits: if they fail, it goes on.
        Raises Stopped once `stop` was called.
        """
        with self._changed:
            self._changed.wait_for(self._front_decided)
            if self._stopped:
                raise Stopped
            if self._front == self._back:
                return None
            self._front += 1
            return self._front - 1

    def take_back(self) -> int | None:
        """Return a part that was given back, or the last one of all; None if there is none.

        The caller then calls `fetched` or `give_back`.
        """
        with self._changed:
            if self._returned:
                index = self._returned.pop()
            elif self._back is None or self._front == self._back:
                return None
            else:
                self._back -= 1
                index = self._back
            self._under_way += 1
            return index

    def fetched(self) -> None:
        """Report that a part from the back was fetched."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def give_back(self, index: int) -> None:
        """Return a part for another thread; the stream takes it if nothing behind it was fetched yet."""
        with self._changed:
            self._under_way -= 1
            self._returned.add(index)
            while self._back in self._returned:
                self._returned.remove(self._back)
                self._back += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Release a stream that waits."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def give_front_back(self, index: int) -> None:
        """Return the stream's own part for ranges to fetch: the stream broke."""
        with self._changed:
            self._returned.add(index)

    def left(self) -> int:
        """Return how many parts were not taken yet; 0 where that is not known."""
        with self._changed:
            return 0 if self._back is None else self._back - self._front + len(self._returned)

    def _front_decided(self) -> bool:
        return self._stopped or self._front != self._back or not self._under_way

    def offset(self, index: int) -> int:
        """Return the part's first byte."""
        return index * self._part_bytes

    def size(self, index: int) -> int:
        """Return the part's bytes; the most it can have where the length is not known."""
        if self._length is None:
            return self._part_bytes
        return min(self._part_bytes, self._length - self.offset(index))


class Pace:
    """The speed of the stream: measured after `probe_bytes`, and from then on over `STEADY` times as many
    bytes, so that a short pause of a fast stream does not count.
    """

    def __init__(self, probe_bytes: int, enough: float) -> None:
        self._probe_bytes = probe_bytes
        self._steady_bytes = STEADY * probe_bytes
        self._enough = enough
        self._bytes = 0
        self._seconds = 0.0

    def slow(self, received: int, seconds: float) -> bool:
        """Take `received` bytes that took `seconds` into account; return whether it is slow now."""
        self._bytes += received
        self._seconds += seconds
        if self._bytes < self._probe_bytes:
            return False
        slow = self._bytes < self._enough * self._seconds
        self._bytes, self._seconds, self._probe_bytes = 0, 0.0, self._steady_bytes
        return slow
