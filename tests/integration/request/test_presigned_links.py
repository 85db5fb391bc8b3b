"""Links: to exactly the upload that the job is made of, signed for an hour, in the newer way."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto import mock_aws

from lipdrop.config.aws_clients import s3_config
from lipdrop.model.job import S3Object
from lipdrop.request.presigned_links import LinkSigner, MediaGoneError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JOB = "launch-fr-0123456789abcdef0123456789abcdef"
KEY = "inbox/dîner & co/fr+1.mp3"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", config=s3_config(None))
        client.create_bucket(Bucket="drop")
        yield client


def versioned(client: "S3Client") -> None:
    client.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": "Enabled"})


def upload(client: "S3Client", body: bytes = b"voice") -> S3Object:
    answer = client.put_object(Bucket="drop", Key=KEY, Body=body)
    etag = answer["ETag"].strip('"')
    return S3Object(bucket="drop", key=KEY, version_id=answer.get("VersionId"), etag=etag)


def test_a_link_names_the_version_and_lives_an_hour(client: "S3Client") -> None:
    versioned(client)
    source = upload(client)
    upload(client, b"another")

    query = parse_qs(urlsplit(LinkSigner(client).link(source, JOB)).query)
    assert query["versionId"] == [source.version_id]
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_a_link_names_its_job_in_the_query_and_is_still_served(client: "S3Client") -> None:
    versioned(client)
    link = LinkSigner(client).link(upload(client), JOB)
    assert parse_qs(urlsplit(link).query)["x-lipdrop-job"] == [JOB]
    assert requests.get(link, timeout=10).content == b"voice"


def test_two_signers_of_one_client_name_the_job_once(client: "S3Client") -> None:
    source = upload(client)
    LinkSigner(client)
    assert LinkSigner(client).link(source, JOB).count("x-lipdrop-job=") == 1


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "drop.s3.amazonaws.com"),
        ("eu-central-1", "drop.s3.eu-central-1.amazonaws.com"),
        ("me-central-1", "drop.s3.me-central-1.amazonaws.com"),
    ],
)
def test_on_aws_a_link_goes_to_the_buckets_regional_host(client: "S3Client", region: str, host: str) -> None:
    regional = boto3.client("s3", region_name=region, config=s3_config(None))
    assert urlsplit(LinkSigner(regional).link(upload(client), JOB)).hostname == host


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566"])
def test_an_endpoint_of_ones_own_keeps_its_host(client: "S3Client", endpoint: str) -> None:
    local = boto3.client("s3", region_name="eu-central-1", endpoint_url=endpoint, config=s3_config(endpoint))
    link = local.generate_presigned_url("get_object", Params={"Bucket": "drop", "Key": KEY})
    assert link.startswith(f"{endpoint}/drop/")


def test_a_deleted_version_is_gone(client: "S3Client") -> None:
    versioned(client)
    source = upload(client)
    client.delete_object(Bucket="drop", Key=KEY, VersionId=source.version_id or "")
    with pytest.raises(MediaGoneError, match="fr"):
        LinkSigner(client).link(source, JOB)


def test_a_delete_marker_does_not_hide_the_version(client: "S3Client") -> None:
    versioned(client)
    source = upload(client)
    client.delete_object(Bucket="drop", Key=KEY)
    assert LinkSigner(client).link(source, JOB)


def test_without_versions_the_same_bytes_are_linked(client: "S3Client") -> None:
    source = upload(client)
    assert "versionId" not in LinkSigner(client).link(source, JOB)


def test_without_versions_an_upload_in_between_is_noticed(client: "S3Client") -> None:
    source = upload(client)
    upload(client, b"another")
    with pytest.raises(MediaGoneError, match="replaced"):
        LinkSigner(client).link(source, JOB)


def test_a_deleted_object_is_gone(client: "S3Client") -> None:
    source = upload(client)
    client.delete_object(Bucket="drop", Key=KEY)
    with pytest.raises(MediaGoneError):
        LinkSigner(client).link(source, JOB)


def test_what_may_not_be_read_is_no_missing_media(
    client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    monkeypatch.setattr(client, "head_object", denied)
    with pytest.raises(ClientError, match="403"):
        LinkSigner(client).link(S3Object(bucket="drop", key=KEY, version_id="v"), JOB)


def test_a_manifests_link_passes_unchanged(client: "S3Client") -> None:
    assert LinkSigner(client).link("https://example.org/a.mp4?x=1", JOB) == "https://example.org/a.mp4?x=1"
