"""The handler of `submit`, its own event, real media in S3's interface: one execution, started once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lipdrop.config.settings import settings
from local.sample_media import drops as media
from tests.support.drop_world import Starts

ROOT = Path(__file__).parents[3]
APP = ROOT / "functions" / "submit" / "app.py"
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="1"
)
ENVIRONMENT = {
    "DROP_BUCKET": "drop",
    "RESULTS_BUCKET": "results",
    "TOPIC_ARN": "arn:topic",
    "JOBS_TABLE": "jobs",
    "STATE_MACHINE_ARN": "arn:machine",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    spec = spec_from_file_location("submit_app", APP)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="drop")
        for key, body in {"video.mp4": media.video(), "fr.mp3": media.voice()}.items():
            client.put_object(Bucket="drop", Key=f"inbox/invoke/{key}", Body=body)
        yield module
    settings.cache_clear()


def test_the_event_of_a_drop_starts_its_job_once(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts()
    monkeypatch.setattr(app, "executions", lambda: starts)
    text = (ROOT / "events" / "submit.json").read_text()
    event = json.loads(text.replace("lipdrop-drop-000000000000-us-east-1", "drop"))

    first, second = (json.loads(json.dumps(app.lambda_handler(event, CONTEXT))) for _ in range(2))

    (job,) = starts.jobs
    assert job.error is None
    assert job.name == "invoke/fr"
    assert first == {"started": [job.job_id], "existing": [], "passed_over": [], "waiting": []}
    assert second == {"started": [], "existing": [job.job_id], "passed_over": [], "waiting": []}


def test_the_daily_event_looks_for_orphans(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "executions", Starts)

    assert app.lambda_handler({"sweep": "orphans"}, CONTEXT)["started"] == ()


def test_a_test_event_of_s3_is_no_trouble(app: Any) -> None:
    answer = app.lambda_handler({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drop"}, CONTEXT)

    assert not any(answer.values())


def test_the_handler_reads_nothing_and_loads_no_parser_at_import() -> None:
    code = f"""
import runpy, sys
runpy.run_path({str(APP)!r})
assert "pymediainfo" not in sys.modules
"""
    environment = {"PYTHONPATH": str(ROOT / "layers" / "common")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr.decode()
