"""Jobs whose functions, execution or topic break under them: none of them ends in silence."""

import json
import time
import uuid
from typing import Any

import pytest

from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from local.subscriber import Subscriber
from tests.support.dropping import PAIR, drop_files, only, outcome, subscribed, under_way, until_in
from tests.support.journey import hear, result, seen
from tests.support.mishaps import (
    broken_definition,
    configured,
    invoke,
    no_slot_free,
    one_retry,
    status_change,
    topic_unreachable,
)


def test_a_request_function_that_breaks_fails_the_job_and_nothing_was_spent(
    stack: Stack, standin: StandinControl
) -> None:
    posts = standin.counters().posts

    with one_retry(stack), configured(stack, "Request", without="JOBS_TABLE"):
        message = outcome(stack, "broken-request")

    error = message["error"]
    assert (error["code"], error["stage"], error["charged"]) == ("INTERNAL_ERROR", "request", "no")
    assert "JOBS_TABLE" in error["message"]
    assert standin.counters().posts == posts


def test_a_check_function_that_breaks_costs_no_result_and_says_what_was_charged(
    stack: Stack, standin: StandinControl
) -> None:
    standin.fault(Fault(where="submit", what="never", match="/broken-check-early/"))
    early, late = subscribed(stack, "broken-check-early"), subscribed(stack, "broken-check")
    with one_retry(stack), configured(stack, "CheckStatus", without="JOBS_TABLE"):
        drop_files(stack, "broken-check-early", PAIR)
        drop_files(stack, "broken-check", PAIR)
        failed, saved = only(early), only(late)

    error = failed["error"]
    assert (error["code"], error["stage"], error["charged"]) == ("INTERNAL_ERROR", "poll", "yes")
    assert failed["request_id"]
    assert saved["status"] == "COMPLETED"
    assert "The result was saved although the job had failed" in saved["warnings"][0]
    assert seen(result(stack, saved))[0] == pytest.approx(4, abs=0.2)


def test_when_finalize_breaks_the_state_machine_tells_of_it(stack: Stack) -> None:
    # Without a filter: the local AWS loses the attributes of what the state machine publishes itself.
    subscriber = Subscriber(stack)
    with one_retry(stack), configured(stack, "Finalize", without="JOBS_TABLE"):
        drop_files(stack, "broken-finalize", PAIR)
        (message,) = hear(subscriber, 1, of=lambda heard: heard["folder"] == "broken-finalize")

    error = message["error"]
    assert (error["code"], error["stage"], error["charged"]) == ("INTERNAL_ERROR", "finalize", "yes")
    assert message["id"] == f"{message['job_id']}:LAST_RESORT"
    assert message["inputs"]["audio"]["key"] == "inbox/broken-finalize/fr.wav"
    assert message["request_id"]

    (truth,) = hear(subscriber, 1, of=lambda heard: heard["folder"] == "broken-finalize")
    assert (truth["status"], truth["corrects"]) == ("COMPLETED", message["id"])
    assert seen(result(stack, truth))[0] == pytest.approx(4, abs=0.2)


def test_the_state_machines_own_message_passes_the_same_filters(stack: Stack) -> None:
    state = _definition(stack)["States"]["PublishLastResort"]
    said = {"folder": "spring/été", "label": "fr", "job_id": "fr-1"}
    variables = {
        "lastResort": said,
        "request": {},
        "job": {},
        "known": {},
        "crash": {"Error": "Boom", "Cause": "x"},
    }

    attributes = _evaluated(stack, state["Arguments"]["MessageAttributes"], variables)

    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "status": "FAILED",
        "error_code": "INTERNAL_ERROR",
        "folder": "spring/été",
        "label": "fr",
    }
    without_folder = variables | {"lastResort": said | {"folder": "", "label": ""}}
    assert set(_evaluated(stack, state["Arguments"]["MessageAttributes"], without_folder)) == {
        "status",
        "error_code",
    }


def test_a_job_whose_message_nobody_could_be_sent_is_told_of_once_the_topic_is_back(stack: Stack) -> None:
    subscriber = subscribed(stack, "topic")
    with one_retry(stack), topic_unreachable(stack):
        drop_files(stack, "topic", PAIR)
        (execution,) = under_way(stack, "topic")
        until_in(stack, execution, "WaitForTopic")

    message = only(subscriber)

    assert (message["status"], message["warnings"]) == ("COMPLETED", [])
    assert seen(result(stack, message))[0] == pytest.approx(4, abs=0.2)


def test_an_execution_stopped_by_hand_is_told_of(stack: Stack, standin: StandinControl) -> None:
    standin.fault(Fault(where="submit", what="never"))
    subscriber = subscribed(stack, "aborted")
    drop_files(stack, "aborted", PAIR)
    (execution,) = under_way(stack, "aborted")
    until_in(stack, execution, "CheckStatus")

    stack.client("stepfunctions").stop_execution(executionArn=execution, cause="wrong video")

    message = only(subscriber)
    assert (message["error"]["code"], message["error"]["charged"]) == ("ABORTED", "yes")
    assert message["execution_arn"] == execution
    assert message["request_id"]


def test_an_execution_that_timed_out_is_told_of(stack: Stack, standin: StandinControl) -> None:
    subscriber = subscribed(stack, "timed-out")
    with no_slot_free(stack):
        drop_files(stack, "timed-out", PAIR)
        (execution,) = under_way(stack, "timed-out")

        answer = invoke(stack, "Finalize", status_change(stack, execution, "TIMED_OUT"))

    message = only(subscriber)
    assert answer["status"] == "FAILED"
    assert (message["error"]["code"], message["error"]["charged"]) == ("TIMED_OUT", "no")
    assert message["inputs"]["audio"]["key"] == "inbox/timed-out/fr.wav"


def test_an_execution_that_breaks_on_an_expression_is_told_of(stack: Stack) -> None:
    with broken_definition(stack):
        message = outcome(stack, "broken-expression")

    assert (message["error"]["code"], message["error"]["charged"]) == ("INTERNAL_ERROR", "no")
    assert "out of order" in message["error"]["message"]


def _definition(stack: Stack) -> dict[str, Any]:
    known = stack.client("stepfunctions").describe_state_machine(stateMachineArn=stack.state_machine_arn)
    definition: dict[str, Any] = json.loads(known["definition"])
    return definition


def _evaluated(stack: Stack, expression: Any, variables: dict[str, Any]) -> Any:
    """Return what Step Functions makes of `expression`: the output of a state machine of its own."""
    machine = stack.client("stepfunctions")
    known = machine.describe_state_machine(stateMachineArn=stack.state_machine_arn)
    states = {
        "Given": {"Type": "Pass", "Assign": variables, "Next": "Said"},
        "Said": {"Type": "Pass", "Output": expression, "End": True},
    }
    arn = machine.create_state_machine(
        name=f"evaluated-{uuid.uuid4().hex}",
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Given", "States": states}),
        roleArn=known["roleArn"],
    )["stateMachineArn"]
    execution = machine.start_execution(stateMachineArn=arn)["executionArn"]
    deadline = time.monotonic() + 30
    while (ended := machine.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, ended
        time.sleep(0.05)
    machine.delete_state_machine(stateMachineArn=arn)
    return json.loads(ended["output"])
