"""The logs of the handlers: the job on every line, and each cause of a crash."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from lipdrop.config.logging import logged, logger

CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
DROP = {"Records": [{"s3": {"object": {"key": "inbox/spring+launch/fr.mp3"}}}]}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@logged
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    logger.info("step")
    return {}


@logged
def crashing(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    link = "https://drop.example/fr.mp3?X-Amz-Signature=abc"
    inner = ExceptionGroup("1 of 2", [KeyError("size"), ValueError(f"no {link}")])
    raise ExceptionGroup("2 steps failed", [inner, OSError("gone")])


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"job": {"job_id": "fr-1"}, "queued_at": "x"}, {"job_id": "fr-1"}),
        ({"job_id": "fr-1", "polls": 2}, {"job_id": "fr-1"}),
        ({"alert": {}, "job_id": "fr-1"}, {"job_id": "fr-1"}),
        ({"detail-type": "x", "detail": {"name": "fr-1"}}, {"job_id": "fr-1"}),
        (DROP, {"keys": ["inbox/spring launch/fr.mp3"]}),
    ],
)
def test_every_line_names_the_job_or_the_drop(
    event: dict[str, Any], named: dict[str, Any], written: io.StringIO
) -> None:
    handler(event, CONTEXT)

    (line,) = lines(written)
    assert line.items() >= ({"message": "step"} | named).items()


def test_a_warm_function_forgets_the_job_before(written: io.StringIO) -> None:
    handler({"job_id": "fr-1"}, CONTEXT)
    handler({"sweep": "orphans"}, CONTEXT)

    assert "job_id" not in lines(written)[1]


def test_every_cause_of_a_crash_is_logged_with_its_drop(written: io.StringIO) -> None:
    with pytest.raises(ExceptionGroup):
        crashing(DROP, CONTEXT)

    logged_lines = lines(written)
    assert [line["error"] for line in logged_lines] == ["KeyError", "ValueError", "OSError"]
    assert all(line["keys"] == ["inbox/spring launch/fr.mp3"] for line in logged_lines)
    assert all(line["level"] == "ERROR" for line in logged_lines)
    assert "abc" not in json.dumps(logged_lines)
