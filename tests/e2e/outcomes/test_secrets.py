"""No secret is written down, whatever Segmind quotes and however a job ends."""

import json
import time

import pytest
from msgspec.structs import replace

from lipdrop.model.failures import failure
from lipdrop.model.job import Job, to_json
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from local.subscriber import Subscriber
from tests.support.dropping import PAIR, drop_files, outcome, subscribed
from tests.support.journey import drop, hear, settled
from tests.support.mishaps import configured, fresh_control_item, let_the_gate_open, one_retry, physical
from tests.support.outcomes_stack import API_KEY, Archive
from tests.support.stack_evidence import SIGNATURES, Piece, gather, holding

SIGNED = (
    "https://lipdrop-drop.s3.amazonaws.com/inbox/v.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=ASIA0000000000000000%2F20261122%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEJ&X-Amz-Signature=5ec2e7516a7e"
)
QUOTE = f"With the key {API_KEY} nobody could fetch {SIGNED} for you"
SECRETS = (API_KEY, "5ec2e7516a7e", *SIGNATURES)

KINDS = (
    *("log", "execution", "history", "record", "object", "metadata"),
    *("message", "dead letter", "function", "stack"),
)

FAULTS = {
    "done": (),
    "failed": (Fault(where="submit", what="fail", message=QUOTE),),
    "busy": (Fault(where="submit", what="http", status=429, message=QUOTE, seconds=1),),
    "rejected": (Fault(where="submit", what="http", status=400, message=QUOTE),),
    "unknown": (Fault(where="submit", what="reset", accepted=True),),
    "odd-looks": (
        Fault(where="status", what="http", status=500, message=QUOTE),
        Fault(where="status", what="redirect", location=SIGNED, after=1),
    ),
    "odd-results": (
        Fault(where="result", what="redirect", location=SIGNED),
        Fault(where="result", what="http", status=502, message=QUOTE),
        Fault(where="file", what="html"),
    ),
}
"""By the folder of a job: what goes wrong with it."""


@pytest.fixture(scope="module")
def pieces(stack: Stack, everything: Archive) -> list[Piece]:
    """Let jobs end in many ways while Segmind quotes secrets; return all that the stack has written down.

    What the tests before it have left is searched too: every outcome, and the tracebacks of every function.
    """
    standin = StandinControl(stack.segmind_base_url)
    with fresh_control_item(stack):
        _all_at_once(stack, standin)
        _without_an_account(stack, standin)
    with one_retry(stack), configured(stack, "Request", JOBS_TABLE="gone"):
        outcome(stack, "crash-Request")
    with configured(stack, "Submit", STATE_MACHINE_ARN=f"{stack.state_machine_arn}-gone"):
        drop_files(stack, "crash-Submit", PAIR)
        _until_dead_letter(stack)
    settled(stack)
    standin.clear_faults()
    standin.configure(history_lag_seconds=0)
    standin.close()
    return gather(stack, everything.envelopes())


def _all_at_once(stack: Stack, standin: StandinControl) -> None:
    standin.configure(history_lag_seconds=3600)
    subscriber = Subscriber(stack)
    for folder, faults in FAULTS.items():
        standin.fault(*(replace(fault, match=f"/{folder}/") for fault in faults))
        drop_files(stack, folder, PAIR)
    standin.fault(Fault(where="submit", what="fail", message=QUOTE, match="/inbox/v.mp4"))
    drop(stack, "jobs/links/signed.json", json.dumps({"video_url": SIGNED, "audio_url": SIGNED}).encode())
    drop(stack, "inbox/refused/video.mp4", PAIR["video.mp4"])
    drop(stack, "inbox/refused/fr.wav", QUOTE.encode(), {"sync-mode": "bounce"})
    ended = {*FAULTS, "links", "refused"}
    heard = hear(subscriber, len(ended), of=lambda message: message["status"] != "ALERT")
    assert {message["folder"] for message in heard} == ended


def _without_an_account(stack: Stack, standin: StandinControl) -> None:
    """Let Segmind refuse the key of two jobs, wait for the alert, and let the jobs go on."""
    refusal = Fault(where="submit", what="http", status=401, message=QUOTE, match="/account/", times=None)
    standin.fault(refusal)
    alerts, jobs = Subscriber(stack, filter_policy={"status": ["ALERT"]}), subscribed(stack, "account")
    drop_files(stack, "account", PAIR | {"es.wav": PAIR["fr.wav"]})
    (alert,) = hear(alerts, 1)
    standin.clear_faults()
    let_the_gate_open(stack)
    assert alert["error"]["code"] == "API_KEY_REJECTED"
    assert {message["status"] for message in hear(jobs, 2)} == {"COMPLETED"}


def _until_dead_letter(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    queue = {"QueueUrl": stack.dead_letter_queue_url, "AttributeNames": ["ApproximateNumberOfMessages"]}
    while stack.client("sqs").get_queue_attributes(**queue)["Attributes"] == {
        "ApproximateNumberOfMessages": "0"
    }:
        assert time.monotonic() < deadline, "no dead letter"
        time.sleep(0.2)


def test_nothing_secret_is_written_down(pieces: list[Piece]) -> None:
    assert holding(pieces, *SECRETS) == []


def test_the_evidence_is_of_every_kind(pieces: list[Piece]) -> None:
    assert {piece.kind for piece in pieces} == set(KINDS)
    assert len(holding(pieces, "Traceback")) >= 3
    for word in ("COMPLETED", "SUBMISSION_UNKNOWN", "REQUEST_REJECTED", "INFERENCE_FAILED", "RATE_LIMIT"):
        assert holding(pieces, word)


def test_what_is_planted_is_found_wherever_it_is(stack: Stack, everything: Archive) -> None:
    group = physical(stack, "RequestLogs")
    logs, s3 = stack.client("logs"), stack.client("s3")
    stream = {"logGroupName": group, "logStreamName": "planted"}
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": QUOTE}])
    stack.client("dynamodb").put_item(
        TableName=stack.jobs_table, Item={"id": {"S": "planted-record"}, "why": {"S": QUOTE}}
    )
    s3.put_object(Bucket=stack.results_bucket, Key="planted", Body=QUOTE.encode(), Metadata={"why": API_KEY})
    stack.client("sqs").send_message(QueueUrl=stack.dead_letter_queue_url, MessageBody=QUOTE)
    job = Job(job_id="planted", name="planted/job", error=failure("NO_SOUND", API_KEY))
    stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.state_machine_arn, name=job.job_id, input=to_json(job)
    )
    with configured(stack, "CheckStatus", PLANTED=API_KEY):
        settled(stack)
        found = holding(gather(stack, everything.envelopes()), *SECRETS)

    assert {piece.kind for piece in found} >= {*KINDS} - {"stack"}
