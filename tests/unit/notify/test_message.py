"""The message: complete, bounded, true to its schema, readable for SNS whatever the names are."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from lipdrop import __version__
from lipdrop.model import task_outputs
from lipdrop.model.failures import FAILURES, failure
from lipdrop.model.job import Estimate, Job, S3Object, to_json
from lipdrop.notify.message import (
    AlertMessage,
    JobTimeline,
    Notification,
    RecordAddress,
    Result,
    alert,
    notification,
    without_query,
)
from lipdrop.notify.sns_format import ascii_line, to_sns

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/notification.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
SNS_LIMIT = 262_144

COURSE = JobTimeline(
    finished_at=1_000_300,
    started_at=1_000_000,
    posted_at=1_000_040.5,
    request_id="req-1",
    polls=6,
    inference_seconds=222.4,
    cost=0.31,
    remaining_credits=12.5,
    execution_arn="arn:aws:states:eu-west-1:123456789012:execution:lipsync:launch-fr-1",
)
RESULT = Result(bucket="results", key="launch/fr.mp4", size=1_234_567, version_id="v9", seconds=12.34)


def job(**changes: Any) -> Job:
    given: dict[str, Any] = {
        "job_id": "launch-fr-1",
        "name": "launch/fr",
        "video": S3Object(bucket="drop", key="inbox/launch/video.mp4", version_id="v1", etag="e1", size=10),
        "audio": S3Object(bucket="drop", key="inbox/launch/fr.mp3", version_id="v2", etag="e2", size=20),
        "estimate": Estimate(output_seconds=12.3, expected_seconds=145.5, cost_usd=1.03),
    }
    return Job(**(given | changes))


def validated(message: Notification | AlertMessage) -> dict[str, Any]:
    """Return the message as a subscriber reads it: valid, and small enough for SNS in every part."""
    sent = to_sns(message)
    body = json.loads(sent.body)
    plain: dict[str, Any] = json.loads(body["default"])
    VALIDATOR.validate(plain)
    assert sent.subject.isascii()
    assert sent.subject.isprintable()
    assert len(sent.subject) <= 100
    assert all(sent.attributes.values())
    attributes = sum(len(f"{name}String{value}".encode()) for name, value in sent.attributes.items())
    assert len(sent.body.encode()) + attributes < SNS_LIMIT
    return plain


def test_every_kind_of_message_says_which_release_wrote_it() -> None:
    trouble = task_outputs.AccountAlert(
        code="API_KEY_REJECTED", message="Bad key.", action="Store a good one."
    )
    messages = (
        notification(job(), COURSE, result=RESULT),
        notification(job(), COURSE, error=failure("DEADLINE", "Not ready.")),
        alert(trouble, job_id="launch-fr-1", execution_arn="arn:x", now=1_000_000),
    )

    assert {validated(message)["lipdrop_version"] for message in messages} == {__version__}


def test_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_completed_job_tells_everything_a_subscriber_needs() -> None:
    message = notification(job(label="spring"), COURSE, result=RESULT, warnings=("short voice",))
    plain = validated(message)
    assert plain["status"] == "COMPLETED"
    assert plain["inputs"]["video"] == {
        "bucket": "drop",
        "key": "inbox/launch/video.mp4",
        "version_id": "v1",
        "etag": "e1",
        "size": 10,
    }
    assert plain["result"] == {
        "bucket": "results",
        "key": "launch/fr.mp4",
        "size": 1_234_567,
        "version_id": "v9",
        "seconds": 12.34,
    }
    assert plain["timings"] == {
        "started_at": "1970-01-12T13:46:40Z",
        "requested_at": "1970-01-12T13:47:20Z",
        "finished_at": "1970-01-12T13:51:40Z",
        "waiting_seconds": 40.5,
        "processing_seconds": 259.5,
        "inference_seconds": 222.4,
        "total_seconds": 300,
    }
    assert plain["cost"] == {"estimated_usd": 1.03, "reported": 0.31, "remaining_credits": 12.5}
    assert plain["warnings"] == ["short voice"]
    assert to_sns(message).attributes == {"status": "COMPLETED", "folder": "launch", "label": "spring"}


@pytest.mark.parametrize("code", sorted(FAILURES))
def test_every_failure_of_the_table_makes_a_valid_message(code: str) -> None:
    message = notification(job(), JobTimeline(finished_at=5), error=failure(code, "Because."))
    plain = validated(message)
    assert plain["error"]["code"] == code
    assert plain["error"]["action"]
    sent = to_sns(message)
    assert sent.attributes["error_code"] == code
    assert sent.subject == f"Lipdrop FAILED ({code}): launch/fr"


def test_dry_run_and_refused_drop_are_valid_without_result_and_media() -> None:
    assert validated(notification(job(dry_run=True), JobTimeline(finished_at=5)))["dry_run"] is True
    refused = Job(job_id="x-1", name="x", manifest=S3Object(bucket="d", key="jobs/x.json"), entry=1)
    plain = validated(
        notification(refused, JobTimeline(finished_at=5), error=failure("INVALID_MANIFEST", "No JSON."))
    )
    assert plain["inputs"]["manifest"]["key"] == "jobs/x.json"
    assert plain["folder"] == ""


def test_alert_is_told_apart_by_its_status_alone() -> None:
    trouble = task_outputs.AccountAlert(
        code="INSUFFICIENT_CREDITS", message="No credits left.", action="Buy credits."
    )
    message = alert(trouble, job_id="launch-fr-1", execution_arn="arn:x", now=1_000_000)
    assert validated(message)["status"] == "ALERT"
    attributes = to_sns(message).attributes
    assert attributes["status"] == "ALERT"
    assert attributes["error_code"] == "INSUFFICIENT_CREDITS"
    again = alert(trouble, job_id="launch-fr-1", execution_arn="arn:x", now=1_000_060)
    assert again.id == message.id


def test_the_same_facts_give_the_same_bytes_and_the_same_id() -> None:
    first, second = (notification(job(), COURSE, result=RESULT) for _ in range(2))
    assert to_json(first) == to_json(second)
    assert to_sns(first) == to_sns(second)
    assert notification(job(), COURSE, error=failure("DEADLINE", "Late.")).id != first.id


def test_mail_text_tells_place_reason_action_and_charge() -> None:
    message = notification(job(), COURSE, error=failure("RESULT_INVALID", "It was an HTML page."))
    place = RecordAddress(bucket="results", key="launch/fr.failed.json")
    sent = json.loads(to_sns(replace(message, record=place)).body)["email"]
    for expected in (
        "launch/fr failed: It was an HTML page.",
        "What to do: Ask Segmind's support",
        "Charged:    yes",
        "s3://drop/inbox/launch/fr.mp3 (version v2)",
        "Took:       5 min 0 s, 6 looks",
        "s3://results/launch/fr.failed.json",
    ):
        assert expected in sent


def test_query_and_user_of_an_address_never_reach_a_message() -> None:
    url = "https://me:secret@media.example/a%20b.mp4?X-Amz-Signature=abc#t"
    assert without_query(url) == "https://media.example/a%20b.mp4"
    sent = to_sns(notification(job(video=url), COURSE, result=RESULT)).body
    assert "media.example/a%20b.mp4" in sent
    assert "secret" not in sent
    assert "abc" not in sent


def test_the_longest_texts_stay_under_the_limit_of_sns() -> None:
    nasty = '\x00\\"é🎬' * 4_000
    key = "\x00" * 1_024
    source = S3Object(bucket="b" * 63, key=key, version_id="v" * 1_024, etag="e", size=1)
    long_job = job(
        name="\x00" * 1_014, label=nasty, video=source, audio=source, manifest=source, warnings=(nasty,) * 99
    )
    plain = validated(notification(long_job, COURSE, error=failure("INTERNAL_ERROR", nasty)))
    assert len(plain["error"]["message"]) == 2_000


def test_many_warnings_are_counted_not_listed() -> None:
    warnings = tuple(f"warning {n}" for n in range(30))
    kept = notification(job(), COURSE, result=RESULT, warnings=warnings).warnings
    assert len(kept) == 20
    assert kept[-1] == "… and 11 more"


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(name=text, label=text, reason=text, warning=text)
def test_any_unicode_name_makes_a_valid_message(name: str, label: str, reason: str, warning: str) -> None:
    error = failure("RESULT_INVALID", reason)
    named = job(name=name, label=label)
    validated(notification(named, COURSE, error=error, warnings=(warning,)))


@given(text)
def test_subject_lines_keep_plain_ascii_as_it_is(name: str) -> None:
    line = ascii_line(name)
    assert line.isascii()
    assert len(line) <= 99
    if name.isascii() and name.isprintable() and len(name) <= 99:
        assert line == name


def test_accents_are_dropped_not_questioned() -> None:
    assert ascii_line("Élan naïf, 声.mp4") == "Elan naif, ?.mp4"


@pytest.mark.parametrize(
    ("code", "waiting"),
    [
        ("API_KEY_REJECTED", "Jobs wait"),
        ("STORE_FAILED", "The job continues by itself"),
        ("CHARGED_TWICE", ""),
    ],
)
def test_an_alert_says_what_waits_for_it(code: str, waiting: str) -> None:
    trouble = task_outputs.AccountAlert(code=code, message="Bad.", action="Fix it.")
    body = json.loads(to_sns(alert(trouble, job_id="fr-1", execution_arn="arn:x", now=0)).body)["email"]
    assert (waiting in body) if waiting else ("continue" not in body and "wait" not in body)
