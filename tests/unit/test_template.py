"""The template, the settings and the state machine say the same things."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load as load_template

from lipdrop.config.settings import read_settings
from local.aws import ACCOUNT
from local.check_state_machine import DEFINITION, dangling

ROOT = Path(__file__).parents[2]
NEEDED = {"DROP_BUCKET": "d", "RESULTS_BUCKET": "r", "TOPIC_ARN": "t", "JOBS_TABLE": "j"}


@pytest.fixture(scope="module")
def template() -> Any:
    return load_template(str(ROOT / "template.yaml"))


@pytest.fixture(scope="module")
def variables(template: Any) -> dict[str, Any]:
    return dict(template["Globals"]["Function"]["Environment"]["Variables"])


def test_every_variable_of_the_template_is_a_setting_and_every_setting_a_variable(
    variables: dict[str, Any],
) -> None:
    known = {name.upper() for name in read_settings(NEEDED).__struct_fields__}

    assert set(variables) == known - {"STATE_MACHINE_ARN"}


def test_the_parameters_defaults_are_those_of_the_settings(template: Any, variables: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    defaults = {
        str(name): str(parameters[reference["Ref"]]["Default"])
        for name, reference in variables.items()
        if reference.get("Ref") in parameters
    }

    assert read_settings(NEEDED | defaults) == read_settings(NEEDED)


def test_every_parameter_explains_itself_and_has_a_default(template: Any) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "Default" in parameter, name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter), f"{name} allows anything"


def test_every_function_keeps_its_logs_for_a_set_time(template: Any) -> None:
    resources = template["Resources"]
    functions = {name for name, item in resources.items() if item["Type"] == "AWS::Serverless::Function"}
    groups = {name for name, item in resources.items() if item["Type"] == "AWS::Logs::LogGroup"}

    assert {f"{name}Logs" for name in functions} <= groups
    assert all("RetentionInDays" in resources[name]["Properties"] for name in groups)


def test_no_event_is_dropped_after_its_last_try(template: Any) -> None:
    resources = template["Resources"]
    described = {name: item.get("Properties", {}) for name, item in resources.items()}
    woken = {name: properties for name, properties in described.items() if "Events" in properties}

    assert set(woken) == {"Submit", "Finalize"}
    for properties in woken.values():
        destination = properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert destination["Destination"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert resources["DeadLettersAlarm"]["Properties"]["AlarmActions"] == [{"Ref": "Topic"}]


def test_the_state_machine_may_do_what_its_states_ask_for(template: Any) -> None:
    """The local AWS does not hold the state machine to its role."""
    machine = template["Resources"]["LipsyncStateMachine"]["Properties"]
    states = json.loads(DEFINITION.read_text())["States"].values()
    named = {word for state in states for word in state.get("Arguments", {}).values() if "${" in str(word)}
    asked_for = [machine["DefinitionSubstitutions"][word.strip("${}")] for word in named]

    granted = {item["Sid"]: item for item in machine["Policies"][0]["Statement"]}
    allowed = [*granted["InvokeFunctions"]["Resource"], granted["LastResort"]["Resource"]]

    assert granted["InvokeFunctions"]["Action"] == "lambda:InvokeFunction"
    assert granted["LastResort"]["Action"] == "sns:Publish"
    assert sorted(allowed, key=str) == sorted(asked_for, key=str)


def test_every_arrow_of_the_state_machine_leads_somewhere() -> None:
    assert dangling(json.loads(DEFINITION.read_text())) == []


def test_a_dangling_arrow_and_an_unreachable_state_are_found() -> None:
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Catch": [{"Next": "Gone"}], "Next": "B"},
            "B": {"Type": "Succeed"},
            "C": {"Type": "Succeed"},
        },
    }

    assert dangling(machine) == ["A leads to Gone, which is no state", "no arrow leads to C"]


def test_every_task_of_the_state_machine_is_tried_again() -> None:
    states = json.loads(DEFINITION.read_text())["States"]
    tasks = [state for state in states.values() if state["Type"] == "Task"]

    assert len(tasks) == 5
    assert all(task["Retry"][-1]["ErrorEquals"] == ["States.ALL"] for task in tasks)


def patience(retry: dict[str, Any]) -> float:
    """Return the seconds that `retry` lasts on average: full jitter takes half of each pause."""
    first, rate, longest = retry["IntervalSeconds"], retry["BackoffRate"], retry["MaxDelaySeconds"]
    return sum(float(min(first * rate**tried, longest)) for tried in range(retry["MaxAttempts"])) / 2


@pytest.mark.parametrize("state", ["Request", "CheckStatus", "Finalize"])
def test_a_crowd_at_lambdas_door_costs_no_job(state: str) -> None:
    throttled = json.loads(DEFINITION.read_text())["States"][state]["Retry"][0]

    assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    assert patience(throttled) >= 10 * 60


def test_a_job_that_costs_nothing_yet_outlasts_ten_minutes_of_trouble_at_aws() -> None:
    assert patience(json.loads(DEFINITION.read_text())["States"]["Request"]["Retry"][1]) >= 10 * 60


def test_the_events_are_real_ones_without_placeholders() -> None:
    for event in (ROOT / "events").glob("*.json"):
        text = event.read_text()
        assert json.loads(text), event
        assert "${" not in text, event
        assert "arn:aws:" not in text or f":{ACCOUNT}:" in text or ":s3:::" in text, event
