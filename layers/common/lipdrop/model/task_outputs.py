"""Outputs of `request` and `check_status`: tagged unions, on whose `outcome` the state machine branches."""

from typing import Literal

from msgspec import Struct

from lipdrop.model.job import Failure, Metrics

BusyReason = Literal[
    "SLOTS", "RATE_LIMIT", "SEGMIND_ERROR", "CANNOT_CONNECT", "ACCOUNT", "IN_DOUBT", "HISTORY", "SLOW_AWS"
]


class Accepted(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="accepted"):
    """Segmind has accepted the request: check its status after `wait_seconds`. `posted_at`: epoch seconds."""

    request_id: str
    posted_at: float
    expected_seconds: float
    wait_seconds: int


class AccountAlert(Struct, frozen=True, kw_only=True):
    """A problem that concerns every job and is reported once: a code, a sentence, what to do."""

    code: str
    message: str
    action: str


class Busy(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="outcome", tag="busy"):
    """No request was sent, or none was accepted: try again after `wait_seconds`."""

    wait_seconds: int
    reason: BusyReason
    message: str
    alert: AccountAlert | None = None


class Rejected(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="rejected"):
    """The job has failed before a request was accepted."""

    error: Failure


class Waiting(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="waiting"):
    """Not ready yet: check again after `wait_seconds`. UNKNOWN: this check got no usable answer."""

    status: Literal["QUEUED", "PROCESSING", "UNKNOWN"]
    wait_seconds: int
    polls: int


class Completed(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="completed"):
    """The result is ready; `seen_at` (epoch seconds) is when the check saw it."""

    polls: int
    metrics: Metrics
    seen_at: float


class Failed(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="failed"):
    """There is no result, or none that can still be downloaded."""

    error: Failure
    polls: int
