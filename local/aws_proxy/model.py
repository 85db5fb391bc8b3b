"""The proxy's data types: what it counted, and the faults that it can inject."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

CONTROL = "/_aws-proxy/"
"""Where the control surface lies: no S3 bucket may begin with an underscore, no other service has paths."""

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0)]
What = Literal["throttle", "error", "reset", "lost", "delay"]


class Call(Struct, frozen=True):
    """What a request asks of AWS: `s3` `GetObject`, `dynamodb` `UpdateItem`, `states` `StartExecution`.

    A request with a presigned link does not come from a function: its service is called `s3-presigned`.
    """

    service: str
    operation: str

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule: which calls go wrong, how and how often. The first rule that applies is used.

    `throttle` and `error` answer in the service's own format and do nothing. `reset` resets the connection
    before the call reaches AWS, `lost` after AWS has done it: the caller cannot tell which.
    """

    service: str
    what: What
    operation: str = ""
    """"" is each of the service's operations."""
    chance: Share = 1.0
    seed: int = 0
    after: Annotated[int, Meta(ge=0)] = 0
    """Let so many calls pass first."""
    times: Annotated[int, Meta(ge=1)] | None = 1
    """Strike so often; None is for ever."""
    lasting: Seconds = 0.0
    """Once it strikes, spoil every such call for so many seconds: longer than a client's retries last."""
    seconds: Seconds = 0.0
    """delay: so much later."""


class Counts(Struct, kw_only=True):
    """What came since the start or the last reset: calls by name (repeats count), faults by name and kind."""

    calls: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)


class Strike(Struct, frozen=True, kw_only=True):
    """A call that went wrong: when (epoch seconds), which, how."""

    at: float
    service: str
    operation: str
    what: What
