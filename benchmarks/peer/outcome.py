"""How one contender did, read from what the stand-in saw, what was stored and what its owner was told."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from statistics import mean
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peer.plan import Case
from local.standin.model import Seen


@dataclass
class Outcome:
    """What reached the owner: when (epoch seconds) and what he first heard of a job, and its files."""

    told: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    stored: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def tell(self, job: str, at: float, word: str) -> None:
        """Note a word about a job, good or bad; the first counts."""
        self.told.setdefault(job, at)
        self.words.setdefault(job, word)

    def store(self, job: str, content: bytes) -> None:
        """Note a stored result."""
        self.stored[job].add(hashlib.sha256(content).hexdigest())


def judged(outcome: Outcome, jobs: Mapping[str, Case], seen: Iterable[Seen]) -> dict[str, Any]:
    """Return one row for the table, and what became of each job."""
    requests: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        requests[_job(one)].append(one)
    each = {name: _one(name, case, requests[name], outcome) for name, case in jobs.items()}
    delivered = [one for one in each.values() if one["delivered"]]
    delays = [one["delay"] for one in delivered if one["delay"] is not None]
    return {
        "jobs": len(each),
        "delivered": len(delivered),
        "delay_seconds": round(mean(delays), 2) if delays else None,
        "looks": round(mean(one["looks"] for one in each.values()), 1),
        "charged_again": sum(one["charged_again"] for one in each.values()),
        "charged_again_after_duplicates": sum(one["charged_again"] for one in each.values() if one["twice"]),
        "lost": sum(one["lost"] for one in each.values()),
        "lost_untold": sum(one["lost"] and one["told"] is None for one in each.values()),
        "silent": sum(one["told"] is None for one in each.values()),
        "each": each,
    }


def _one(name: str, case: Case, requests: list[Seen], outcome: Outcome) -> dict[str, Any]:
    made = {one.sha256: one.completed_at for one in requests if one.sha256 and one.completed_at}
    delivered = bool(made.keys() & outcome.stored[name])
    told = outcome.told.get(name)
    late = told - min(made.values()) if told is not None and delivered else None
    return {
        "case": case.name,
        "twice": case.twice,
        "charged_again": max(sum(one.charged for one in requests) - 1, 0),
        "looks": sum(len(one.polls) for one in requests),
        "delivered": delivered,
        "lost": bool(made) and not delivered,
        "told": outcome.words.get(name),
        "delay": round(late, 2) if late is not None else None,
    }


def _job(one: Seen) -> str:
    assert one.body is not None
    return PurePosixPath(urlsplit(str(one.body["audio_url"])).path).stem
