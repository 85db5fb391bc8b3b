"""Events that could not be handled three times: they are kept, somebody is called, and nothing is lost."""

import json
import time
from typing import Any

from local.stack import Stack
from local.subscriber import Subscriber
from tests.support.dropping import PAIR, drop_files, only, subscribed, under_way
from tests.support.mishaps import configured, no_slot_free, physical, status_change
from tests.support.runbook import commands, run

REDRIVE = commands("Events in the dead-letter queue", 1)


def test_drops_that_cannot_be_read_are_kept_and_become_a_job_when_redriven(stack: Stack) -> None:
    subscriber = subscribed(stack, "unread")
    with configured(stack, "Submit", without="JOBS_TABLE"):
        drop_files(stack, "unread", PAIR)
        _until_dead(stack, len(PAIR))

    assert "JOBS_TABLE" in run(stack, commands("Events in the dead-letter queue"))
    run(stack, REDRIVE)

    assert only(subscriber)["status"] == "COMPLETED"
    assert _dead(stack) == 0


def test_the_end_of_a_job_that_finalize_could_not_handle_is_told_when_redriven(stack: Stack) -> None:
    subscriber = subscribed(stack, "untold")
    with no_slot_free(stack):
        drop_files(stack, "untold", PAIR)
        (execution,) = under_way(stack, "untold")
        with configured(stack, "Finalize", without="JOBS_TABLE"):
            # As EventBridge does it; the local one tries once only, and forgets.
            stack.client("lambda").invoke(
                FunctionName=physical(stack, "Finalize"),
                InvocationType="Event",
                Payload=json.dumps(status_change(stack, execution, "TIMED_OUT")),
            )
            _until_dead(stack, 1)

        run(stack, REDRIVE)
        message = only(subscriber)

    assert message["error"]["code"] == "TIMED_OUT"


def test_the_alarm_watches_the_queue_and_calls_the_subscribers(stack: Stack) -> None:
    cloudwatch, subscriber = stack.client("cloudwatch"), Subscriber(stack)
    name = physical(stack, "DeadLettersAlarm")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]

    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="one message sent")

    (envelope,) = subscriber.messages(wait_seconds=5)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="none sent")
    assert "docs/operating.md" in json.loads(envelope["Message"])["AlarmDescription"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "NumberOfMessagesSent")
    (watched,) = alarm["Dimensions"]
    assert stack.dead_letter_queue_url.endswith(f"/{watched['Value']}")


def _dead(stack: Stack) -> int:
    answer: dict[str, Any] = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.dead_letter_queue_url, AttributeNames=["All"]
    )["Attributes"]
    return int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"])


def _until_dead(stack: Stack, count: int) -> None:
    deadline = time.monotonic() + 60
    while _dead(stack) < count:
        assert time.monotonic() < deadline, f"not {count} events in the dead-letter queue"
        time.sleep(0.1)
