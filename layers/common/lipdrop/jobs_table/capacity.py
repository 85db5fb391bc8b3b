"""Concurrency limiter (semaphore) and circuit breaker, in one DynamoDB item, the control item.

Slots (permits for a request in flight, with leases), the gate (nobody POSTs before a time that Segmind or
its trouble gave), the account's trouble and the alert about it, and what was learned of Segmind's speed.
Every write is one conditional update; the loser of a race sees what the winner left and decides anew, so
among any number of rivals one always succeeds.

A job that must wait reads and does not write: a thousand waiting jobs cost half a read unit each a try, and
a partition bears 3,000 of those a second against 1,000 writes (DynamoDB developer guide, "Best practices
for designing and using partition keys").
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from lipdrop.jobs_table.capacity_snapshot import (
    FIRST_PROBE_SECONDS,
    PROBE_GROWTH,
    PROBE_SECONDS,
    Blocked,
    CapacitySnapshot,
    Gate,
    Slot,
    Verdict,
)
from lipdrop.jobs_table.table import JobsTable, OvertakenError, Values
from lipdrop.timing.poll_intervals import learn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAPACITY_ID = "#control"
ACCOUNT_CODES = frozenset({"API_KEY_REJECTED", "INSUFFICIENT_CREDITS"})
"""Alerts that speak for all jobs: one of them at a time, whichever of the codes it has."""
RIVALS = 6
"""Lost races before a job gives way: each of them means that another job has got on."""
BURIED_AT_ONCE = 50
"""Dead leases that one update clears: DynamoDB allows an expression 4 KB."""


class Capacity:
    """The control item of the Jobs table, made on first use."""

    def __init__(self, client: "DynamoDBClient", table: str, max_concurrent_jobs: int) -> None:
        self._items = JobsTable(client, table)
        self._slots = max_concurrent_jobs

    def snapshot(self) -> CapacitySnapshot:
        """Return the item as it is (an eventually consistent read: the writes guard themselves)."""
        return _situation(self._items.get_item(CAPACITY_ID, consistent=False))

    def blocked(
        self, seen: CapacitySnapshot, job_id: str, now: float, *, met: bool = False
    ) -> Blocked | None:
        """Return what keeps `job_id` from a slot, as the snapshot `seen` shows it; None if nothing does.

        `met`: it has met the account's trouble itself.
        """
        return seen.blocked(job_id, now, self._slots, met=met)

    def take_slot(
        self, job_id: str, now: float, lease_until: float, seen: CapacitySnapshot | None = None
    ) -> Slot | Blocked:
        """Take a slot until `lease_until`, or say what is in the way.

        A job that holds one already renews it. Leases that ended are cleared on the way. While the
        account is in trouble only one job at a time gets a slot, and probes; the gate closes again for all
        others. One read (none with `seen`), and one write when a slot looks free; more only after a lease has
        ended or when others were faster.
        """
        seen = seen or self.snapshot()
        if seen.held is None:
            seen = _situation(
                self._items.update(CAPACITY_ID, "SET held = if_not_exists(held, :none)", values={":none": {}})
            )
        for _ in range(RIVALS):
            if blocked := seen.blocked(job_id, now, self._slots):
                return blocked
            try:
                if dead := seen.dead(job_id, now):
                    seen = self._bury(dead[:BURIED_AT_ONCE])
                    continue
                return Slot(lease=lease_until, seen=self._take(seen, job_id, now, lease_until))
            except OvertakenError as overtaken:
                seen = _situation(overtaken.item)
        return Blocked(reason="SLOTS", until=0, seen=seen)

    def free_slot(self, job_id: str, lease: float | None = None) -> None:
        """Give the job's slot back, if it holds one; with `lease`, only if it is still that very hold."""
        condition = "attribute_exists(held.#job)" if lease is None else "held.#job = :lease"
        values: Values = {} if lease is None else {":lease": lease}
        self._done("REMOVE held.#job", condition, values, {"#job": job_id})

    def shut_gate(self, reason: Gate, until: float) -> None:
        """Let nobody POST before `until`; a gate that is shut for longer stays as it is.

        Never raises: an open gate costs other jobs a POST, a raised error could cost this one its result.
        """
        condition = "attribute_not_exists(not_before) OR not_before < :until"
        with suppress(ClientError, BotoCoreError):
            self._done("SET not_before = :until, gate = :gate", condition, {":until": until, ":gate": reason})

    def report_account_error(
        self, job_id: str, code: str, message: str, now: float, *, met_at: float, sure: bool = False
    ) -> tuple[Verdict, CapacitySnapshot]:
        """Write down that `job_id` got an account error, if it matters to others; return what it means.

        `met_at`: when this job first got one (0: never). `sure`: it is everybody's, as no key can be read.
        """
        seen = self.snapshot()
        verdict: Verdict = "SHUT" if sure and not seen.trouble else seen.account_error(job_id, met_at, now)
        if verdict == "SHUT":
            since = seen.suspect.since if seen.suspect else now
            return verdict, self.raise_trouble(code, message, now, since=since)
        if verdict == "SUSPECT":
            suspect: Values = {":suspect": {"job_id": job_id, "since": now}}
            self._done("SET suspect = :suspect", "attribute_not_exists(suspect)", suspect)
        return verdict, seen

    def report_server_error(self, job_id: str, now: float) -> Verdict:
        """Write down that `job_id` got a 500 or 502, if it matters to others; return what it means."""
        verdict = self.snapshot().server_error(job_id, now)
        if verdict == "SUSPECT":
            self._done("SET outage = :suspect", "", {":suspect": {"job_id": job_id, "since": now}})
        return verdict

    def raise_trouble(
        self, code: str, message: str, now: float, since: float | None = None
    ) -> CapacitySnapshot:
        """Shut the gate because the account cannot be used, unless it is shut for that; return the item.

        Trouble that takes turns in its codes is one trouble: the first code stands until a job gets through.
        """
        values: Values = {
            ":trouble": {"code": code, "message": message, "since": now if since is None else since},
            ":probe": now + FIRST_PROBE_SECONDS,
            ":gate": "ACCOUNT",
            ":now": now,
        }
        update = "SET trouble = :trouble, not_before = :probe, gate = :gate, probed_at = :now REMOVE suspect"
        try:
            return _situation(
                self._items.update(CAPACITY_ID, update, "attribute_not_exists(trouble)", values)
            )
        except OvertakenError as overtaken:
            return _situation(overtaken.item)

    def got_through(self, now: float) -> None:
        """Write down that a POST was accepted, if an error is in question: it is not everybody's.

        Ends the account's trouble and opens the gate for all. Never raises, as its caller has just been given
        a request id: the next job that gets through would do it.
        """
        with suppress(ClientError, BotoCoreError):
            seen = self.snapshot()
            if not seen.in_question:
                return
            update, condition = "SET through_at = :now REMOVE suspect, outage", ""
            values: Values = {":now": now}
            if seen.trouble:
                update, condition = f"{update}, trouble, not_before, gate", "trouble.since = :since"
                values[":since"] = seen.trouble.since
            self._done(update, condition, values)

    def claim_alert(self, code: str, job_id: str, now: float) -> bool:
        """Whether `job_id` is to send the alert: true for the first job that claims it, and for its retries.

        An alert that concerns one job only is always sent. Another job's turn comes when the claim is
        CLAIM_SECONDS old and was not confirmed, or when the last alert is REPEAT_SECONDS old.
        """
        if code not in ACCOUNT_CODES:
            return True
        seen = self.snapshot()
        alert = seen.account_alert
        if seen.trouble is None:
            return False
        if alert.by == job_id and alert.claimed_at > alert.told_at:
            return True
        if not seen.wants_alert(now):
            return False
        free = "attribute_not_exists(account_alert) OR account_alert.claimed_at = :claimed_at"
        claim: Values = {"by": job_id, "claimed_at": now, "told_at": alert.told_at}
        return self._done(
            "SET account_alert = :claim", free, {":claim": claim, ":claimed_at": alert.claimed_at}
        )

    def confirm_alert(self, code: str, now: float) -> None:
        """Write down that the alert was sent. Never raises: unwritten, it would be sent once more."""
        if code in ACCOUNT_CODES:
            with suppress(ClientError, BotoCoreError):
                told: Values = {":now": now}
                self._done("SET account_alert.told_at = :now", "attribute_exists(account_alert)", told)

    def learn(self, predicted_seconds: float, actual_seconds: float) -> None:
        """Let a finished job correct what later ones are expected to take.

        `predicted_seconds` is the plain estimate (`Estimate.expected_seconds`), without what was learned
        before. Never raises: a sample that loses every race, or finds the table silent, is dropped, and a
        mean can do without it.
        """
        with suppress(ClientError, BotoCoreError):
            self._learn(predicted_seconds, actual_seconds)

    def _learn(self, predicted_seconds: float, actual_seconds: float) -> None:
        for _ in range(RIVALS):
            seen = self.snapshot()
            ratio, count = learn(seen.ratio, seen.ratio_n, predicted_seconds, actual_seconds)
            values: Values = {":ratio": ratio, ":n": count}
            condition = "attribute_not_exists(ratio)"
            if seen.ratio_n:
                condition = "ratio = :seen AND ratio_n = :seen_n"
                values |= {":seen": seen.ratio, ":seen_n": seen.ratio_n}
            if self._done("SET ratio = :ratio, ratio_n = :n", condition, values):
                return

    def _take(self, seen: CapacitySnapshot, job_id: str, now: float, lease_until: float) -> CapacitySnapshot:
        """Take a slot. Raises OvertakenError when none is free any more, or the gate was shut."""
        update = "SET held.#job = :lease"
        room = "(attribute_exists(held.#job) OR size(held) < :slots)"
        values: Values = {":lease": lease_until, ":slots": self._slots}
        if seen.trouble:
            gate = "not_before = :seen"
            update += ", not_before = :probe, gate = :gate, probed_at = :now"
            pause = min(max((now - seen.trouble.since) * PROBE_GROWTH, FIRST_PROBE_SECONDS), PROBE_SECONDS)
            values |= {":seen": seen.not_before, ":probe": now + pause, ":gate": "ACCOUNT", ":now": now}
        else:
            gate = "(attribute_not_exists(not_before) OR not_before <= :now)"
            values |= {":now": now}
        item = self._items.update(CAPACITY_ID, update, f"{room} AND {gate}", values, {"#job": job_id})
        return _situation(item)

    def _bury(self, dead: list[tuple[str, float]]) -> CapacitySnapshot:
        """Clear exactly these leases. Raises OvertakenError when one was renewed or cleared meanwhile."""
        places = [f"held.#job{i}" for i in range(len(dead))]
        names = {f"#job{i}": job_id for i, (job_id, _) in enumerate(dead)}
        values: Values = {f":lease{i}": lease for i, (_, lease) in enumerate(dead)}
        condition = " AND ".join(f"{place} = :lease{i}" for i, place in enumerate(places))
        update = f"REMOVE {', '.join(places)}"
        return _situation(self._items.update(CAPACITY_ID, update, condition, values, names))

    def _done(self, update: str, condition: str, values: Values, names: dict[str, str] | None = None) -> bool:
        """Update the item if `condition` holds; whether it did."""
        try:
            self._items.update(CAPACITY_ID, update, condition, values, names)
        except OvertakenError:
            return False
        return True


def _situation(item: dict[str, Any]) -> CapacitySnapshot:
    return msgspec.convert(item, CapacitySnapshot)
