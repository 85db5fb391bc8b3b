"""The two ends of a copy on one machine: a web server with a large video, and an S3 that keeps nothing.

    python -m benchmarks.copy_servers source|sink CAP

`CAP` is what one connection gets, in bytes a second; 0 is no limit. Each prints its address and serves until
its input ends. The sink speaks just enough of S3 for boto3 (PutObject and multipart uploads), reads every
byte and throws it away: what is measured is the client, not somebody's storage.
"""

import re
import socket
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from local.sample_media.mp4 import sample_video

BLOCK = 1 << 18
ZEROS = bytes(BLOCK)
ETAG = '"0123456789abcdef"'


def head_of(size: int) -> bytes:
    """Return the beginning of a video of `size` bytes; the rest of it is zeros, in a box to be skipped."""
    video = sample_video(index_first=True)
    rest = size - len(video)
    return video + (1).to_bytes(4) + b"free" + rest.to_bytes(8)


class Pace:
    """One connection's allowance: `wait` sleeps until `sent` more bytes are due."""

    def __init__(self, cap: float) -> None:
        self._cap = cap
        self._due = time.monotonic()

    def wait(self, sent: int) -> None:
        """Let so much time pass as `sent` bytes take."""
        if self._cap:
            self._due = max(self._due, time.monotonic() - 0.05) + sent / self._cap
            time.sleep(max(0.0, self._due - time.monotonic()))


class Handler(BaseHTTPRequestHandler):
    """What both ends share."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def setup(self) -> None:
        """Give the connection its pace."""
        super().setup()
        self.pace = Pace(self.server.cap)

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a short answer."""
        self.head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send status and headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Source(Handler):
    """`/<size>`: a video of so many bytes, with ranges and an ETag."""

    def do_GET(self) -> None:
        """Send the file or the range that is asked for."""
        size = int(self.path.strip("/"))
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(found[1]) if found else 0
        last = int(found[2]) if found and found[2] else size - 1
        headers = {"Content-Type": "video/mp4", "ETag": ETAG, "Content-Length": str(last - first + 1)}
        if found:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        self.head(206 if found else 200, headers)
        self._send(head_of(size), first, last + 1)

    def _send(self, beginning: bytes, start: int, stop: int) -> None:
        while start < stop:
            if start < len(beginning):
                block = beginning[start : min(stop, start + BLOCK, len(beginning))]
            else:
                block = ZEROS[: min(BLOCK, stop - start)]
            self.connection.sendall(block)
            self.pace.wait(len(block))
            start += len(block)


class Sink(Handler):
    """Objects and parts, counted and forgotten."""

    def do_PUT(self) -> None:
        """Take an object or a part."""
        left, buffer = int(self.headers["Content-Length"]), bytearray(BLOCK)
        while left:
            received = self.rfile.readinto1(memoryview(buffer)[: min(left, BLOCK)])
            if not received:
                return
            self.pace.wait(received)
            left -= received
        self.answer(200, {"ETag": ETAG})

    def do_POST(self) -> None:
        """Begin or complete an upload."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        body = b"<R><Bucket>b</Bucket><Key>k</Key>%s</R>"
        self.answer(200, {}, body % (b"<UploadId>1</UploadId>" if "uploads" in query else b"<ETag>1</ETag>"))

    def do_DELETE(self) -> None:
        """Abort an upload."""
        self.answer(204, {})


class Server(ThreadingHTTPServer):
    """One of the two, on a free port of this machine."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, kind: Callable[..., Handler], cap: float) -> None:
        super().__init__(("127.0.0.1", 0), kind)
        self.cap = cap

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that has seen enough closes the connection."""


def main(which: str, cap: str) -> None:
    """Serve until the input ends, which it does with the parent."""
    server = Server({"source": Source, "sink": Sink}[which], float(cap))
    Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    socket.setdefaulttimeout(300)
    main(*sys.argv[1:])
