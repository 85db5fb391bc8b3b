"""Structured logs: the one logger, and what every handler does with it; the domain logs nothing.

Each step of a job is one JSON line with its `job_id`, so that one query shows a job's life. A crash is
logged with every cause: Lambda's runtime prints an ExceptionGroup without the exceptions in it.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from lipdrop.model.redaction import scrub

logger = Logger()
"""Service and level come from POWERTOOLS_SERVICE_NAME (the stack's name) and POWERTOOLS_LOG_LEVEL."""

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def logged(handler: Handler) -> Handler:
    """Return `handler` with its job or its drop on every line, and each cause of a crash logged."""

    @logger.inject_lambda_context(clear_state=True)
    @wraps(handler)
    def with_logs(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.append_keys(**subject(event))
        try:
            return handler(event, context)
        except Exception as error:
            for cause in causes(error):
                logger.error(  # noqa: TRY400 - `where` is the cause's own traceback, redacted
                    "crashed",
                    extra={
                        "error": type(cause).__name__,
                        "reason": scrub(str(cause)),
                        "where": [scrub(line) for line in traceback.format_tb(cause.__traceback__)],
                    },
                )
            raise

    return with_logs


def subject(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `event` is about: `job_id` of a step of a job, `keys` of an event of the drop bucket."""
    match event:
        case {"job": {"job_id": str(job_id)}} | {"job_id": str(job_id)} | {"detail": {"name": str(job_id)}}:
            return {"job_id": job_id}
        case {"Records": [*records]}:
            return {"keys": [unquote_plus(record["s3"]["object"]["key"]) for record in records]}
    return {}


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that `error` is made of: itself, or what an ExceptionGroup holds, however deep."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error
