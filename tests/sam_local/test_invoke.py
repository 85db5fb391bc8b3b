"""`sam local invoke` of each function with its event from `events/`: AWS's runtime interface, real layers."""

import json
import os
import string
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import paths
from local.aws import CREDENTIALS
from local.stack import Stack

MEDIA = {
    "inbox/invoke/video.mp4": paths.MEDIA / "talking-head.mp4",
    "inbox/invoke/fr.mp3": paths.MEDIA / "voice-long.mp3",
}


@pytest.fixture(scope="module", autouse=True)
def _media(stack: Stack) -> None:
    for key, path in MEDIA.items():
        stack.client("s3").upload_file(str(path), stack.drop_bucket, key)


def invoke(stack: Stack, function: str, event: str, folder: Path) -> dict[str, Any]:
    """Run `function` in Docker with `events/<event>.json`, its `${NAMES}` filled from the stack."""
    text = (paths.ROOT / "events" / f"{event}.json").read_text()
    filled = folder / "event.json"
    filled.write_text(string.Template(text).substitute(stack.environment))
    variables = folder / "variables.json"
    variables.write_text(
        json.dumps({"Parameters": {**stack.environment, "LOCAL_AWS_ENDPOINT": stack.endpoint}})
    )
    command = f"""
        {paths.SAM} local invoke {function} --template {paths.BUILD}/template.yaml --event {filled}
        --env-vars {variables} --skip-pull-image
    """
    done = subprocess.run(
        command.split(),
        env={**os.environ, **CREDENTIALS, "TMPDIR": str(folder), "SAM_CLI_TELEMETRY": "0"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert "errorType" not in answer, (answer, done.stderr)
    return answer


def test_submit_finds_the_job_of_a_drop(stack: Stack, tmp_path: Path) -> None:
    answer = invoke(stack, "Submit", "submit", tmp_path)

    (job_id,) = answer["started"] + answer["existing"]
    assert job_id.startswith("invoke-fr-")


def test_request_asks_segmind_once(stack: Stack, tmp_path: Path) -> None:
    first = invoke(stack, "Request", "request", tmp_path)
    second = invoke(stack, "Request", "request", tmp_path)

    assert first["outcome"] == "accepted"
    assert second["request_id"] == first["request_id"]


def test_check_status_tells_an_expired_request_from_a_failed_one(stack: Stack, tmp_path: Path) -> None:
    answer = invoke(stack, "CheckStatus", "check_status", tmp_path)

    assert answer["outcome"] == "failed"
    assert answer["error"]["code"] == "RESULT_EXPIRED"


def test_finalize_ends_a_job(stack: Stack, tmp_path: Path) -> None:
    answer = invoke(stack, "Finalize", "finalize", tmp_path)

    assert answer["status"] == "COMPLETED"
