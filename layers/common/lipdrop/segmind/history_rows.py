"""Reads the rows of Segmind's request history, whose page format is not documented.

Known (official SDK 1.3.0): the names of a row's fields. Not known: under which name a page holds its rows,
whether `request_body` is an object or JSON text, how times are written, what else comes along. So a row is
found by what it holds, not by where it is, and one that makes no sense is skipped, never an error.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

from lipdrop.model.job import Options
from lipdrop.model.redaction import scrub
from lipdrop.segmind.response import REQUEST_ID, error_text
from lipdrop.segmind.result_body import first_link

JOB_PARAMETER = "x-lipdrop-job"
"""The signed query parameter of our presigned links that says which job a request was made for."""

type HistoryStatus = Literal["COMPLETED", "FAILED", "PENDING"]

_DEEPEST = 4
_ROW_FIELDS = {"request_body", "model_status", "model_name", "generation_url", "credits_deduction"}
_OPTIONS = Options.__struct_fields__
_CREATED = ("model_created", "created_at", "created", "model_created_at", "timestamp", "date")
_STATUSES: dict[str, HistoryStatus] = {
    "COMPLETED": "COMPLETED",
    "SUCCESS": "COMPLETED",
    "SUCCEEDED": "COMPLETED",
    "FAILED": "FAILED",
    "ERROR": "FAILED",
}
"""Any other status, known or not, is PENDING: look again."""


class HistoryRow(Struct, frozen=True, kw_only=True):
    """One request of the account, as its history tells it.

    The addresses are those of the inputs up to their queries, "" if the row has none; the queries stay out
    of `repr`, like the result's link. `options` is None unless the row holds all four. `created_at` is in
    epoch seconds, `cost` in USD; both are None if the row does not say. `error` is Segmind's text, "" if
    there is none.
    """

    request_id: str
    status: HistoryStatus
    job_id: str | None = None
    video_address: str = ""
    audio_address: str = ""
    video_query: str = ""
    audio_query: str = ""
    options: Options | None = None
    created_at: float | None = None
    output_url: str | None = None
    cost: float | None = None
    error: str = ""

    def __repr__(self) -> str:
        """Name the request and where it stands: addresses may be secrets."""
        return f"HistoryRow(request_id={self.request_id!r}, status={self.status!r}, job_id={self.job_id!r})"


def read_rows(value: object, schemes: frozenset[str]) -> list[HistoryRow]:
    """Return the requests in a reply's JSON, each once, in the order of their first rows.

    A request with several outputs has a row for each; of those, the first that holds a field gives it.
    `schemes` are those that a result's link may have.
    """
    found: dict[str, HistoryRow] = {}
    for fields in _row_objects(value, _DEEPEST):
        row = _read_row(fields, schemes)
        if row:
            found[row.request_id] = _merged(found[row.request_id], row) if row.request_id in found else row
    return list(found.values())


def _row_objects(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in `value` that look like rows, at any place down to `depth`."""
    if isinstance(value, dict):
        if "request_id" in value and not _ROW_FIELDS.isdisjoint(value):
            yield value
        elif depth:
            for item in value.values():
                yield from _row_objects(item, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _row_objects(item, depth - 1)


def _read_row(fields: Mapping[str, Any], schemes: frozenset[str]) -> HistoryRow | None:
    request_id = _text(fields.get("request_id"))
    if not REQUEST_ID.fullmatch(request_id):
        return None
    inputs = _inputs(fields.get("request_body"))
    video, audio = (_split(inputs.get(name)) for name in ("video_url", "audio_url"))
    status = _text(fields.get("model_status") or fields.get("status")).upper()
    return HistoryRow(
        request_id=request_id,
        status=_STATUSES.get(status, "PENDING"),
        job_id=_job_id(video[1], audio[1]),
        video_address=video[0],
        audio_address=audio[0],
        video_query=video[1],
        audio_query=audio[1],
        options=_options(inputs),
        created_at=_created(fields),
        output_url=first_link(fields.get("generation_url"), schemes),
        cost=_number(fields.get("credits_deduction")),
        error=scrub(error_text(fields)),
    )


def _merged(first: HistoryRow, second: HistoryRow) -> HistoryRow:
    """Return `first` with what only `second` knows."""
    unknown = [name for name in HistoryRow.__struct_fields__ if getattr(first, name) in (None, "")]
    return msgspec.structs.replace(first, **{name: getattr(second, name) for name in unknown})


def _inputs(value: object) -> Mapping[str, Any]:
    """Return the inputs as sent; {} for what is neither an object nor the JSON text of one."""
    try:
        decoded = msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _split(link: object) -> tuple[str, str]:
    """Return the address and the query of `link`, both "" if it is no URL."""
    try:
        parts = urlsplit(link if isinstance(link, str) else "")
    except ValueError:
        return "", ""
    return parts._replace(query="", fragment="").geturl(), parts.query


def _job_id(*queries: str) -> str | None:
    """Return the job that the links name; None if none does, or two do."""
    found: set[str] = set()
    for query in queries:
        try:
            found.update(parse_qs(query, max_num_fields=100).get(JOB_PARAMETER, ()))
        except ValueError:
            continue
    return found.pop() if len(found) == 1 else None


def _options(inputs: Mapping[str, Any]) -> Options | None:
    try:
        return msgspec.convert({name: inputs[name] for name in _OPTIONS}, Options, strict=False)
    except (KeyError, msgspec.ValidationError):
        return None


def _created(fields: Mapping[str, Any]) -> float | None:
    return next((at for name in _CREATED if (at := _moment(fields.get(name))) is not None), None)


def _moment(value: object) -> float | None:
    """Return `value`, epoch seconds or milliseconds or an ISO time (UTC unless it says), as epoch seconds."""
    number = _number(value)
    if number is not None:
        return number / 1000 if number > 1e11 else number
    try:
        at = datetime.fromisoformat(_text(value).strip().removesuffix("UTC").strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number < 1e15 else None


def _text(value: object) -> str:
    """Return a text, or an integer as one (ids and states may be numbers); "" for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value < 1 << 64 else ""
