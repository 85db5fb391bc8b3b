"""How a file comes over: by the way that its source makes the fastest, and whole or not at all."""

import time
from functools import partial
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from lipdrop.download.errors import SourceError, TooLarge, Truncated, Unreachable
from lipdrop.download.http_source import LinkSource
from lipdrop.download.ssrf_guard import new_download_session
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from lipdrop.results.copy_limits import Limits
from lipdrop.results.transfer import Copied, Target, copy
from lipdrop.results.verification import Verified, verified
from local.sample_media.mp4 import sample_video
from tests.support.file_server import FileServer, Plan
from tests.support.results_world import World

PART = 128 << 10
LIMITS = Limits(
    max_bytes=1 << 30, part_bytes=PART, probe_bytes=PART, enough=40e6, part_pause=0.01, part_tries=2
)
VIDEO = sample_video(6)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


@pytest.fixture
def plan() -> Plan:
    return Plan(VIDEO)


def bring(
    scene: World, server: FileServer, parser: MediaInfoPool, limits: Limits = LIMITS
) -> Copied[Verified]:
    session = new_download_session(server.base_url)
    url = f"{server.base_url}/fr.mp4"
    return copy(
        LinkSource(session, url, trusted_base_url=url, stall_seconds=1),
        scene.results,
        Target(name="fr", metadata={"job-id": "fr-1"}),
        lambda passed: verified(passed, partial(probe, parser=parser), None),
        limits,
    )


def test_a_slow_source_is_asked_for_ranges(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.pace = 5e6
    copied = bring(scene, server, parser)
    assert (copied.way.method, copied.way.connections) == ("ranges", 8)
    assert scene.stored("fr.mp4") == VIDEO
    assert len(plan.requests) > 8


def test_a_fast_source_is_asked_once(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    copied = bring(scene, server, parser, msgspec.structs.replace(LIMITS, enough=0))
    assert copied.way.method == "stream"
    assert plan.requests == ["bytes=0-"]
    assert scene.stored("fr.mp4") == VIDEO


def test_a_slow_source_without_ranges_is_read_to_its_end(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.pace, plan.ranges = 20e6, False
    copied = bring(scene, server, parser)
    assert copied.way.method == "stream"
    assert scene.stored("fr.mp4") == VIDEO


def test_a_source_that_refuses_more_connections_still_gives_its_stream(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.pace, plan.faults, plan.then = 20e6, [None], "unavailable"
    bring(scene, server, parser)
    assert scene.stored("fr.mp4") == VIDEO


def test_a_stream_that_breaks_off_is_finished_by_ranges(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.faults, plan.seed = ["cut"], 3
    copied = bring(scene, server, parser, msgspec.structs.replace(LIMITS, enough=0))
    assert copied.way.method == "ranges"
    assert scene.stored("fr.mp4") == VIDEO


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 3 * PART - 1])
@pytest.mark.parametrize("length", ["known", "chunked"])
def test_every_size_around_a_part_arrives_whole(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool, size: int, length: Any
) -> None:
    small = sample_video(1, plain=True)
    plan.data = small + (size - len(small)).to_bytes(4) + b"free" + bytes(size - len(small) - 8)
    plan.length, plan.ranges = length, length == "known"
    bring(scene, server, parser)
    assert scene.stored("fr.mp4") == plan.data


def nothing_left(scene: World, error: type[Exception], *given: Any) -> None:
    with pytest.raises(error):
        bring(scene, *given)
    assert scene.stored("fr.mp4") is None
    assert scene.open_uploads() == 0


def test_too_much_is_noticed_on_the_way_where_no_length_was_announced(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.ranges, plan.length = False, "chunked"
    nothing_left(scene, TooLarge, server, parser, msgspec.structs.replace(LIMITS, max_bytes=1_000_000))


def test_a_stream_without_ranges_that_is_cut_leaves_nothing(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.ranges, plan.then = False, "cut"
    nothing_left(scene, SourceError, server, parser)


def test_the_end_of_the_functions_time_ends_the_copy(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.pace, plan.ranges = 1e6, False
    soon = msgspec.structs.replace(LIMITS, ends_at=time.monotonic() + 0.3)
    nothing_left(scene, Unreachable, server, parser, soon)


def test_a_bucket_that_fails_in_the_middle_ends_the_copy(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "UploadPart")

    plan.pace = 20e6
    monkeypatch.setattr(scene.s3, "upload_part", refuse)
    nothing_left(scene, ClientError, server, parser)


def test_a_file_that_is_cut_where_it_lies_leaves_nothing(
    scene: World, server: FileServer, plan: Plan, parser: MediaInfoPool
) -> None:
    plan.data = VIDEO[:-10_000]
    nothing_left(scene, Truncated, server, parser)
