"""Faults to inject into a running stack. Each lasts for a `with` block and is undone at its end."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from lipdrop.jobs_table.capacity_snapshot import PROBE_SECONDS
from local import sam
from local.stack import Stack

SLOTS = 10
"""MaxConcurrentJobs, as the template sets it."""


def physical(stack: Stack, logical_id: str) -> str:
    """Return the name that a resource of the template has on this stack."""
    answer = stack.client("cloudformation").describe_stack_resource(
        StackName=sam.STACK_NAME, LogicalResourceId=logical_id
    )
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def invoke(stack: Stack, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Wake `function` with `event` and return its answer; tried up to three times, as AWS does with events.

    The local AWS may take away, at a change of configuration, the worker that it is just starting.
    """
    for _ in range(3):
        answer = stack.client("lambda").invoke(
            FunctionName=physical(stack, function), Payload=json.dumps(event)
        )
        said: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" not in answer:
            return said
    raise AssertionError(f"{function}: {said}")


def status_change(stack: Stack, execution: str, status: str) -> dict[str, Any]:
    """Return the event that EventBridge sends when `execution` ends so (Step Functions developer guide)."""
    known = stack.client("stepfunctions").describe_execution(executionArn=execution)
    started = int(known["startDate"].timestamp() * 1000)
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "000000000000",
        "time": "2026-11-26T10:00:00Z",
        "region": "us-east-1",
        "resources": [execution],
        "detail": {
            "executionArn": execution,
            "stateMachineArn": stack.state_machine_arn,
            "name": known["name"],
            "status": status,
            "startDate": started,
            "stopDate": started + 60_000,
            "input": known["input"],
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": None,
            "error": None,
            "cause": None,
        },
    }


@contextmanager
def configured(
    stack: Stack, function: str, *, without: str = "", timeout: int = 0, **variables: str
) -> Iterator[None]:
    """Run `function` with other environment variables, `without` one of them, or with another timeout."""
    functions, name = stack.client("lambda"), physical(stack, function)
    before = functions.get_function_configuration(FunctionName=name)
    usual = before["Environment"]["Variables"]
    other = {key: value for key, value in (usual | variables).items() if key != without}
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": other}, Timeout=timeout or before["Timeout"]
    )
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": usual}, Timeout=before["Timeout"]
        )


@contextmanager
def no_slot_free(stack: Stack) -> Iterator[None]:
    """Let other jobs hold every slot."""
    held = {f"somebody-{number}": time.time() + 3600 for number in range(SLOTS)}
    places = [f"held.#{number}" for number in range(SLOTS)]
    names = {f"#{number}": job_id for number, job_id in enumerate(held)}
    leases = {f":{number}": {"N": str(lease)} for number, lease in enumerate(held.values())}
    _update(stack, "SET held = if_not_exists(held, :none)", values={":none": {"M": {}}})
    taken = ", ".join(f"{place} = :{number}" for number, place in enumerate(places))
    _update(stack, f"SET {taken}", names, leases)
    try:
        yield
    finally:
        _update(stack, f"REMOVE {', '.join(places)}", names)


def let_the_gate_open(stack: Stack) -> None:
    """Let the time pass until the next job may try whether the account can be used again.

    A job that has met the trouble itself waits since the last try of any job, hence `probed_at`.
    """
    values = {":now": {"N": str(time.time())}, ":ago": {"N": str(time.time() - PROBE_SECONDS)}}
    _update(stack, "SET not_before = :now, probed_at = :ago", values=values)


@contextmanager
def fresh_control_item(stack: Stack) -> Iterator[None]:
    """Let the jobs know of no trouble before, and of none after."""
    item = {"TableName": stack.jobs_table, "Key": {"id": {"S": "#control"}}}
    stack.client("dynamodb").delete_item(**item)
    try:
        yield
    finally:
        stack.client("dynamodb").delete_item(**item)


def _update(stack: Stack, update: str, names: Any = None, values: Any = None) -> None:
    known = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    stack.client("dynamodb").update_item(
        TableName=stack.jobs_table,
        Key={"id": {"S": "#control"}},
        UpdateExpression=update,
        **{name: value for name, value in known.items() if value},
    )


@contextmanager
def unwritable(stack: Stack, folder: str) -> Iterator[None]:
    """Take from finalize's role the right to write into `folder` of the results bucket."""
    iam, name = stack.client("iam"), "nothing-may-be-written"
    role = stack.client("lambda").get_function_configuration(FunctionName=physical(stack, "Finalize"))["Role"]
    refusal = {
        "Effect": "Deny",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{stack.results_bucket}/{folder}/*",
    }
    known = {"RoleName": role.rpartition("/")[2], "PolicyName": name}
    iam.put_role_policy(**known, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [refusal]}))
    try:
        yield
    finally:
        iam.delete_role_policy(**known)


@contextmanager
def topic_unreachable(stack: Stack) -> Iterator[None]:
    """Let nobody publish."""
    topic = {"TopicArn": stack.topic_arn}
    sns = stack.client("sns")
    usual = sns.get_topic_attributes(**topic)["Attributes"]["Policy"]
    closed = json.loads(usual)
    closed["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": stack.topic_arn}
    )
    sns.set_topic_attributes(**topic, AttributeName="Policy", AttributeValue=json.dumps(closed))
    try:
        yield
    finally:
        sns.set_topic_attributes(**topic, AttributeName="Policy", AttributeValue=usual)


def broken_definition(stack: Stack) -> AbstractContextManager[None]:
    """Let the state machine hold an expression that cannot be evaluated."""

    def break_first_choice(states: dict[str, Any]) -> None:
        states["AnythingToAsk"]["Choices"][0]["Condition"] = "{% $error('out of order') %}"

    return _redefined(stack, break_first_choice)


def one_retry(stack: Stack) -> AbstractContextManager[None]:
    """Let the state machine try again only once: the local AWS needs a second for each try that fails."""

    def lose_patience(states: dict[str, Any]) -> None:
        for retry in (retry for state in states.values() for retry in state.get("Retry", [])):
            retry["MaxAttempts"] = 1

    return _redefined(stack, lose_patience)


@contextmanager
def _redefined(stack: Stack, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    machine, arn = stack.client("stepfunctions"), stack.state_machine_arn
    usual = machine.describe_state_machine(stateMachineArn=arn)["definition"]
    other = json.loads(usual)
    change(other["States"])
    machine.update_state_machine(stateMachineArn=arn, definition=json.dumps(other))
    try:
        yield
    finally:
        machine.update_state_machine(stateMachineArn=arn, definition=usual)
