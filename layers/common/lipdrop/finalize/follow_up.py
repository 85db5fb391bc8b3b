"""Follow-up execution: the way to ask again for a job whose own execution is over.

EventBridge tells of a stopped or broken execution once. If a request that was paid for is still under way
then, a new execution of the same state machine goes on asking finalize, with growing pauses and for as long
as the result may come. It begins at Finalize, so it can request nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.model.job import Job, to_json, to_plain

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

SUFFIX = "-follow-"
LONGEST_JOB_ID = 60
"""Characters of the job's id in the name, which may have 80: its end tells jobs apart."""


class FollowUp:
    """Starts follow-up executions of one state machine."""

    def __init__(self, client: "SFNClient", state_machine_arn: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._arn = state_machine_arn
        self._clock = clock

    def start(self, ending: FinalizeEvent, job: Job, corrects: str) -> None:
        """Let an execution go on asking for `job`; a repeat within the same minute starts no second one.

        Raises what Step Functions answers: the event is then delivered again, or kept.
        """
        caught = to_plain(ending.broken) if ending.broken else {}
        started_at = datetime.fromtimestamp(ending.started_at or self._clock(), UTC)
        follow = {
            "job": to_plain(job),
            "execution": {"arn": ending.execution_arn, "started_at": started_at.isoformat()},
            "caught": caught,
            "corrects": corrects,
        }
        name = f"{job.job_id[-LONGEST_JOB_ID:]}{SUFFIX}{int(self._clock()) // 60:x}"
        try:
            self._client.start_execution(
                stateMachineArn=self._arn, name=name, input=to_json({"follow": follow})
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return
