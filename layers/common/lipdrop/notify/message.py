"""The notification that ends a job, as a pure function of what is known; and the alerts.

The JSON is a published interface: `docs/notification.schema.json` describes it, tests hold every message
against it. Fields that do not apply are absent, never null. `lipdrop.notify.sns_format` writes the text for
people and the form that SNS needs.
"""

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from lipdrop import __version__
from lipdrop.model import task_outputs
from lipdrop.model.job import Failure, Job, MediaSource, Options, S3Object
from lipdrop.model.wording import shorten

VERSION = 1
"""Of the schema, which only gets additions; `lipdrop_version` tells which release wrote a message."""
MAX_WARNINGS = 20


class InputFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file a job was made from: an object's exact version, or an address without its query."""

    bucket: str | None = None
    key: str | None = None
    version_id: str | None = None
    etag: str = ""
    size: int = 0
    url: str | None = None


class Inputs(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The drop: what was uploaded, and where in a manifest it was named (`entry` counts from 1)."""

    video: InputFile | None = None
    audio: InputFile | None = None
    manifest: InputFile | None = None
    entry: int | None = None


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The stored video: its place, bytes and seconds; a link only where the stack makes links."""

    bucket: str
    key: str
    size: int
    version_id: str | None = None
    seconds: float | None = None
    link: str | None = None
    link_expires_at: str | None = None


class UnverifiedFile(Struct, frozen=True, kw_only=True):
    """What was received of a result that is incomplete or that no tool recognises: its place and bytes."""

    bucket: str
    key: str
    size: int


class RecordAddress(Struct, frozen=True, kw_only=True):
    """Where the job's record is stored."""

    bucket: str
    key: str


class Timings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When things happened (UTC) and how many seconds they took; inference is Segmind's own figure."""

    finished_at: str
    started_at: str | None = None
    requested_at: str | None = None
    waiting_seconds: float | None = None
    processing_seconds: float | None = None
    inference_seconds: float | None = None
    total_seconds: float | None = None


class Cost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`estimated_usd` is Lipdrop's, before the job; the others are Segmind's figures in Segmind's unit."""

    estimated_usd: float | None = None
    reported: float | None = None
    remaining_credits: float | None = None


class JobTimeline(Struct, frozen=True, kw_only=True):
    """When things happened to a job, as known at its end; times in epoch seconds."""

    finished_at: float
    started_at: float | None = None
    posted_at: float | None = None
    request_id: str | None = None
    polls: int = 0
    inference_seconds: float | None = None
    cost: float | None = None
    remaining_credits: float | None = None
    execution_arn: str = ""


class Notification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one job ended. `id` is the same in every repeat of the same message, and in no other.

    `corrects` is the id of an earlier message that this one replaces.
    """

    version: int
    id: str
    status: Literal["COMPLETED", "FAILED"]
    job_id: str
    name: str
    folder: str
    label: str
    dry_run: bool
    inputs: Inputs
    options: Options
    warnings: tuple[str, ...]
    timings: Timings
    polls: int
    cost: Cost
    execution_arn: str
    result: Result | None = None
    error: Failure | None = None
    request_id: str | None = None
    record: RecordAddress | None = None
    lipdrop_version: str = ""
    unverified: UnverifiedFile | None = None
    corrects: str | None = None


class AlertMessage(Struct, frozen=True, kw_only=True):
    """A problem that needs a person while jobs wait or go on. `job_id` is the job that met it first."""

    version: int
    id: str
    status: Literal["ALERT"]
    error: task_outputs.AccountAlert
    job_id: str
    execution_arn: str
    sent_at: str
    lipdrop_version: str


def notification(
    job: Job,
    timeline: JobTimeline,
    *,
    result: Result | None = None,
    error: Failure | None = None,
    warnings: tuple[str, ...] = (),
    unverified: UnverifiedFile | None = None,
) -> Notification:
    """Return the message for a job that ended in `result`, in `error`, or in neither (a dry run).

    `warnings` come after those that the job itself carries.
    """
    return Notification(
        version=VERSION,
        id=f"{job.job_id}:{error.code if error else 'COMPLETED'}",
        status="FAILED" if error else "COMPLETED",
        job_id=job.job_id,
        name=job.name,
        folder=job.folder,
        label=shorten(job.label),
        dry_run=job.dry_run,
        inputs=_inputs(job),
        options=job.options,
        warnings=bounded((*job.warnings, *warnings)),
        timings=_timings(timeline),
        polls=timeline.polls,
        cost=_cost(job, timeline),
        execution_arn=timeline.execution_arn,
        result=result,
        error=error and _told(error, unverified),
        request_id=timeline.request_id,
        lipdrop_version=__version__,
        unverified=unverified,
    )


def _told(error: Failure, unverified: UnverifiedFile | None) -> Failure:
    """Return `error` as it is told: not too long, and with how to look at what was kept of the result."""
    action = error.action
    if unverified:
        place = f"s3://{unverified.bucket}/{unverified.key}"
        action = f"Download {place} and open it in a player (such as VLC): it may be of use. {action}"
    return msgspec.structs.replace(error, message=shorten(error.message), action=shorten(action))


def charged_twice(job_id: str, request_ids: tuple[str, ...]) -> task_outputs.AccountAlert:
    """Return the alert for a job that Segmind has several requests for: this must never happen."""
    return task_outputs.AccountAlert(
        code="CHARGED_TWICE",
        message=f"Segmind's request history lists several requests for the one job {job_id}: "
        f"{', '.join(request_ids)}.",
        action="Ask Segmind's support for a refund of all but one, and report this as a bug of Lipdrop.",
    )


def store_refused(error: Failure) -> task_outputs.AccountAlert:
    """Return the alert for a paid result that waits because the results bucket does not take it."""
    return task_outputs.AccountAlert(code=error.code, message=error.message, action=error.action)


def alert(trouble: task_outputs.AccountAlert, *, job_id: str, execution_arn: str, now: float) -> AlertMessage:
    """Return the alert for `trouble`; its id is made of the job and the day, so a retry repeats it."""
    sent_at = timestamp(now)
    return AlertMessage(
        version=VERSION,
        id=f"{job_id}:{trouble.code}:{sent_at[:10]}",
        status="ALERT",
        error=msgspec.structs.replace(trouble, message=shorten(trouble.message)),
        job_id=job_id,
        execution_arn=execution_arn,
        sent_at=sent_at,
        lipdrop_version=__version__,
    )


def timestamp(epoch_seconds: float) -> str:
    """Return `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(int(epoch_seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bounded(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Return `warnings` without repeats, none too long and not too many."""
    kept = tuple(shorten(text) for text in dict.fromkeys(warnings))
    if len(kept) <= MAX_WARNINGS:
        return kept
    return (*kept[: MAX_WARNINGS - 1], f"… and {len(kept) - MAX_WARNINGS + 1} more")


def without_query(url: str) -> str:
    """Return `url` without user, query and fragment: a signature in it is nobody else's business."""
    parts = urlsplit(url)
    return shorten(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))


def input_file(source: MediaSource) -> InputFile:
    """Return what a message may say of `source`."""
    if isinstance(source, str):
        return InputFile(url=without_query(source))
    return InputFile(
        bucket=source.bucket,
        key=source.key,
        version_id=source.version_id,
        etag=source.etag,
        size=source.size,
    )


def _inputs(job: Job) -> Inputs:
    def known(source: S3Object | str | None) -> InputFile | None:
        return None if source is None else input_file(source)

    return Inputs(
        video=known(job.video), audio=known(job.audio), manifest=known(job.manifest), entry=job.entry
    )


def _timings(timeline: JobTimeline) -> Timings:
    def between(start: float | None, end: float | None) -> float | None:
        return None if start is None or end is None else round(max(0.0, end - start), 1)

    def at(moment: float | None) -> str | None:
        return None if moment is None else timestamp(moment)

    return Timings(
        finished_at=timestamp(timeline.finished_at),
        started_at=at(timeline.started_at),
        requested_at=at(timeline.posted_at),
        waiting_seconds=between(timeline.started_at, timeline.posted_at),
        processing_seconds=between(timeline.posted_at, timeline.finished_at),
        inference_seconds=timeline.inference_seconds,
        total_seconds=between(timeline.started_at, timeline.finished_at),
    )


def _cost(job: Job, timeline: JobTimeline) -> Cost:
    return Cost(
        estimated_usd=job.estimate.cost_usd if job.estimate else None,
        reported=timeline.cost,
        remaining_credits=timeline.remaining_credits,
    )
