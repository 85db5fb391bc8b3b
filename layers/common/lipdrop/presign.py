"""Links to media that Segmind may fetch, signed right before they are used."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lipdrop.model import S3Object, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectRequestTypeDef

LINK_SECONDS = 3600
"""As long as Segmind keeps a request: later than that nobody could use what a late download gives."""

_GONE = {"404", "405", "412"}
"""Not there; a delete marker; on a bucket without versions, another upload under the same key."""


class MediaGoneError(Exception):
    """The very upload that the job is made of does not exist any more; the message names it."""


class Presigner:
    """Signs GETs of the drop bucket. The client must sign with "s3v4": boto3's default fails with KMS."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def link(self, source: Source) -> str:
        """Return an https link to exactly the version in `source`; a manifest's own link passes unchanged.

        Raises MediaGoneError when that version is gone: Segmind would only find out after it was paid.
        """
        if isinstance(source, str):
            return source
        self._check(source)
        place = {"Bucket": source.bucket, "Key": source.key}
        version = {"VersionId": source.version_id} if source.version_id else {}
        return self._client.generate_presigned_url(
            "get_object", Params=place | version, ExpiresIn=LINK_SECONDS, HttpMethod="GET"
        )

    def _check(self, source: S3Object) -> None:
        request: HeadObjectRequestTypeDef = {"Bucket": source.bucket, "Key": source.key}
        if source.version_id:
            request["VersionId"] = source.version_id
        elif source.etag:
            request["IfMatch"] = f'"{source.etag}"'
        try:
            self._client.head_object(**request)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise
            raise MediaGoneError(f"{source.key} was deleted or replaced before it could be sent.") from None
