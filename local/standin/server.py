"""Runs the stand-in: in a thread of this process for tests, or in the foreground for the local stack."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from local.standin.app import create_app
from local.standin.control import StandinControl
from local.standin.model import StandinSettings
from local.standin.wire import WireProtocol

START_SECONDS = 20


@dataclass(frozen=True)
class Standin:
    """A running stand-in: where it is, its key, and the way to control it."""

    base_url: str
    key: str
    control: StandinControl


class Server(uvicorn.Server):
    """uvicorn that says when it is ready."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._when_ready()


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """Return a listening socket (port 0: a free one) and its base URL."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, each reply is 40 ms late.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)
    return listener, f"http://{host}:{listener.getsockname()[1]}"


def server(settings: StandinSettings, when_ready: Callable[[], None]) -> Server:
    """Return a server for one stand-in; it logs no request, since URLs may be signed."""
    config = uvicorn.Config(
        create_app(settings),
        http=WireProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="critical",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    return Server(config, when_ready)


@contextmanager
def running(settings: StandinSettings | None = None, port: int = 0) -> Iterator[Standin]:
    """Run a stand-in on 127.0.0.1 while the block lasts."""
    settings = settings or StandinSettings()
    listener, base_url = listen("127.0.0.1", port)
    ready = threading.Event()
    serving = server(settings, ready.set)
    thread = threading.Thread(target=serving.run, args=([listener],), name="standin", daemon=True)
    thread.start()
    control = StandinControl(base_url)
    try:
        if not ready.wait(START_SECONDS):
            raise TimeoutError("the stand-in did not start")
        yield Standin(base_url, settings.key, control)
    finally:
        control.close()
        serving.should_exit = True
        thread.join()
        listener.close()
