"""The stack is updated while jobs are under way; and its permissions are what lets a job end well."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import sam
from local.stack import Stack
from local.standin.control import StandinControl
from tests.support.dropping import PAIR, drop_files, only, outcome, subscribed, under_way
from tests.support.mishaps import configured, no_slot_free, physical
from tests.support.outcomes_stack import BRIEF_SECONDS, deploy


@pytest.fixture
def without_put_object() -> Iterator[Path]:
    """Return a copy of the built template, beside it, in which finalize may not write."""
    template = sam.build()
    lines = template.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.strip() != "- s3:PutObject"]
    assert len(lines) - len(kept) == 1
    copy = template.with_name("without-put-object.yaml")
    copy.write_text("".join(kept))
    yield copy
    copy.unlink(missing_ok=True)


def test_jobs_under_way_outlive_a_deployment(stack: Stack, standin: StandinControl) -> None:
    standin.configure(processing_seconds=8)
    working, waiting = subscribed(stack, "working"), subscribed(stack, "waiting")
    posts = standin.counters().posts
    drop_files(stack, "working", PAIR)
    under_way(stack, "working")
    with no_slot_free(stack):
        drop_files(stack, "waiting", PAIR)
        under_way(stack, "waiting")

        deploy(stack, MaxConcurrentJobs="9")

    assert only(working)["status"] == "COMPLETED"
    assert only(waiting)["status"] == "COMPLETED"
    assert standin.counters().posts == posts + 2
    known = stack.client("lambda").get_function_configuration(FunctionName=physical(stack, "Request"))
    assert known["Environment"]["Variables"]["MAX_CONCURRENT_JOBS"] == "9"


def test_without_the_permission_to_write_no_result_is_stored(stack: Stack, without_put_object: Path) -> None:
    deploy(stack, template=without_put_object)
    try:
        with configured(stack, "Finalize", timeout=BRIEF_SECONDS):
            message = outcome(stack, "forbidden")
    finally:
        deploy(stack)

    assert (message["error"]["code"], message["error"]["charged"]) == ("STORE_FAILED", "yes")
    assert "AccessDenied" in message["error"]["message"]
