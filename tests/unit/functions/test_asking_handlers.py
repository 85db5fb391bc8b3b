"""The handlers of `request` and `check_status`: their events in, plain answers out, nothing at import."""

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load as load_template

from lipdrop.check_status.poller import CheckStatusInput
from lipdrop.config.aws_clients import PROMPT_CONFIG
from lipdrop.model.failures import failure
from lipdrop.model.job import Job, S3Object
from lipdrop.model.task_outputs import Accepted, Busy, Rejected, Waiting
from lipdrop.request.requester import LEASE_SECONDS, PREPARE_SECONDS, PROMISE_SECONDS
from lipdrop.segmind.client import CONNECT_SECONDS, GET_SECONDS, POST_SECONDS

ROOT = Path(__file__).parents[3]
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
STARTED = 1_795_341_600.123


def load(function: str) -> Any:
    spec = spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    app: ModuleType = module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


def event(name: str) -> dict[str, Any]:
    text = (ROOT / "events" / f"{name}.json").read_text()
    plain: dict[str, Any] = json.loads(text)
    return plain


def test_request_hands_the_job_and_its_start_on() -> None:
    app, asked = load("request"), []

    def request(job: Job, queued_at: float) -> Accepted:
        asked.append((job, queued_at))
        return Accepted(request_id="r-1", posted_at=5, expected_seconds=133.3, wait_seconds=90)

    app.requester = lambda: SimpleNamespace(request=request)
    assert app.lambda_handler(event("request"), CONTEXT) == {
        "outcome": "accepted",
        "request_id": "r-1",
        "posted_at": 5,
        "expected_seconds": 133.3,
        "wait_seconds": 90,
    }
    job, queued_at = asked[0]
    assert job.video == S3Object(
        bucket="lipdrop-drop-000000000000-us-east-1", key="inbox/invoke/video.mp4", size=49129
    )
    assert queued_at == pytest.approx(STARTED)


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (
            Busy(wait_seconds=20, reason="SLOTS", message="Full."),
            {"outcome": "busy", "wait_seconds": 20, "reason": "SLOTS", "message": "Full."},
        ),
        (
            Rejected(error=failure("MEDIA_GONE", "Gone.")),
            {
                "outcome": "rejected",
                "error": {
                    "code": "MEDIA_GONE",
                    "message": "Gone.",
                    "stage": "request",
                    "action": "Upload the file again: it was deleted before the request was sent.",
                    "charged": "no",
                },
            },
        ),
    ],
)
def test_answers_hold_what_the_state_machine_reads(answer: Any, plain: dict[str, Any]) -> None:
    app = load("request")
    app.requester = lambda: SimpleNamespace(request=lambda *_: answer)
    assert app.lambda_handler(event("request"), CONTEXT) == plain


def test_check_status_hands_the_look_on() -> None:
    app, asked = load("check_status"), []

    def check_once(given: CheckStatusInput) -> Waiting:
        asked.append(given)
        return Waiting(status="QUEUED", wait_seconds=9, polls=5)

    app.poller = lambda: SimpleNamespace(check_once=check_once)
    assert app.lambda_handler(event("check_status"), CONTEXT) == {
        "outcome": "waiting",
        "status": "QUEUED",
        "wait_seconds": 9,
        "polls": 5,
    }
    assert asked[0].polls == 4


def test_the_id_of_an_accepted_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    load("request").log_accepted("fr-1", "r-1")
    line: Any = caplog.records[-1]
    assert (line.message, line.job_id, line.request_id) == ("accepted", "fr-1", "r-1")


@pytest.mark.parametrize("function", ["request", "check_status"])
def test_an_import_reads_no_environment_and_makes_no_client(function: str) -> None:
    script = f"""
import runpy, boto3
def refuse(*_, **__): raise AssertionError("a client at import")
boto3.client = refuse
runpy.run_path({str(ROOT / "functions" / function / "app.py")!r})
"""
    subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "layers/common")},
        check=True,
        timeout=60,
    )


def test_the_timeouts_fit_into_each_other() -> None:
    functions = load_template(str(ROOT / "template.yaml"))["Resources"]
    request, check_status = (functions[name]["Properties"]["Timeout"] for name in ("Request", "CheckStatus"))
    post = CONNECT_SECONDS + POST_SECONDS
    prompt: Any = PROMPT_CONFIG
    update = 2 * (prompt.connect_timeout + prompt.read_timeout) + 1  # a second between them
    assert prompt.retries["total_max_attempts"] == 2
    assert request > PREPARE_SECONDS + update + post + 3 * update  # promise, POST, three tries to note the id
    assert request < PROMISE_SECONDS
    assert check_status > CONNECT_SECONDS + 2 * GET_SECONDS
    assert LEASE_SECONDS > 3600
