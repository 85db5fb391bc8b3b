"""The answer to a job that may not POST now: wait so long, or no longer."""

import math
import random

from lipdrop.config.settings import Settings
from lipdrop.jobs_table.capacity_snapshot import Blocked, CapacitySnapshot, Trouble
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure
from lipdrop.model.task_outputs import AccountAlert, Busy, Rejected
from lipdrop.request.context import RequestContext, RequestOutput, Try, again
from lipdrop.timing.queue_backoff import pause

HOUR_SECONDS = 3600

_WHY = {
    "SLOTS": "As many requests are in flight as MaxConcurrentJobs allows.",
    "RATE_LIMIT": "The account's requests of this minute are used up.",
    "SEGMIND_ERROR": "Segmind answers with errors.",
    "CANNOT_CONNECT": "Segmind cannot be reached.",
    "SLOW_AWS": "S3 or DynamoDB answered too slowly.",
    "ACCOUNT": "The Segmind account cannot be used.",
}

_FIXES = {
    "INSUFFICIENT_CREDITS": "Buy Segmind credits or raise the account's spend limit",
    "API_KEY_REJECTED": "Store a valid Segmind API key (see README)",
}


def later(context: RequestContext, tried: Try, blocked: Blocked) -> RequestOutput:
    """Return when a job that may not POST now comes again, or how it ends when its patience is over."""
    answer = wait(blocked, tried.queued_at, context.clock(), context.settings, context.rng)
    return answer if isinstance(answer, Busy) else end(context, tried, answer.error)


def end(context: RequestContext, tried: Try, error: Failure) -> RequestOutput:
    """End a job without a request; if one may exist all the same, ask the request history first."""
    record = tried.record
    if record is None or not record.errors:
        return Rejected(error=error)
    why = f"{error.message} Before that, Segmind answered HTTP 500 or 502 {record.errors} times."
    record = context.ledger.doubt(tried.job.job_id, record.attempt, why, context.clock())
    return context.history.settle(tried.job, record) if record.state == "UNKNOWN" else again()


def wait(
    blocked: Blocked, queued_at: float, now: float, settings: Settings, rng: random.Random
) -> Busy | Rejected:
    """Return when the job that was queued at `queued_at` should ask again, or that its patience is over.

    Patience ends MaxQueueHours after `queued_at`, or AccountWaitHours after the account's trouble and the
    job first met. The last try is at that moment, not before it.
    """
    trouble = blocked.trouble
    why = trouble.message if trouble else _WHY[blocked.reason]
    patience = settings.max_queue_hours * HOUR_SECONDS
    give_up_at = queued_at + patience
    if trouble:
        met_at = max(trouble.since, queued_at)
        give_up_at = min(give_up_at, met_at + settings.account_wait_hours * HOUR_SECONDS)
    if now >= give_up_at:
        return Rejected(error=_impatience(blocked, trouble, now - queued_at, why))
    rest = max(blocked.until - now, 0) + pause(now - queued_at, patience, rng)
    return Busy(
        wait_seconds=max(1, math.ceil(min(rest, give_up_at - now))),
        reason=blocked.reason,
        message=why,
        alert=_alert(blocked.seen, now, settings),
    )


def _impatience(blocked: Blocked, trouble: Trouble | None, waited: float, why: str) -> Failure:
    """Return the failure of a job that has waited `waited` seconds for nothing."""
    code = "QUEUE_TIMEOUT"
    if trouble:
        code = trouble.code
    elif blocked.reason in {"SEGMIND_ERROR", "CANNOT_CONNECT"}:
        code = "SEGMIND_UNAVAILABLE"
    return failure(code, f"The job gave up after {waited / HOUR_SECONDS:.1f} hours. {why}")


def _alert(seen: CapacitySnapshot, now: float, settings: Settings) -> AccountAlert | None:
    """Return what people must hear of the account's trouble, None if they have heard it."""
    if seen.trouble is None or not seen.wants_alert(now):
        return None
    fix = _FIXES.get(seen.trouble.code, "See the message")
    action = (
        f"{fix}: the waiting jobs then continue by themselves, for {settings.account_wait_hours:g} hours."
    )
    return AccountAlert(code=seen.trouble.code, message=seen.trouble.message, action=action)
