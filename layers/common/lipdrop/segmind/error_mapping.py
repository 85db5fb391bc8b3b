"""Turn an HTTP reply that is not a success into the one error it means: a table, for POST and for GET.

Sources of the codes: Segmind's page of the model and its docs (400-504), RFC 9110 (408, 3xx) and the
content network in front of many APIs (520, 522, 524: it had passed the request on and got no answer).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from lipdrop.segmind.errors import (
    AccountTrouble,
    Ambiguous,
    Expired,
    RateLimited,
    RequestRejected,
    SegmindError,
    Unavailable,
)
from lipdrop.segmind.response import Reply

Method = Literal["GET", "POST"]

LONGEST_RETRY_SECONDS = 3600
"""A reset time further away is a misunderstanding (of units, of time zones), not a wish to honour."""


class Meaning(NamedTuple):
    """What one kind of reply means: the error on a POST, on a GET, the failure's code, a sentence.

    `own_code`: the failure's code if only one job gets this reply while others get through; None for `code`.
    """

    post: type[SegmindError]
    get: type[SegmindError]
    code: str | None
    sentence: str
    own_code: str | None = None


_BAD_KEY = "API_KEY_REJECTED"
_CREDITS = "INSUFFICIENT_CREDITS"
_GONE = "MODEL_UNAVAILABLE"
_THIS_REQUEST = "REQUEST_REJECTED"

# On a GET the job is already paid for: what another look may mend must never end it, so nearly
# everything is Unavailable there. The code is for AccountTrouble and Rejected; None takes their own.
_MEANINGS: dict[int, Meaning] = {
    400: Meaning(RequestRejected, Unavailable, None, "Segmind found the request invalid"),
    401: Meaning(AccountTrouble, AccountTrouble, _BAD_KEY, "Segmind does not accept the API key"),
    402: Meaning(AccountTrouble, AccountTrouble, _CREDITS, "Segmind asks for payment"),
    403: Meaning(AccountTrouble, AccountTrouble, _BAD_KEY, "Segmind does not allow this", _THIS_REQUEST),
    404: Meaning(RequestRejected, Expired, _GONE, "Segmind does not know this address or request"),
    405: Meaning(RequestRejected, Unavailable, _GONE, "Segmind does not take this kind of request here"),
    408: Meaning(Ambiguous, Unavailable, None, "Segmind gave up waiting for the request"),
    410: Meaning(RequestRejected, Unavailable, _GONE, "Segmind has retired this model"),
    422: Meaning(RequestRejected, Unavailable, None, "Segmind cannot process these parameters"),
    429: Meaning(RateLimited, RateLimited, None, "The account's requests of this minute are used up"),
    500: Meaning(Unavailable, Unavailable, None, "Segmind had an internal error (often a bad parameter)"),
    502: Meaning(Unavailable, Unavailable, None, "Segmind's gateway got no proper answer"),
    503: Meaning(Unavailable, Unavailable, None, "Segmind is out of service"),
    504: Meaning(Ambiguous, Unavailable, None, "Segmind's gateway gave up waiting for the model's server"),
    520: Meaning(Ambiguous, Unavailable, None, "Segmind's server broke off its answer"),
    522: Meaning(Ambiguous, Unavailable, None, "Segmind's server did not take the request in time"),
    524: Meaning(Ambiguous, Unavailable, None, "Segmind's server did not answer in time"),
}

# The first pattern found in the message decides; a 406 without a known word is about credits, because
# that is the one meaning which the model's page documents.
_MEANINGS_OF_406: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (
        re.compile(r"content.?type|media.?type", re.I),
        Meaning(RequestRejected, Unavailable, None, "Segmind does not take this content type"),
    ),
    (
        re.compile(r"spend|budget|usage limit|quota", re.I),
        Meaning(AccountTrouble, AccountTrouble, _CREDITS, "The account's spend limit is reached"),
    ),
    (
        re.compile(r"credit|balance|funds|payment|billing", re.I),
        Meaning(AccountTrouble, AccountTrouble, _CREDITS, "The account has not enough credits"),
    ),
    (
        re.compile(r"param|field|value|valid|must |required|schema|allowed", re.I),
        Meaning(RequestRejected, Unavailable, None, "Segmind refused a parameter"),
    ),
    (
        re.compile(""),
        Meaning(
            AccountTrouble,
            AccountTrouble,
            _CREDITS,
            "Segmind refused without a known reason, often for lack of credits",
            _THIS_REQUEST,
        ),
    ),
)

_ABOUT_THE_KEY = re.compile(r"api.?key|token|credential|unauthori[sz]ed", re.I)

# A redirect is nowhere documented. Some servers answer a POST that they have carried out with one
# (302, 303), so it proves neither acceptance nor refusal; it is never followed.
_BY_CLASS: dict[int, Meaning] = {
    3: Meaning(Ambiguous, Unavailable, None, "Segmind answered with a redirect, which is never followed"),
    4: Meaning(RequestRejected, Unavailable, None, "Segmind refused the request"),
    5: Meaning(Unavailable, Unavailable, None, "Segmind had an error"),
}
_UNHEARD_OF = Meaning(Ambiguous, Unavailable, None, "Segmind answered with a code that HTTP does not know")


def meaning(status: int, message: str) -> Meaning:
    """Return what the HTTP code `status` means; `message` (the reply's own text) settles a 406."""
    if status == 406:
        return next(found for pattern, found in _MEANINGS_OF_406 if pattern.search(message))
    return _MEANINGS.get(status) or _BY_CLASS.get(status // 100, _UNHEARD_OF)


def reply_error(method: Method, reply: Reply, subject: str, now: float) -> SegmindError:
    """Return the error that a reply without success means, ready to be raised.

    `subject` tells what was asked for, such as "request 123"; `now` is in epoch seconds.
    """
    known = meaning(reply.http_status, reply.message)
    kind = known.post if method == "POST" else known.get
    text = f"{known.sentence} (HTTP {reply.http_status}, {subject})"
    return kind(
        f"{text}: {reply.message}" if reply.message else f"{text}.",
        code=known.code if kind in {AccountTrouble, RequestRejected} else None,
        own_code=_own_code(known, reply.message) if kind is AccountTrouble else None,
        http_status=reply.http_status,
        retry_at=retry_at(reply.headers, now),
    )


def _own_code(known: Meaning, message: str) -> str | None:
    """Return the code that a job's own trouble has; a message that speaks of the key keeps the key's code."""
    return known.code if _ABOUT_THE_KEY.search(message) else known.own_code


def retry_at(headers: Mapping[str, str], now: float) -> float | None:
    """Return when to try again, in epoch seconds between `now` and an hour later; None if not said.

    `x-rate-limit-reset-at-utc` has no documented form: epoch seconds or milliseconds, ISO 8601 and an
    HTTP date are understood. `Retry-After` (seconds or a date) is the fallback.
    """
    reset = _moment(headers.get("x-rate-limit-reset-at-utc", ""), now)
    if reset is None:
        reset = _moment(headers.get("retry-after", ""), now)
    return None if reset is None else min(max(reset, now), now + LONGEST_RETRY_SECONDS)


def _moment(text: str, now: float) -> float | None:
    text = text.strip()
    if re.fullmatch(r"\d{1,13}(\.\d{1,9})?", text):
        return _from_number(float(text), now)
    for parse in (_from_iso, _from_http_date):
        try:
            return parse(text)
        except (ValueError, OverflowError):
            continue
    return None


def _from_number(number: float, now: float) -> float:
    if number > 1e11:
        return number / 1000
    return number if number > 1e9 else now + number


def _from_iso(text: str) -> float:
    found = datetime.fromisoformat(text.removesuffix("UTC").strip())
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _from_http_date(text: str) -> float:
    found = parsedate_to_datetime(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
