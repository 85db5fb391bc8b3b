"""The results bucket: where a job's video and record are stored, complete or not at all."""

import base64
import contextlib
import re
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypedDict

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_FORBIDDEN = 403
_NOT_FOUND = 404
_SERVER_ERROR = 500
_PASSING = re.compile(
    r"Internal|Service(Unavailable|Exception)|SlowDown|Throttl|RequestLimit|RequestTimeout|Provisioned"
)
_PERMANENT = re.compile(r"KMS\..*|KeyTooLongError|AccessDenied|NoSuchBucket")


class UploadAddress(TypedDict):
    """An upload, as every request about it names it."""

    Bucket: str
    Key: str
    UploadId: str


class StoredVideo(Struct, frozen=True, kw_only=True):
    """A video in the results bucket; `metadata` as it was stored with it."""

    key: str
    size: int
    version_id: str | None
    metadata: Mapping[str, str]


def video_key(name: str) -> str:
    """Return the key of the result of the job `name`, if it is the MP4 that Segmind usually delivers."""
    return f"{name}.mp4"


def record_key(name: str, ending: Literal["completed", "failed", "dry run"]) -> str:
    """Return the place of the job's record.

    Only a result's record is `fr.json`, so that it always speaks of the `fr.mp4` beside it: a later
    attempt that fails, or only checks, does not hide how the video there came about.
    """
    return name + {"completed": ".json", "failed": ".failed.json", "dry run": ".dry-run.json"}[ending]


def header_safe(text: str) -> str:
    """Return `text` as S3 metadata can carry it: printable ASCII, at most 256 characters."""
    return re.sub(r"[^!-~]", "?", text)[:256]


def crc32(body: bytes | bytearray) -> str:
    """Return the CRC32 of `body` as S3 writes it."""
    return base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()


def is_permanent(error: ClientError) -> bool:
    """Whether S3 will say the same again until somebody repairs the bucket, its policy or its key."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = error.response.get("Error", {}).get("Code", "")
    return bool(_PERMANENT.fullmatch(code)) or status == _FORBIDDEN


def is_passing(error: ClientError | BotoCoreError) -> bool:
    """Whether an AWS service was in trouble, or silent, and may do the same request later."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_ERROR or bool(_PASSING.match(error.response.get("Error", {}).get("Code", "")))


class ResultsBucket:
    """The results bucket behind a boto3 S3 client.

    Every byte is guarded on its way: each part carries its CRC32, and S3 refuses one that does not fit. It
    is worked out here, as botocore would copy the part to send the checksum behind it.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def find(self, key: str) -> StoredVideo | None:
        """Return what is stored at `key` now, None if nothing does (or if that may not be known)."""
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            # Without s3:ListBucket S3 says 403 for an object that is not there.
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (_FORBIDDEN, _NOT_FOUND):
                return None
            raise
        return StoredVideo(
            key=key,
            size=head["ContentLength"],
            version_id=head.get("VersionId"),
            metadata=head.get("Metadata", {}),
        )

    def put_video(self, key: str, body: bytes, metadata: Mapping[str, str], content_type: str) -> StoredVideo:
        """Store a small video in one request."""
        answer = self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=dict(metadata),
            ChecksumCRC32=crc32(body),
        )
        return StoredVideo(key=key, size=len(body), version_id=answer.get("VersionId"), metadata=metadata)

    def put_record(self, key: str, body: str) -> None:
        """Store a record."""
        self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=body.encode(),
            ContentType="application/json",
            ChecksumAlgorithm="CRC32",
        )

    def remove_older(self, key: str, moment: float) -> None:
        """Delete what is at `key` if it was written before `moment` (epoch seconds); its versions stay."""
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (_FORBIDDEN, _NOT_FOUND):
                return
            raise
        if head["LastModified"].timestamp() < moment:
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def begin(self, key: str, metadata: Mapping[str, str], content_type: str) -> "Upload":
        """Begin a video of several parts; nothing is visible before it is completed."""
        answer = self._client.create_multipart_upload(
            Bucket=self.bucket,
            Key=key,
            ContentType=content_type,
            Metadata=dict(metadata),
            ChecksumAlgorithm="CRC32",
        )
        return Upload(self._client, self.bucket, key, answer["UploadId"], metadata)

    def abort(self, key: str, upload_id: str) -> None:
        """End the unfinished upload `upload_id`; one that is over already is left as it is.

        What cannot be ended is left to the bucket's lifecycle rule.
        """
        Upload(self._client, self.bucket, key, upload_id, {}).abort()

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Return `length` bytes from `start` of the object at `key`; fewer at its end."""
        span = f"bytes={start}-{start + length - 1}"
        answer = self._client.get_object(Bucket=self.bucket, Key=key, Range=span)
        return answer["Body"].read()

    def link(self, video: StoredVideo, seconds: int) -> str:
        """Return a download link to exactly this version; it dies with our credentials at the latest."""
        place = {"Bucket": self.bucket, "Key": video.key}
        if video.version_id:
            place["VersionId"] = video.version_id
        return self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)


class Upload:
    """One multipart upload. Parts may be sent from several threads, each number once."""

    def __init__(
        self, client: "S3Client", bucket: str, key: str, upload_id: str, metadata: Mapping[str, str]
    ) -> None:
        self._client = client
        self.upload_id = upload_id
        self._place: UploadAddress = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
        self._metadata = metadata
        self._parts: dict[int, CompletedPartTypeDef] = {}

    def send(self, number: int, body: bytearray) -> None:
        """Send part `number`, counted from 1. botocore tries again where that can help."""
        checksum = crc32(body)
        answer = self._client.upload_part(
            **self._place,
            PartNumber=number,
            Body=body,  # type: ignore[arg-type]  # the stubs leave bytearray out; bytes would be a copy
            ChecksumCRC32=checksum,
        )
        self._parts[number] = {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": checksum}

    def complete(self, size: int) -> StoredVideo:
        """Make the video visible; S3 refuses if the parts are not `size` bytes together."""
        answer = self._client.complete_multipart_upload(
            **self._place,
            MultipartUpload={"Parts": [self._parts[number] for number in sorted(self._parts)]},
            MpuObjectSize=size,
        )
        return StoredVideo(
            key=self._place["Key"],
            size=size,
            version_id=answer.get("VersionId"),
            metadata=self._metadata,
        )

    def abort(self) -> None:
        """Throw the parts away. A failure is left to the bucket's lifecycle rule: the first error counts."""
        with contextlib.suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(**self._place)
