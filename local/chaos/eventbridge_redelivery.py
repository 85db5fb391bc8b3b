"""Redelivery of EventBridge events, which the local AWS lacks.

AWS tries an event's function three times and then keeps the event in the dead-letter queue. The local AWS
tries once: an event whose worker was killed is lost. So the event of a broken execution that no notification
has announced yet is sent again.
"""

import json
import time
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from local.chaos.evidence import executions
from local.stack import Stack

AGAIN_SECONDS = 15.0


@dataclass
class EventRedelivery:
    """Sends `finalize` the events of executions that failed in the state machine itself."""

    stack: Stack
    finalize: str
    delivered: int = 0
    _told: dict[str, float] = field(default_factory=dict)
    _described: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._machine = self.stack.client("stepfunctions")
        self._lambda = self.stack.client("lambda")

    def deliver(self, heard: Container[str]) -> None:
        """Send the events of broken executions whose jobs are not in `heard`."""
        for execution in executions(self.stack):
            if execution.status != "FAILED":
                continue
            described = self._describe(execution.arn)
            name = json.loads(described["input"])["name"]
            broken = described.get("error", "").startswith("States.")
            due = time.monotonic() - self._told.get(execution.arn, 0) > AGAIN_SECONDS
            if broken and due and name not in heard:
                self._told[execution.arn] = time.monotonic()
                self._send(described)

    def _describe(self, arn: str) -> dict[str, Any]:
        if arn not in self._described:
            self._described[arn] = self._machine.describe_execution(executionArn=arn)
        return self._described[arn]

    def _send(self, described: dict[str, Any]) -> None:
        detail = {
            "executionArn": described["executionArn"],
            "stateMachineArn": described["stateMachineArn"],
            "name": described["name"],
            "status": described["status"],
            "startDate": int(described["startDate"].timestamp() * 1000),
            "input": described["input"],
            "error": described["error"],
            "cause": described.get("cause", ""),
        }
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": detail,
        }
        self._lambda.invoke(FunctionName=self.finalize, InvocationType="Event", Payload=json.dumps(event))
        self.delivered += 1
