"""The documented replies: what each error says, and what a request looks like in each of its states."""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from local.standin.model import MODEL, Output

MESSAGES = {
    400: "Invalid parameters or request format.",
    401: "Unauthorized",
    403: "Insufficient permissions.",
    404: "Model or endpoint not found.",
    405: "Method Not Allowed",
    406: "Insufficient credits to process this request.",
    410: f"The model {MODEL} is no longer available.",
    422: "Unprocessable request.",
    429: "Too many requests.",
    500: "Internal server error.",
    502: "Bad gateway.",
    503: "Service temporarily unavailable.",
    504: "Request timed out.",
}
WRONG_TYPE = "Content-Type must be application/json."
SPEND_LIMIT = "The spend limit of this API key is reached."
PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


class ApiError(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, status: int, message: str = "", *, reset_at: float | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.reset_at = reset_at

    def reply(self) -> Response:
        """Return the documented reply: 405 as HTML, everything else as JSON, the time with a 429."""
        message = self.message or MESSAGES.get(self.status, "Error.")
        if self.status == 405:
            return HTMLResponse(PAGE.format(f"405 {message}"), status_code=405)
        body = {"error": message}
        if self.status == 401:
            body["error_description"] = "Missing or invalid API key in the x-api-key header."
        headers = {} if self.reset_at is None else {"x-rate-limit-reset-at-utc": utc(self.reset_at)}
        return JSONResponse(body, self.status, headers)


def utc(epoch: float) -> str:
    """Return `epoch` as the rate limit's header writes it."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def output(shape: Output, link: str) -> Any:
    """Return the `output` field of a result in one of the shapes that models use."""
    match shape:
        case "list":
            return [link]
        case "url_object":
            return {"url": link}
        case "video_object":
            return {"video": link}
        case _:
            return link
