"""What the control item holds at one moment, and what follows from it for a job that wants to POST."""

from typing import Literal

from msgspec import Struct

Gate = Literal["RATE_LIMIT", "SEGMIND_ERROR", "CANNOT_CONNECT", "ACCOUNT"]

PROBE_SECONDS = 120.0
"""How often one job tests whether the account's trouble is over, in the end: 180 POSTs in six hours."""
FIRST_PROBE_SECONDS = 15.0
"""How soon a job tests it that has not met it yet: it shows whether it was only some jobs' own trouble."""
PROBE_GROWTH = 0.1
"""A pause between such tests as a share of the trouble's age: 15 s at first, 120 s after twenty minutes."""
ALONE_SECONDS = 900.0
"""A job that meets account trouble alone for so long, while no other job gets through, stands for all."""
OUTAGE_SECONDS = 600.0
"""Two jobs that are answered 500 or 502 within this time, and none that gets through, mean an outage."""
CLAIM_SECONDS = 300.0
"""An alert that was claimed and not confirmed after so long was not sent: the next job may send it."""
QUIET_SECONDS = 3600.0
"""Trouble that begins sooner than this after an alert is taken for the same: no second alert."""
REPEAT_SECONDS = 24 * 3600.0
"""Trouble that nobody ends is told again after so long. The jobs that fail of it speak for themselves."""

type Verdict = Literal["WAIT", "SUSPECT", "SHUT", "PASSED"]


class Trouble(Struct, frozen=True, kw_only=True):
    """Why the account cannot be used: a code of `failures`, Segmind's words, since when."""

    code: str
    message: str
    since: float


class Suspect(Struct, frozen=True, kw_only=True):
    """The one job that met an error which others may meet as well, and since when."""

    job_id: str
    since: float


class Alert(Struct, frozen=True, kw_only=True):
    """An alert of one kind: which job claimed the right to send it, when, and when it was last sent."""

    by: str = ""
    claimed_at: float = 0
    told_at: float = 0

    def wanted(self, since: float, now: float) -> bool:
        """Whether people must hear of a trouble that began at `since`."""
        if self.claimed_at > self.told_at and now - self.claimed_at < CLAIM_SECONDS:
            return False
        return now - self.told_at >= (REPEAT_SECONDS if self.told_at >= since else QUIET_SECONDS)


class CapacitySnapshot(Struct, frozen=True, kw_only=True):
    """The control item. Times are epoch seconds; `held` is job id -> end of its lease, None before first use.

    `probed_at`: when a job last tested the account's trouble. `suspect` met an account error, `outage` a 500
    or 502, as the only one so far; `through_at`: when a job last got through while one of these, or
    `trouble`, stood. `ratio`: what jobs really took, over what was estimated for them, as learned from
    `ratio_n` of them.
    """

    held: dict[str, float] | None = None
    not_before: float = 0
    gate: Gate = "RATE_LIMIT"
    trouble: Trouble | None = None
    probed_at: float = 0
    suspect: Suspect | None = None
    outage: Suspect | None = None
    through_at: float = 0
    account_alert: Alert = Alert()
    ratio: float = 1
    ratio_n: int = 0

    def wants_alert(self, now: float) -> bool:
        """Whether the account's present trouble was not told, or not for a long time."""
        return self.trouble is not None and self.account_alert.wanted(self.trouble.since, now)

    @property
    def in_question(self) -> bool:
        """Whether a job that gets through proves something: it was not everybody's trouble."""
        return bool(self.trouble or self.suspect or self.outage)

    def account_error(self, job_id: str, met_at: float, now: float) -> Verdict:
        """Return what a 401, 403 or 406 means that `job_id` gets now, and got first at `met_at` (0: never).

        PASSED: another job got through since, so it is this job's own trouble. SHUT: it is everybody's.
        """
        if self.trouble:
            return "WAIT"
        if met_at and self.through_at >= met_at:
            return "PASSED"
        if self.suspect is None:
            return "SUSPECT"
        alone = self.suspect.job_id == job_id and now - self.suspect.since < ALONE_SECONDS
        return "WAIT" if alone else "SHUT"

    def server_error(self, job_id: str, now: float) -> Verdict:
        """Return what a 500 or 502 means that `job_id` gets now."""
        if self.outage is None or now - self.outage.since > OUTAGE_SECONDS:
            return "SUSPECT"
        return "WAIT" if self.outage.job_id == job_id else "SHUT"

    def dead(self, job_id: str, now: float) -> list[tuple[str, float]]:
        """Return the other jobs' leases that have ended: their holders died without giving them back."""
        held = self.held or {}
        return [(who, lease) for who, lease in held.items() if who != job_id and lease <= now]

    def blocked(self, job_id: str, now: float, slots: int, *, met: bool = False) -> "Blocked | None":
        """Return what keeps `job_id` from a POST, None where nothing does.

        `met`: it has met the account's trouble itself, so it tests it less often than the others.
        """
        until = self.probed_at + PROBE_SECONDS if met and self.trouble else self.not_before
        if until > now:
            reason = "ACCOUNT" if self.trouble else self.gate
            return Blocked(reason=reason, until=until, seen=self, trouble=self.trouble)
        others = len(self.held or {}) - (job_id in (self.held or {})) - len(self.dead(job_id, now))
        return Blocked(reason="SLOTS", until=0, seen=self) if others >= slots else None


class Slot(Struct, frozen=True, kw_only=True):
    """The permission to POST: `lease` tells this hold from another one of the same job."""

    lease: float
    seen: CapacitySnapshot


class Blocked(Struct, frozen=True, kw_only=True):
    """No POST now: why, not before when (0 where nobody knows), and what was seen.

    `trouble`: the account trouble that this job waits for, its own included.
    """

    reason: Gate | Literal["SLOTS", "SLOW_AWS"]
    until: float
    seen: CapacitySnapshot
    trouble: Trouble | None = None
