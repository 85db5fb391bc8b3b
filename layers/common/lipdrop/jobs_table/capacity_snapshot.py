"""What the control item says at one moment, and what follows from it for a job that wants to POST."""

from typing import Literal

from msgspec import Struct

Gate = Literal["RATE_LIMIT", "SEGMIND_ERROR", "CANNOT_CONNECT", "ACCOUNT"]

QUIET_SECONDS = 3600
"""A trouble that comes back sooner than this after its alert is the same one: no second alert."""
REPEAT_SECONDS = 6 * 3600
"""A trouble that nobody mends is told again after so long: as jobs then begin to fail of it."""


class Trouble(Struct, frozen=True, kw_only=True):
    """Why the account cannot be used: a code of `failures`, Segmind's words, since when, who told of it."""

    code: str
    message: str
    since: float
    alert_by: str = ""


class Alerted(Struct, frozen=True, kw_only=True):
    """The last alert that went out."""

    code: str = ""
    at: float = 0


class CapacitySnapshot(Struct, frozen=True, kw_only=True):
    """The control item. Times are epoch seconds; `held` is job id -> end of its lease, None before first use.

    `ratio`: what jobs really took, over what was estimated for them, as learned from `ratio_n` of them.
    """

    held: dict[str, float] | None = None
    not_before: float = 0
    gate: Gate = "RATE_LIMIT"
    trouble: Trouble | None = None
    alerted: Alerted = Alerted()
    ratio: float = 1
    ratio_n: int = 0

    def wants_alert(self, now: float) -> bool:
        """Whether the present trouble is one that people were not told of, or not for a long time."""
        if self.trouble is None:
            return False
        if self.trouble.alert_by:
            return now - self.alerted.at >= REPEAT_SECONDS
        return self.alerted.code != self.trouble.code or now - self.alerted.at >= QUIET_SECONDS

    def dead(self, job_id: str, now: float) -> list[tuple[str, float]]:
        """Return the other jobs' leases that have ended: their holders died without giving them back."""
        held = self.held or {}
        return [(who, lease) for who, lease in held.items() if who != job_id and lease <= now]

    def blocked(self, job_id: str, now: float, slots: int) -> "Blocked | None":
        """Return what keeps `job_id` from a POST, None where nothing does."""
        if self.not_before > now:
            return Blocked(reason="ACCOUNT" if self.trouble else self.gate, until=self.not_before, seen=self)
        others = len(self.held or {}) - (job_id in (self.held or {})) - len(self.dead(job_id, now))
        return Blocked(reason="SLOTS", until=0, seen=self) if others >= slots else None


class Slot(Struct, frozen=True, kw_only=True):
    """The permission to POST: `lease` tells this hold from another one of the same job."""

    lease: float
    seen: CapacitySnapshot


class Blocked(Struct, frozen=True, kw_only=True):
    """No POST now: why, not before when (0 where nobody knows), and what was seen."""

    reason: Gate | Literal["SLOTS", "SLOW_AWS"]
    until: float
    seen: CapacitySnapshot
