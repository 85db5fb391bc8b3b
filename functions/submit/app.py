"""Turn drops into executions. Woken by the drop bucket, and once a day to look for drops without a partner.

In: an S3 event, or `{"sweep": "orphans"}`. Out: `lipdrop.submitting.Answer`.
"""

import time
from functools import cache
from typing import Any

import boto3

from lipdrop.assembling import Assembler
from lipdrop.aws import AWS_CONFIG, endpoint
from lipdrop.drops import Drops
from lipdrop.executions import Executions
from lipdrop.looker import Looker
from lipdrop.media import look
from lipdrop.model import to_plain
from lipdrop.observability import logger
from lipdrop.parser import MediaParser
from lipdrop.settings import settings
from lipdrop.submitting import Submitter


@cache
def drops() -> Drops:
    """Return the real drop bucket, made on first use and kept for warm invocations."""
    return Drops(boto3.client("s3", config=AWS_CONFIG, endpoint_url=endpoint()), settings().drop_bucket)


@cache
def executions() -> Executions:
    """Return the real state machine, likewise."""
    return Executions(
        boto3.client("stepfunctions", config=AWS_CONFIG, endpoint_url=endpoint()),
        settings().state_machine_arn,
    )


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Parse, submit, answer. What was seen, and the processes that saw it, last for one event."""
    with MediaParser() as parser:
        submitter = Submitter(
            bucket=drops(),
            assembler=Assembler(
                look=Looker(lambda item: look(drops().open(item), parser)).look, settings=settings()
            ),
            start=executions().start,
        )
        if event.get("sweep") == "orphans":
            done = submitter.sweep(time.time())
        else:
            done = submitter.submit(event.get("Records", []))
    answer: dict[str, Any] = to_plain(done)
    logger.info("submit", extra={"counts": {field: len(names) for field, names in answer.items()}})
    return answer
