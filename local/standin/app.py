"""The service itself: the documented routes, each with its checks in the order of a gateway."""

import json
import logging
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local.standin import control_routes, history, misbehave, replies
from local.standin.files import send_file
from local.standin.gateway import admit, counted, file_link, standin_of
from local.standin.jobs import Job, Jobs
from local.standin.model import FATES, MODEL, Fault, Seen, StandinSettings
from local.standin.parameters import check, media
from local.standin.renderer import Studio
from local.standin.replies import ApiError
from local.standin.state import State

log = logging.getLogger("standin")


def create_app(settings: StandinSettings) -> Starlette:
    """Return the stand-in as an ASGI application, which must run under `wire.WireProtocol`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory(prefix="standin-") as folder:
            studio = Studio(Path(folder))
            app.state.standin = State(settings, studio, Jobs(studio))
            yield
            app.state.standin.jobs.cancel()
            studio.close()

    routes = [
        Route("/v2/requests/{request_id}/status", status),
        Route("/v2/requests/{request_id}", result),
        Route("/v2/{model}", submit, methods=["POST"]),
        Route("/v1/get-user-credits", credits_left),
        *history.routes,
        Route("/results/{name}", result_file),
        Mount("/standin", routes=control_routes.routes),
    ]
    handlers: dict[Any, Any] = {ApiError: _refused, HTTPException: _http_error}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


async def submit(request: Request) -> Response:
    """POST /v2/{model}: take the request on, and write down that it came, whatever becomes of it."""
    standin = standin_of(request)
    body = _json(await request.body())
    seen = standin.note(body, time.time())
    try:
        reply = await _submit(request, standin, body, seen)
    except ApiError as error:
        reply = error.reply()
    seen.answered = getattr(reply, "answered", reply.status_code)
    return counted(standin, reply)


async def _submit(request: Request, standin: State, body: Any, seen: Seen) -> Response:
    admit(request, standin, counts=True)
    fault = standin.faults.pick("submit", media(body))
    early, late = misbehave.before_or_after(fault)
    if spoiled := await misbehave.spoil(early, {}):
        return spoiled
    job = _accept(request, standin, body, seen, fault)
    reply = {
        "request_id": job.request_id,
        "status": "QUEUED",
        "status_url": str(request.url_for("status", request_id=job.request_id)),
        "response_url": str(request.url_for("result", request_id=job.request_id)),
    }
    return await misbehave.spoil(late, reply) or JSONResponse(reply)


def _accept(request: Request, standin: State, body: Any, seen: Seen, fault: Fault | None) -> Job:
    """Check everything that can be wrong with a POST, then make the job."""
    if request.path_params["model"] != MODEL:
        raise ApiError(404)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiError(406, replies.WRONG_TYPE)
    try:
        asked = check(body)
    except msgspec.ValidationError as problem:
        raise ApiError(400, f"Invalid parameters: {problem}.") from None
    settings = standin.settings
    if standin.jobs.spent >= settings.credits:
        raise ApiError(406)
    if settings.spend_limit and standin.jobs.spent >= settings.spend_limit:
        raise ApiError(406, replies.SPEND_LIMIT)
    fate = fault if fault and fault.what in FATES else None
    return standin.jobs.accept(asked, body, seen, settings, fate)


async def status(request: Request) -> Response:
    """GET /v2/requests/{id}/status: where the request stands."""
    standin = standin_of(request)
    standin.jobs.counters.polls += 1
    admit(request, standin, counts=standin.settings.limit_gets)
    job = _job(standin, request.path_params["request_id"])
    job.seen.polls.append(time.time())
    fault = standin.faults.pick("status", job.media, job.age(time.time()))
    return counted(standin, await misbehave.spoil(fault, job.body()) or _state(job, job.body()))


async def result(request: Request) -> Response:
    """GET /v2/requests/{id}: the final body, or the video itself where that is its shape."""
    standin = standin_of(request)
    standin.jobs.counters.results += 1
    admit(request, standin, counts=standin.settings.limit_gets)
    job = _job(standin, request.path_params["request_id"])
    job.seen.results.append(time.time())
    shape, link = standin.settings.output, file_link(request, job)
    body = job.body() | {"output": replies.output(shape, link) if link else None}
    fault = standin.faults.pick("result", job.media, job.result_age(time.time()))
    if spoiled := await misbehave.spoil(fault, body):
        return counted(standin, spoiled)
    if job.result and shape == "bytes":
        return _send(request, standin, job)
    return _state(job, body)


async def result_file(request: Request) -> Response:
    """GET or HEAD /results/{id}.mp4: the file, for anybody who has the link."""
    standin = standin_of(request)
    job = standin.jobs.find_file(request.path_params["name"])
    if not job:
        raise ApiError(404, "Not found.")
    return _send(request, standin, job)


async def credits_left(request: Request) -> Response:
    """GET /v1/get-user-credits."""
    standin = standin_of(request)
    admit(request, standin, counts=standin.settings.limit_gets)
    left = round(standin.settings.credits - standin.jobs.spent, 4)
    return JSONResponse({"credits": left, "free-credits": 0})


def _job(standin: State, request_id: str) -> Job:
    if job := standin.jobs.find(request_id):
        return job
    raise ApiError(404, "Request not found or expired.")


def _state(job: Job, body: dict[str, Any]) -> Response:
    """Return `body`; a FAILED request is served as 422."""
    return JSONResponse(body, 422 if job.status == "FAILED" else 200)


def _send(request: Request, standin: State, job: Job) -> Response:
    assert job.result is not None
    reading = request.method != "HEAD"
    standin.jobs.counters.files += reading
    fault = standin.faults.pick("file", job.media, job.result_age(time.time())) if reading else None
    return send_file(request, job.result, fault, standin.settings.bytes_per_second)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


async def _refused(request: Request, error: ApiError) -> Response:
    return counted(standin_of(request), error.reply())


async def _http_error(_request: Request, error: HTTPException) -> Response:
    return ApiError(error.status_code, headers=error.headers).reply()
