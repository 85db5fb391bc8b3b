"""Invariants: what must be true for every job, whatever failed. Pure functions of the evidence."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lipdrop.request.requester import PROMISE_SECONDS
from local.chaos.evidence import Evidence, Leftovers
from local.chaos.plan import Job
from local.standin.model import Seen

SURELY_REFUSED = frozenset({429, 500, 502, 503, *range(400, 429)})
"""Answers to a POST after which another one may follow: nothing was accepted."""
LONGEST_POST_SECONDS = 3.0
"""How long a POST of a campaign takes that gets an answer at all; a tear within it can end in doubt."""


@dataclass(frozen=True)
class Violation:
    """A broken promise: which one, for which job, what was observed."""

    promise: str
    job: str
    seen: str


@dataclass
class Verdict:
    """The campaign's outcome: how the jobs ended, and the violations."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unforeseen_doubts: int = 0
    """Jobs that ended as SUBMISSION_UNKNOWN because `request` was killed, not because Segmind was odd."""
    choked: int = 0
    """Jobs whose execution the local AWS itself gave up (`Execution.choked`): they must only be announced."""
    violations: list[Violation] = field(default_factory=list)

    def count(self, promise: str) -> int:
        """Return how many violations of `promise` there are."""
        return sum(violation.promise == promise for violation in self.violations)


def judge(
    jobs: Sequence[Job],
    evidence: Mapping[str, Evidence],
    left: Leftovers,
    tears: Sequence[float],
    check: Callable[[Any], None],
) -> Verdict:
    """Return the verdict.

    `tears`: when (epoch seconds) a worker of `request` was killed, or one of its calls to the table went
    wrong. `check` raises for a message that the published schema forbids.
    """
    verdict = Verdict()
    for job in jobs:
        found = evidence.get(job.name, Evidence())
        verdict.outcomes[found.outcome] += 1
        verdict.choked += found.choked
        verdict.unforeseen_doubts += found.outcome == "SUBMISSION_UNKNOWN" and not job.doubtful
        for promise, seen in _broken(job, found, tears, check):
            verdict.violations.append(Violation(promise, job.name, seen))
    for name in evidence.keys() - {job.name for job in jobs}:
        verdict.violations.append(Violation("nothing but the drops", name, "nobody dropped this"))
    if left:
        verdict.violations.append(Violation("nothing left behind", "", repr(left)))
    return verdict


def _broken(
    job: Job, found: Evidence, tears: Sequence[float], check: Callable[[Any], None]
) -> Iterator[tuple[str, str]]:
    """Yield every promise that was broken for `job`, and what was observed."""
    yield from _executions(found)
    yield from _money(found)
    if not found.messages:
        yield "no silent end", "no notification"
        return
    yield from _words(found, check)
    yield from _result(found)
    if found.outcome == job.expected or found.choked:
        return
    known = any(post.request_id for post in found.posts)
    if found.outcome == "SUBMISSION_UNKNOWN" and torn(found, tears) and not known:
        return
    lost = any(post.status == "COMPLETED" for post in found.posts)
    yield "no result lost" if lost else "the outcome that is due", f"{found.outcome}, not {job.expected}"


def _executions(found: Evidence) -> Iterator[tuple[str, str]]:
    """One execution a job, that ended as the notification says."""
    wanted = "SUCCEEDED" if found.outcome == "COMPLETED" else "FAILED"
    seen = [execution.status for execution in found.executions]
    if seen != [wanted] and not (found.choked and seen == ["FAILED"]):
        yield "one execution", f"{found.outcome}, executions {seen}"
    record = found.record or {}
    if record.get("state") != "CLOSED":
        yield "a closed record", f"state {record.get('state')}"


def _money(found: Evidence) -> Iterator[tuple[str, str]]:
    """At most one POST that made a request, and none after one that may have."""
    made = [post for post in found.posts if post.request_id]
    if len(made) > 1:
        yield "no double charge", f"{len(made)} requests were made"
    early = [post.answered for post in found.posts[:-1] if post.answered not in SURELY_REFUSED]
    if early:
        yield "no POST after a doubtful one", f"answers {[post.answered for post in found.posts]}"


def _words(found: Evidence, check: Callable[[Any], None]) -> Iterator[tuple[str, str]]:
    """One message, valid by the schema, that is right about the charge."""
    if len(set(found.messages)) > 1:
        yield "one content", f"{len(set(found.messages))} different notifications"
    message = json.loads(found.messages[0])
    try:
        check(message)
    except ValueError as problem:
        yield "the published schema", str(problem)
    told, charged = message.get("error", {}).get("charged"), any(post.charged for post in found.posts)
    if (told == "no" and charged) or (told == "yes" and not charged):
        yield "the truth about the charge", f"told {told!r}, charged: {charged}"


def _result(found: Evidence) -> Iterator[tuple[str, str]]:
    """The stored result is the one that was rendered; a failed job has none."""
    if found.outcome != "COMPLETED":
        if found.stored:
            yield "the right bytes", f"{found.outcome}, yet something is stored"
        return
    made = [post.sha256 for post in found.posts if post.request_id]
    stored = found.stored.sha256 if found.stored else None
    if made != [stored]:
        yield "the right bytes", f"made {made}, stored {stored}"
    told = json.loads(found.messages[0])["result"].get("version_id")
    if found.stored and told != found.stored.version_id:
        yield "the right version", f"told {told}, stored {found.stored.version_id}"


def torn(found: Evidence, tears: Sequence[float]) -> bool:
    """Whether `request` was disturbed between its reservation and the end of its POST."""
    promised = (found.record or {}).get("requesting_until", 0.0) - PROMISE_SECONDS
    last: Seen | None = found.posts[-1] if found.posts else None
    over = max(promised, last.at if last else 0.0) + LONGEST_POST_SECONDS
    return any(promised - 0.5 <= tear <= over for tear in tears)
