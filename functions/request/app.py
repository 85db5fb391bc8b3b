"""Send one job's request to Segmind, at most once. Invoked by the state machine's `Request`.

In: `{"job": Job, "queued_at": ISO time}`. Out: one of `lipdrop.model.task_outputs` Accepted, Busy, Rejected.
"""

import random
import time
from datetime import datetime
from functools import cache
from typing import Any

import boto3

from lipdrop.config.aws_clients import PROMPT_CONFIG, endpoint, s3_config
from lipdrop.config.logging import logged, logger
from lipdrop.config.metrics import emit, of_request
from lipdrop.config.settings import settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import Job, from_plain, to_plain
from lipdrop.request.history_check import HistoryCheck
from lipdrop.request.presigned_links import LinkSigner
from lipdrop.request.requester import Requester
from lipdrop.segmind.client import Segmind
from lipdrop.segmind.history import RequestHistory


@cache
def requester() -> Requester:
    """Return the real requester, made on first use and kept for warm invocations."""
    own = settings()
    dynamodb = boto3.client("dynamodb", config=PROMPT_CONFIG, endpoint_url=endpoint())
    presigner = LinkSigner(boto3.client("s3", config=s3_config(endpoint()), endpoint_url=endpoint()))
    ledger = Ledger(dynamodb, own.jobs_table, own.record_days)
    history = RequestHistory.from_env()
    return Requester(
        ledger=ledger,
        capacity=Capacity(dynamodb, own.jobs_table, own.max_concurrent_jobs),
        history=HistoryCheck(
            search=history.search if history else None, ledger=ledger, settings=own, clock=time.time
        ),
        whole=presigner.whole,
        link=presigner.link,
        submit=Segmind.from_env().submit,
        log_accepted=log_accepted,
        settings=own,
        clock=time.time,
        rng=random.SystemRandom(),
    )


def log_accepted(job_id: str, request_id: str) -> None:
    """Log the id of a request that was paid for: from here on it can be found in the logs, whatever fails."""
    logger.info("accepted", extra={"job_id": job_id, "request_id": request_id})


@logged
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Parse the event, send the request, return the output."""
    job = from_plain(event["job"], Job)
    queued_at = datetime.fromisoformat(event["queued_at"]).timestamp()
    answer: dict[str, Any] = to_plain(requester().request(job, queued_at))
    logger.info("request", extra={"job_id": job.job_id, "answer": answer})
    emit(of_request(answer, job.estimate.cost_usd if job.estimate else None))
    return answer
