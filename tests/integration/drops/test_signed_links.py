"""Signed links of a manifest: not in the job that everybody may read, whole in the body that Segmind gets."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from lipdrop.config.aws_clients import S3_CONFIG
from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.model.job import Job, S3Object, to_json
from lipdrop.request.presigned_links import LinkSigner, MediaGoneError
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.submitter import Submitter
from tests.support.drop_world import SETTINGS, Starts, looks_good, s3_record

KEY = "jobs/signed.json"
SIGNED = "https://media.example/v.mp4?X-Amz-Signature=5ec2e7&X-Amz-Credential=A%2FB#t=1"
PLAIN = "https://media.example/fr.mp3"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", config=S3_CONFIG)
        client.create_bucket(Bucket="drop")
        client.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": "Enabled"})
        yield client


def jobs_of(s3: S3Client, manifest: Any) -> list[Job]:
    """Drop `manifest` and return the jobs that `submit` starts."""
    starts = Starts()
    body = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    s3.put_object(Bucket="drop", Key=KEY, Body=body)
    job_builder = JobBuilder(probe=looks_good, settings=SETTINGS)
    Submitter(bucket=DropBucket(s3, "drop"), job_builder=job_builder, start=starts.start).submit(
        [s3_record(KEY)]
    )
    return starts.jobs


def test_the_job_holds_no_query_and_the_body_holds_all_of_it(s3: S3Client) -> None:
    (job,) = jobs_of(s3, {"video_url": SIGNED, "audio_url": PLAIN})
    assert "5ec2e7" not in to_json(job)
    assert (job.video, job.audio) == ("https://media.example/v.mp4?", PLAIN)

    whole = LinkSigner(s3).whole(job)
    assert (whole.video, whole.audio) == (SIGNED, PLAIN)


def test_each_entry_of_a_list_gets_its_own_links_back(s3: S3Client) -> None:
    entries = [
        {"video_url": f"{PLAIN}?v={n}", "audio_url": f"{PLAIN}?a={n}", "name": f"n{n}"} for n in range(3)
    ]
    presigner = LinkSigner(s3)
    whole = {job.name: presigner.whole(job) for job in jobs_of(s3, entries)}
    assert {name: (job.video, job.audio) for name, job in whole.items()} == {
        f"n{n}": (f"{PLAIN}?v={n}", f"{PLAIN}?a={n}") for n in range(3)
    }


def test_the_version_that_was_dropped_counts_whatever_came_after(s3: S3Client) -> None:
    (job,) = jobs_of(s3, {"video_url": SIGNED, "audio_url": PLAIN})
    s3.put_object(Bucket="drop", Key=KEY, Body=b"{}")
    assert LinkSigner(s3).whole(job).video == SIGNED


def test_a_body_copied_as_python_is_read_as_it_was_before(s3: S3Client) -> None:
    (job,) = jobs_of(s3, repr({"video_url": SIGNED, "audio_url": PLAIN, "temperature": 0.5}).encode())
    assert LinkSigner(s3).whole(job).video == SIGNED


def test_a_manifest_that_was_deleted_ends_the_job_before_the_post(s3: S3Client) -> None:
    (job,) = jobs_of(s3, {"video_url": SIGNED, "audio_url": PLAIN})
    assert job.manifest
    s3.delete_object(Bucket="drop", Key=KEY, VersionId=job.manifest.version)
    with pytest.raises(MediaGoneError, match=r"signed\.json was deleted"):
        LinkSigner(s3).whole(job)


def test_without_a_query_the_manifest_is_not_read(s3: S3Client) -> None:
    gone = S3Object(bucket="drop", key="jobs/gone.json", version_id="v")
    job = Job(job_id="a-1", name="a", video=PLAIN, audio=PLAIN, manifest=gone)
    assert LinkSigner(s3).whole(job) == job
