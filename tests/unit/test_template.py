"""The template, the settings and the state machine say the same things."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cfnlint.decode.cfn_yaml import load as load_template

from lipdrop.config.settings import Settings, read_settings
from lipdrop.drops.pairing import ALIASES
from local.aws import ACCOUNT
from local.check_state_machine import DEFINITION, dangling

ROOT = Path(__file__).parents[2]
BUCKETS = ("DropBucket", "ResultsBucket")
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

    others = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}  # the logger reads its own
    assert set(variables) - others == known - {"STATE_MACHINE_ARN"}


def test_the_parameters_defaults_are_those_of_the_settings(template: Any, variables: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    defaults = {
        str(name): str(parameters[reference["Ref"]]["Default"])
        for name, reference in variables.items()
        if reference.get("Ref") in parameters and not name.startswith("POWERTOOLS_")
    }

    assert read_settings(NEEDED | defaults) == read_settings(NEEDED)


def test_every_parameter_explains_itself_and_has_a_default(template: Any) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "Default" in parameter, name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter), f"{name} allows anything"


def test_the_deployment_form_groups_every_parameter_once(template: Any) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]

    assert sorted(grouped) == sorted(template["Parameters"])
    assert len(groups[0]["Parameters"]) == 5, "the five that matter come first"


def test_whole_numbers_stay_whole(template: Any, variables: dict[str, Any]) -> None:
    """CloudFormation has no type for whole numbers: a pattern refuses fractions, and what is out of range."""
    whole = {
        variables[field.encode_name]["Ref"] for field in msgspec.structs.fields(Settings) if field.type is int
    }
    keep = {name for name in template["Parameters"] if name.startswith("Keep")}
    assert whole
    for name in whole | keep:
        parameter = template["Parameters"][name]
        assert "AllowedPattern" in parameter, (
            f"{name} must be a String with a pattern, as MaxConcurrentJobs is"
        )
        low, high = map(int, re.findall(r"\d+", parameter["ConstraintDescription"])[-2:])
        accepted = re.compile(parameter["AllowedPattern"]).search
        assert parameter["Type"] == "String", name
        assert accepted(str(parameter["Default"])), name
        for refused in ("", "1.5", f"{low}.0", f"{high}.5", "-1", "1e3", " 10", f"0{low}", str(high + 1)):
            assert not accepted(refused), (name, refused)
        near = [*range(low, min(high, 4000) + 1), high - 1, high]
        assert all(accepted(str(number)) for number in near), name
        below = set(range(low)) - ({0} if name in keep else set())
        assert not any(accepted(str(number)) for number in below), name


def test_what_holds_money_or_results_outlives_the_stack(template: Any) -> None:
    kept = {
        str(name)
        for name, item in template["Resources"].items()
        if item["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}
    }

    assert kept == {"DropBucket", "ResultsBucket", "JobsTable"}
    for name in kept:
        assert template["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_a_deployment_asks_nothing_and_takes_no_limit_back() -> None:
    deploy = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]

    assert deploy["confirm_changeset"] is False
    assert deploy["resolve_s3"] is True
    assert deploy["tags"]
    assert "parameter_overrides" not in deploy


def test_no_command_of_ours_rewrites_the_settings_of_sam() -> None:
    pages = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("o*.md")]

    assert not [page for page in pages if "--guided" in page.read_text()]


def test_the_buckets_and_the_topic_refuse_what_is_not_encrypted_on_its_way(template: Any) -> None:
    resources = template["Resources"]
    policies = [
        *(resources[f"{bucket}Policy"]["Properties"]["PolicyDocument"]["Statement"] for bucket in BUCKETS),
        [
            item["Fn::If"][1]
            for item in resources["TopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
            if "Fn::If" in item
        ],
    ]

    assert all(resources[f"{bucket}Policy"]["Condition"] == "OnAws" for bucket in BUCKETS)
    for ((statement),) in policies:
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_function_keeps_its_logs_for_a_set_time(template: Any) -> None:
    resources = template["Resources"]
    functions = {name for name, item in resources.items() if item["Type"] == "AWS::Serverless::Function"}
    for name in functions:
        assert resources[name]["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}Logs"}
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


def test_request_writes_aliases_only_and_they_outlive_what_segmind_keeps(template: Any) -> None:
    resources = template["Resources"]
    statements = resources["Request"]["Properties"]["Policies"][0]["Statement"]
    (writing,) = [one for one in statements if "s3:PutObject" in one["Action"]]
    rules = resources["DropBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    removing, markers = [rule for rule in rules if str(rule.get("Id", "")).startswith("Alias")]

    assert writing["Action"] == "s3:PutObject"
    assert str(writing["Resource"]["Fn::Sub"]).endswith("-drop-${AWS::AccountId}-${AWS::Region}/aliases/*")
    assert removing["Prefix"] == markers["Prefix"] == ALIASES
    assert removing["ExpirationInDays"] >= 7


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


def test_what_checkov_finds_and_we_keep_is_little_and_has_reasons() -> None:
    kept = re.findall(r"^  - (CKV\w+)(.*)$", (ROOT / ".checkov.yaml").read_text(), re.MULTILINE)

    assert 0 < len(kept) <= 9
    assert all(re.fullmatch(r" # \w.{30,}\.", reason) for _, reason in kept)
