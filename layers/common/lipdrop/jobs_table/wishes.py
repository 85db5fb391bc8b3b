"""Deduplication items of the Jobs table: the last wish of each place, results by content, digests of files.

    #place:<place>        the job that was asked for there last, and the versions that `submit` read
    #result:<content id>  where the result of these contents and options lies, whatever the place
    #digest:<hash>        the SHA-256 of an object, by bucket, key, ETag and size

They expire like records do. None of them is a lock: `lipdrop.submit.job_starter` says in which order they
are read and written so that no race pays twice.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from lipdrop.jobs_table.ledger import DAY_SECONDS
from lipdrop.jobs_table.table import JobsTable, Value
from lipdrop.model.job import MadeResult, S3Object, to_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class LastWish(Struct, frozen=True, kw_only=True):
    """What was asked for at a place last.

    `versions`: as `Job.versions` gives them. `settle_until` (epoch seconds): when the first try may be
    made. `source` is what `submit` looks at to look at the place again; `refused`: nothing was asked for.
    """

    job_id: str
    versions: str
    source: Mapping[str, Any]
    settle_until: float = 0
    refused: bool = False


class Wishes:
    """The deduplication items of the Jobs table. Every method is one request to DynamoDB."""

    def __init__(
        self, client: "DynamoDBClient", table: str, record_days: int, clock: Callable[[], float]
    ) -> None:
        self._items = JobsTable(client, table)
        self._clock = clock
        self._record_seconds = record_days * DAY_SECONDS

    def get_place(self, place: str) -> LastWish | None:
        """Return the last wish of `place` (a consistent read), None where there was none."""
        item = self._items.get_item(_place_id(place), consistent=True)
        return msgspec.json.decode(item["wish"], type=LastWish) if item else None

    def put_place(self, place: str, wish: LastWish) -> None:
        """Write down the last wish of `place`."""
        self._put(_place_id(place), {"wish": to_json(wish)})

    def get_result(self, content_id: str) -> MadeResult | None:
        """Return where the result of these contents and options lies, None if none is known."""
        item = self._items.get_item(_result_id(content_id), consistent=True)
        return msgspec.json.decode(item["result"], type=MadeResult) if item else None

    def put_result(self, content_id: str, result: MadeResult) -> None:
        """Write down where the result of these contents and options lies."""
        self._put(_result_id(content_id), {"result": to_json(result)})

    def get_digest(self, item: S3Object) -> str:
        """Return the kept SHA-256 of `item`, "" if there is none."""
        return str(self._items.get_item(_digest_id(item), consistent=False).get("sha256", ""))

    def put_digest(self, item: S3Object, digest: str) -> None:
        """Keep the SHA-256 of `item`."""
        self._put(_digest_id(item), {"sha256": digest})

    def _put(self, item_id: str, values: Mapping[str, Value]) -> None:
        fields = {**values, "expires_at": int(self._clock()) + self._record_seconds}
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in fields)
        self._items.update(item_id, update, values={f":{name}": value for name, value in fields.items()})


def _place_id(place: str) -> str:
    return f"#place:{place}"


def _result_id(content_id: str) -> str:
    return f"#result:{content_id}"


def _digest_id(item: S3Object) -> str:
    parts = (item.bucket, item.key, item.etag, str(item.size))
    return f"#digest:{hashlib.sha256('\0'.join(parts).encode()).hexdigest()}"
