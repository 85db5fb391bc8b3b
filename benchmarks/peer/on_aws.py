"""Runs of the contenders on AWS: (b) the waiting function, (c) the job poller, and Lipdrop itself.

Each takes the events (job names, some of them twice) and returns once nothing moves any more.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peer.cloud import Cloud
from benchmarks.peer.outcome import Outcome
from benchmarks.peer.plan import SCALE
from benchmarks.pipeline import Pipeline
from local.stack import Stack
from local.standin.control import StandinControl
from local.subscriber import Subscriber

LOOK_SECONDS = 2 * SCALE
"""As the model's page looks."""
LIMIT_SECONDS = round(900 * SCALE)
"""A Lambda function's longest life."""
RETRY_SECONDS = 60 * SCALE
"""Lambda's pause before it tries an event again, and twice that before the last time."""
POLLER_SECONDS = round(30 * SCALE)
"""The job poller's fixed wait: the sample leaves it to its user."""
QUIET_SECONDS = 2 * RETRY_SECONDS + 4


def waiting_function(cloud: Cloud, standin: StandinControl, events: Sequence[str]) -> Outcome:
    """(b): one asynchronous invocation for each event, as S3 does it."""
    arn = cloud.function(
        "waiting", "benchmarks.peer.function_waiting.lambda_handler", LIMIT_SECONDS, LOOK_SECONDS
    )
    outcome, subscriber = Outcome(), cloud.subscriber()
    for job in events:
        event = {"Records": [{"s3": {"object": {"key": f"media/{job}.wav"}}}]}
        cloud.stack.client("lambda").invoke(
            FunctionName=arn, InvocationType="Event", Payload=json.dumps(event)
        )
    _listen(subscriber, outcome, until=_quiet(standin))
    _collect(cloud, "waiting", outcome)
    return outcome


def job_poller(cloud: Cloud, events: Sequence[str]) -> Outcome:
    """(c): one execution with a name of AWS's choice for each event."""
    steps = {
        name: cloud.function(f"poller-{name}", f"benchmarks.peer.function_poller.{name}", 60)
        for name in ("submit", "check", "finish", "fail")
    }
    definition = Path(__file__).with_name("job_poller.asl.json").read_text()
    machine = cloud.state_machine("poller", definition, steps)
    outcome, subscriber = Outcome(), cloud.subscriber()
    for job in events:
        cloud.stack.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps({"job": job, "wait_seconds": POLLER_SECONDS})
        )
    _listen(subscriber, outcome, until=lambda: not _running(cloud.stack, machine))
    _collect(cloud, "poller", outcome)
    return outcome


def lipdrop(pipeline: Pipeline, events: Sequence[str]) -> Outcome:
    """Ours: the media are dropped; what S3 delivers twice is delivered to `submit` again."""
    outcome, stack = Outcome(), pipeline.stack
    versions: dict[str, str] = {}
    for job in events:
        if f"inbox/peers/{job}.wav" in versions:
            _deliver_again(pipeline, f"inbox/peers/{job}.wav", versions)
        else:
            versions |= pipeline.drop("peers", job)
    wanted = set(events)
    while wanted - outcome.told.keys() or _running(stack, stack.state_machine_arn):
        for heard in pipeline.heard():
            if (job := heard.notification.get("name", "").rpartition("/")[2]) in wanted:
                outcome.tell(job, heard.at, _word(heard.notification))
                if place := heard.notification.get("result"):
                    got = stack.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])
                    outcome.store(job, got["Body"].read())
    return outcome


def _deliver_again(pipeline: Pipeline, key: str, versions: dict[str, str]) -> None:
    """Hand `submit` the event of an upload once more, asynchronously, as S3 does."""
    stack = pipeline.stack
    described = stack.client("cloudformation").describe_stack_resource(
        StackName="lipdrop", LogicalResourceId="Submit"
    )
    place = {
        "bucket": {"name": stack.drop_bucket},
        "object": {"key": key, "size": 1, "eTag": "any", "versionId": versions[key]},
    }
    event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": place}]}
    stack.client("lambda").invoke(
        FunctionName=described["StackResourceDetail"]["PhysicalResourceId"],
        InvocationType="Event",
        Payload=json.dumps(event),
    )


def _word(notification: Mapping[str, Any]) -> str:
    error = notification.get("error")
    return str(error["code"] if error else notification["status"])


def _listen(subscriber: Subscriber, outcome: Outcome, until: Callable[[], bool]) -> None:
    while True:
        at_rest = until()
        for message in subscriber.notifications(wait_seconds=1):
            outcome.tell(message["job"], time.time(), message["status"])
        if at_rest:
            return


def _quiet(standin: StandinControl) -> Callable[[], bool]:
    """Return a check that holds once the stand-in has heard nothing for longer than any retry waits."""
    last, since = standin.counters(), time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        now = standin.counters()
        if (now.posts, now.polls, now.files) != (last.posts, last.polls, last.files):
            last, since = now, time.monotonic()
        return time.monotonic() - since > QUIET_SECONDS

    return quiet


def _running(stack: Stack, machine: str) -> bool:
    answer = stack.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    return bool(answer["executions"])


def _collect(cloud: Cloud, prefix: str, outcome: Outcome) -> None:
    for job, content in cloud.results(prefix).items():
        outcome.store(job, content)
