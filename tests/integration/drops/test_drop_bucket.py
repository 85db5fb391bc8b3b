"""The drop bucket through S3's own interface: versions, odd keys, and how many calls a drop costs."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws
from moto.s3.models import s3_backends
from mypy_boto3_s3 import S3Client

from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.submit.executions import Executions
from lipdrop.submit.job_builder import JobBuilder
from lipdrop.submit.probe_cache import ProbeCache
from lipdrop.submit.submitter import Submitter
from local.sample_media import drops as media
from tests.support.drop_store import MemoryBucket
from tests.support.drop_world import SETTINGS, Starts, looks_good, s3_record

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account of everybody in moto."""


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="drop")
        client.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3: S3Client, key: str, body: bytes = b"x", **metadata: str) -> str:
    return s3.put_object(Bucket="drop", Key=key, Body=body, Metadata=metadata)["VersionId"]


def counted(s3: S3Client) -> Counter[str]:
    """Return a count of the calls from now on, by operation."""
    calls: Counter[str] = Counter()
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.update([model.name]))
    return calls


def test_what_is_there_now_is_returned_with_version_and_metadata(s3: S3Client) -> None:
    drops = DropBucket(s3, "drop")
    first, second = put(s3, "a.mp3", b"one"), put(s3, "a.mp3", b"three", **{"sync-mode": "loop"})

    now, before = drops.current("a.mp3"), drops.current("a.mp3", first)

    assert now
    assert before
    assert (now.object.version_id, now.object.size, now.metadata) == (second, 5, {"sync-mode": "loop"})
    assert (before.object.version_id, before.object.size, before.metadata) == (first, 3, {})
    assert drops.read_object(before.object) == b"one"


def test_what_is_not_there_is_none(s3: S3Client) -> None:
    drops = DropBucket(s3, "drop")
    version = put(s3, "a.mp3")
    marker = s3.delete_object(Bucket="drop", Key="a.mp3")["VersionId"]

    assert drops.current("a.mp3") is None
    assert drops.current("b.mp3") is None
    assert drops.current("a.mp3", marker) is None
    assert drops.current("a.mp3", version) is not None


def test_other_errors_are_not_taken_for_absence(s3: S3Client) -> None:
    with pytest.raises(ClientError):
        DropBucket(s3, "nobucket").read_object(_found(DropBucket(s3, "drop"), s3))


def _found(drops: DropBucket, s3: S3Client) -> Any:
    put(s3, "a")
    drop = drops.current("a")
    assert drop
    return type(drop.object)(bucket="nobucket", key="a", version_id=drop.object.version_id)


def test_an_archived_object_is_known_by_its_class(s3: S3Client) -> None:
    s3.put_object(Bucket="drop", Key="cold.mp4", Body=b"x", StorageClass="GLACIER")

    cold = DropBucket(s3, "drop").current("cold.mp4")

    assert cold
    assert cold.archived


def test_ranges_are_of_the_version_that_was_found(s3: S3Client) -> None:
    drops = DropBucket(s3, "drop")
    put(s3, "a.mp4", bytes(range(256)) * 1000)
    drop = drops.current("a.mp4")
    put(s3, "a.mp4", b"something else")

    assert drop
    file = drops.open(drop.object)
    assert file.read_at(200_000, 3) == bytes((200_000 + n) % 256 for n in range(3))
    assert file.read_at(255_999, 50) == b"\xff"
    assert (file.reads, file.bytes_read) == (3, 65_536 + 4)


def test_listings_are_those_of_the_bucket_in_memory(s3: S3Client) -> None:
    memory, drops = MemoryBucket(), DropBucket(s3, "drop")
    keys = [
        "inbox/a.mp4",
        "inbox/a.fr.mp3",
        "inbox/a/b.mp4",
        "inbox/ä.mp3",
        "inbox/a b+%.mp3",
        "inbox/🎬.mp4",
        "jobs/a",
    ]
    for key in keys:
        memory.put(key)
        put(s3, key)

    for prefix in ("inbox/", "inbox/a", "inbox/a.", "inbox/a/", "inbox/🎬.", "x", ""):
        for most in (1, 2, 250):
            assert drops.beginning(prefix, most) == memory.beginning(prefix, most)
        for subfolders in (True, False):
            here, there = (
                [item.key for item in store.all_beginning(prefix, subfolders=subfolders)]
                for store in (drops, memory)
            )
            assert here == there


ODD_NAMES = (
    "plain",
    "two words + plus",
    "100% 'quoted' \"twice\"",
    "🎬 日本語",
    "Zoe\u0301",
    "a&b=c;d?e#f",
    "x" * (1024 - len("inbox/odd/.fr.mp3")),
)


@pytest.mark.parametrize("stem", ODD_NAMES)
def test_a_name_of_any_letters_is_paired_through_s3(stem: str, s3: S3Client) -> None:
    video, voice = f"inbox/odd/{stem}.MP4", f"inbox/odd/{stem}.fr.mp3"
    versions = put(s3, video, media.video()), put(s3, voice, media.voice())
    starts, drops = Starts(), DropBucket(s3, "drop")
    with MediaInfoPool() as parser:
        probes = ProbeCache(lambda item: probe(drops.open(item), parser))
        submitter = Submitter(
            bucket=drops, job_builder=JobBuilder(probe=probes.probe, settings=SETTINGS), start=starts.start
        )
        for key in (video, voice):
            encoded = {"key": quote_plus(key, safe="/*"), "size": 1, "eTag": "x", "sequencer": "0"}
            submitter.submit([{"s3": {"bucket": {"name": "drop"}, "object": encoded}}])

    (job,) = starts.jobs
    assert job.error is None
    assert job.name == f"odd/{stem}.fr"
    assert (job.video.version_id, job.audio.version_id) == versions  # type: ignore[union-attr]
    assert job.video_media
    assert job.audio_media
    assert job.audio_media.seconds == pytest.approx(1, abs=0.1)


