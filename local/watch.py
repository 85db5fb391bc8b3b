"""What every job of a running stack is doing right now, read from Step Functions and the Jobs table."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table

from local.stack import Stack

STATES = {
    "ReadJob": "starting",
    "Request": "asking Segmind",
    "WaitForCapacity": "waiting for capacity",
    "WaitForResult": "Segmind is working",
    "CheckStatus": "looking",
    "Finalize": "storing the result",
    "WaitForPendingResult": "result out of reach, trying again",
}
"""The states of the state machine in a watcher's words; another state is shown by its own name."""


@dataclass(frozen=True)
class JobView:
    """One job as a watcher sees it: its state in words, seconds since its start, looks taken."""

    name: str
    state: str
    seconds: float
    polls: int
    running: bool


def look(stack: Stack) -> list[JobView]:
    """Return a view of each execution, in the order of their names."""
    machine = stack.client("stepfunctions")
    pages = machine.get_paginator("list_executions").paginate(stateMachineArn=stack.state_machine_arn)
    arns = [execution["executionArn"] for page in pages for execution in page["executions"]]
    return sorted((_view(stack, arn) for arn in arns), key=lambda view: view.name)


def _view(stack: Stack, arn: str) -> JobView:
    machine = stack.client("stepfunctions")
    execution = machine.describe_execution(executionArn=arn)
    running = execution["status"] == "RUNNING"
    ended = datetime.now(UTC) if running else execution["stopDate"]
    return JobView(
        name=json.loads(execution["input"])["name"],
        state=_state(machine.get_execution_history(executionArn=arn, reverseOrder=True)["events"])
        if running
        else execution["status"],
        seconds=(ended - execution["startDate"]).total_seconds(),
        polls=_polls(stack, execution["name"]),
        running=running,
    )


def _state(newest_first: Iterable[dict[str, dict[str, str]]]) -> str:
    for event in newest_first:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            return STATES.get(name, name)
    return "starting"


def _polls(stack: Stack, job_id: str) -> int:
    item = stack.client("dynamodb").get_item(
        TableName=stack.jobs_table, Key={"id": {"S": job_id}}, ProjectionExpression="polls"
    )
    return int(item.get("Item", {}).get("polls", {}).get("N", "0"))


def table(views: Iterable[JobView]) -> Table:
    """Return the views as a table for a terminal."""
    drawn = Table("job", "state", "elapsed", "polls")
    for view in views:
        drawn.add_row(view.name, view.state, f"{view.seconds:.0f} s", str(view.polls))
    return drawn
