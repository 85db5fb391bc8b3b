"""Deduplication items on a real table: what was written is read, and it expires like a record."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lipdrop.jobs_table.wishes import LastWish, Wishes
from lipdrop.model.job import MadeResult, S3Object
from tests.support.jobs_table import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.5
ITEM = S3Object(bucket="drop", key="inbox/é.mp3", version_id="v1", etag="e", size=6)
WISH = LastWish(
    job_id="fr-1", versions='["v1","v2",""]', source={"voice": "inbox/é.mp3"}, settle_until=NOW + 300
)


def wishes(client: "DynamoDBClient") -> Wishes:
    return Wishes(client, TABLE, record_days=100, clock=lambda: NOW)


def test_a_place_knows_its_last_wish(client: "DynamoDBClient") -> None:
    items = wishes(client)
    assert items.get_place("launch/fr") is None

    items.put_place("launch/fr", replace(WISH, job_id="fr-0"))
    items.put_place("launch/fr", WISH)
    items.put_place("launch/es", replace(WISH, refused=True))

    assert items.get_place("launch/fr") == WISH


def test_a_result_and_a_digest_are_found_again(client: "DynamoDBClient") -> None:
    items, result = wishes(client), MadeResult(key="launch/fr.mp4", version_id="v9", request_id="r")
    assert items.get_result("c") is None
    assert items.get_digest(ITEM) == ""

    items.put_result("c", result)
    items.put_digest(ITEM, "5ha")

    assert items.get_result("c") == result
    assert items.get_digest(replace(ITEM, version_id="v2")) == "5ha"
    assert items.get_digest(replace(ITEM, etag="f")) == ""


def test_they_expire_with_the_records(client: "DynamoDBClient") -> None:
    wishes(client).put_result("c", MadeResult(key="k"))

    (item,) = client.scan(TableName=TABLE)["Items"]
    assert int(item["expires_at"]["N"]) == int(NOW) + 100 * 86_400
