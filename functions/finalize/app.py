"""End a job, or report a problem of the account. Invoked by the state machine and by EventBridge.

In: what `lipdrop.finalize.event.read_event` reads. Out: `{"status", "job_id", "error"?}`, for a PENDING
result with `wait_seconds`, or `{"outcome": "alerted"}`.
"""

import time
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from lipdrop.config.aws_clients import AWS_CONFIG, endpoint, s3_config
from lipdrop.config.logging import logged, logger
from lipdrop.config.metrics import emit, of_message, of_pending
from lipdrop.config.settings import settings
from lipdrop.download.ssrf_guard import POOL_CONNECTIONS, new_download_session
from lipdrop.finalize.decision import Decider
from lipdrop.finalize.event import AlertRequest, read_event
from lipdrop.finalize.finalizer import Finalizer
from lipdrop.finalize.follow_up import FollowUp
from lipdrop.finalize.pending import HOUR_SECONDS
from lipdrop.finalize.report import Reporter
from lipdrop.finalize.second_opinion import SecondOpinion
from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.notify.sns_format import SnsMessage
from lipdrop.notify.topic import Topic
from lipdrop.results.copy_limits import Limits
from lipdrop.results.results_bucket import ResultsBucket
from lipdrop.results.storer import Storer
from lipdrop.segmind.client import Segmind
from lipdrop.segmind.history import RequestHistory

RESERVE_SECONDS = 60
"""Of the function's time, for what comes after the result: abort or complete, record, close, publish."""


@cache
def topic() -> Topic:
    """Return the real topic, made on first use and kept for warm invocations."""
    return Topic(boto3.client("sns", config=AWS_CONFIG, endpoint_url=endpoint()), settings().topic_arn)


def publish(message: SnsMessage) -> None:
    """Publish `message` and count what it tells."""
    topic().publish(message)
    emit(of_message(message.body))


@cache
def finalizer() -> Finalizer:
    """Return the real finalizer, made on first use and kept for warm invocations."""
    own = settings()
    dynamodb = boto3.client("dynamodb", config=AWS_CONFIG, endpoint_url=endpoint())
    transfer_config = Config(max_pool_connections=POOL_CONNECTIONS, read_timeout=60)
    results = ResultsBucket(
        boto3.client("s3", config=s3_config(endpoint()).merge(transfer_config), endpoint_url=endpoint()),
        own.results_bucket,
    )
    ledger = Ledger(dynamodb, own.jobs_table, own.record_days)
    segmind = Segmind.from_env()
    storer = Storer(
        result=segmind.result,
        session=new_download_session(own.segmind_base_url),
        results=results,
        probe=partial(probe, parser=MediaInfoPool(), believe=True),
        note_link=ledger.note_link,
        note_upload=ledger.note_upload,
        trusted_base_url=own.segmind_base_url,
        limits=Limits(max_bytes=own.max_result_bytes),
        clock=time.time,
        pause=time.sleep,
    )
    decider = Decider(
        storer=storer,
        status=segmind.status,
        second_opinion=SecondOpinion(
            history=RequestHistory.from_env(),
            note_link=ledger.note_link,
            note_request=ledger.note_request,
            wait_seconds=own.history_wait_seconds,
        ),
        result_life_seconds=own.result_life_seconds,
        link_seconds=own.result_link_hours * HOUR_SECONDS,
    )
    machine = boto3.client("stepfunctions", config=AWS_CONFIG, endpoint_url=endpoint())
    return Finalizer(
        ledger=ledger,
        capacity=Capacity(dynamodb, own.jobs_table, own.max_concurrent_jobs),
        decider=decider,
        reporter=Reporter(results=results, link_hours=own.link_hours, clock=time.time),
        publish=publish,
        follow=FollowUp(machine, own.state_machine_arn, time.time).start,
        clock=time.time,
    )


@logged
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Parse the event, end the job, return the outcome."""
    asked = read_event(event)
    if isinstance(asked, AlertRequest):
        answer = finalizer().tell(asked)
    else:
        ends_at = time.time() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        answer = finalizer().finish(asked, ends_at)
    logger.info("finalize", extra={"job_id": asked.job_id, "answer": answer})
    emit(of_pending(answer, event, time.time()))
    return answer
