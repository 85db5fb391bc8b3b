"""The stand-in as a process of its own, as the local stack starts it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.standin.control import StandinControl
from local.standin.model import MODEL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """A stand-in started from the command line, on a free port."""
    command = [sys.executable, "-m", "local.standin", "--key", "secret", "--processing-seconds", "0.1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.kill()


def test_it_says_where_it_is_and_nothing_else_of_what_it_is_sent(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    base_url = process.stdout.readline().removeprefix("Stand-in Segmind ready on ").strip()
    url = "http://127.0.0.1:9/a?X-Amz-Signature=hidden"
    reply = requests.post(
        f"{base_url}/v2/{MODEL}",
        json={"video_url": url, "audio_url": url},
        headers={"x-api-key": "secret"},
        timeout=10,
    )
    assert reply.status_code == 200

    control = StandinControl(base_url)
    assert control.settings().processing_seconds == 0.1
    while not (error := control.requests()[0].error):
        pass
    control.close()
    assert "hidden" not in error
    process.terminate()
    assert process.stdout.read() == ""
