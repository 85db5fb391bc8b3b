"""Every way a job can fail, in one table: its code, its stage, what to do next, whether it was charged.

Codes are what subscribers filter on; they are never renamed, only added. `docs/outcomes.md` shows the
same table to people, and a test keeps the two equal.
"""

from typing import NamedTuple

from lipdrop.model.job import Charged, Failure, Stage


class FailureKind(NamedTuple):
    """What is known of a failure before it happens."""

    stage: Stage
    charged: Charged
    action: str


_REUPLOAD = "Mend the file and upload it again."
_OPTIONS = "Give an allowed value, in the manifest or as metadata of the voice, and upload it again."
_MANIFEST = "Mend the manifest entry and upload the manifest again."

FAILURES: dict[str, FailureKind] = {
    # drop: refused before anything was spent
    "UNSUPPORTED_FILE": FailureKind(
        "drop", "no", "Upload MP4, MOV, WebM or AVI video and WAV, MP3, OGG or FLAC voice."
    ),
    "AMBIGUOUS_VIDEO": FailureKind(
        "drop", "no", "Keep one of the videos named in the message, then upload the voice again."
    ),
    "INVALID_OPTION": FailureKind("drop", "no", _OPTIONS),
    "INVALID_MANIFEST": FailureKind("drop", "no", _MANIFEST),
    "MEDIA_MISSING": FailureKind(
        "drop", "no", "Upload the missing file, then the manifest or the voice again."
    ),
    "MEDIA_UNREADABLE": FailureKind("drop", "no", _REUPLOAD),
    "NO_PICTURE": FailureKind("drop", "no", _REUPLOAD),
    "NO_SOUND": FailureKind("drop", "no", _REUPLOAD),
    "MEDIA_TOO_LONG": FailureKind("drop", "no", "Cut the file, or raise the stack's MaxMediaSeconds."),
    "MEDIA_TOO_LARGE": FailureKind("drop", "no", "Encode the file smaller, or raise the stack's limit."),
    "FRAME_SIZE": FailureKind("drop", "no", "Encode the video at 480p to 4096x2160, then upload it again."),
    "COST_LIMIT": FailureKind("drop", "no", "Cut the media, or raise the stack's MaxJobCost."),
    "ORPHANED_VOICE": FailureKind(
        "drop", "no", "Upload the video that belongs to this voice, or delete the voice."
    ),
    "ORPHANED_VIDEO": FailureKind("drop", "no", "Upload a voice for this video, or delete the video."),
    # request: the POST
    "MEDIA_GONE": FailureKind(
        "request", "no", "Upload the file again: it was deleted before it could be sent."
    ),
    "REQUEST_REJECTED": FailureKind(
        "request", "no", "Segmind refused the parameters: see the message, change them, upload again."
    ),
    "MODEL_UNAVAILABLE": FailureKind(
        "request", "no", "The model is not offered any more: see Lipdrop's changelog for a newer version."
    ),
    "QUEUE_TIMEOUT": FailureKind(
        "request", "no", "Upload the voice again; raise MaxConcurrentJobs or MaxQueueHours if this repeats."
    ),
    "API_KEY_REJECTED": FailureKind(
        "request", "no", "Store a valid Segmind API key (see README), then upload the voice again."
    ),
    "INSUFFICIENT_CREDITS": FailureKind("request", "no", "Buy Segmind credits, then upload the voice again."),
    "SEGMIND_UNAVAILABLE": FailureKind(
        "request", "no", "Segmind kept answering with errors: upload the voice again later."
    ),
    "SUBMISSION_UNKNOWN": FailureKind(
        "request",
        "unknown",
        "Look at the requests of your Segmind account; only if this one is missing there, upload again.",
    ),
    # poll: the wait
    "INFERENCE_FAILED": FailureKind(
        "poll", "no", "See Segmind's message; change the media or the options, then upload again."
    ),
    "RESULT_EXPIRED": FailureKind(
        "poll", "yes", "Ask Segmind's support about the request id before you upload again."
    ),
    "DEADLINE": FailureKind(
        "poll", "unknown", "Ask Segmind's support about the request id before you upload again."
    ),
    # finalize: the result
    "RESULT_INVALID": FailureKind(
        "finalize", "yes", "Ask Segmind's support about the request id before you upload again."
    ),
    "RESULT_UNREACHABLE": FailureKind(
        "finalize",
        "yes",
        "Fetch the result by its request id if its hour is not over, else ask Segmind's support about it.",
    ),
    "RESULT_TOO_LARGE": FailureKind(
        "finalize", "yes", "Raise MaxResultBytes; fetch the result by its request id within the hour."
    ),
    "STORE_FAILED": FailureKind(
        "finalize",
        "yes",
        "Mend the results bucket's permissions; fetch the result by its request id within the hour.",
    ),
    # anywhere
    "INTERNAL_ERROR": FailureKind(
        "finalize", "unknown", "Look at the execution and its logs; see docs/operating.md."
    ),
    "ABORTED": FailureKind(
        "finalize",
        "unknown",
        "The execution was stopped by hand; fetch a running request by its id within the hour.",
    ),
    "TIMED_OUT": FailureKind("finalize", "unknown", "The execution ran out of time; see docs/operating.md."),
}


def failure(
    code: str,
    message: str,
    *,
    stage: Stage | None = None,
    charged: Charged | None = None,
    http_status: int | None = None,
) -> Failure:
    """Return the `Failure` of `code` with `message`; stage and charge as in the table unless known better.

    Raises KeyError for a code that the table does not hold: codes are a published interface.
    """
    kind = FAILURES[code]
    return Failure(
        code=code,
        message=message,
        stage=stage or kind.stage,
        action=kind.action,
        charged=charged or kind.charged,
        http_status=http_status,
    )
