"""The answer for a request that Segmind has accepted: when it should be ready, and when to look first."""

from lipdrop.config.settings import Settings
from lipdrop.model.job import Job
from lipdrop.model.task_outputs import Accepted
from lipdrop.timing.poll_intervals import expected_seconds, next_wait

UNMEASURED_SECONDS = 60.0
"""The output assumed for media that could not be measured (links in a manifest), in seconds."""


def expected_processing(job: Job, settings: Settings, ratio: float = 1.0) -> float:
    """Return the seconds that Segmind should need for `job`; `ratio` is what finished jobs have taught."""
    output_seconds = job.estimate.output_seconds if job.estimate else UNMEASURED_SECONDS
    base, per_second = settings.expected_base_seconds, settings.expected_seconds_per_second
    return expected_seconds(output_seconds, base, per_second, ratio)


def accepted_output(
    request_id: str, posted_at: float, expected: float, settings: Settings, now: float
) -> Accepted:
    """Return the answer for a request that was sent at `posted_at` and takes about `expected` seconds."""
    return Accepted(
        request_id=request_id,
        posted_at=posted_at,
        expected_seconds=expected,
        wait_seconds=next_wait(expected, max(now - posted_at, 0), settings.deadline_seconds),
    )
