"""The connection itself, for replies that HTTP forbids: resets, silence, wrong lengths.

A well-behaved server library refuses to send a broken reply. This protocol hands the application its
own connection (`scope["state"]["wire"]`), and the responses below write to it directly.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

HOUR = 3600.0


class Wire:
    """One TCP connection: raw writes with back-pressure, an orderly end, and a hard one."""

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self._transport = transport
        self._flow = flow

    async def write(self, data: bytes) -> None:
        """Send `data` as it is; waits while the receiver is slower."""
        self._transport.write(data)
        if self._flow.write_paused:
            await self._flow.drain()

    def close(self) -> None:
        """End the connection after what was written (FIN)."""
        self._transport.close()

    def reset(self) -> None:
        """Tear the connection down at once: with no time to linger, the kernel sends a RST."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


class WireProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with the connection within the application's reach."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the wire into the state that every request of this connection gets."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "wire": Wire(transport, self.flow)}


class Broken(Response):
    """A reply written straight to the connection, which ends with it.

    `body` may be of any length, whatever the headers say; `end` is how the connection ends.
    """

    def __init__(
        self,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: AsyncIterator[bytes] | None = None,
        end: Literal["close", "reset"] = "reset",
    ) -> None:
        super().__init__(status_code=status or 500)
        self.answered = status
        self._sent = headers or {}
        self._body = body
        self._end = end

    def _head(self) -> bytes:
        assert self.answered is not None
        lines = [f"HTTP/1.1 {self.answered} {HTTPStatus(self.answered).phrase}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in self._sent.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Write what there is to write, then end the connection."""
        wire: Wire = scope["state"]["wire"]
        if self.answered is not None:
            await wire.write(self._head())
        if self._body is not None:
            async for chunk in self._body:
                await wire.write(chunk)
        if self._end == "reset":
            wire.reset()
        else:
            wire.close()
        # uvicorn would answer 500 for an application that returned without a word, unless the
        # connection is known to be gone.
        while (await receive())["type"] != "http.disconnect":
            pass


async def silence(seconds: float) -> AsyncIterator[bytes]:
    """Yield nothing for `seconds` (0: an hour)."""
    await asyncio.sleep(seconds or HOUR)
    yield b""
