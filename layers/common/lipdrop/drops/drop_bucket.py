"""The drop bucket behind boto3: what is there now, what begins with a name, parts of one exact version."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from msgspec import Struct

from lipdrop.media.range_reader import RangeReader
from lipdrop.model.job import S3Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_GONE = {"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "405"}
"""405 is the answer for a version that is a delete marker."""
_ARCHIVES = {"GLACIER", "DEEP_ARCHIVE"}
CHUNK_BYTES = 1 << 20
"""Of a file that is read whole: few calls, and four at a time stay far below the function's memory."""
MOST_BREAKS = 5
"""Broken connections that one file may have before the whole event is tried again."""


class Drop(Struct, frozen=True, kw_only=True):
    """An object of the drop bucket at one moment: its exact version, its metadata.

    `modified` (epoch seconds): when this version was uploaded.
    """

    object: S3Object
    metadata: Mapping[str, str]
    archived: bool = False
    modified: float = 0


class Listed(Struct, frozen=True, kw_only=True):
    """One line of a listing; `modified` in epoch seconds."""

    key: str
    modified: float


class DropBucket:
    """The drop bucket behind a boto3 client. ClientErrors pass through: the event is tried again."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def current(self, key: str, version_id: str | None = None) -> Drop | None:
        """Return the newest version of `key`, or the one asked for; None if it is not there (any more)."""
        version: Any = {"VersionId": version_id} if _version(version_id) else {}
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key, **version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        return Drop(
            object=S3Object(
                bucket=self.bucket,
                key=key,
                version_id=_version(head.get("VersionId")),
                etag=head["ETag"].strip('"'),
                size=head["ContentLength"],
            ),
            metadata=head["Metadata"],
            archived=_is_archived(head),
            modified=_epoch(head["LastModified"]),
        )

    def beginning(self, prefix: str, most: int) -> tuple[list[str], bool]:
        """Return up to `most` keys beginning with `prefix`, subfolders left out, and whether that is all."""
        answer = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, Delimiter="/", MaxKeys=most)
        return [item["Key"] for item in answer.get("Contents", [])], not answer["IsTruncated"]

    def all_beginning(self, prefix: str, *, subfolders: bool = False) -> Iterator[Listed]:
        """Yield everything beginning with `prefix`, a thousand at a time."""
        options: dict[str, Any] = {} if subfolders else {"Delimiter": "/"}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, **options
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield Listed(key=item["Key"], modified=_epoch(item["LastModified"]))

    def read_object(self, item: S3Object) -> bytes:
        """Return the whole of a small object; the caller has looked at its size."""
        return self._client.get_object(**self._exactly(item))["Body"].read()

    def chunks(self, item: S3Object) -> Iterator[bytes]:
        """Yield exactly this version from its first byte to its last, `CHUNK_BYTES` at a time.

        A connection that breaks is opened again where it broke, `MOST_BREAKS` times.
        """
        start, breaks = 0, 0
        while start < item.size:
            body = self._client.get_object(**self._exactly(item), Range=f"bytes={start}-")["Body"]
            try:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    start += len(chunk)
                    yield chunk
            except (HTTPClientError, IncompleteReadError):
                breaks += 1
                if breaks > MOST_BREAKS:
                    raise
            finally:
                body.close()

    def open(self, item: S3Object) -> RangeReader:
        """Return the object for bounded reading by ranges of exactly this version."""

        def fetch(start: int, length: int) -> bytes:
            byte_range = f"bytes={start}-{start + length - 1}"
            return self._client.get_object(**self._exactly(item), Range=byte_range)["Body"].read()

        return RangeReader(fetch, item.size)

    def _exactly(self, item: S3Object) -> Any:
        version = {"VersionId": item.version_id} if item.version_id else {"IfMatch": f'"{item.etag}"'}
        return {"Bucket": item.bucket, "Key": item.key, **version}


def _version(version_id: str | None) -> str | None:
    """Return the version's id; None for "null", which each upload to an unversioned key has in its turn."""
    return None if version_id == "null" else version_id


def _is_archived(head: "HeadObjectOutputTypeDef") -> bool:
    cold = head.get("StorageClass") in _ARCHIVES or "ArchiveStatus" in head
    return cold and 'ongoing-request="false"' not in head.get("Restore", "")


def _epoch(moment: datetime) -> float:
    return moment.timestamp()
