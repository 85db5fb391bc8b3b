"""300 downloads that go wrong, seeded: nothing wrong is ever stored, and what can be had is had."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, get_args

import msgspec
import pytest
from msgspec import Struct

from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.results.copy_limits import Limits
from lipdrop.results.fetch import Earlier, StoredResult
from lipdrop.segmind.result_body import Link
from local.sample_media.mp4 import sample_video
from tests.support.file_server import Fault, FileServer, Plan, file_server
from tests.support.jobs_table import a_job
from tests.support.results_world import BUCKET, NOW, World, world

RUNS = 300
FAULTS: tuple[Fault, ...] = get_args(Fault)
SHARE_FOR_EVER = 0.15
Way = Literal["ranges", "stream", "no ranges", "small"]
WAYS: tuple[Way, ...] = ("ranges", "ranges", "ranges", "stream", "no ranges", "small")
PART = 128 << 10


class Run(Struct, frozen=True, kw_only=True):
    """One download: what is served how, how it is fetched, and whether it can surely be had.

    One that is spoilt for ever may still be had, if the first answer was not.
    """

    plan: Plan
    limits: Limits
    recoverable: bool
    fault: Fault


def run(seed: int) -> Run:
    """Return the download number `seed`."""
    dice = random.Random(seed)
    fault = FAULTS[seed % len(FAULTS)]
    way: Way = dice.choice(WAYS)
    if fault in ("wrong_range", "no_content_range") and way == "no ranges":
        way = "ranges"
    honest_first = dice.choice((0, 1, 2, 4)) if way == "ranges" else 0
    for_ever = dice.random() < SHARE_FOR_EVER
    plan = Plan(
        sample_video(index_first=dice.random() < 0.5),
        faults=[*[None] * honest_first, *[fault] * dice.randint(1, 3)],
        then=fault if for_ever else None,
        ranges=way != "no ranges",
        etag=dice.choice(('"v1"', '"v1"', 'W/"v1"')),
        length=dice.choice(("known", "none", "chunked")) if way == "no ranges" else "known",
        pace=20e6 if way == "ranges" else 0,
        seed=seed,
    )
    return Run(plan=plan, limits=limits(way), recoverable=not for_ever, fault=fault)


def limits(way: Way) -> Limits:
    """Return small limits that lead a download `way`."""
    return Limits(
        max_bytes=1 << 30,
        part_bytes=4 << 20 if way == "small" else PART,
        probe_bytes=PART // 2,
        enough=float("inf") if way == "ranges" else 0,
        part_pause=0.01,
        part_tries=3,
    )


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def scene(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with MediaInfoPool() as parser, world(parser, trusted=server.base_url, stall_seconds=0.3) as made:
        yield made


def fetch(scene: World, server: FileServer, seed: int, run: Run) -> bool:
    """Fetch one result; whether it was stored. Raises nothing, whatever is served."""
    url = server.serve(f"/{seed}.mp4", run.plan)
    storer = msgspec.structs.replace(scene.storer, result=lambda _: Link(url=url), limits=run.limits)
    job = a_job(f"job-{seed}", name=f"{seed}", estimate=None)
    return isinstance(storer.store(job, f"req-{seed}", NOW + 600, Earlier()), StoredResult)


def wrong_objects(scene: World, right: set[str]) -> list[str]:
    """Return the keys under which something else than a right file was ever visible."""
    wrong = []
    for page in scene.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for version in page.get("Versions", []):
            key, version_id = version["Key"], version["VersionId"]
            body = scene.s3.get_object(Bucket=BUCKET, Key=key, VersionId=version_id)["Body"].read()
            if hashlib.sha256(body).hexdigest() not in right:
                wrong.append(key)
    return wrong


@pytest.mark.timeout(280)
def test_300_faulty_downloads_store_nothing_wrong_and_nearly_all_that_can_be_had(
    scene: World, server: FileServer
) -> None:
    right = {
        hashlib.sha256(sample_video(index_first=index_first)).hexdigest() for index_first in (False, True)
    }
    runs = {seed: run(seed) for seed in range(RUNS)}
    with ThreadPoolExecutor(4) as workers:  # they mostly wait: for stalls, and for a paced server
        stored = dict(zip(runs, workers.map(partial(fetch, scene, server), runs, runs.values()), strict=True))

    assert wrong_objects(scene, right) == []
    assert scene.open_uploads() == 0
    lost = Counter(run.fault for seed, run in runs.items() if run.recoverable and not stored[seed])
    recoverable = sum(run.recoverable for run in runs.values())
    assert lost.total() <= 0.01 * recoverable, lost
    struck = sum(len(run.plan.requests) > run.plan.faults.index(run.fault) for run in runs.values())
    assert struck > 0.8 * RUNS, "the campaign did not meet its faults"
