"""The ledger: who may POST, and what survives whatever happens around it."""

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lipdrop.jobs_table.ledger import Ledger, Record
from tests.support.jobs_table import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_000_000.0


@pytest.fixture
def ledger(client: "DynamoDBClient") -> Ledger:
    return Ledger(client, TABLE, record_days=90)


def begin(ledger: Ledger, attempt: str = "a", job_id: str = "job") -> Record:
    return ledger.begin(job_id, '{"job":1}', attempt, now=NOW, until=NOW + 120)


def note(ledger: Ledger, attempt: str = "a") -> str | None:
    return ledger.note_request("job", attempt, request_id="r-1", posted_at=7, expected_seconds=222.25)


def stored(ledger: Ledger) -> Record:
    record = ledger.get_record("job")
    assert record is not None
    return record


def test_a_job_nobody_knows_has_no_record(ledger: Ledger) -> None:
    assert ledger.get_record("job") is None


def test_a_promise_says_who_gave_it_and_how_long_it_may_be_under_way(ledger: Ledger) -> None:
    promise = begin(ledger)

    assert promise == stored(ledger)
    assert (promise.state, promise.attempt, promise.requesting_until) == ("REQUESTING", "a", NOW + 120)
    assert (promise.job, promise.tries) == ('{"job":1}', 1)
    assert promise.expires_at == NOW + 90 * 86_400


def test_the_second_of_two_gets_the_promise_of_the_first(ledger: Ledger) -> None:
    begin(ledger, "a")
    assert begin(ledger, "b").attempt == "a"
    assert stored(ledger).tries == 1


def test_a_repeated_write_is_known_as_ones_own(ledger: Ledger) -> None:
    begin(ledger, "a")
    assert begin(ledger, "a").attempt == "a"


def test_a_promise_taken_back_leaves_the_way_open(ledger: Ledger) -> None:
    begin(ledger, "a")
    ledger.give_up_try("job", "a", errors=2)

    again = begin(ledger, "b")
    assert (again.attempt, again.errors, again.tries) == ("b", 2, 2)


@pytest.mark.parametrize("settle", ["give_up_try", "doubt"])
def test_nobody_settles_the_promise_of_another(ledger: Ledger, settle: str) -> None:
    begin(ledger, "a")
    if settle == "doubt":
        ledger.doubt("job", "b", "Why.", NOW)
    else:
        ledger.give_up_try("job", "b", errors=1)
    assert stored(ledger).state == "REQUESTING"


def test_a_doubt_closes_the_way(ledger: Ledger) -> None:
    begin(ledger, "a")
    ledger.doubt("job", "a", "Why.", NOW)
    assert (begin(ledger, "b").state, stored(ledger).attempt) == ("UNKNOWN", "a")


def test_an_accepted_request_is_found_again(ledger: Ledger) -> None:
    begin(ledger)
    assert note(ledger) == "REQUESTED"

    found = begin(ledger, "b")
    assert (found.state, found.request_id, found.posted_at) == ("REQUESTED", "r-1", 7)
    assert found.expected_seconds == 222.25


def test_a_request_that_was_accepted_after_the_job_was_stopped_keeps_its_id(ledger: Ledger) -> None:
    begin(ledger)
    ledger.close("job", "{}", NOW)

    assert note(ledger) == "CLOSED"
    assert (stored(ledger).state, stored(ledger).request_id) == ("CLOSED", "r-1")


def test_the_id_of_another_attempt_is_never_overwritten(ledger: Ledger) -> None:
    begin(ledger, "a")
    note(ledger, "a")
    assert not ledger.note_request("job", "b", request_id="r-2", posted_at=8, expected_seconds=1)
    assert stored(ledger).request_id == "r-1"


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="http://table"),
        ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem"),
        MemoryError(),
    ],
)
def test_noting_the_id_outlives_a_failure_of_dynamodb(
    ledger: Ledger, client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    begin(ledger)
    real, failures = client.update_item, [failure]

    def flaky(**request: object) -> object:
        if failures:
            raise failures.pop()
        return real(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "update_item", flaky)
    assert note(ledger)
    assert stored(ledger).request_id == "r-1"


def test_what_cannot_be_written_after_the_post_is_said_and_not_raised(client: "DynamoDBClient") -> None:
    nowhere = Ledger(client, "no-such-table", record_days=90)
    assert not note(nowhere)
    assert not nowhere.note_poll("job", "QUEUED", 1)
    assert not nowhere.mark_notified("job", NOW)


def test_the_first_notification_counts(ledger: Ledger) -> None:
    begin(ledger)
    assert ledger.close("job", '{"n":1}', NOW) == '{"n":1}'
    assert ledger.close("job", '{"n":2}', NOW + 5) == '{"n":1}'
    assert (stored(ledger).state, stored(ledger).closed_at) == ("CLOSED", NOW)


def test_a_refused_drop_is_closed_without_having_been_begun(ledger: Ledger) -> None:
    ledger.close("job", '{"n":1}', NOW)
    assert begin(ledger).state == "CLOSED"
    assert stored(ledger).expires_at == NOW + 90 * 86_400


def test_the_first_time_of_the_notification_is_kept(ledger: Ledger) -> None:
    ledger.close("job", "{}", NOW)
    ledger.mark_notified("job", NOW + 1)
    ledger.mark_notified("job", NOW + 2)
    assert stored(ledger).notified_at == NOW + 1


def test_looks_are_noted_for_known_jobs_only(ledger: Ledger) -> None:
    begin(ledger)
    assert ledger.note_poll("job", "PROCESSING", 3)
    assert (stored(ledger).status, stored(ledger).polls) == ("PROCESSING", 3)
    assert not ledger.note_poll("another", "PROCESSING", 3)
    assert ledger.get_record("another") is None


def test_the_link_and_the_upload_are_kept_for_the_next_run_of_finalize(ledger: Ledger) -> None:
    assert not ledger.note_link("job", "https://host/fr.mp4"), "a job without a record gets none by this"
    begin(ledger)
    assert ledger.note_link("job", "https://host/fr.mp4?signature=secret")
    assert ledger.note_upload("job", "launch/fr.mp4", "upload-1")
    ledger.close("job", "{}", NOW)
    assert ledger.mark_corrected("job", NOW + 5)
    kept = stored(ledger)
    assert (kept.link, kept.upload_key, kept.upload_id) == (
        "https://host/fr.mp4?signature=secret",
        "launch/fr.mp4",
        "upload-1",
    )
    assert (kept.state, kept.corrected_at) == ("CLOSED", NOW + 5)


def test_a_link_that_is_absurdly_long_is_not_kept(ledger: Ledger) -> None:
    begin(ledger)
    assert not ledger.note_link("job", "https://host/" + "x" * 9_000)
    assert stored(ledger).link == ""


def test_a_printed_record_shows_no_link(ledger: Ledger) -> None:
    begin(ledger)
    ledger.note_link("job", "https://host/fr.mp4?signature=secret")
    assert "secret" not in repr(stored(ledger))
    assert "REQUESTING" in f"{stored(ledger)}"
