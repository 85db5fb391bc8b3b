"""The control item: the few things that all jobs share, in one item of the Jobs table.

Slots (who may have a request in flight), the gate (nobody POSTs before a time that Segmind or its
trouble gave), the account's trouble and who has told people of it, and what was learned of Segmind's
speed. Every write is one conditional update; whoever loses a race sees what the winner left and decides
anew, so among any number of rivals one always gets on.

Who must wait reads and does not write: a thousand waiting jobs cost half a read unit each a try, and a
partition bears 3,000 of those a second against 1,000 writes (DynamoDB developer guide, "Best practices
for designing and using partition keys").
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from lipdrop.jobs_table.capacity_snapshot import REPEAT_SECONDS, Blocked, CapacitySnapshot, Gate, Slot
from lipdrop.jobs_table.table import JobsTable, OvertakenError, Values
from lipdrop.timing.poll_intervals import learn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAPACITY_ID = "#control"
PROBE_SECONDS = 120
"""How often one job tries whether the account's trouble is over: 180 POSTs in six hours, for all jobs."""
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

    def blocked(self, seen: CapacitySnapshot, job_id: str, now: float) -> Blocked | None:
        """Return what keeps `job_id` from a slot, as the snapshot `seen` shows it; None if nothing does."""
        return seen.blocked(job_id, now, self._slots)

    def take_slot(
        self, job_id: str, now: float, lease_until: float, seen: CapacitySnapshot | None = None
    ) -> Slot | Blocked:
        """Take a slot until `lease_until`, or say what is in the way.

        A job that holds one already renews it. Leases that ended are cleared on the way. While the
        account is in trouble, whoever gets a slot is the prober: the gate shuts behind him. One read,
        and one write when the way looks free; more only after a death or when others were faster.
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

    def raise_trouble(self, code: str, message: str, now: float) -> CapacitySnapshot:
        """Write down that the account cannot be used, unless this trouble is known; return the item."""
        values: Values = {
            ":trouble": {"code": code, "message": message, "since": now},
            ":code": code,
            ":probe": now + PROBE_SECONDS,
            ":gate": "ACCOUNT",
        }
        update = "SET trouble = :trouble, not_before = :probe, gate = :gate"
        condition = "attribute_not_exists(trouble) OR trouble.#code <> :code"
        try:
            return _situation(self._items.update(CAPACITY_ID, update, condition, values))
        except OvertakenError as overtaken:
            return _situation(overtaken.item)

    def clear_trouble(self, since: float) -> None:
        """The trouble that began at `since` is over: open the gate for all.

        Never raises, as its caller has just been given a request id: the next prober would do it.
        """
        with suppress(ClientError, BotoCoreError):
            self._done("REMOVE trouble, not_before, gate", "trouble.since = :since", {":since": since})

    def claim_alert(self, code: str, job_id: str, now: float) -> bool:
        """Whether `job_id` is to tell people of the trouble `code`: True for the first, and for it again.

        Another job's turn comes when the last alert is REPEAT_SECONDS old.
        """
        free = "attribute_not_exists(trouble.alert_by) OR trouble.alert_by = :job OR alerted.#at <= :stale"
        return self._done(
            "SET trouble.alert_by = :job, alerted = :alerted",
            f"trouble.#code = :code AND ({free})",
            {
                ":job": job_id,
                ":code": code,
                ":stale": now - REPEAT_SECONDS,
                ":alerted": {"code": code, "at": now},
            },
        )

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
            update += ", not_before = :probe, gate = :gate"
            values |= {":seen": seen.not_before, ":probe": now + PROBE_SECONDS, ":gate": "ACCOUNT"}
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
