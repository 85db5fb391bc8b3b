"""Every bad drop of the table, through the real adapter and real media: refused once, in the right words."""

import re
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from msgspec.structs import replace
from mypy_boto3_s3 import S3Client

from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.probe_cache import ProbeCache
from lipdrop.submit.submitter import Submitter
from tests.support.bad_drops import BAD_DROPS, BadDrop
from tests.support.drop_world import SETTINGS, Starts, s3_record


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="drop")
        client.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture(scope="module")
def parser() -> Iterator[MediaInfoPool]:
    with MediaInfoPool() as made:
        yield made


def test_the_table_is_long_enough_and_each_case_has_a_folder_of_its_own() -> None:
    assert len(BAD_DROPS) >= 40
    assert len({case.name for case in BAD_DROPS}) == len(BAD_DROPS)


@pytest.mark.parametrize("case", BAD_DROPS, ids=lambda case: case.name)
def test_a_bad_drop_is_refused_once_in_words(case: BadDrop, s3: S3Client, parser: MediaInfoPool) -> None:
    drops, starts = DropBucket(s3, "drop"), Starts()
    probes = ProbeCache(lambda item: probe(drops.open(item), parser))
    settings = replace(SETTINGS, **case.settings)
    submitter = Submitter(
        bucket=drops, job_builder=JobBuilder(probe=probes.probe, settings=settings), start=starts.start
    )
    for put in case.puts:
        s3.put_object(Bucket="drop", Key=put.key, Body=put.body(), Metadata=dict(put.metadata))

    for put in case.puts * 2:
        submitter.submit([s3_record(put.key)] if not put.key.startswith("media/") else [])

    errors = [job.error for job in starts.jobs]
    assert len(errors) == case.refusals, errors
    for error in errors:
        assert error is not None, "started as if it were good"
        assert re.fullmatch(case.code, error.code), error
        assert re.search(case.message, error.message), error
        assert error.stage == "drop"
        assert error.charged == "no"
