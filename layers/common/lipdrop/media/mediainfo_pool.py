"""Process pool for MediaInfo, the parent's side: serves byte ranges, detects crashes, enforces a timeout."""

import ctypes
import os
import subprocess
import sys
import threading
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Self

from lipdrop.media.mediainfo_protocol import ASK, END, LENGTH, SIZE
from lipdrop.media.range_reader import RangeReader

MOST_SECONDS = 60.0
"""Timeout of one file: 245 reads of 64 KiB from S3 take about 5 s, the rest allows for a slow S3."""


class MediaInfoPool:
    """A pool of child processes, one for each thread that probes at the same time; close it to end them.

    One process serves many files, since starting one takes longer (0.1 s) than parsing (0.01 s).
    """

    def __init__(self, *, seconds: float = MOST_SECONDS) -> None:
        self._seconds = seconds
        self._idle: SimpleQueue[_Child] = SimpleQueue()

    def describe(self, file: RangeReader) -> str | None:
        """Return MediaInfo's report on `file`, formatted by `TEMPLATE`; None if the parser crashed on it.

        Raises what reading raises, TimeoutError after `seconds`, and RuntimeError if the parser does not
        start at all, for which the file is not to blame.
        """
        try:
            child = self._idle.get_nowait()
        except Empty:
            child = _Child()
        try:
            text = child.describe(file, self._seconds)
        except BaseException:
            child.end()
            raise
        if text is None:
            child.end()
        else:
            self._idle.put(child)
        return text

    def close(self) -> None:
        """End all processes."""
        while not self._idle.empty():
            self._idle.get_nowait().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


PR_SET_DUMPABLE = 4


def hide_environment() -> None:
    """Make this process's environment, memory and open files unreadable for others of the same user.

    Otherwise MediaInfo's process could read the credentials of this one in /proc/<pid>/environ (proc(5),
    prctl(2)). Only Linux has it, and only Linux has that /proc.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Child:
    """One process of `lipdrop.media.mediainfo_worker`."""

    def __init__(self) -> None:
        hide_environment()
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", "-m", "lipdrop.media.mediainfo_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._late = self._asked = False

    def describe(self, file: RangeReader, seconds: float) -> str | None:
        timer = threading.Timer(seconds, self._give_up)
        timer.start()
        self._asked = False
        try:
            text = self._talk(file)
        except BrokenPipeError:
            text = None
        finally:
            timer.cancel()
        if text is None:
            self._explain_death()
        return text

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _talk(self, file: RangeReader) -> str | None:
        source, sink = _pipes(self._process)
        sink.write(SIZE.pack(file.size))
        sink.flush()
        while header := source.read(ASK.size):
            start, length = ASK.unpack(header)
            if start == END:
                return source.read(length).decode("utf-8", "replace")
            self._asked = True
            data = file.read_at(start, length)
            sink.write(LENGTH.pack(len(data)) + data)
            sink.flush()
        return None

    def _explain_death(self) -> None:
        """Raise unless it was the file that made the parser crash."""
        if self._late:
            raise TimeoutError("MediaInfo could not be handed the file in time.")
        if not self._asked:
            raise RuntimeError(f"MediaInfo does not start: its process ended with {self._process.wait()}.")


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if not (process.stdout and process.stdin):
        raise RuntimeError("The process was started without pipes.")
    return process.stdout, process.stdin
