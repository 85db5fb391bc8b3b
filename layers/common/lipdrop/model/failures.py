"""Error codes: one table with every way in which a job can fail.

Subscribers filter notifications by code, so codes are never renamed, only added. `docs/outcomes.md` shows the
same table to people, and a test keeps the two equal.
"""

from typing import NamedTuple

from lipdrop.model.job import Charged, Failure, Stage
from lipdrop.model.wording import escaped, shorten


class FailureKind(NamedTuple):
    """What an error code says by itself.

    `stage`: where the job was; `charged`: whether Segmind charges for the request in general;
    `action`: what the sender of the drop or the operator should do next.
    """

    stage: Stage
    charged: Charged
    action: str


_REUPLOAD = "Fix the file and upload it again."
_OPTIONS = "Use an allowed value (in the manifest, or as metadata of the voice) and upload it again."
_MANIFEST = "Fix the manifest entry and upload the manifest again."
_ASK_SUPPORT = "Ask Segmind's support about the request_id first: a new upload is charged again."
_FINISH = "Finish the job by hand (see docs/operating.md): Segmind keeps the file for about seven days."

FAILURES: dict[str, FailureKind] = {
    # drop: refused before anything was charged
    "UNSUPPORTED_FILE": FailureKind(
        "drop", "no", "Upload a video as MP4, MOV, WebM or AVI, and a voice as WAV, MP3, OGG or FLAC."
    ),
    "AMBIGUOUS_VIDEO": FailureKind(
        "drop", "no", "Delete all but one of the videos named in the message, then upload the voice again."
    ),
    "INVALID_OPTION": FailureKind("drop", "no", _OPTIONS),
    "INVALID_MANIFEST": FailureKind("drop", "no", _MANIFEST),
    "MEDIA_MISSING": FailureKind(
        "drop", "no", "Upload the missing file, then upload the manifest or the voice again."
    ),
    "MEDIA_UNREADABLE": FailureKind("drop", "no", _REUPLOAD),
    "NO_PICTURE": FailureKind("drop", "no", _REUPLOAD),
    "NO_SOUND": FailureKind("drop", "no", _REUPLOAD),
    "MEDIA_TOO_LONG": FailureKind(
        "drop", "no", "Shorten the file, or raise MaxMediaSeconds, then upload it again."
    ),
    "MEDIA_TOO_LARGE": FailureKind(
        "drop",
        "no",
        "Encode the file with a lower bitrate, or raise MaxMediaBytes, then upload it again.",
    ),
    "FRAME_SIZE": FailureKind(
        "drop", "no", "Encode the video with a frame size between 480p and 4096x2160, then upload it again."
    ),
    "COST_LIMIT": FailureKind("drop", "no", "Shorten the media, or raise MaxJobCost, then upload it again."),
    "ORPHANED_VOICE": FailureKind(
        "drop",
        "no",
        "Upload the video for this voice, change a name if the message says so, or delete the voice.",
    ),
    "ORPHANED_VIDEO": FailureKind(
        "drop",
        "no",
        "Upload a voice for this video, change a name if the message says so, or delete the video.",
    ),
    # request: the POST
    "MEDIA_GONE": FailureKind(
        "request", "no", "Upload the file again: it was deleted before the request was sent."
    ),
    "REQUEST_REJECTED": FailureKind(
        "request", "no", "Segmind refused the parameters: change what the message names, then upload again."
    ),
    "MODEL_UNAVAILABLE": FailureKind(
        "request", "no", "Segmind no longer offers this model: check Lipdrop's changelog for a newer version."
    ),
    "QUEUE_TIMEOUT": FailureKind(
        "request",
        "no",
        "Upload the voice again. If this happens often, raise MaxConcurrentJobs or MaxQueueHours.",
    ),
    "API_KEY_REJECTED": FailureKind(
        "request", "no", "Store a valid Segmind API key (see README.md), then upload the voice again."
    ),
    "INSUFFICIENT_CREDITS": FailureKind("request", "no", "Buy Segmind credits, then upload the voice again."),
    "SEGMIND_UNAVAILABLE": FailureKind(
        "request", "no", "Segmind kept returning errors: upload the voice again later."
    ),
    "SUBMISSION_UNKNOWN": FailureKind(
        "request",
        "unknown",
        "Check your Segmind account's request history. Upload again only if this request is not listed.",
    ),
    # poll: waiting for the result
    "INFERENCE_FAILED": FailureKind(
        "poll", "no", "Read Segmind's message, change the media or the options, then upload again."
    ),
    "RESULT_EXPIRED": FailureKind("poll", "yes", _ASK_SUPPORT),
    "DEADLINE": FailureKind("poll", "unknown", _ASK_SUPPORT),
    # finalize: the result
    "RESULT_INVALID": FailureKind("finalize", "yes", _ASK_SUPPORT),
    "RESULT_UNREACHABLE": FailureKind("finalize", "yes", f"{_FINISH} After that, ask Segmind's support."),
    "RESULT_TOO_LARGE": FailureKind("finalize", "yes", f"Raise MaxResultBytes. {_FINISH}"),
    "STORE_FAILED": FailureKind("finalize", "yes", f"Fix the permissions of the results bucket. {_FINISH}"),
    # any stage
    "INTERNAL_ERROR": FailureKind(
        "finalize", "unknown", "Check the execution and its logs; docs/operating.md says where."
    ),
    "ABORTED": FailureKind(
        "finalize",
        "unknown",
        f"The execution was stopped by an operator. If it has a request_id: {_FINISH}",
    ),
    "TIMED_OUT": FailureKind(
        "finalize",
        "unknown",
        "The execution reached its time limit; docs/operating.md says how to finish the job.",
    ),
}


def failure(
    code: str,
    message: str,
    *,
    stage: Stage | None = None,
    charged: Charged | None = None,
    http_status: int | None = None,
) -> Failure:
    """Return the `Failure` for `code` with `message`.

    `stage` and `charged` are those of the table unless the caller knows better; `http_status` is Segmind's.
    `message` may hold names and texts that others chose: it is escaped and shortened here, once for all.
    Raises KeyError if `code` is not in the table: codes are a published interface.
    """
    kind = FAILURES[code]
    return Failure(
        code=code,
        message=shorten(escaped(message)),
        stage=stage or kind.stage,
        action=kind.action,
        charged=charged or kind.charged,
        http_status=http_status,
    )
