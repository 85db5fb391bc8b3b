"""Redaction of signed links: their signatures stay in the manifest until right before the POST.

A job is the input of an execution: it is in its history and in the Jobs table, which more people can read
than the drop bucket. So a job holds a link without its query, and a bare `?` at its end says that there is
one. Only the manifest's exact version holds the whole link.
"""

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from lipdrop.drops.manifest_decoding import decode
from lipdrop.model.job import Job, MediaSource, S3Object

_QUERY = re.compile(r"[?#].*", re.DOTALL)


def without_signature(link: str) -> str:
    """Return `link` as a job may hold it: up to its query, whose place a bare `?` keeps."""
    return _QUERY.sub("?", link)


def with_signatures(job: Job, read: Callable[[S3Object], bytes]) -> Job:
    """Return `job` with its links as they are in its manifest, which is read only if one was redacted."""
    if not (job.manifest and (_is_redacted(job.video) or _is_redacted(job.audio))):
        return job
    content: Any = decode(read(job.manifest))
    entry = content if job.entry is None else content[job.entry - 1]
    return replace(
        job,
        video=entry["video_url"] if _is_redacted(job.video) else job.video,
        audio=entry["audio_url"] if _is_redacted(job.audio) else job.audio,
    )


def _is_redacted(source: MediaSource | None) -> bool:
    return isinstance(source, str) and source.endswith("?")
