"""A crowd that rushes for slots, each with a connection of its own, on the local AWS."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.capacity_snapshot import Slot
from local.aws import CREDENTIALS, start_aws
from local.processes import stop
from tests.support.jobs_table import TABLE, create_jobs_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0
SLOTS, CROWD = 5, 40


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DynamoDBClient]":
    pid, endpoint = start_aws(tmp_path_factory.mktemp("aws"), settings={})
    try:
        client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(max_pool_connections=CROWD),
        )
        create_jobs_table(client)
        yield client
    finally:
        stop(pid)


def rush(capacity: Capacity, now: float) -> list[str]:
    """Let the whole crowd ask at the same moment; return who got a slot."""
    gate = Barrier(CROWD)

    def ask(job_id: str) -> bool:
        gate.wait()
        return isinstance(capacity.take_slot(job_id, now, now + 60), Slot)

    jobs = [f"job-{number}" for number in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as crowd:
        return [job_id for job_id, got in zip(jobs, crowd.map(ask, jobs), strict=True) if got]


def test_a_crowd_gets_no_more_slots_than_there_are(client: "DynamoDBClient") -> None:
    capacity = Capacity(client, TABLE, SLOTS)
    first = rush(capacity, NOW)
    assert len(first) == SLOTS
    assert set(capacity.snapshot().held or {}) == set(first)

    capacity.free_slot(first[0])
    capacity.free_slot(first[1])
    again = rush(capacity, NOW + 1)
    assert set(first[2:]) <= set(again)  # they hold theirs, and renew them
    assert len(set(again) | set(first[2:])) == SLOTS

    after_their_death = rush(capacity, NOW + 100)
    assert 1 <= len(after_their_death) <= SLOTS
    assert set(capacity.snapshot().held or {}) == set(after_their_death)
