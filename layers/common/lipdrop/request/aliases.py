"""Aliases: copies of media under a name that ends as their contents ask for, made within S3.

Segmind and sync.so go by the ending of a link. `voice.opus`, `clip.m4v`, or a WAV file called `fr.mp3` are
taken as they are, so a copy of exactly that version is made in the drop bucket, and the link leads there. The
copy's key follows from the version that it is of: a second try finds the first one's copy. Nothing is
downloaded for it, and a lifecycle rule of the bucket removes it (template.yaml, Aliases).
"""

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lipdrop.drops.drop_bucket import Drop, DropBucket
from lipdrop.drops.pairing import ALIASES, parse
from lipdrop.media.endings import CONTENT_TYPES, MediaRole, link_ending
from lipdrop.model.job import Job, MediaFacts, MediaSource, S3Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def with_aliases(job: Job, client: "S3Client") -> Job:
    """Return `job` with aliases in the place of media whose names do not end as their contents ask for.

    ClientErrors pass through, that of a version which is gone among them.
    """
    return replace(
        job,
        video=_named(job.video, job.video_media, "video", client),
        audio=_named(job.audio, job.audio_media, "voice", client),
    )


def _named(
    source: MediaSource | None, media: MediaFacts | None, role: MediaRole, client: "S3Client"
) -> MediaSource | None:
    if not isinstance(source, S3Object):
        return source
    own = parse(source.key).ending
    ending = link_ending(media, own, role)
    return source if ending == own else _alias(source, f"{role}.{ending}", client)


def _alias(source: S3Object, name: str, client: "S3Client") -> S3Object:
    """Return the copy of exactly `source` that is called `name`; it is made if it is not there yet."""
    digest = hashlib.sha256("\0".join((source.bucket, source.key, source.version)).encode()).hexdigest()
    key, bucket = f"{ALIASES}{digest[:32]}/{name}", DropBucket(client, source.bucket)
    there = bucket.current(key)
    if there is None or there.object.size != source.size:
        _copy(source, key, client)
        there = bucket.current(key)
    return _found(there, key)


def _copy(source: S3Object, key: str, client: "S3Client") -> None:
    """Copy within S3, tags and metadata left behind: to read tags would need a permission of its own."""
    copied: dict[str, Any] = {"Bucket": source.bucket, "Key": source.key}
    exactly: dict[str, Any] = {"CopySourceIfMatch": f'"{source.etag}"'} if not source.version_id else {}
    if source.version_id:
        copied["VersionId"] = source.version_id
    client.copy_object(
        Bucket=source.bucket,
        Key=key,
        CopySource=copied,  # type: ignore[arg-type]
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",
        ContentType=CONTENT_TYPES[parse(key).ending],
        **exactly,
    )


def _found(drop: Drop | None, key: str) -> S3Object:
    if drop is None:
        raise RuntimeError(f"{key} was copied and is not there")
    return drop.object
