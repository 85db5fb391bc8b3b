"""MediaInfo in a sandboxed process of its own, because the files that it parses may be hostile.

A parser of hostile files can crash, loop or use up memory. This process has limits of memory and processor
time, no environment, no credentials, and can open no file: neither the code of a hostile file nor MediaInfo
itself can read the parent's environment under /proc. It reads only what its parent hands it. The parent,
`lipdrop.media.mediainfo_pool`, sees it die and says that the file cannot be read.

Run as `python -m lipdrop.media.mediainfo_worker`, for as many files as the parent has; ends when its input
ends.
"""

import io
import resource
import sys
from typing import BinaryIO

from pymediainfo import MediaInfo

from lipdrop.media.mediainfo_protocol import ASK, END, LENGTH, SIZE, TEMPLATE

READ_BYTES = 65_536
OPEN_FILES = 3
"""Standard input, output and error, which are open already."""
MOST_TEXT = 65_536
MEMORY_BYTES = 192 * 1024 * 1024
"""Address space; measured: 43 MiB with the library loaded, 28 MiB of them resident."""
CPU_SECONDS = 3
"""For one file; measured: 0.01 s for good ones, 0.3 s for 1.6 MB of nothing but atoms. Some damage makes
MediaInfo count to four billion: 5 of 27,000 randomly damaged files did."""


class _Piped(io.RawIOBase):
    """The parent's file, as pymediainfo wants it."""

    def __init__(self, size: int, source: BinaryIO, sink: BinaryIO) -> None:
        self._size, self._source, self._sink = size, source, sink
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = self._size + offset if whence == io.SEEK_END else offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = READ_BYTES) -> bytes:
        length = min(size, self._size - self._position)
        if length <= 0:
            return b""
        self._sink.write(ASK.pack(self._position, length))
        self._sink.flush()
        data = self._source.read(LENGTH.unpack(self._source.read(LENGTH.size))[0])
        self._position += len(data)
        return data


def report_tracks(size: int, source: BinaryIO, sink: BinaryIO) -> None:
    """Describe the parent's file of `size` bytes by `TEMPLATE`."""
    file = _Piped(size, source, sink)
    text: str = MediaInfo.parse(file, output=TEMPLATE, parse_speed=0, buffer_size=READ_BYTES)
    encoded = text.encode("utf-8", "replace")[:MOST_TEXT]
    sink.write(ASK.pack(END, len(encoded)) + encoded)
    sink.flush()


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Describe one file after another, each within `CPU_SECONDS`, until `source` ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    while header := source.read(SIZE.size):
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_SECONDS, hard))
        report_tracks(SIZE.unpack(header)[0], source, sink)


def confine() -> None:
    """Give up what parsing does not need: memory beyond a bound, core dumps, opening and writing files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    MediaInfo.parse(io.BytesIO(b""), output=TEMPLATE)  # loads the library, while files can be opened
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    confine()
    main(sys.stdin.buffer, sys.stdout.buffer)
