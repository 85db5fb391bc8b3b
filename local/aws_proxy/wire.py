"""As much HTTP/1.1 as a transparent proxy needs: heads, and bodies passed on unchanged."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

CHUNK = 262_144
HEAD_LIMIT = 1_048_576


@dataclass(frozen=True)
class Head:
    """The first lines of a request or a reply: as received, and as read."""

    raw: bytes
    first: tuple[str, str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Of a request."""
        return self.first[0]

    @property
    def target(self) -> str:
        """Path and query of a request."""
        return self.first[1]

    @property
    def status(self) -> int:
        """Of a reply."""
        return int(self.first[1])

    def get(self, name: str) -> str:
        """Return the header `name` (lower case), "" where there is none."""
        return self.headers.get(name, "")

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        return self.get("connection").lower() == "close"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read the next head, None at the end of the connection."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise ConnectionResetError("the connection ended within a head") from None
        return None
    lines = raw.decode("latin-1").split("\r\n")
    words = [*lines[0].split(" ", 2), "", ""]
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Head(raw, (words[0], words[1], words[2]), headers)


async def body(head: Head, reader: asyncio.StreamReader, *, reply: bool) -> AsyncIterator[bytes]:
    """Yield the body that follows `head`, as it is on the wire; raises ConnectionResetError if it is cut."""
    try:
        if "chunked" in head.get("transfer-encoding").lower():
            async for piece in _chunked(reader):
                yield piece
        elif length := head.get("content-length"):
            left = int(length)
            while left:
                piece = await reader.read(min(left, CHUNK))
                if not piece:
                    raise ConnectionResetError("the body is cut")
                left -= len(piece)
                yield piece
        elif reply:
            while piece := await reader.read(CHUNK):
                yield piece
    except asyncio.IncompleteReadError:
        raise ConnectionResetError("the body is cut") from None


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    size = 1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        yield line
        yield await reader.readexactly(size + 2) if size else await _trailers(reader)


async def _trailers(reader: asyncio.StreamReader) -> bytes:
    lines = [await reader.readuntil(b"\r\n")]
    while lines[-1] != b"\r\n":
        lines.append(await reader.readuntil(b"\r\n"))
    return b"".join(lines)


def reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection: without linger time the kernel sends a RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
