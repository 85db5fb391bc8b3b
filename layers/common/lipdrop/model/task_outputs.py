"""What `request` and `check_status` answer to the state machine, which branches on `outcome`."""

from typing import Literal

from msgspec import Struct

from lipdrop.model.job import Failure, Metrics

BusyReason = Literal[
    "SLOTS", "RATE_LIMIT", "SEGMIND_ERROR", "CANNOT_CONNECT", "ACCOUNT", "IN_DOUBT", "HISTORY", "SLOW_AWS"
]


class Accepted(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="accepted"):
    """Segmind has the request: look at it after `wait_seconds`. `posted_at` is in epoch seconds."""

    request_id: str
    posted_at: float
    expected_seconds: float
    wait_seconds: int


class AccountAlert(Struct, frozen=True, kw_only=True):
    """What people must hear once, as it concerns every job: a code, a sentence, what to do."""

    code: str
    message: str
    action: str


class Busy(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="outcome", tag="busy"):
    """Nothing was asked, or nothing accepted: ask again after `wait_seconds`."""

    wait_seconds: int
    reason: BusyReason
    message: str
    alert: AccountAlert | None = None


class Rejected(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="rejected"):
    """The job ends here."""

    error: Failure


class Waiting(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="waiting"):
    """Not ready yet: look again after `wait_seconds`. UNKNOWN: this look brought no news."""

    status: Literal["QUEUED", "PROCESSING", "UNKNOWN"]
    wait_seconds: int
    polls: int


class Completed(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="completed"):
    """The result is ready, and was seen to be at `seen_at` (epoch seconds)."""

    polls: int
    metrics: Metrics
    seen_at: float


class Failed(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="failed"):
    """There will be no result, or none that can still be had."""

    error: Failure
    polls: int
