"""Links to media that Segmind may fetch, signed right before they are used."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.drops.signed_links import with_signatures
from lipdrop.model.job import Job, MediaSource, S3Object
from lipdrop.request.aliases import with_aliases
from lipdrop.segmind.history_rows import JOB_PARAMETER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectRequestTypeDef

LINK_SECONDS = 3600
"""As long as Segmind keeps a request: later than that nobody could use what a late download gives."""

_GONE = {404, 405, 412}
"""Not there; a delete marker; on a bucket without versions, another upload under the same key."""


_JOB = "LipdropJob"
"""Hands a job's id to the signer among the call's parameters; botocore never sees it."""


class MediaGoneError(Exception):
    """The very upload that the job is made of does not exist any more; the message names it."""


class LinkSigner:
    """Signs GETs of the drop bucket. The client must sign with "s3v4": boto3's default fails with KMS."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client
        events = client.meta.events
        events.register("provide-client-params.s3.GetObject", _take_job, unique_id="lipdrop-take-job")
        events.register("before-sign.s3.GetObject", _sign_job, unique_id="lipdrop-sign-job")

    def whole(self, job: Job) -> Job:
        """Return `job` with the queries of its links, which only the manifest holds, and with aliases.

        An alias stands for media whose name does not end as its contents ask for. Raises MediaGoneError when
        the version of the manifest, or of such media, is gone.
        """
        whole = with_signatures(job, self._read)
        try:
            return with_aliases(whole, self._client)
        except ClientError as error:
            names = " or ".join(item.key for item in (job.video, job.audio) if isinstance(item, S3Object))
            raise _gone(error, names) from None

    def link(self, source: MediaSource, job_id: str) -> str:
        """Return an https link to exactly the version in `source`; a manifest's own link passes unchanged.

        The link names the job in a signed query parameter, which S3 leaves alone as it begins with "x-":
        Segmind's request history shows the links as sent, and so tells which request is which job's.
        Raises MediaGoneError when that version is gone: Segmind would only find out after it was paid.
        """
        if isinstance(source, str):
            return source
        self._check(source)
        place = {"Bucket": source.bucket, "Key": source.key}
        version = {"VersionId": source.version_id} if source.version_id else {}
        return self._client.generate_presigned_url(
            "get_object",
            Params=place | version | {_JOB: job_id},
            ExpiresIn=LINK_SECONDS,
            HttpMethod="GET",
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
            raise _gone(error, source.key) from None

    def _read(self, item: S3Object) -> bytes:
        try:
            return DropBucket(self._client, item.bucket).read_object(item)
        except ClientError as error:
            raise _gone(error, item.key) from None


def _take_job(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Move the job's id from a call's parameters, which botocore validates, to the call's context."""
    if _JOB in params:
        context[_JOB] = params.pop(_JOB)


def _sign_job(request: Any, **_: object) -> None:
    """Put the job's id into the query, before it is signed."""
    if _JOB in request.context:
        request.params = {**(request.params or {}), JOB_PARAMETER: request.context[_JOB]}


def _gone(error: ClientError, key: str) -> Exception:
    """Return what to raise for `error`: MediaGoneError if `key` is not there any more, else itself."""
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") not in _GONE:
        return error
    return MediaGoneError(f"{key} was deleted or replaced before it could be sent.")
