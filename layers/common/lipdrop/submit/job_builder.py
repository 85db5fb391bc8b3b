"""Make a job of a video and a voice: options, a look at both, length and price; or a refusal.

A job is a pure function of the object versions and the stack's parameters, so whoever assembles it again
gets the same bytes, and Step Functions can tell that it is the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lipdrop.config.settings import Settings
from lipdrop.drops.drop_bucket import Drop
from lipdrop.drops.manifest import Entry, is_link
from lipdrop.drops.options import effective
from lipdrop.drops.pairing import VIDEO_ENDINGS, VOICE_ENDINGS, label, parse, result_name
from lipdrop.drops.refusal import DropRefusedError
from lipdrop.drops.signed_links import without_signature
from lipdrop.media.probe import ProbeResult
from lipdrop.model.job import Estimate, Job, MediaFacts, MediaSource, S3Object, identity
from lipdrop.model.wording import how_large, how_long
from lipdrop.submit.preflight import Role, check, length
from lipdrop.submit.pricing import estimate, length_warnings, output_seconds

ENDINGS: dict[Role, tuple[str, ...]] = {"video": VIDEO_ENDINGS, "voice": (*VOICE_ENDINGS, "mp4")}
"""What a manifest may name as what: there the role is said, so MP4, which holds either, may be a voice."""

_FIELDS: dict[Role, str] = {"video": "video", "voice": "audio"}
"""What a manifest calls a role."""

type MediaInput = Drop | str
"""A drop, or a link that only Segmind will follow."""


class JobBuilder(Struct, frozen=True, kw_only=True):
    """Makes jobs; `probe` sees what is in an object."""

    probe: Callable[[S3Object], ProbeResult]
    settings: Settings

    def pair(self, video: Drop, voice: Drop) -> Job:
        """Return the job of two drops that belong together."""
        name = result_name(voice.object.key)
        objects = (video.object, voice.object)
        parts = (part for item in objects for part in (item.bucket, item.key, item.version))
        job = Job(
            job_id=identity(name, *parts),
            name=name,
            video=video.object,
            audio=voice.object,
            label=label(voice.object.key, video.object.key),
        )
        return self._assembled(job, video, voice, {})

    def entry(self, manifest: S3Object, entry: Entry, find: Callable[[str], Drop | None]) -> Job:
        """Return the job of a manifest's entry; `find` tells what lies under a key now."""
        job = Job(
            job_id=identity(
                entry.name, manifest.bucket, manifest.key, manifest.version, str(entry.index or 0)
            ),
            name=entry.name,
            manifest=manifest,
            entry=entry.index,
            dry_run=entry.dry_run,
            error=entry.failure,
        )
        if entry.failure:
            return job
        try:
            video, voice = _input(entry.video, "video", find), _input(entry.audio, "voice", find)
        except DropRefusedError as refused:
            return replace(job, error=refused.failure)
        job = replace(job, video=_source(video), audio=_source(voice))
        return self._assembled(job, video, voice, entry.options)

    def _assembled(self, job: Job, video: MediaInput, voice: MediaInput, given: Mapping[str, Any]) -> Job:
        """Fill in what is found out, step by step: a refusal keeps what was known before it."""
        try:
            metadata = ((_name(item), item.metadata) for item in (voice, video) if isinstance(item, Drop))
            job = replace(job, options=effective(self.settings.options, given, *metadata))
            picture = self._examined(video, "video")
            job = replace(job, video_media=picture.media, warnings=picture.warnings)
            sound = self._examined(voice, "voice")
            mode, fps = job.options.sync_mode, picture.media.fps if picture.media else None
            warnings = (
                picture.warnings + sound.warnings + length_warnings(mode, picture.seconds, sound.seconds)
            )
            job = replace(job, audio_media=sound.media, warnings=warnings)
            seconds = output_seconds(mode, picture.seconds, sound.seconds)
            if seconds is not None:
                job = replace(job, estimate=estimate(seconds, self.settings, fps))
                _require_affordable(job.estimate, self.settings.max_job_cost)
        except DropRefusedError as refused:
            return replace(job, error=refused.failure)
        return job

    def _examined(self, item: MediaInput, role: Role) -> "_Examined":
        if isinstance(item, str):
            _require_known_cost(role, self.settings)
            return _Examined(warnings=(f"The {role} is a link, which was not looked at: {_UNSEEN}",))
        name, size = _name(item), item.object.size
        if item.archived:
            raise DropRefusedError("MEDIA_UNREADABLE", f"{name} is in Glacier storage; restore it first.")
        if size > self.settings.max_media_bytes:
            most = how_large(self.settings.max_media_bytes)
            raise DropRefusedError(
                "MEDIA_TOO_LARGE", f"{name} has {how_large(size)}; at most {most} are sent."
            )
        seen = self.probe(item.object)
        return _Examined(
            media=seen.media, seconds=length(seen, role), warnings=check(seen, name, role, self.settings)
        )


_UNSEEN = "what is wrong with it shows only at Segmind, and what depends on its length is not known."


class _Examined(Struct, frozen=True, kw_only=True):
    media: MediaFacts | None = None
    seconds: float | None = None
    warnings: tuple[str, ...] = ()


def _input(source: str, role: Role, find: Callable[[str], Drop | None]) -> MediaInput:
    """Return the drop that a manifest names, or its link as it is."""
    if is_link(source):
        return source
    if parse(source).ending not in ENDINGS[role]:
        field, allowed = _FIELDS[role], ", ".join(f".{ending}" for ending in ENDINGS[role])
        raise DropRefusedError("UNSUPPORTED_FILE", f"{field}: not the name of a {role}; allowed: {allowed}.")
    drop = find(source)
    if drop is None:
        raise DropRefusedError("MEDIA_MISSING", f"{source} was not found in the drop bucket.")
    return drop


def _require_affordable(estimate: Estimate | None, most: float) -> None:
    if estimate and estimate.cost_usd > most:
        raise DropRefusedError(
            "COST_LIMIT",
            f"{how_long(estimate.output_seconds)} of result would cost about ${estimate.cost_usd:.2f};"
            f" MaxJobCost is ${most:.2f}.",
        )


def _require_known_cost(role: Role, settings: Settings) -> None:
    if settings.require_known_cost:
        raise DropRefusedError(
            "COST_LIMIT",
            f"The {role} is a link, so its length and the price are not known, and RequireKnownCost is true:"
            " put the file into the drop bucket and name it there.",
        )


def _source(item: MediaInput) -> MediaSource:
    return item.object if isinstance(item, Drop) else without_signature(item)


def _name(item: Drop) -> str:
    """Return what messages call a file: the last part of its key."""
    return item.object.key.rpartition("/")[2]
