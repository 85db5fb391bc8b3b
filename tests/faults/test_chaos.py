"""A small campaign: 60 jobs on the deployed stack with a fault at every seam. `make chaos` runs 1,000."""

import pytest

from local.chaos.campaign import Campaign, run
from local.chaos.report import PROMISES, keep_histories, summary

JOBS = 60
SEED = 7

# A request that was killed in the middle of its POST is waited for two minutes, in real time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    """One campaign; the histories of jobs to which a promise was broken are kept."""
    seen = run(JOBS, SEED, home="chaos-test", say=print)
    for place in keep_histories(seen):
        print(place)
    return seen


@pytest.mark.parametrize("kind", PROMISES)
def test_no_promise_is_broken(campaign: Campaign, kind: str) -> None:
    broken = [violation for violation in campaign.verdict.violations if violation.promise in PROMISES[kind]]

    assert broken == [], f"again: make chaos JOBS={JOBS} SEED={SEED} ONLY=<job>"


def test_every_job_ended_and_every_seam_was_broken(campaign: Campaign) -> None:
    figures = summary(campaign)

    assert sum(figures["outcomes"].values()) == JOBS
    assert figures["outcomes"]["COMPLETED"] > JOBS / 2
    assert set(figures["broken"]["workers_killed"]) == {"Submit", "Request", "CheckStatus", "Finalize"}
    assert {name.split()[0] for name in figures["broken"]["aws_calls"]} >= {"dynamodb", "s3", "sns", "states"}
    assert figures["broken"]["events"]["redeliveries"] >= JOBS
