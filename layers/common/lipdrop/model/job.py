"""The domain's values (job, media, options, failure), typed and frozen, and their JSON form.

A `Job` is the input of one Step Functions execution. It is a pure function of the exact object
versions it was made from and of the stack's parameters: no time, no request id, no presigned URL, so
that `submit` can start the same execution twice and get one (docs/decisions.md, "The claim").

Its `job_id`, the execution's name, is an idempotency key made of the wish: what is asked for, and where
the result shall lie. A wish that is tried again has the same id with the number of the attempt behind it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

SyncMode = Literal["bounce", "loop", "cut_off", "silence", "remap"]
Stage = Literal["drop", "request", "poll", "finalize"]
Charged = Literal["yes", "no", "unknown"]


class Options(Struct, frozen=True, kw_only=True):
    """The API's optional parameters, with the defaults of Segmind's parameter table."""

    sync_mode: SyncMode = "bounce"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.5
    auto_active_speaker_detection: bool = False
    occlusion_detection_enabled: bool = False


class S3Object(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exact version of an object; `version_id` is None in a bucket that keeps no versions."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str = ""
    size: int = 0

    @property
    def version(self) -> str:
        """What tells this upload from the next one under the same key."""
        return self.version_id or self.etag


MediaSource = S3Object | str
"""Where media is: an object of the drop bucket, or an https URL of a manifest, without its query."""


class MediaFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What preflight found in a file: seconds, pixels, frames a second."""

    container: str
    seconds: float
    video_codec: str | None = None
    audio_codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None


class Estimate(Struct, frozen=True, kw_only=True):
    """What a job should give and cost: seconds of output, seconds of processing, USD."""

    output_seconds: float
    expected_seconds: float
    cost_usd: float


class Metrics(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Segmind says of a request: seconds of inference, USD charged, credits left. None if unsaid."""

    inference_time: float | None = None
    cost: float | None = None
    remaining_credits: float | None = None


class Failure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a job ended without a result, in words for a person; made by `lipdrop.model.failures.failure`."""

    code: str
    message: str
    stage: Stage
    action: str
    charged: Charged
    http_status: int | None = None


class MadeResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result that was paid for: the exact version of a video in the results bucket, and its request."""

    key: str
    version_id: str | None = None
    request_id: str = ""


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One video + one voice + options -> one result; or, with `error`, a drop that was refused.

    `name` is the result's place without its ending: `launch/fr` -> `launch/fr.mp4`, `launch/fr.json`.
    `content_id` is the wish without its place. Neither of these two is paid for: a job with `made` copies
    that result to its place, one with `earlier` looks once more for the result of that earlier attempt.
    """

    job_id: str
    name: str
    video: MediaSource | None = None
    audio: MediaSource | None = None
    options: Options = Options()
    label: str = ""
    manifest: S3Object | None = None
    entry: int | None = None
    dry_run: bool = False
    video_media: MediaFacts | None = None
    audio_media: MediaFacts | None = None
    estimate: Estimate | None = None
    warnings: tuple[str, ...] = ()
    error: Failure | None = None
    content_id: str = ""
    made: MadeResult | None = None
    earlier: str = ""

    @property
    def place(self) -> str:
        """What the last wish is kept under: the voice's key, or the name that a manifest gives.

        Two voices of one name in different formats are two wishes that both stand, so neither supersedes
        the other; their results are two versions of one object.
        """
        return self.name if self.manifest or not isinstance(self.audio, S3Object) else self.audio.key

    @property
    def versions(self) -> str:
        """The exact uploads that the job was made of, as one text: equal for the same uploads only."""
        sources = (self.video, self.audio, self.manifest)
        return to_json([source.version if isinstance(source, S3Object) else "" for source in sources])

    @property
    def folder(self) -> str:
        """The folder of the result, without slashes at its ends; "" at the top."""
        folder = str(PurePosixPath(self.name).parent)
        return "" if folder == "." else folder


def identity(name: str, *parts: str) -> str:
    """Return the id of the thing named `name` and made of exactly `parts`: `<slug>-<32 hex digits>`.

    The slug is for people who look at the console; the digits alone carry the identity. At most 73
    characters of A-Z, a-z, 0-9 and "-": a Step Functions execution name allows 80, which leaves room for
    the number of an attempt.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[-40:].strip("-") or "drop"
    return f"{slug}-{short_hash(*parts)}"


def short_hash(*parts: str) -> str:
    """Return 32 hex digits that identify exactly `parts`."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


_ATTEMPT = re.compile(r"(.*-[0-9a-f]{32})-[0-9]+")


def attempt_id(first_id: str, number: int) -> str:
    """Return the job id of attempt `number` (from 1) of the wish whose first attempt is `first_id`."""
    return first_id if number == 1 else f"{first_id}-{number}"


def first_attempt(job_id: str) -> str:
    """Return the id of the first attempt of the same wish: what all its attempts have in common."""
    later = _ATTEMPT.fullmatch(job_id)
    return later[1] if later else job_id


def to_json(value: Any) -> str:
    """Encode a value of the model as canonical JSON: the same value always gives the same bytes."""
    return msgspec.json.encode(value, order="deterministic").decode()


def from_plain[T](data: Mapping[str, Any], kind: type[T]) -> T:
    """Decode plain JSON data into `kind`; raises `msgspec.ValidationError` naming the field."""
    return msgspec.convert(data, kind)


def to_plain(value: Any) -> Any:
    """Encode a value of the model as plain JSON data (dicts, lists, strings, numbers)."""
    return msgspec.to_builtins(value)
