"""The request history, as the official SDK asks for it: every request of the account, with its inputs.

The routes, their parameters and the names of a row's fields are those of the official SDK 1.3.0.
The names around the rows are this stand-in's own, as nothing documents them.
"""

import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.standin import misbehave
from local.standin.gateway import admit, counted, file_link, standin_of
from local.standin.jobs import Job
from local.standin.model import MODEL, Status
from local.standin.replies import ApiError
from local.standin.state import State

PATH = "/inference-request/request-history"
USUAL_DAYS = timedelta(days=7)
LONGEST_DAYS = timedelta(days=31)

type HistoryStatus = Literal["COMPLETED", "FAILED", "PENDING"]
STATUSES: dict[Status, HistoryStatus] = {
    "QUEUED": "PENDING",
    "PROCESSING": "PENDING",
    "COMPLETED": "COMPLETED",
    "FAILED": "FAILED",
}


class Search(Struct, frozen=True, kw_only=True):
    """The parameters of a search, with their documented limits and defaults."""

    page: Annotated[int, Meta(ge=1)] = 1
    per_page: Annotated[int, Meta(ge=1, le=100)] = 20
    from_date: date | None = None
    to_date: date | None = None
    model_name: str = ""
    status: HistoryStatus | None = None
    sort_by: Literal["model_created", "model_name", "credits_deduction"] = "model_created"
    sort_order: Literal["asc", "desc"] = "desc"

    def window(self, today: date) -> tuple[date, date]:
        """Return the first and the last day; raises ApiError 400 for more days than are allowed."""
        last = self.to_date or today
        first = self.from_date or last - USUAL_DAYS
        if last - first > LONGEST_DAYS:
            raise ApiError(400, "The window may span at most 31 days.")
        return first, last

    def wants(self, job: Job, first: date, last: date) -> bool:
        """Whether a request belongs into the list."""
        return (
            first <= _day(job.created_at) <= last
            and self.model_name in MODEL
            and self.status in (None, STATUSES[job.status])
        )


async def listed(request: Request) -> Response:
    """GET: a page of the account's requests."""
    standin = standin_of(request)
    standin.jobs.counters.histories += 1
    admit(request, standin, counts=standin.settings.limit_gets)
    try:
        search = msgspec.convert(dict(request.query_params), Search, strict=False)
    except msgspec.ValidationError as problem:
        raise ApiError(400, f"Invalid parameters: {problem}.") from None
    first, last = search.window(_day(time.time()))
    jobs = [job for job in standin.jobs.recorded(standin.settings) if search.wants(job, first, last)]
    rows = [row for job in _sorted(jobs, search) for row in _rows(request, standin, job)]
    start = (search.page - 1) * search.per_page
    page = {"requests": rows[start : start + search.per_page], "page": search.page, "total": len(rows)}
    fault = standin.faults.pick("history", "")
    return counted(standin, await misbehave.spoil(fault, page) or JSONResponse(page))


async def one(request: Request) -> Response:
    """GET: one request of the account, of any age."""
    standin = standin_of(request)
    standin.jobs.counters.histories += 1
    admit(request, standin, counts=standin.settings.limit_gets)
    request_id = request.path_params["request_id"]
    jobs = standin.jobs.recorded(standin.settings)
    job = next((job for job in jobs if job.request_id == request_id), None)
    fault = standin.faults.pick("history", job.media if job else "")
    row = _rows(request, standin, job)[0] if job else {}
    if spoiled := await misbehave.spoil(fault, row):
        return counted(standin, spoiled)
    if not job:
        raise ApiError(404, "Request not found.")
    return JSONResponse(row)


routes = [Route(PATH, listed), Route(f"{PATH}/{{request_id}}", one)]


def _sorted(jobs: list[Job], search: Search) -> list[Job]:
    keys = {
        "model_created": lambda job: job.created_at,
        "model_name": lambda _: MODEL,
        "credits_deduction": lambda job: job.cost or 0,
    }
    return sorted(jobs, key=keys[search.sort_by], reverse=search.sort_order == "desc")


def _rows(request: Request, standin: State, job: Job) -> list[dict[str, Any]]:
    """Return the request's rows: one for each output, alike but for that."""
    settings = standin.settings
    row = {
        "request_id": job.request_id,
        "model_name": MODEL,
        "model_status": STATUSES[job.status],
        "credits_deduction": job.cost or 0,
        "request_body": json.dumps(job.inputs) if settings.history_body == "text" else job.inputs,
        "generation_url": file_link(request, job),
        "latency_ms": round((job.inference_time or 0) * 1000),
        "model_created": datetime.fromtimestamp(job.created_at, UTC).isoformat(),
        "error": job.error or None,
    }
    return [row] * settings.history_rows


def _day(epoch: float) -> date:
    return datetime.fromtimestamp(epoch, UTC).date()
