"""Report of a campaign: a table for people, figures for a file, histories of the jobs that went wrong."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local import paths
from local.chaos.campaign import Campaign

FAILURES = paths.HOME / "chaos-failures"
PROMISES = {
    "double_charges": ("no double charge", "no POST after a doubtful one"),
    "wrong_results": ("the right bytes", "the right version"),
    "lost_results": ("no result lost",),
    "silent_ends": ("no silent end",),
    "contradictions": ("one content",),
    "leftovers": ("nothing left behind",),
    "other": (
        "one execution",
        "a closed record",
        "the outcome that is due",
        "the published schema",
        "the truth about the charge",
        "nothing but the drops",
    ),
}
"""What is counted together in the summary."""


def summary(campaign: Campaign) -> dict[str, Any]:
    """Return the campaign's figures as plain JSON data."""
    verdict = campaign.verdict
    kills = Counter(kill.function for kill in campaign.kills)
    strikes = Counter(f"{strike.service} {strike.what}" for strike in campaign.strikes)
    return {
        "seed": campaign.seed,
        "jobs": len(campaign.planned),
        "seconds": round(campaign.seconds, 1),
        "outcomes": dict(verdict.outcomes.most_common()),
        "doubts_from_kills": verdict.unforeseen_doubts,
        "broken_off_by_the_local_aws": verdict.choked,
        "broken": {
            "events": campaign.counts,
            "workers_killed": dict(sorted(kills.items())),
            "aws_calls": dict(sorted(strikes.items())),
            "segmind_troubles": sum(len(job.troubles) for job in campaign.planned),
        },
        "segmind": {
            "posts": campaign.posts.posts,
            "requests_made": campaign.posts.accepted,
            "charged": campaign.posts.charged,
            "most_in_flight": campaign.posts.max_in_flight,
            "polls": campaign.posts.polls,
        },
        **{name: sum(map(verdict.count, promises)) for name, promises in PROMISES.items()},
        "violations": [vars(violation) for violation in verdict.violations],
    }


def show(console: Console, campaign: Campaign) -> None:
    """Print outcomes, injected faults, promises, and each violation with the path of its history."""
    figures = summary(campaign)
    outcomes = Table("outcome", "jobs", title=f"{figures['jobs']} jobs, seed {campaign.seed}")
    for code, count in figures["outcomes"].items():
        outcomes.add_row(code, str(count))
    console.print(outcomes)
    console.print_json(
        json.dumps({name: figures[name] for name in ("broken", "segmind", "broken_off_by_the_local_aws")})
    )
    promises = Table("promise", "violations")
    for name in PROMISES:
        promises.add_row(name.replace("_", " "), str(figures[name]))
    console.print(promises)
    for violation in campaign.verdict.violations:
        console.print(f"{violation.job}: {violation.promise}: {violation.seen}", markup=False, soft_wrap=True)


def keep_histories(campaign: Campaign) -> list[Path]:
    """Write the histories of the jobs to which a promise was broken; return their places."""
    folder = FAILURES / str(campaign.seed)
    places = []
    for name, history in campaign.histories.items():
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{name.replace('/', '-')}.json"
        place.write_text(json.dumps(history, indent=1, default=str) + "\n")
        places.append(place)
    return places
