"""What can go wrong between Lipdrop and Segmind, sorted by what it means for the money.

    SegmindError
    ├── NotSent          surely not accepted: no connection, so no byte of the request has left
    ├── Refused          surely not accepted, and trying again may help
    │   ├── RateLimited      429; `retry_at` says when, if the reply did
    │   └── Unavailable      an answered 5xx; on a GET everything that another look may mend
    ├── AccountTrouble   401, 403, 406 about credits or the spend limit: every job of the account waits
    ├── Rejected         400, 404, 405, 406 about the parameters, 410, 422: the same request never works
    ├── Expired          404 on a GET of a request: unknown, or older than an hour
    ├── InferenceFailed  the result of a request that ended as FAILED (not billed)
    ├── ResultInvalid    a COMPLETED request whose result cannot be understood (billed)
    └── Ambiguous        may have been accepted, and so charged: never POST again

No error holds the API key or a URL's query, in no attribute and not in its text.
"""

# ruff: noqa: N818  these names say what happened; a suffix would only repeat the base class

from typing import ClassVar


class SegmindError(Exception):
    """Base of the tree.

    `code` is a key of `lipdrop.model.failures.FAILURES` (what the job says if this ends it), `message` one
    sentence for a person. `own_code` is the code if the trouble turns out to be this job's alone, as others
    get through: `code`, unless the reply said otherwise. `http_status` is None when no reply came. `retry_at`
    is in epoch seconds, None when the server named no time.
    """

    default_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        own_code: str | None = None,
        http_status: int | None = None,
        retry_at: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.own_code = own_code or self.code
        self.http_status = http_status
        self.retry_at = retry_at


class NotSent(SegmindError):
    """No connection came about (DNS, TCP, TLS, timeout of these): Segmind never saw the request."""

    default_code = "SEGMIND_UNAVAILABLE"


class Refused(SegmindError):
    """Segmind answered, accepted nothing, and may accept the same request later."""

    default_code = "SEGMIND_UNAVAILABLE"


class RateLimited(Refused):
    """429: the account's requests of this minute are used up."""


class Unavailable(Refused):
    """Segmind cannot answer properly at the moment."""


class AccountTrouble(SegmindError):
    """The key or the credits are the trouble: it concerns every job of the account, not this one."""

    default_code = "API_KEY_REJECTED"


class RequestRejected(SegmindError):
    """Segmind will never accept this request as it is."""

    default_code = "REQUEST_REJECTED"


class Expired(SegmindError):
    """Segmind does not know the request id (any more)."""

    default_code = "RESULT_EXPIRED"


class InferenceFailed(SegmindError):
    """The request ended as FAILED; `message` is Segmind's."""

    default_code = "INFERENCE_FAILED"


class ResultInvalid(SegmindError):
    """The result has a shape that holds no video; `message` names the types and keys that were seen."""

    default_code = "RESULT_INVALID"


class Ambiguous(SegmindError):
    """Bytes of the POST may have arrived and no clear answer came back: the job may have been charged."""

    default_code = "SUBMISSION_UNKNOWN"
