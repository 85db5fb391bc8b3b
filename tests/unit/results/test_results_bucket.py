"""Keys and metadata in the results bucket, and S3's errors."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lipdrop.results.results_bucket import crc32, header_safe, is_passing, is_permanent, record_key, video_key


def test_places_follow_from_the_name_alone() -> None:
    assert video_key("launch/fr") == "launch/fr.mp4"
    assert record_key("launch/fr", "completed") == "launch/fr.json"
    assert record_key("launch/fr", "failed") == "launch/fr.failed.json"
    assert record_key("launch/fr", "dry run") == "launch/fr.dry-run.json"


def test_metadata_is_plain_ascii_of_bounded_length() -> None:
    assert header_safe("req-1_ü\n声 x") == "req-1_????x"
    assert len(header_safe("x" * 999)) == 256


@pytest.mark.parametrize(
    ("code", "status", "permanent"),
    [
        ("AccessDenied", 403, True),
        ("NoSuchBucket", 404, True),
        ("KMS.DisabledException", 400, True),
        ("AllAccessDisabled", 403, True),
        ("KeyTooLongError", 400, True),
        ("NoSuchUpload", 404, False),
        ("SlowDown", 503, False),
        ("InternalError", 500, False),
        ("ExpiredToken", 400, False),
        ("BadDigest", 400, False),
    ],
)
def test_what_another_try_cannot_help_is_known(code: str, status: int, permanent: bool) -> None:
    metadata = {
        "RequestId": "",
        "HostId": "",
        "HTTPStatusCode": status,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }
    error = ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "PutObject")  # type: ignore[typeddict-item]
    assert is_permanent(error) is permanent


def test_checksum_is_in_s3_s_form() -> None:
    assert crc32(b"123456789") == "y/Q5Jg=="


@pytest.mark.parametrize(
    ("code", "status", "passing"),
    [
        ("SlowDown", 503, True),
        ("ThrottlingException", 400, True),
        ("ProvisionedThroughputExceededException", 400, True),
        ("SomethingNew", 500, True),
        ("AccessDeniedException", 400, False),
        ("ResourceNotFoundException", 400, False),
    ],
)
def test_an_error_of_the_moment_is_told_from_a_refusal(code: str, status: int, passing: bool) -> None:
    metadata: Any = {"HTTPStatusCode": status}
    error = ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "GetItem")
    assert is_passing(error) is passing
    assert is_passing(ReadTimeoutError(endpoint_url="https://dynamodb"))
