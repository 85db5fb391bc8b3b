"""All ways through the state machine, by a graph walk and by a second JSONata engine."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.state_machine import MACHINE, Run, TaskError, arrows, expressions, reachable, variables_of

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs" / "notification.schema.json").read_text())
)
ENDS = {name for name, state in MACHINE["States"].items() if state["Type"] in ("Succeed", "Fail")}
TASKS = {name: state for name, state in MACHINE["States"].items() if state["Type"] == "Task"}
PUBLISHING = {name for name, state in TASKS.items() if "sns:publish" in state["Resource"]}
CRASH = TaskError("Sandbox.Timedout", "it took too long")
SOME_ERROR = {"code": "RATE", "message": "No.", "stage": "request", "action": "Wait.", "charged": "no"}

FILES = {
    "video": {"bucket": "drop", "key": "inbox/a/video.mp4", "size": 5},
    "audio": {"bucket": "drop", "key": "inbox/a/fr.mp3", "size": 5},
}
PLAIN = {"job_id": "a-fr-1", "name": "launch/a/fr", **FILES}
RICH = {
    **PLAIN,
    "label": "L" * 1100,
    "entry": 2,
    "manifest": {"bucket": "drop", "key": "jobs/a.json", "size": 5},
    "estimate": {"output_seconds": 9.0, "expected_seconds": 133.3, "cost_usd": 0.76},
    "options": {
        "sync_mode": "loop",
        "temperature": 0.3,
        "auto_active_speaker_detection": True,
        "occlusion_detection_enabled": False,
    },
}
JOBS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "rich": RICH,
    "top": {**PLAIN, "name": "fr"},
    "links": {**PLAIN, "video": "https://example.com/v.mp4", "audio": "https://example.com/a.mp3"},
    "refused": {**PLAIN, "error": SOME_ERROR | {"stage": "drop"}},
    "dry run": {**PLAIN, "dry_run": True},
}
FOLLOWED = {
    "follow": {
        "job": RICH,
        "corrects": "a-fr-1:LAST_RESORT",
        "caught": {"Error": "E", "Cause": "C", "State": "Request"},
        "execution": {"arn": "arn:first", "started_at": "2026-11-25T09:00:00.123Z"},
    }
}
ACCEPTED = {
    "outcome": "accepted",
    "request_id": "r-1",
    "posted_at": 1795341600.5,
    "expected_seconds": 133.3,
    "wait_seconds": 78,
}
BUSY = {"outcome": "busy", "wait_seconds": 20, "reason": "SLOTS", "message": "Full."}
ALERTING = BUSY | {"reason": "ACCOUNT", "alert": {"code": "API_KEY_REJECTED", "message": "m", "action": "a"}}
REJECTED = {"outcome": "rejected", "error": SOME_ERROR}
WAITING = {"outcome": "waiting", "status": "PROCESSING", "wait_seconds": 9, "polls": 1}
READY = {"outcome": "completed", "polls": 2, "metrics": {}, "seen_at": 1795341700.5}
GONE = {"outcome": "failed", "error": SOME_ERROR | {"stage": "poll", "charged": "yes"}, "polls": 2}
COMPLETED = {"status": "COMPLETED", "job_id": "a-fr-1"}
FAILED = {"status": "FAILED", "job_id": "a-fr-1", "error": {"code": "RATE", "message": "No."}}
PENDING = {"status": "PENDING", "job_id": "a-fr-1", "wait_seconds": 600}

REQUESTS: dict[str, list[Any]] = {
    "accepted": [ACCEPTED],
    "busy first": [BUSY, ACCEPTED],
    "alert first": [ALERTING, ACCEPTED],
    "in doubt": [BUSY | {"reason": "IN_DOUBT"}, REJECTED | {"error": SOME_ERROR | {"charged": "unknown"}}],
    "rejected": [REJECTED],
    "crashes": [CRASH],
}
LOOKS: dict[str, list[Any]] = {"ready": [WAITING, READY], "fails": [GONE], "crashes": [CRASH]}
ENDINGS: dict[str, list[Any]] = {
    "completes": [COMPLETED],
    "fails": [FAILED],
    "pends": [PENDING, PENDING, COMPLETED],
    "crashes once": [CRASH, COMPLETED],
    "crashes for good": [CRASH],
}
TOPICS: dict[str, list[Any]] = {"open": [None], "closed at first": [CRASH, CRASH, None]}


class Script:
    """The answers of each task in turn; the last one stays. What was published is kept."""

    def __init__(self, **answers: list[Any]) -> None:
        self._answers = {name: list(given) for name, given in answers.items()}
        self.published: list[Any] = []
        self.answered = False

    def __call__(self, name: str, arguments: Any) -> Any:
        given = self._answers["Alert" if name == "AlertOperators" else name]
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, TaskError):
            raise answer
        if name in PUBLISHING:
            self.published.append(arguments)
        self.answered |= name == "Finalize" and answer.get("status") != "PENDING"
        return answer


def way(given: Any, request: str, look: str, ending: str, topic: str = "open") -> tuple[Run, Script, str]:
    script = Script(
        Request=REQUESTS[request],
        CheckStatus=LOOKS[look],
        Finalize=ENDINGS[ending],
        Alert=[CRASH, {"outcome": "alerted"}],
        PublishLastResort=TOPICS[topic],
    )
    run = Run(script)
    return run, script, run.execute(given)


WAYS = [
    *product([*JOBS.values(), FOLLOWED], REQUESTS, LOOKS, ["completes", "fails", "pends"], ["open"]),
    *product(
        [*JOBS.values(), FOLLOWED], REQUESTS, ["ready", "fails"], ["crashes once", "crashes for good"], TOPICS
    ),
]


def test_every_way_ends_and_is_told_and_every_expression_is_evaluated() -> None:
    evaluated: set[str] = set()
    last_resorts: set[str] = set()
    for given in WAYS:
        run, script, end = way(*given)
        evaluated |= run.evaluated
        assert end in ENDS, given
        assert script.answered or script.published, f"untold: {given}"
        for message in script.published:
            told = json.loads(message["Message"])
            SCHEMA.validate(told)
            given_attributes = {
                name: item["StringValue"] for name, item in message["MessageAttributes"].items()
            }
            expected = {"status": "FAILED", "error_code": "INTERNAL_ERROR", "folder": told["folder"]}
            expected |= {"label": told["label"][:1024]}
            assert given_attributes.items() >= {name: text for name, text in expected.items() if text}.items()
            assert all(given_attributes.values()), "SNS refuses empty attributes"
            last_resorts.add(json.dumps(told | {"timings": {}}, sort_keys=True))

    assert evaluated == set(expressions(MACHINE))
    assert len(last_resorts) >= 20


@pytest.mark.parametrize(
    ("request_", "charged"),
    [("accepted", "yes"), ("rejected", "no"), ("crashes", "unknown"), ("in doubt", "unknown")],
)
def test_the_last_resort_says_whether_it_was_charged(request_: str, charged: str) -> None:
    _, script, end = way(PLAIN, request_, "ready", "crashes for good")

    assert json.loads(script.published[0]["Message"])["error"]["charged"] == charged
    assert MACHINE["States"][end]["Type"] == "Fail"


def test_no_end_is_reached_past_finalize() -> None:
    assert not reachable(MACHINE["StartAt"], without=frozenset({"Finalize"})) & ENDS


def test_every_state_can_be_entered_and_left_to_an_end() -> None:
    assert reachable(MACHINE["StartAt"]) == set(MACHINE["States"])
    for state in MACHINE["States"]:
        assert reachable(state) & ENDS, f"{state} is a trap"


def test_whatever_a_task_fails_with_leads_on() -> None:
    for name, task in TASKS.items():
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
    after_finalize = {catch["Next"] for catch in TASKS["Finalize"]["Catch"]}
    assert all(reachable(state) & PUBLISHING for state in after_finalize)


def test_loops_are_left_only_by_waiting_or_by_an_answer() -> None:
    """Without its Wait states, the machine has no circle: none can turn without time passing."""
    waits = frozenset(name for name, state in MACHINE["States"].items() if state["Type"] == "Wait")
    for name, targets in arrows().items():
        if name not in waits:
            assert not any(name in reachable(target, without=waits) for target in targets), name


def test_the_engine_is_as_strict_as_step_functions() -> None:
    run = Run(lambda name, arguments: None)
    with pytest.raises(AssertionError, match="assigned nowhere"):
        run.evaluate("{% $nobody %}", {})
    with pytest.raises(AssertionError, match="gives nothing"):
        run.evaluate("{% $states.input.missing %}", {"input": {}})
    assert variables_of("$exists($a.b) ? $c : '$d'") == {"a", "c"}
