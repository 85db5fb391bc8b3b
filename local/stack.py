"""One running local stack: the local AWS, a Segmind to talk to, and this repository's template on it."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypedDict, Unpack

import boto3

from local import paths, sam
from local.aws import CREDENTIALS, start_aws
from local.processes import LocalRunError, free_port, start, stop, wait_until

API_KEY = "local-stand-in-key"
API_KEY_PARAMETER = "/lipdrop/segmind-api-key"
STAND_IN = ("--processing-seconds", "6")
"""How the stand-in is started: a job is ready in seconds, not in minutes."""
STAND_IN_PARAMETERS = {
    "ExpectedBaseSeconds": "5",
    "ExpectedSecondsPerSecond": "0.2",
    "HistoryWaitSeconds": "10",
}
"""What `STAND_IN` takes, in the template's own words."""


@dataclass(frozen=True)
class Stack:
    """What a client of a running stack needs to know; `down` needs the process ids."""

    directory: str
    endpoint: str
    segmind_base_url: str
    drop_bucket: str
    results_bucket: str
    topic_arn: str
    state_machine_arn: str
    jobs_table: str
    dead_letter_queue_url: str
    pids: list[int] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the stack's own endpoint."""
        return _client(service, self.endpoint)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make any AWS tool speak to this stack: what `.local/env` holds."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            **CREDENTIALS,
            "DROP_BUCKET": self.drop_bucket,
            "RESULTS_BUCKET": self.results_bucket,
            "TOPIC_ARN": self.topic_arn,
            "STATE_MACHINE_ARN": self.state_machine_arn,
            "JOBS_TABLE": self.jobs_table,
            "SEGMIND_BASE_URL": self.segmind_base_url,
        }

    def as_plain(self) -> dict[str, Any]:
        """Return the stack as plain JSON data, for `.local/up.json`."""
        return asdict(self)


class Wanted(TypedDict, total=False):
    """How a stack is to be brought up; each has a default.

    Without `segmind_base_url` the stand-in is started, with the command line `stand_in`. `parameters` are
    the template's, on top of the local ones, `aws_settings` the local AWS's own; `template` is a built one
    other than this repository's.
    """

    segmind_base_url: str
    api_key: str
    parameters: Mapping[str, str]
    aws_settings: Mapping[str, str]
    stand_in: Sequence[str]
    template: Path


@contextmanager
def running(directory: Path, **wanted: Unpack[Wanted]) -> Iterator[Stack]:
    """Bring a stack up for a `with` block and take everything of it down again, `directory` included."""
    pids: list[int] = []
    try:
        yield bring_up(directory, pids, **wanted)
    finally:
        take_down(directory, pids)


def bring_up(directory: Path, pids: list[int], **wanted: Unpack[Wanted]) -> Stack:
    """Build, start and deploy; append the ids of the processes to `pids` as they start.

    Raises LocalRunError when a part does not come up; the caller then takes down `pids`.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    template = wanted.get("template") or sam.build()
    base_url, key = wanted.get("segmind_base_url", ""), wanted.get("api_key", API_KEY)
    parameters = dict(wanted.get("parameters", {}))
    if not base_url:
        pid, base_url = start_stand_in(directory, key, wanted.get("stand_in", STAND_IN))
        pids.append(pid)
        parameters = STAND_IN_PARAMETERS | parameters
    pid, endpoint = start_aws(directory, settings=dict(wanted.get("aws_settings", {})))
    pids.append(pid)
    _client("ssm", endpoint).put_parameter(Name=API_KEY_PARAMETER, Value=key, Type="SecureString")
    sam.deploy(
        endpoint, {"AwsEndpointUrl": endpoint, "SegmindBaseUrl": base_url, **parameters}, template=template
    )
    outputs = _outputs(_client("cloudformation", endpoint))
    return Stack(
        directory=str(directory),
        endpoint=endpoint,
        segmind_base_url=base_url,
        drop_bucket=outputs["DropBucket"],
        results_bucket=outputs["ResultsBucket"],
        topic_arn=outputs["TopicArn"],
        state_machine_arn=outputs["StateMachineArn"],
        jobs_table=outputs["JobsTable"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        pids=pids,
    )


def take_down(directory: Path, pids: list[int]) -> None:
    """Stop the processes, last started first, and remove the stack's folder."""
    for pid in reversed(pids):
        stop(pid)
    pids.clear()
    if "LIPDROP_KEEP_LOGS" not in os.environ:
        shutil.rmtree(directory, ignore_errors=True)


def start_stand_in(directory: Path, api_key: str, arguments: Sequence[str]) -> tuple[int, str]:
    """Start the stand-in Segmind on a free port of 127.0.0.1; return its process id and base URL."""
    port = free_port()
    log = directory / "segmind.log"
    pid = start(
        [sys.executable, "-m", "local.standin", "--port", str(port), "--key", api_key, *arguments],
        environment={**os.environ, "PYTHONUNBUFFERED": "1"},
        log=log,
        cwd=paths.ROOT,
    )
    base_url = f"http://127.0.0.1:{port}"
    wait_until("the stand-in Segmind", lambda: base_url in log.read_text(), seconds=30, pid=pid, log=log)
    return pid, base_url


@cache
def _client(service: str, endpoint: str) -> Any:
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_REGION"],
    )
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def _outputs(cloudformation: Any) -> dict[str, str]:
    stacks = cloudformation.describe_stacks(StackName=sam.STACK_NAME)["Stacks"]
    if stacks[0]["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise LocalRunError(f"the stack ended as {stacks[0]['StackStatus']}")
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
