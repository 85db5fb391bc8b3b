"""A web server for result files that misbehaves as it is told: one plan a path, one fault a request."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal[
    "cut", "reset", "stall", "longer", "shorter", "wrong_range", "no_content_range", "etag", "forbidden",
    "unavailable", "gzip", "html", "empty", "other_file",
]  # fmt: skip


@dataclass
class Plan:
    """How one file is served. `faults[n]` strikes the n-th request; None serves honestly.

    `length`: "none" ends the body by closing, "chunked" by an empty chunk. `pace` in bytes a second.
    """

    data: bytes
    faults: list[Fault | None] = field(default_factory=list)
    then: Fault | None = None
    ranges: bool = True
    etag: str | None = '"v1"'
    length: Literal["known", "none", "chunked"] = "known"
    pace: float = 0
    seed: int = 0
    stall_seconds: float = 5
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self, asked: str) -> tuple[Fault | None, random.Random]:
        """Return what happens to this request, and the dice for its details."""
        with self.lock:
            number = len(self.requests)
            self.requests.append(asked)
        fault = self.faults[number] if number < len(self.faults) else self.then
        return fault, random.Random(f"{self.seed} {number}")


class FileServer(ThreadingHTTPServer):
    """Serves `plans` by path."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plans: dict[str, Plan] = {}
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def serve(self, path: str, plan: Plan) -> str:
        """Serve `plan` at `path` and return its address."""
        self.plans[path] = plan
        return f"{self.base_url}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients leave early here all the time."""


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Run a server while the block lasts."""
    server = FileServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def do_GET(self) -> None:
        plan = self.server.plans[self.path.partition("?")[0]]
        asked = self.headers.get("Range", "")
        fault, dice = plan.next_fault(asked)
        first, last, status = self._span(plan, asked)
        data, headers = plan.data[first : last + 1], self._headers(plan, status, first, last)
        match fault:
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
                self.close_connection = True
            case "forbidden" | "unavailable":
                self._answer(403 if fault == "forbidden" else 503, {}, b"<Error/>")
            case "html":
                self._answer(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><p>Please wait</p>" * 40)
            case "empty":
                self._answer(200, {"Content-Type": "video/mp4"}, b"")
            case "gzip":
                self._answer(200, {"Content-Encoding": "gzip"}, data)
            case "etag":
                self._send(plan, status, {**headers, "ETag": f'"{dice.random()}"'}, data)
            case "other_file":
                other = {**headers, "ETag": '"v2"'} if plan.etag else headers
                self._send(plan, status, other, bytes(reversed(data)))
            case "wrong_range" if status == 206:
                moved = f"bytes {first + 1}-{last + 1}/{len(plan.data) + 1}"
                self._send(plan, status, {**headers, "Content-Range": moved}, data)
            case "no_content_range" if status == 206:
                self._send(plan, status, {k: v for k, v in headers.items() if k != "Content-Range"}, data)
            case "longer":
                self._send(plan, status, headers, data, announced=len(data) + dice.randint(1, 5_000))
            case "shorter":
                short = max(1, len(data) - dice.randint(1, 5_000))
                self._send(plan, status, headers, data[:short], announced=short)
            case "cut":
                self._send(plan, status, headers, data[: dice.randrange(len(data))], announced=len(data))
            case "stall":
                kept = data[: dice.randrange(len(data))]
                self._send(plan, status, headers, kept, announced=len(data), stall=plan.stall_seconds)
            case _:
                self._send(plan, status, headers, data)

    def _span(self, plan: Plan, asked: str) -> tuple[int, int, int]:
        end = len(plan.data) - 1
        same = self.headers.get("If-Range", plan.etag) == plan.etag
        if not plan.ranges or not asked or not same:
            return 0, end, 200
        first, _, last = asked.removeprefix("bytes=").partition("-")
        return int(first), min(int(last), end) if last else end, 206

    def _headers(self, plan: Plan, status: int, first: int, last: int) -> dict[str, str]:
        headers = {"Content-Type": "video/mp4"}
        if plan.etag:
            headers["ETag"] = plan.etag
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{len(plan.data)}"
        return headers

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _send(
        self,
        plan: Plan,
        status: int,
        headers: dict[str, str],
        data: bytes,
        *,
        announced: int | None = None,
        stall: float = 0,
    ) -> None:
        whole = announced in (None, len(data))
        if plan.length == "known" or status == 206:
            headers = {**headers, "Content-Length": str(len(data) if announced is None else announced)}
        elif plan.length == "chunked":
            headers = {**headers, "Transfer-Encoding": "chunked"}
        else:
            headers = {**headers, "Connection": "close"}
        self._head(status, headers)
        chunked = "Transfer-Encoding" in headers
        self._body(data, plan.pace, chunked=chunked)
        if stall:
            self.server.closing.wait(stall)
        if chunked and whole:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not whole or "Content-Length" not in headers

    def _body(self, data: bytes, pace: float, *, chunked: bool) -> None:
        piece = max(1, int(pace / 50)) if pace else len(data) or 1
        for start in range(0, len(data), piece):
            part = data[start : start + piece]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
            if pace:
                time.sleep(len(part) / pace)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
