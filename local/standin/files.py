"""Result files over HTTP: ranges and ETags as they should be, and every way a download can go wrong."""

import asyncio
import gzip
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from local.standin.misbehave import error_reply
from local.standin.model import Fault
from local.standin.renderer import CHUNK, Result
from local.standin.replies import PAGE, ApiError
from local.standin.wire import Broken, silence

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Slice:
    """The part of a file that one reply carries."""

    result: Result
    start: int
    stop: int
    partial: bool
    size: int = 0
    """Of the whole file; 0 is the true size."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an honest reply."""
        headers = {
            "content-type": self.result.content_type,
            "content-length": str(self.stop - self.start),
            "accept-ranges": "bytes",
            "etag": f'"{self.result.sha256[:32]}"',
        }
        if self.partial:
            headers["content-range"] = self.content_range(0)
        return headers

    def content_range(self, shift: int) -> str:
        """Return the Content-Range, moved by `shift` bytes."""
        return f"bytes {self.start + shift}-{self.stop - 1 + shift}/{self.size or self.result.size}"

    async def body(self, bytes_per_second: int, limit: int | None = None) -> AsyncIterator[bytes]:
        """Yield the first `limit` bytes of the part (None: all), no faster than allowed (0: at once)."""
        stop = self.stop if limit is None else min(self.stop, self.start + limit)
        # A tenth of a second's worth at a time keeps a capped connection smooth.
        chunk = max(min(CHUNK, bytes_per_second // 10), 1) if bytes_per_second else CHUNK
        began, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
        for at in range(self.start, stop, chunk):
            yield self.result.read(at, min(at + chunk, stop))
            if bytes_per_second:
                due = began + (min(at + chunk, stop) - self.start) / bytes_per_second
                await asyncio.sleep(max(due - loop.time(), 0))


def send_file(request: Request, result: Result, fault: Fault | None, bytes_per_second: int) -> Response:
    """Return the file, or the range of it that is asked for; broken in the way `fault` says."""
    part = requested(request, result)
    if request.method == "HEAD":
        return Response(headers=part.headers, status_code=206 if part.partial else 200)
    if fault:
        return spoil(fault, part)
    status = 206 if part.partial else 200
    return StreamingResponse(part.body(bytes_per_second), status, part.headers)


def requested(request: Request, result: Result) -> Slice:
    """Return the part that the Range header asks for; raises ApiError 416 for one outside of the file."""
    whole = Slice(result, 0, result.size, partial=False)
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if not asked or request.headers.get("if-range", whole.headers["etag"]) != whole.headers["etag"]:
        return whole
    first, last = asked.groups()
    if not first and not last:
        return whole
    start = int(first) if first else max(result.size - int(last), 0)
    stop = min(int(last) + 1, result.size) if first and last else result.size
    if start >= stop:
        raise ApiError(
            416, "The range lies outside of the file.", {"content-range": f"bytes */{result.size}"}
        )
    return Slice(result, start, stop, partial=True)


def spoil(fault: Fault, part: Slice) -> Response:
    """Return the reply that `fault` makes of `part`."""
    status, headers, rate = (206 if part.partial else 200), part.headers, fault.bytes_per_second
    whole = Slice(part.result, 0, part.result.size, partial=False)
    match fault.what:
        case "http":
            return error_reply(fault)
        case "html":
            return HTMLResponse(PAGE.format("Please wait"))
        case "empty":
            return Response(b"", 200, {"content-type": headers["content-type"]})
        case "half":
            return _half(part, fault.offset or part.result.size // 2)
        case "cut":
            return Broken(status, headers, part.body(rate, fault.offset), end="close")
        case "reset":
            return Broken(status, headers, part.body(rate, fault.offset)) if fault.offset else Broken()
        case "stall":
            return Broken(status, headers, _stalled(part, fault))
        case "wrong_length":
            headers["content-length"] = str(part.stop - part.start + fault.amount)
        case "wrong_range":
            headers |= {"content-range": part.content_range(fault.amount)} if part.partial else {}
        case "new_etag":
            headers["etag"] = f'"{uuid.uuid4().hex}"'
        case "gzip":
            packed = gzip.compress(whole.result.read(0, whole.stop), compresslevel=1)
            return Response(
                packed, 200, {"content-encoding": "gzip", "content-type": headers["content-type"]}
            )
        case "no_ranges":
            status, part, headers = 200, whole, {**whole.headers, "accept-ranges": "none"}
        case "no_length":
            del headers["content-length"]
            return Broken(status, headers, part.body(rate, fault.offset or None), end="close")
    return Broken(status, headers, _late(part, fault), end="close")


def _half(part: Slice, size: int) -> Response:
    """Return what a host serves of a file that is not written to its end: all is well but its length."""
    cut = Slice(part.result, part.start, max(min(part.stop, size), part.start), part.partial, size)
    return Response(part.result.read(cut.start, cut.stop), 206 if cut.partial else 200, cut.headers)


async def _late(part: Slice, fault: Fault) -> AsyncIterator[bytes]:
    await asyncio.sleep(fault.seconds if fault.what == "delay" else 0)
    async for chunk in part.body(fault.bytes_per_second):
        yield chunk


async def _stalled(part: Slice, fault: Fault) -> AsyncIterator[bytes]:
    async for chunk in part.body(fault.bytes_per_second, fault.offset):
        yield chunk
    async for chunk in silence(fault.seconds):
        yield chunk
