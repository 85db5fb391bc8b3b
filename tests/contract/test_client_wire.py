"""The client on sockets that misbehave: what surely was not sent, what may have been, and never twice."""

import gzip
import random
import socket
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from requests import Session

from lipdrop.segmind.client import Segmind
from lipdrop.segmind.errors import Ambiguous, NotSent, SegmindError, Unavailable
from lipdrop.segmind.single_shot_transport import new_session
from tests.support.certificate import Certificate, make_certificate
from tests.support.raw_server import Behaviour, close, hang, raw_server, reply, reset, sending

KEY = "SG_key"
ACCEPTED = b'{"request_id": "req-1", "status": "QUEUED"}'
SHORT = 0.4


def _client(
    port: int, scheme: str = "http", session: Session | None = None, host: str = "127.0.0.1"
) -> Segmind:
    return Segmind(
        session or new_session(),
        f"{scheme}://{host}:{port}",
        lambda: KEY,
        connect_seconds=SHORT,
        post_seconds=SHORT,
        get_seconds=SHORT,
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: the next one gets no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def _assert_not_sent(segmind: Segmind) -> None:
    with pytest.raises(NotSent, match="Nothing was sent"):
        segmind.submit({"a": 1})
    with pytest.raises(NotSent):
        segmind.status("req-1")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_closed_port_was_not_sent_to(closed_port: int, scheme: str) -> None:
    _assert_not_sent(_client(closed_port, scheme))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_that_never_answers_was_not_sent_to(full_port: int, scheme: str) -> None:
    _assert_not_sent(_client(full_port, scheme))


def test_a_name_that_does_not_resolve_was_not_sent_to() -> None:
    _assert_not_sent(_client(443, "https", host="segmind.invalid"))


@pytest.mark.parametrize("behaviour", [close, reset, hang, sending(b"HTTP/1.1 400 Bad Request\r\n\r\n")])
def test_a_tls_handshake_that_fails_was_not_sent(behaviour: Behaviour) -> None:
    with raw_server(behaviour, read_first=False) as server:
        _assert_not_sent(_client(server.port, "https"))


def test_a_certificate_of_nobody_we_know_was_not_sent_to(certificate: Certificate) -> None:
    with raw_server(sending(reply(ACCEPTED)), tls=certificate.server_context()) as server:
        _assert_not_sent(_client(server.port, "https"))
        assert server.requests == []


@pytest.mark.parametrize("behaviour", [close, reset, hang])
def test_after_the_handshake_a_broken_connection_is_in_doubt(
    certificate: Certificate, behaviour: Behaviour
) -> None:
    session = new_session()
    session.verify = str(certificate.path)
    with raw_server(behaviour, tls=certificate.server_context()) as server:
        with pytest.raises(Ambiguous):
            _client(server.port, "https", session).submit({})
        assert len(server.requests) == 1


def drip(connection: socket.socket) -> None:
    """Send a body a byte at a time: no single read takes long, the whole takes for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" ")
        time.sleep(0.02)


BROKEN: dict[str, Behaviour] = {
    "closed": close,
    "reset": reset,
    "silent": hang,
    "half a status line": sending(b"HTTP/1."),
    "half the headers": sending(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half the body": sending(b"HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n" + ACCEPTED[:20]),
    "half a chunk": sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2b\r\n" + ACCEPTED[:9]),
    "no chunk": sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "an endless header": sending(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n" + ACCEPTED),
    "endless headers": sending(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n" + ACCEPTED),
    "a negative length": sending(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    "no HTTP": sending(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "broken gzip": sending(reply(b"no gzip", "Content-Encoding: gzip")),
    "drip": drip,
}


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_a_post_that_broke_after_it_left_is_in_doubt_and_left_once(behaviour: Behaviour) -> None:
    with raw_server(behaviour) as server:
        start = time.monotonic()
        with pytest.raises(Ambiguous) as caught:
            _client(server.port).submit({"a": 1})
        assert time.monotonic() - start < 5
        assert caught.value.code == "SUBMISSION_UNKNOWN"
        assert len(server.requests) == server.connections == 1


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_a_look_that_broke_can_be_repeated(behaviour: Behaviour) -> None:
    with raw_server(behaviour, behaviour, sending(reply(ACCEPTED))) as server:
        segmind = _client(server.port)
        for ask in (segmind.status, segmind.result):
            with pytest.raises(Unavailable):
                ask("req-1")
        assert segmind.status("req-1").status == "QUEUED"


def test_every_post_has_a_connection_of_its_own_so_a_dead_one_is_never_met() -> None:
    """The server keeps each connection open as if for the next request, and is gone when that comes."""
    kept = sending(reply(ACCEPTED, "Connection: keep-alive", "Keep-Alive: timeout=60"))
    with raw_server(kept) as server:
        segmind = _client(server.port)
        for _ in range(5):
            assert segmind.submit({"a": 1}).request_id == "req-1"
        assert len(server.requests) == server.connections == 5


def test_a_server_that_drops_every_second_request_gets_none_of_them_twice() -> None:
    good = sending(reply(ACCEPTED, "Connection: keep-alive"))
    with raw_server(good, close, good, reset, good) as server:
        segmind = _client(server.port)
        outcomes: list[str] = []
        for number in range(5):
            try:
                outcomes.append(segmind.submit({"number": number}).request_id)
            except SegmindError as error:
                outcomes.append(type(error).__name__)
        bodies = [request.rpartition(b"\r\n\r\n")[2] for request in server.requests]
    assert outcomes == ["req-1", "Ambiguous", "req-1", "Ambiguous", "req-1"]
    assert bodies == [b'{"number": %d}' % number for number in range(5)]


def test_a_garbled_reply_always_has_an_outcome_and_never_a_second_post() -> None:
    rng = random.Random(7)
    whole = reply(ACCEPTED, "Content-Type: application/json", "Transfer-Encoding: identity", "X-A: b")

    def garbled() -> Behaviour:
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        return sending(bytes(data[: rng.randint(1, len(data))]))

    with raw_server(*(garbled() for _ in range(300))) as server:
        segmind = _client(server.port)
        for number in range(1, 301):
            with suppress(SegmindError):
                segmind.submit({})
            assert len(server.requests) == number


def test_an_id_that_came_in_full_counts_although_the_reply_broke_off() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + ACCEPTED
    with raw_server(sending(cut)) as server:
        assert _client(server.port).submit({}).request_id == "req-1"


def test_headers_that_cannot_be_parsed_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    quoting = f"HTTP/1.1 200 OK\r\n{KEY}\r\nx: {KEY}".encode()
    with raw_server(sending(quoting)) as server, pytest.raises(Ambiguous):
        _client(server.port).submit({})
    assert KEY not in caplog.text


def test_an_error_that_breaks_off_still_counts_by_its_code() -> None:
    cut = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99\r\n\r\n{"
    with raw_server(sending(cut)) as server, pytest.raises(Unavailable, match="HTTP 503"):
        _client(server.port).submit({})


def test_a_compressed_reply_is_understood_although_none_was_asked_for() -> None:
    packed = reply(gzip.compress(ACCEPTED), "Content-Encoding: gzip")
    with raw_server(sending(packed)) as server:
        assert _client(server.port).submit({}).request_id == "req-1"
        assert b"accept-encoding: identity" in server.requests[0].lower()


def test_a_gzip_bomb_is_unpacked_only_up_to_the_limit() -> None:
    bomb = reply(gzip.compress(bytes(200_000_000), 9), "Content-Encoding: gzip")
    with raw_server(sending(bomb)) as server:
        tracemalloc.start()
        with pytest.raises(Ambiguous, match="more than 1048576 bytes"):
            _client(server.port).submit({})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8_000_000


def test_of_50_megabytes_hardly_more_than_one_is_taken() -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n{"a": "')
        while sent < 50_000_000:
            sent += connection.send(b"x" * 65536)

    with raw_server(flood) as server, pytest.raises(Ambiguous, match="more than 1048576 bytes"):
        _client(server.port).submit({})
    assert sent < 12_000_000


def test_a_video_in_place_of_json_streams_through(tmp_path: Path) -> None:
    video = bytes(range(256)) * 4096
    with raw_server(sending(reply(video, "Content-Type: video/mp4"))) as server:
        result = _client(server.port).result("req-1")
        with result.response as response:  # type: ignore[union-attr]
            assert response.raw.read() == video
