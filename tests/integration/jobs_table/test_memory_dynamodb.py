"""The in-memory DynamoDB of the simulations answers every call of the real table classes as moto does."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lipdrop.jobs_table.capacity import Capacity
from lipdrop.jobs_table.ledger import Ledger
from tests.support.jobs_table import TABLE
from tests.support.memory_dynamodb import MemoryDynamoDB

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0


def ledger_story(client: "DynamoDBClient") -> Iterator[Callable[[], Any]]:
    ledger = Ledger(client, TABLE, record_days=90)
    noted: dict[str, Any] = {"request_id": "r-1", "posted_at": 7, "expected_seconds": 1.5}
    yield lambda: ledger.begin("a", "{}", "one", now=NOW, until=NOW + 1)
    yield lambda: ledger.begin("a", "{}", "two", now=NOW, until=NOW + 1)
    yield lambda: ledger.give_up_try("a", "one", errors=2)
    yield lambda: ledger.begin("a", "{}", "two", now=NOW, until=NOW + 2)
    yield lambda: ledger.note_request("a", "one", **noted)
    yield lambda: ledger.note_request("a", "two", **noted)
    yield lambda: ledger.note_poll("a", "QUEUED", 3)
    yield lambda: ledger.note_poll("b", "QUEUED", 3)
    yield lambda: ledger.close("a", "{1}", NOW)
    yield lambda: ledger.close("a", "{2}", NOW)
    yield lambda: ledger.note_request("a", "two", **noted)
    yield lambda: ledger.mark_notified("a", NOW)
    yield lambda: ledger.get_record("a")
    yield lambda: ledger.get_record("b")


def capacity_story(client: "DynamoDBClient") -> Iterator[Callable[[], Any]]:
    capacity = Capacity(client, TABLE, 2)
    for number, job in enumerate("aabcde"):
        yield lambda number=number, job=job: capacity.take_slot(job, NOW + number, NOW + 5)  # type: ignore[misc]
    yield lambda: capacity.free_slot("a", 1.0)
    yield lambda: capacity.free_slot("a")
    yield lambda: capacity.take_slot("f", NOW + 20, NOW + 30)
    yield lambda: capacity.shut_gate("RATE_LIMIT", NOW + 40)
    yield lambda: capacity.shut_gate("SEGMIND_ERROR", NOW + 30)
    yield lambda: capacity.take_slot("g", NOW + 21, NOW + 31)
    yield lambda: capacity.raise_trouble("API_KEY_REJECTED", "Bad.", NOW + 50)
    yield lambda: capacity.claim_alert("API_KEY_REJECTED", "a", NOW + 50)
    yield lambda: capacity.claim_alert("API_KEY_REJECTED", "b", NOW + 50)
    yield lambda: capacity.confirm_alert("API_KEY_REJECTED", NOW + 51)
    yield lambda: capacity.report_account_error("a", "API_KEY_REJECTED", "", NOW + 52, met_at=0)
    yield lambda: capacity.report_server_error("a", NOW + 52)
    yield lambda: capacity.learn(100, 150)
    yield lambda: capacity.learn(100, 50)
    yield lambda: capacity.got_through(NOW + 51)
    yield lambda: capacity.report_account_error("a", "API_KEY_REJECTED", "", NOW + 60, met_at=0)
    yield capacity.snapshot


def test_ledger_and_capacity_see_no_difference(client: "DynamoDBClient") -> None:
    memory = MemoryDynamoDB().client()
    for story in (ledger_story, capacity_story):
        for ours, theirs in zip(story(memory), story(client), strict=True):
            assert ours() == theirs()
