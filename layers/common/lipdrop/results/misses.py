"""Why a result could not be had: the code it would end the job with, and for how long it is worth retrying.

Nothing of it is final while the result may still come: a status, a page of a gateway or half a file can be
an error of the moment. Only Segmind's own FAILED and a result over the stack's limit decide at once.
"""

from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from lipdrop.download.errors import (
    Changed,
    Invalid,
    SourceError,
    TooLarge,
    Truncated,
    Unreachable,
    Unrecognized,
)
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure
from lipdrop.model.redaction import scrub
from lipdrop.results.results_bucket import is_permanent
from lipdrop.segmind.errors import Expired, InferenceFailed, ResultInvalid, SegmindError

type Patience = Literal["none", "record", "gone", "link"]
"""For how long a result that could not be had is worth asking for: not at all; while Segmind keeps the
request's record; an hour longer, as the host says that the file is gone; as long as its link may live."""

PAUSES = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0, 60.0, 60.0)
"""Seconds before each further attempt at a result that cannot be reached: five minutes in one call."""
FETCHES = 4
"""Attempts when the download succeeds but the content is invalid, or when the bucket refuses the result."""
GONE = (403, 404, 410)
"""What a host answers when a file is not there any more, or a signed link has expired."""

type Trouble = SourceError | SegmindError
MISSES: tuple[tuple[type[Trouble], str, int, Patience], ...] = (
    (InferenceFailed, "INFERENCE_FAILED", 1, "none"),
    (TooLarge, "RESULT_TOO_LARGE", 1, "none"),
    (Expired, "RESULT_EXPIRED", FETCHES, "record"),
    (ResultInvalid, "RESULT_INVALID", FETCHES, "record"),
    (Truncated, "RESULT_INVALID", FETCHES, "record"),
    (Changed, "RESULT_INVALID", FETCHES, "record"),
    (Unrecognized, "RESULT_INVALID", FETCHES, "record"),
    (Invalid, "RESULT_INVALID", FETCHES, "link"),
    (SourceError, "RESULT_UNREACHABLE", len(PAUSES) + 1, "link"),
    (SegmindError, "RESULT_UNREACHABLE", len(PAUSES) + 1, "link"),
)
"""What went wrong, the code it ends the job with, attempts in one call, and for how long to come back; the
first row that fits. A result may follow its status by a moment, so a 404 is tried again like the rest."""


class Miss(Struct, frozen=True, kw_only=True):
    """No result this time: why, and for how long it is worth coming back.

    `attempts` are those that one call makes for such a reason, none of them before `retry_at` (epoch
    seconds). `linked`: an address of the result is known.
    """

    failure: Failure
    attempts: int
    patience: Patience
    retry_at: float = 0
    linked: bool = False


def missed(trouble: Trouble, *, linked: bool) -> Miss:
    """Return the miss that a failed fetch is."""
    _, code, attempts, patience = next(row for row in MISSES if isinstance(trouble, row[0]))
    status = getattr(trouble, "http_status", None)
    if isinstance(trouble, Unreachable) and status in GONE:
        patience = "gone"
    return Miss(
        failure=failure(code, str(trouble), stage="finalize", http_status=status),
        attempts=attempts,
        patience=patience,
        # Every request before the end of a rate limit's window would be one more that is refused.
        retry_at=getattr(trouble, "retry_at", None) or 0,
        linked=linked,
    )


def not_stored(trouble: ClientError | BotoCoreError, bucket: str, *, linked: bool) -> Miss:
    """Return the miss that S3's answer is, or its silence."""
    if not isinstance(trouble, ClientError):
        failed = failure("STORE_FAILED", f"S3 did not answer ({type(trouble).__name__}).")
        return Miss(failure=failed, attempts=len(PAUSES) + 1, patience="link", linked=linked)
    answer = trouble.response.get("Error", {})
    message = f"The bucket {bucket} refuses the result ({answer.get('Code')}): {answer.get('Message')}"
    status = trouble.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    failed = failure("STORE_FAILED", scrub(message), http_status=status)
    attempts = FETCHES if is_permanent(trouble) else len(PAUSES) + 1
    return Miss(failure=failed, attempts=attempts, patience="link", linked=linked)
