"""What follows from a POST that gave no id: try again, end the job, or ask the request history.

An answer is this job's own trouble or everybody's. What the other jobs would meet as well shuts the gate (the
circuit breaker) for them. What may be this job's own fault (401, 403, 406, 500, 502) lets them go on until a
second job gets such an answer.
"""

from typing import Any

import msgspec

from lipdrop.jobs_table.capacity_snapshot import PROBE_SECONDS, Blocked, Gate, Slot, Trouble
from lipdrop.jobs_table.ledger import Record
from lipdrop.model.failures import failure
from lipdrop.request.context import RequestContext, RequestOutput, Try
from lipdrop.request.wait_or_give_up import HOUR_SECONDS, end, later
from lipdrop.segmind.errors import (
    AccountTrouble,
    NotSent,
    RateLimited,
    Refused,
    RequestRejected,
    SegmindError,
)
from lipdrop.timing.queue_backoff import MOST_ERRORS, RATE_GATE_SECONDS, error_pause

ERROR_GATE_SECONDS = 30.0
"""For how long nobody POSTs after Segmind was out of reach or out of service."""
UNCERTAIN = frozenset({500, 502})
"""Answers that a job can cause itself, and after which its request may exist all the same: they count."""


def not_accepted(
    context: RequestContext, tried: Try, slot: Slot, record: Record, error: SegmindError
) -> RequestOutput:
    """Put the books right after a POST without an id; only what was surely not accepted may go on."""
    job_id, now = tried.job.job_id, context.clock()
    if not isinstance(error, (NotSent, Refused, AccountTrouble, RequestRejected)):
        return context.history.wait(context.ledger.doubt(job_id, record.attempt, error.message, now))
    errors = record.errors + (error.http_status in UNCERTAIN)
    if errors >= MOST_ERRORS:
        why = f"{error.message} That was try {errors} for this job, and the last."
        return context.history.wait(context.ledger.doubt(job_id, record.attempt, why, now))
    tried = msgspec.structs.replace(tried, record=msgspec.structs.replace(record, errors=errors))
    if isinstance(error, AccountTrouble):
        return _account_error(context, tried, slot, record, error)
    answered_5xx = error.http_status is not None and error.http_status >= 500
    context.ledger.give_up_try(job_id, record.attempt, errors=errors, may_exist=answered_5xx)
    if isinstance(error, RequestRejected):
        return end(context, tried, failure(error.code, error.message, http_status=error.http_status))
    blocked = _learn_from(context, job_id, error, errors, slot)
    # After the gate is shut: the job that takes this slot next must not meet the same answer.
    context.capacity.free_slot(job_id, slot.lease)
    return later(context, tried, blocked)


def _account_error(
    context: RequestContext, tried: Try, slot: Slot, record: Record, error: AccountTrouble
) -> RequestOutput:
    """Wait with the gate open until it is known whether the trouble is this job's or the account's.

    If another job gets through meanwhile, this one ends. A reply about credits counts only the second time:
    with few credits left, other jobs get through until they are used up.
    """
    job_id, now = tried.job.job_id, context.clock()
    sure = error.http_status is None
    verdict, seen = context.capacity.report_account_error(
        job_id, error.code, error.message, now, met_at=record.account_since, sure=sure
    )
    strikes = record.strikes + (verdict == "PASSED")
    since = now if verdict == "PASSED" else record.account_since or now
    known: dict[str, Any] = {"account_since": since, "strikes": strikes}
    context.ledger.give_up_try(job_id, record.attempt, errors=record.errors, **known)
    if strikes >= (2 if error.own_code == "INSUFFICIENT_CREDITS" else 1):
        message = f"Other jobs got through meanwhile, this one did not: {error.message}"
        return end(context, tried, failure(error.own_code, message, http_status=error.http_status))
    context.capacity.free_slot(job_id, slot.lease)
    trouble = seen.trouble or Trouble(code=error.code, message=error.message, since=since)
    until = max(seen.not_before if seen.trouble else 0, now + PROBE_SECONDS)
    return later(context, tried, Blocked(reason="ACCOUNT", until=until, seen=seen, trouble=trouble))


def _learn_from(
    context: RequestContext, job_id: str, error: SegmindError, errors: int, slot: Slot
) -> Blocked:
    """Spare the other jobs a POST that would learn the same; return what this one waits for."""
    now = context.clock()
    if error.http_status in UNCERTAIN:
        if context.capacity.report_server_error(job_id, now) == "SHUT":
            context.capacity.shut_gate("SEGMIND_ERROR", now + ERROR_GATE_SECONDS)
        pause = error_pause(errors, context.settings.max_queue_hours * HOUR_SECONDS, context.rng)
        return Blocked(reason="SEGMIND_ERROR", until=now + pause, seen=slot.seen)
    reason, pause = _gate(error)
    until = error.retry_at or now + pause
    context.capacity.shut_gate(reason, until)
    return Blocked(reason=reason, until=until, seen=slot.seen)


def _gate(error: SegmindError) -> tuple[Gate, float]:
    """Return what all jobs are kept waiting for, and for how many seconds if the reply does not say."""
    if isinstance(error, RateLimited):
        return "RATE_LIMIT", RATE_GATE_SECONDS
    return "CANNOT_CONNECT" if isinstance(error, NotSent) else "SEGMIND_ERROR", ERROR_GATE_SECONDS
