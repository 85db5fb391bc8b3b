"""Signed links of a manifest: what signs them stays in the manifest until right before the POST.

A job is the input of an execution: it stands in its history and in the Jobs table, where more people read
than in the drop bucket. So a job holds a link without its query, and a bare `?` at its end says that there
is one. The manifest's exact version is the one place where the whole link stands.
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
    """Return `job` with its links as they stand in its manifest, which is read only if one is withheld."""
    if not (job.manifest and (_is_withheld(job.video) or _is_withheld(job.audio))):
        return job
    content: Any = decode(read(job.manifest))
    entry = content if job.entry is None else content[job.entry - 1]
    return replace(
        job,
        video=entry["video_url"] if _is_withheld(job.video) else job.video,
        audio=entry["audio_url"] if _is_withheld(job.audio) else job.audio,
    )


def _is_withheld(source: MediaSource | None) -> bool:
    return isinstance(source, str) and source.endswith("?")
