"""Dashboard, alarms, saved queries and the page of the operator name what the functions really emit."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load as load_template

from lipdrop.config.metrics import NAMESPACE, UNITS

ROOT = Path(__file__).parents[2]
BY = {"JobsWaiting": "reason", "JobsFailed": "code", "JobsRefused": "code"}
"""Metrics that have one dimension more than the stack's name."""


@pytest.fixture(scope="module")
def resources() -> Any:
    return load_template(str(ROOT / "template.yaml"))["Resources"]


@pytest.fixture(scope="module")
def dashboard(resources: Any) -> dict[str, Any]:
    body = str(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    parsed: dict[str, Any] = json.loads(re.sub(r"\$\{[\w:]+\}", "x", body))
    return parsed


def of_type(resources: Any, kind: str) -> dict[str, Any]:
    return {str(name): item["Properties"] for name, item in resources.items() if item["Type"] == kind}


def shown(dashboard: dict[str, Any]) -> list[Any]:
    return [metric for widget in dashboard["widgets"] for metric in widget["properties"].get("metrics", ())]


def watched(resources: Any) -> list[Any]:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    computed = [
        item["MetricStat"]["Metric"]
        for alarm in alarms
        for item in alarm.get("Metrics", ())
        if "MetricStat" in item
    ]
    return [*(alarm for alarm in alarms if "MetricName" in alarm), *computed]


def test_logs_and_metrics_bear_the_stacks_name() -> None:
    variables = load_template(str(ROOT / "template.yaml"))["Globals"]["Function"]["Environment"]["Variables"]

    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


def test_the_dashboard_shows_every_metric_with_the_dimensions_it_has(dashboard: dict[str, Any]) -> None:
    plain = {metric[1] for metric in shown(dashboard) if isinstance(metric, list) and metric[0] == NAMESPACE}
    searched = [metric[0]["expression"] for metric in shown(dashboard) if isinstance(metric[0], dict)]
    by = {
        found["name"]: found["dimension"]
        for expression in searched
        if (
            found := re.search(r'{Lipdrop,service,(?P<dimension>\w+)} MetricName="(?P<name>\w+)"', expression)
        )
    }

    assert plain | set(by) == set(UNITS)
    assert by == BY
    assert len(searched) == len(by)


def test_the_dashboards_widgets_fill_its_rows_without_overlap(dashboard: dict[str, Any]) -> None:
    taken = [
        (x, y)
        for widget in dashboard["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23


def test_every_alarm_watches_what_is_emitted_and_says_what_to_do(resources: Any) -> None:
    ours = [metric for metric in watched(resources) if metric["Namespace"] == NAMESPACE]

    assert len(ours) >= 5
    for metric in ours:
        assert metric["MetricName"] in set(UNITS) - set(BY)
        assert [item["Name"] for item in metric["Dimensions"]] == ["service"]
    for name, alarm in of_type(resources, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "Topic"}], name
        assert len(alarm["AlarmDescription"]) > 60, name
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_a_late_report_of_the_idle_queue_is_still_seen(resources: Any) -> None:
    alarm = resources["DeadLettersAlarm"]["Properties"]

    assert alarm["Period"] * alarm["EvaluationPeriods"] >= 15 * 60 + alarm["Period"]
    assert alarm["DatapointsToAlarm"] == 1


def test_the_operators_page_lists_every_metric_with_its_unit() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)`(?: by \w+)? \| (\w+) \|", page, re.MULTILINE))

    assert rows == {name: unit.value if unit.value != "None" else "USD" for name, unit in UNITS.items()}


def test_the_operators_page_lists_every_alarm(resources: Any) -> None:
    page = (ROOT / "docs" / "operating.md").read_text()

    assert not [name for name in of_type(resources, "AWS::CloudWatch::Alarm") if f"`{name}`" not in page]
