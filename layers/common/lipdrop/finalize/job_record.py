"""The record stored with a result: the notification as it was sent, and the evidence behind it."""

import msgspec
from msgspec import Struct

from lipdrop.model.job import Estimate, Job, MediaFacts, Metrics, to_json
from lipdrop.model.wording import escaped
from lipdrop.notify.message import Notification
from lipdrop.results.fetch import StoredResult
from lipdrop.results.transfer import CopyReport

VERSION = 1


class Checks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found in the stored video, and how it came; `way` is absent if an earlier run brought it."""

    media: MediaFacts
    way: CopyReport | None = None


class JobRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All there is to know about a job that has ended. Holds no link and no address's query."""

    record_version: int
    notification: Notification
    metrics: Metrics
    estimate: Estimate | None = None
    video_media: MediaFacts | None = None
    audio_media: MediaFacts | None = None
    checks: Checks | None = None


def job_record(job: Job, message: Notification, metrics: Metrics, kept: StoredResult | None) -> str:
    """Return the record as JSON. A download link is left out: the record outlives it."""
    if message.result:
        result = msgspec.structs.replace(message.result, link=None, link_expires_at=None)
        message = msgspec.structs.replace(message, result=result)
    record = JobRecord(
        record_version=VERSION,
        notification=message,
        metrics=metrics,
        estimate=job.estimate,
        video_media=job.video_media,
        audio_media=job.audio_media,
        checks=Checks(media=kept.media, way=kept.way) if kept else None,
    )
    return msgspec.json.format(escaped(to_json(record)), indent=2)
