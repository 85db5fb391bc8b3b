"""Step Functions as `submit` sees it: each name starts once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """The executions of one state machine behind a boto3 client."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, name: str, input_json: str) -> bool:
        """Start an execution; False if its name was used in the last 90 days.

        While an execution of the same name and input still runs, Step Functions answers as if it had been
        started now: then True, though nothing was started.
        """
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=input_json)
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True
