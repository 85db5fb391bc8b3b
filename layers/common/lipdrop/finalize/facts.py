"""What the event and the ledger say of a job: its request, times, error and money."""

import msgspec

from lipdrop.finalize.event import FinalizeEvent, Interruption
from lipdrop.jobs_table.ledger import Record
from lipdrop.model import task_outputs
from lipdrop.model.failures import FAILURES, failure
from lipdrop.model.job import Charged, Failure
from lipdrop.results.fetch import Earlier

_NOT_CHARGED = "Segmind failed and charged nothing: upload the voice again."
UNDECIDED = Interruption(
    code="INTERNAL_ERROR", message="The job came to its end undecided.", stage="finalize"
)


def failed(ending: FinalizeEvent) -> Failure | None:
    """Return the error that the request or the last look ended with."""
    for answer in (ending.look, ending.request):
        if isinstance(answer, task_outputs.Failed | task_outputs.Rejected):
            return answer.error
    return None


def request_of(ending: FinalizeEvent, record: Record | None) -> str:
    """Return the id of the job's request, "" if none is known."""
    if isinstance(ending.request, task_outputs.Accepted):
        return ending.request.request_id
    return record.request_id if record else ""


def posted(ending: FinalizeEvent, record: Record | None) -> float | None:
    """Return when the request was sent, in epoch seconds."""
    if isinstance(ending.request, task_outputs.Accepted):
        return ending.request.posted_at
    return record.posted_at if record and record.posted_at else None


def earlier(record: Record | None) -> Earlier:
    if record is None:
        return Earlier()
    return Earlier(link=record.link, upload_key=record.upload_key, upload_id=record.upload_id)


def not_charged(error: Failure) -> Failure:
    """Return `error` for a request that Segmind ended as FAILED, which it does not charge for."""
    return msgspec.structs.replace(error, charged="no", action=_NOT_CHARGED)


def interrupted(ending: FinalizeEvent, record: Record | None, request_id: str) -> Failure:
    """Return the error of a job that was interrupted, with what is known of the money."""
    broken = ending.broken or UNDECIDED
    charged, action = _money(record, request_id)
    error = failure(broken.code, broken.message, stage=broken.stage, charged=charged)
    return msgspec.structs.replace(error, action=action or error.action)


def _money(record: Record | None, request_id: str) -> tuple[Charged, str | None]:
    """Return whether the job was charged, and what to do about it."""
    if request_id:
        return "yes", FAILURES["RESULT_UNREACHABLE"].action
    if record and record.state in ("REQUESTING", "UNKNOWN"):
        return "unknown", FAILURES["SUBMISSION_UNKNOWN"].action
    return "no", None
