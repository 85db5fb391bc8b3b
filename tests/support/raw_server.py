"""A server on a bare socket, for what no HTTP server will do: cut, hang, reset, drip, or bring no TLS."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ssl import SSLContext

type Behaviour = Callable[[socket.socket], None]

_SECONDS = 20


class RawServer:
    """Listens on 127.0.0.1; the n-th connection gets the n-th behaviour, later ones the last."""

    def __init__(self, behaviours: tuple[Behaviour, ...], tls: SSLContext | None) -> None:
        self._behaviours = behaviours
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        """The head of every request that was read."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                behaviour = self._behaviours[min(self.connections, len(self._behaviours) - 1)]
                self.connections += 1
                connection.settimeout(_SECONDS)
                with suppress(OSError), connection:
                    self._one(connection, behaviour)

    def _one(self, connection: socket.socket, behaviour: Behaviour) -> None:
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            behaviour(connection)

    def answer_with(self, *behaviours: Behaviour) -> None:
        """From the first connection on, read a request and then behave like this."""
        self._behaviours = tuple(self._reading(behaviour) for behaviour in behaviours)

    def _reading(self, then: Behaviour) -> Behaviour:
        def behave(connection: socket.socket) -> None:
            self.requests.append(read_request(connection))
            then(connection)

        return behave

    def close(self) -> None:
        """Stop listening and wait for the thread."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_SECONDS)


@contextmanager
def raw_server(
    *behaviours: Behaviour, read_first: bool = True, tls: SSLContext | None = None
) -> Iterator[RawServer]:
    """Run a server while the block lasts; `read_first`: each behaviour comes after a request was read."""
    server = RawServer(behaviours, tls)
    if read_first:
        server.answer_with(*behaviours)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its body and return it."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def sending(data: bytes) -> Behaviour:
    """Return the behaviour that sends `data` and closes."""
    return lambda connection: connection.sendall(data)


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a complete HTTP reply."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def close(_connection: socket.socket) -> None:
    """Close the connection properly."""


def reset(connection: socket.socket) -> None:
    """Break the connection off with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side has gone."""
    while connection.recv(65536):
        pass
