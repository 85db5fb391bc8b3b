"""Start executions for drops. Invoked by the drop bucket, and by schedules that look for unpaired drops.

In: an S3 event, `{"sweep": "orphans"}`, or `{"sweep": "near misses"}`.
Out: `lipdrop.submit.submitter.SubmitOutput`.
"""

import time
from functools import cache
from typing import Any

import boto3

from lipdrop.config.aws_clients import AWS_CONFIG, endpoint
from lipdrop.config.logging import logged, logger
from lipdrop.config.metrics import emit, of_submit
from lipdrop.config.settings import settings
from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.model.job import to_plain
from lipdrop.submit.executions import Executions
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.probe_cache import ProbeCache
from lipdrop.submit.submitter import Submitter


@cache
def drops() -> DropBucket:
    """Return the real drop bucket, made on first use and kept for warm invocations."""
    return DropBucket(boto3.client("s3", config=AWS_CONFIG, endpoint_url=endpoint()), settings().drop_bucket)


@cache
def executions() -> Executions:
    """Return the real state machine, made on first use and kept for warm invocations."""
    return Executions(
        boto3.client("stepfunctions", config=AWS_CONFIG, endpoint_url=endpoint()),
        settings().state_machine_arn,
    )


@logged
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Parse, submit, answer. What was seen, and the processes that saw it, last for one event."""
    with MediaInfoPool() as parser:
        submitter = Submitter(
            bucket=drops(),
            job_builder=JobBuilder(
                probe=ProbeCache(lambda item: probe(drops().open(item), parser)).probe, settings=settings()
            ),
            start=executions().start,
        )
        match event.get("sweep"):
            case "orphans":
                done = submitter.sweep(time.time())
            case "near misses":
                done = submitter.sweep_near_misses(time.time())
            case _:
                done = submitter.submit(event.get("Records", []))
    answer: dict[str, Any] = to_plain(done)
    logger.info("submit", extra={"counts": {field: len(names) for field, names in answer.items()}})
    for job_id in answer["started"]:
        logger.info("started", extra={"job_id": job_id})
    emit(of_submit(answer))
    return answer
