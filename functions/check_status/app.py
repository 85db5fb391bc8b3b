"""Check once the status of a request that was paid for. Invoked by the state machine's `CheckStatus`.

In: `lipdrop.check_status.poller.CheckStatusInput`. Out: one of `lipdrop.model.task_outputs` Waiting,
Completed, Failed.
"""

import random
import time
from functools import cache
from typing import Any

import boto3

from lipdrop.check_status.poller import CheckStatusInput, Poller
from lipdrop.config.aws_clients import AWS_CONFIG, endpoint
from lipdrop.config.logging import logged, logger
from lipdrop.config.metrics import emit, of_look
from lipdrop.config.settings import settings
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import from_plain, to_plain
from lipdrop.segmind.client import Segmind


@cache
def poller() -> Poller:
    """Return the real poller, made on first use and kept for warm invocations."""
    own = settings()
    dynamodb = boto3.client("dynamodb", config=AWS_CONFIG, endpoint_url=endpoint())
    return Poller(
        status=Segmind.from_env().status,
        note_poll=Ledger(dynamodb, own.jobs_table, own.record_days).note_poll,
        shut_gate=Capacity(dynamodb, own.jobs_table, own.max_concurrent_jobs).shut_gate,
        deadline_seconds=own.deadline_seconds,
        result_life_seconds=own.result_life_seconds,
        clock=time.time,
        rng=random.SystemRandom(),
    )


@logged
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Parse the event, check the status, return the output."""
    asked = from_plain(event, CheckStatusInput)
    answer: dict[str, Any] = to_plain(poller().check_once(asked))
    logger.info("look", extra={"job_id": asked.job_id, "request_id": asked.request_id, "answer": answer})
    emit(of_look(answer, asked.posted_at))
    return answer
