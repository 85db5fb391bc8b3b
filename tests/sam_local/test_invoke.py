"""`sam local` as docs/operating.md says to type it: AWS's runtime interface, the real layers, real events."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local import paths
from local.stack import Stack

DOCUMENT = (paths.ROOT / "docs" / "operating.md").read_text()
TYPED = {
    found["function"]: found[0]
    for found in re.finditer(r"^sam local invoke (?P<function>\w+) -e \S+$", DOCUMENT, re.MULTILINE)
}
"""The commands of the page, by function."""
SHELL = {"SAM_CLI_TELEMETRY": "0", "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def typed(command: str) -> subprocess.Popen[str]:
    """Start what a person types in a new shell, in the project's folder."""
    return subprocess.Popen(
        ["bash", "-c", f"source .local/env && exec {command}"],
        cwd=paths.ROOT,
        env=SHELL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def invoke(function: str) -> dict[str, Any]:
    process = typed(TYPED[function])
    out, error = process.communicate()
    assert process.returncode == 0, error
    answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    assert "errorType" not in answer, (answer, error)
    return answer


def test_the_page_has_a_command_for_every_function_and_each_event_exists() -> None:
    template = (paths.ROOT / "template.yaml").read_text()
    functions = re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function$", template, re.MULTILINE)

    assert sorted(TYPED) == sorted(functions)
    assert all((paths.ROOT / command.split()[-1]).is_file() for command in TYPED.values())


def test_submit_finds_the_job_of_the_drop() -> None:
    answer = invoke("Submit")

    (job_id,) = answer["started"] + answer["existing"]
    assert job_id.startswith("invoke-fr-")


def test_request_asks_segmind_once_and_segmind_can_fetch_the_media(stack: Stack) -> None:
    first, second = invoke("Request"), invoke("Request")

    assert first["outcome"] == "accepted"
    assert second["request_id"] == first["request_id"]
    headers = {"x-api-key": "local-stand-in-key"}
    status = f"{stack.segmind_base_url}/v2/requests/{first['request_id']}/status"
    deadline = time.monotonic() + 60
    while (seen := requests.get(status, headers=headers, timeout=10).json())["status"] in ACTIVE:
        assert time.monotonic() < deadline, seen
    assert seen["status"] == "COMPLETED"


ACTIVE = {"QUEUED", "PROCESSING"}


def test_check_status_tells_an_expired_request_from_a_failed_one() -> None:
    answer = invoke("CheckStatus")

    assert answer["outcome"] == "failed"
    assert answer["error"]["code"] == "RESULT_EXPIRED"


def test_finalize_ends_a_job() -> None:
    assert invoke("Finalize")["status"] == "COMPLETED"


@pytest.fixture
def lambda_endpoint() -> Iterator[str]:
    process = typed("sam local start-lambda")
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"Running on (http://\S+)", line):
            yield found[1]
            break
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)


def test_start_lambda_answers_as_lambda_does(lambda_endpoint: str) -> None:
    event = json.loads((paths.ROOT / "events" / "finalize.json").read_text())
    url = f"{lambda_endpoint}/2015-03-31/functions/Finalize/invocations"

    assert requests.post(url, json=event, timeout=120).json()["status"] == "COMPLETED"
