"""The control surface under `/standin/`: what was seen, what is set, what shall go wrong. No key."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.standin.model import Fault, StandinSettings
from local.standin.replies import ApiError
from local.standin.state import State


async def requests_seen(request: Request) -> Response:
    """GET: every POST, oldest first."""
    return _json(_standin(request).seen)


async def counters(request: Request) -> Response:
    """GET: the totals."""
    return _json(_standin(request).counters())


async def config(request: Request) -> Response:
    """GET the settings; PUT some of them, which count from the next request on."""
    standin = _standin(request)
    if request.method == "PUT":
        standin.settings = _changed(standin.settings, await request.body())
    return _json(standin.settings)


async def faults(request: Request) -> Response:
    """GET the rules; POST a list of further ones; DELETE them all."""
    standin = _standin(request)
    if request.method == "POST":
        standin.faults.add(_decoded(await request.body(), list[Fault]))
    if request.method == "DELETE":
        standin.faults.rules.clear()
    return _json([rule.fault for rule in standin.faults.rules])


async def reset(request: Request) -> Response:
    """POST settings: forget every request, fault and count, and begin anew with them and the defaults."""
    standin = _standin(request)
    standin.forget(_decoded(await request.body() or b"{}", StandinSettings))
    return _json(standin.settings)


routes = [
    Route("/requests", requests_seen),
    Route("/counters", counters),
    Route("/config", config, methods=["GET", "PUT"]),
    Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
    Route("/reset", reset, methods=["POST"]),
]


def _standin(request: Request) -> State:
    standin: State = request.app.state.standin
    return standin


def _changed(settings: StandinSettings, raw: bytes) -> StandinSettings:
    return _converted(msgspec.to_builtins(settings) | _decoded(raw, dict[str, Any]), StandinSettings)


def _decoded[T](raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as problem:
        raise ApiError(400, str(problem)) from None


def _converted[T](data: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as problem:
        raise ApiError(400, str(problem)) from None


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
