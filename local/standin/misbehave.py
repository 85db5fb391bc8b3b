"""Replies of the API that are none: late, lost, cut, empty, endless, or something else altogether."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from local.standin.model import SPOILED_REPLIES, Fault
from local.standin.replies import PAGE, ApiError, too_many
from local.standin.wire import Broken, silence

_WINDOW = 60.0


def before_or_after(fault: Fault | None) -> tuple[Fault | None, Fault | None]:
    """Return a POST's fault as the one that strikes before the job is made, or as the one after."""
    if fault is None:
        return None, None
    usual = fault.what in SPOILED_REPLIES or fault.what == "delay"
    accepted = usual if fault.accepted is None else fault.accepted
    return (None, fault) if accepted else (fault, None)


async def spoil(fault: Fault | None, reply: dict[str, Any]) -> Response | None:
    """Return what is sent instead of `reply`; None: nothing is wrong with it (any more)."""
    if fault is None:
        return None
    match fault.what:
        case "http":
            return error_reply(fault)
        case "delay":
            await asyncio.sleep(fault.seconds)
            return None
        case "stall":
            return Broken(body=silence(fault.seconds))
        case "reset":
            return Broken()
        case "redirect":
            code = fault.status if 300 <= fault.status < 400 else 307
            return RedirectResponse(fault.location, code)
        case "half_json":
            text = json.dumps(reply)
            return Response(text[: len(text) // 2], media_type="application/json")
        case "not_json":
            return HTMLResponse(PAGE.format("Please wait"))
        case "missing_fields":
            kept = {name: value for name, value in reply.items() if name == "metrics"}
            return JSONResponse(kept)
        case "empty":
            return Response(b"", media_type="application/json")
        case "null_output":
            return JSONResponse(reply | {"output": None})
        case "huge":
            return StreamingResponse(_huge(reply, fault.size), media_type="application/json")
    return None


def error_reply(fault: Fault) -> Response:
    """Return the HTTP error that `fault` asks for: the documented one, or a gateway's plain text."""
    if fault.text:
        return PlainTextResponse(fault.text, fault.status)
    if fault.status == 429:
        return too_many(time.time() + (fault.seconds or _WINDOW), fault.message).reply()
    return ApiError(fault.status, fault.message).reply()


async def _huge(reply: dict[str, Any], size: int) -> AsyncIterator[bytes]:
    """Yield `reply` as valid JSON of about `size` bytes."""
    yield json.dumps(reply)[:-1].encode() + b', "padding": "'
    chunk = b"x" * 65536
    for _ in range(size // len(chunk) + 1):
        yield chunk
    yield b'"}'
