"""The documented replies: what each error says, and what a request looks like in each of its states."""

from collections.abc import Mapping
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

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message or MESSAGES.get(status, "Error.")
        self.headers = headers

    def reply(self) -> Response:
        """Return the documented reply: 405 as HTML, everything else as JSON."""
        if self.status == 405:
            return HTMLResponse(PAGE.format(f"405 {self.message}"), 405, self.headers)
        body = {"error": self.message}
        if self.status == 401:
            body["error_description"] = "Missing or invalid API key in the x-api-key header."
        return JSONResponse(body, self.status, self.headers)


def too_many(reset_at: float, message: str = "") -> ApiError:
    """Return the 429 that says when the window ends (epoch s); there is no Retry-After."""
    utc = datetime.fromtimestamp(reset_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return ApiError(429, message, {"x-rate-limit-reset-at-utc": utc})


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