@pytest.fixture
def crowd(s3: S3Client) -> Submitter:
    """Ten thousand files in one folder, put past S3's interface for the time it saves."""
    backend = s3_backends[ACCOUNT]["aws"]
    for number in range(5_000):
        backend.put_object("drop", f"inbox/crowd/file{number}.mp3", b"x")
        backend.put_object("drop", f"inbox/crowd/many.{number:04}.mp3", b"x")
    return Submitter(
        bucket=DropBucket(s3, "drop"),
        job_builder=JobBuilder(probe=looks_good, settings=SETTINGS),
        start=Starts().start,
    )


def cost(s3: S3Client, submitter: Submitter, key: str) -> tuple[Counter[str], int]:
    """Return the calls that the drop of `key` costs, and the jobs that it starts."""
    put(s3, key)
    calls = counted(s3)
    return calls, len(submitter.submit([s3_record(key)]).started)


def test_a_drop_into_a_folder_of_ten_thousand_costs_a_few_calls(s3: S3Client, crowd: Submitter) -> None:
    put(s3, "inbox/crowd/clip.Mp4")

    assert cost(s3, crowd, "inbox/crowd/clip.fr.mp3") == ({"ListObjectsV2": 3, "HeadObject": 3}, 1)
    assert cost(s3, crowd, "inbox/crowd/clip.Mp4") == ({"ListObjectsV2": 3, "HeadObject": 3}, 1)
    assert cost(s3, crowd, "inbox/crowd/lonely.mp3") == ({"ListObjectsV2": 3, "HeadObject": 1}, 0)
    assert cost(s3, crowd, "inbox/crowd/other.mp4") == ({"ListObjectsV2": 1}, 0)


def test_of_five_thousand_labels_of_one_name_each_costs_a_bounded_number(
    s3: S3Client, crowd: Submitter
) -> None:
    put(s3, "inbox/crowd/many.wEbM")

    calls, started = cost(s3, crowd, "inbox/crowd/many.de.mp3")

    assert started == 1
    assert calls == {"ListObjectsV2": 3, "HeadObject": 2 * 44 + 3}


def test_a_folders_video_is_found_in_any_case_among_thousands_that_begin_like_it(
    s3: S3Client, crowd: Submitter
) -> None:
    backend = s3_backends[ACCOUNT]["aws"]
    for number in range(300):
        for name in ("v", "V", "vi", "vid"):
            backend.put_object("drop", f"inbox/crowd/{name}{number}.mp3", b"x")
    put(s3, "inbox/crowd/vIdEo.MP4")

    calls, started = cost(s3, crowd, "inbox/crowd/de.mp3")

    assert started == 1
    assert calls == {"ListObjectsV2": 11, "HeadObject": 3}


def test_executions_start_once_by_name() -> None:
    client = boto3.client(
        "stepfunctions", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    asked = {"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:x", "name": "n", "input": "{}"}
    executions = Executions(client, asked["stateMachineArn"])
    with Stubber(client) as stub:
        stub.add_response("start_execution", {"executionArn": "arn:x:states", "startDate": 0}, asked)
        stub.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=asked)
        stub.add_client_error("start_execution", "StateMachineDoesNotExist", expected_params=asked)

        assert executions.start("n", json.dumps({})) is True
        assert executions.start("n", json.dumps({})) is False
        with pytest.raises(ClientError):
            executions.start("n", json.dumps({}))


def test_a_bucket_with_suspended_versioning_tells_an_upload_by_its_etag(s3: S3Client) -> None:
    drops = DropBucket(s3, "drop")
    s3.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="drop", Key="a.mp3", Body=b"one")
    first = drops.current("a.mp3", "null")
    s3.put_object(Bucket="drop", Key="a.mp3", Body=b"two")
    second = drops.current("a.mp3")

    assert first
    assert second
    assert (first.object.version_id, second.object.version_id) == (None, None)
    assert first.object.version != second.object.version
    assert drops.read_object(second.object) == b"two"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        drops.read_object(first.object)


def test_a_whole_file_is_read_in_chunks_and_goes_on_where_a_connection_broke(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = bytes(range(256)) * 100
    put(s3, "a.mp3", body)
    drops = DropBucket(s3, "drop")
    found = drops.current("a.mp3")
    assert found
    usual, broken = StreamingBody.iter_chunks, list[int]()

    def iter_chunks(self: StreamingBody, size: int) -> Iterator[bytes]:
        for chunk in usual(self, 10_000):
            yield chunk
            if len(broken) < 2:
                broken.append(len(chunk))
                raise ResponseStreamingError(error="reset")

    monkeypatch.setattr(StreamingBody, "iter_chunks", iter_chunks)

    assert b"".join(drops.chunks(found.object)) == body
    assert len(broken) == 2
