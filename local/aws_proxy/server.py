"""The proxy itself: one task for each connection, one call after the other on it."""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from local.aws_proxy import replies, wire
from local.aws_proxy.model import CONTROL, Counts, Fault, Strike
from local.aws_proxy.naming import named
from local.aws_proxy.rules import Rule

FORM = "application/x-www-form-urlencoded"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class Connection:
    """A client's connection and, once it was needed, ours to the local AWS for it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        """End both sides."""
        self.writer.close()
        if self.upstream:
            self.upstream[1].close()


@dataclass
class AwsProxy:
    """The proxy's state: where AWS is, what was called, which faults are active."""

    upstream: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    rules: list[Rule] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it goes, or something tears."""
        connection = Connection(reader, writer)
        try:
            while head := await wire.read_head(reader):
                if head.target.startswith(CONTROL):
                    await self._control(connection, head)
                elif not await self._call(connection, head):
                    return
        except (ConnectionError, OSError, asyncio.LimitOverrunError):
            wire.reset(writer)
        finally:
            connection.close()

    async def _call(self, connection: Connection, head: wire.Head) -> bool:
        """Pass one call on, or spoil it; whether the connection may be used again."""
        if head.get("expect"):
            connection.writer.write(CONTINUE)
        form = await _whole(connection, head) if head.get("content-type").startswith(FORM) else b""
        call = named(head, form)
        self.calls[str(call)] += 1
        fault = next((rule.fault for rule in self.rules if rule.applies(call)), None)
        if fault is None:
            return await self._pass(connection, head, form)
        self.faults[f"{call} {fault.what}"] += 1
        self.strikes.append(
            Strike(at=time.time(), service=call.service, operation=call.operation, what=fault.what)
        )
        match fault.what:
            case "delay":
                await asyncio.sleep(fault.seconds)
                return await self._pass(connection, head, form)
            case "lost":
                await self._pass(connection, head, form, answer=False)
            case "throttle" | "error":
                if not form:
                    await _whole(connection, head)
                connection.writer.write(replies.refusal(call, fault.what, silent=head.method == "HEAD"))
                await connection.writer.drain()
                return not head.closes
        wire.reset(connection.writer)
        return False

    async def _pass(
        self, connection: Connection, head: wire.Head, form: bytes, *, answer: bool = True
    ) -> bool:
        """Let AWS do the call and, with `answer`, tell the client; whether the connection may go on."""
        reader, writer = await self._reach(connection)
        writer.write(_without_expect(head) + form)
        if not form:
            async for piece in wire.body(head, connection.reader, reply=False):
                writer.write(piece)
                await writer.drain()
        reply = await wire.read_head(reader)
        while reply and reply.status == 100:
            reply = await wire.read_head(reader)
        if reply is None:
            raise ConnectionResetError("the local AWS hung up")
        sink = connection.writer if answer else None
        if sink:
            sink.write(reply.raw)
        if head.method != "HEAD" and reply.status not in (204, 304):
            async for piece in wire.body(reply, reader, reply=True):
                if sink:
                    sink.write(piece)
                    await sink.drain()
        if sink:
            await sink.drain()
        return not (head.closes or reply.closes)

    async def _reach(self, connection: Connection) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the connection to the local AWS, a new one where there is none (any more)."""
        if connection.upstream is None or connection.upstream[0].at_eof():
            place = urlsplit(self.upstream)
            if not place.port:
                raise ConnectionRefusedError("the proxy was not told where the local AWS is")
            connection.upstream = await asyncio.open_connection(
                place.hostname, place.port, limit=wire.HEAD_LIMIT
            )
        return connection.upstream

    async def _control(self, connection: Connection, head: wire.Head) -> None:
        """Answer the control surface."""
        raw = await _whole(connection, head)
        try:
            answer = replies.plain(200, self._told(head.target.removeprefix(CONTROL), head.method, raw))
        except (msgspec.DecodeError, KeyError) as problem:
            answer = replies.plain(400, json.dumps({"error": str(problem)}))
        connection.writer.write(answer)
        await connection.writer.drain()

    def _told(self, what: str, method: str, raw: bytes) -> str:
        match method, what:
            case "GET", "counts":
                pass
            case "GET", "strikes":
                return msgspec.json.encode(self.strikes).decode()
            case "POST", "reset":
                self.calls.clear()
                self.faults.clear()
                self.strikes.clear()
            case "PUT", "upstream":
                self.upstream = msgspec.json.decode(raw, type=str)
            case "POST", "faults":
                faults = msgspec.json.decode(raw, type=list[Fault])
                self.rules += [Rule(fault, time.monotonic) for fault in faults]
            case "DELETE", "faults":
                self.rules.clear()
            case _:
                raise KeyError(f"{method} {what}")
        return msgspec.json.encode(Counts(calls=dict(self.calls), faults=dict(self.faults))).decode()


async def _whole(connection: Connection, head: wire.Head) -> bytes:
    return b"".join([piece async for piece in wire.body(head, connection.reader, reply=False)])


def _without_expect(head: wire.Head) -> bytes:
    """Return the head as received, without `Expect: 100-continue`, which the proxy has answered itself."""
    if not head.get("expect"):
        return head.raw
    lines = head.raw.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))


async def run(port: int, upstream: str) -> None:
    """Serve on 127.0.0.1 until cancelled; say the address on one line when ready."""
    proxy = AwsProxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port, limit=wire.HEAD_LIMIT, backlog=1024)
    address = server.sockets[0].getsockname()
    print(f"AWS proxy ready on http://127.0.0.1:{address[1]}", flush=True)
    async with server:
        with suppress(asyncio.CancelledError):
            await server.serve_forever()
