"""What every route begins and ends with: the key, the rate limit, the counts; and the address of a result."""

from starlette.requests import Request
from starlette.responses import Response

from local.standin import replies
from local.standin.jobs import Job
from local.standin.replies import ApiError
from local.standin.state import State


def standin_of(request: Request) -> State:
    """Return the stand-in that this request came to."""
    standin: State = request.app.state.standin
    return standin


def admit(request: Request, standin: State, *, counts: bool) -> None:
    """Check the key, then the account's rate limit."""
    if request.headers.get("x-api-key") != standin.settings.key:
        standin.jobs.counters.unauthorised += 1
        raise ApiError(401)
    settings = standin.settings
    full_until = (
        standin.window.full_until(settings.requests_per_window, settings.window_seconds) if counts else None
    )
    if full_until is not None:
        raise replies.too_many(full_until)


def counted(standin: State, reply: Response) -> Response:
    """Count the reply if it is a 429, whether of the real limit or of a fault."""
    standin.jobs.counters.limited += reply.status_code == 429
    return reply


def file_link(request: Request, job: Job) -> str | None:
    """Return the URL of the job's result file, None while there is none."""
    if not job.result:
        return None
    return str(request.url_for("result_file", name=f"{job.request_id}.{job.result.container}"))
