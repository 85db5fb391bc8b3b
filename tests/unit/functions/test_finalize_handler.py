"""The handler of `finalize`: its events in, plain answers out, and time kept for what comes after."""

import json
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lipdrop.finalize.event import AlertRequest, FinalizeEvent

ROOT = Path(__file__).parents[3]
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn="arn",
    aws_request_id="1",
    get_remaining_time_in_millis=lambda: 900_000,
)


@pytest.fixture
def app() -> Any:
    spec = spec_from_file_location("finalize_app", ROOT / "functions" / "finalize" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    app = module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


def event() -> dict[str, Any]:
    text = (ROOT / "events" / "finalize.json").read_text()
    plain: dict[str, Any] = json.loads(text)
    return plain


def test_an_end_is_finished_with_a_minute_to_spare(app: Any) -> None:
    seen: list[tuple[FinalizeEvent, float]] = []

    def finish(ending: FinalizeEvent, ends_at: float) -> dict[str, Any]:
        seen.append((ending, ends_at))
        return {"status": "COMPLETED", "job_id": ending.job_id}

    app.finalizer = lambda: SimpleNamespace(finish=finish)
    answer = app.lambda_handler(event(), CONTEXT)
    ((ending, ends_at),) = seen
    assert answer == {"status": "COMPLETED", "job_id": "invoke-final-0123456789abcdef0123456789abcdef"}
    assert ending.job is not None
    assert ending.job.dry_run
    assert ends_at - time.time() == pytest.approx(840, abs=5)


def test_an_alert_is_told(app: Any) -> None:
    told: list[AlertRequest] = []

    def tell(call: AlertRequest) -> dict[str, str]:
        told.append(call)
        return {"outcome": "alerted"}

    app.finalizer = lambda: SimpleNamespace(tell=tell)
    alert = {"code": "API_KEY_REJECTED", "message": "Bad key.", "action": "Store a good one."}
    call = {"alert": alert, "job_id": "fr-1", "execution": event()["execution"]}
    assert app.lambda_handler(call, CONTEXT) == {"outcome": "alerted"}
    assert told[0].alert.code == "API_KEY_REJECTED"
