"""The words of the domain as typed, frozen values, and their JSON form.

A `Job` is the input of one Step Functions execution. It is a pure function of the exact object
versions it was made from and of the stack's parameters: no time, no request id, no presigned URL, so
that `submit` can start the same execution twice and get one (docs/decisions.md, "The claim").
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
    """One exact version of an object. `version_id` falls back to the ETag on an unversioned bucket."""

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
"""Where media lies: an object of the drop bucket, or an https URL of a manifest, without its query."""


class MediaFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What preflight saw in a file: seconds, pixels, frames a second."""

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


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One video + one voice + options -> one result; or, with `error`, a drop that was refused.

    `name` is the result's place without its ending: `launch/fr` -> `launch/fr.mp4`, `launch/fr.json`.
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

    @property
    def folder(self) -> str:
        """The folder of the result, without slashes at its ends; "" at the top."""
        folder = str(PurePosixPath(self.name).parent)
        return "" if folder == "." else folder


def identity(name: str, *parts: str) -> str:
    """Return the id of the thing named `name` and made of exactly `parts`: `<slug>-<32 hex digits>`.

    The slug is for people who look at the console; the digits alone carry the identity. At most 73
    characters of A-Z, a-z, 0-9 and "-": a Step Functions execution name allows 80.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[-40:].strip("-") or "drop"
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{slug}-{digest[:32]}"


def to_json(value: Any) -> str:
    """Encode a value of the model as canonical JSON: the same value always gives the same bytes."""
    return msgspec.json.encode(value, order="deterministic").decode()


def from_plain[T](data: Mapping[str, Any], kind: type[T]) -> T:
    """Decode plain JSON data into `kind`; raises `msgspec.ValidationError` naming the field."""
    return msgspec.convert(data, kind)


def to_plain(value: Any) -> Any:
    """Encode a value of the model as plain JSON data (dicts, lists, strings, numbers)."""
    return msgspec.to_builtins(value)
