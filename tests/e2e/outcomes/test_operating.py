"""The commands of docs/operating.md do what it says of them."""

import json
import shutil
from typing import Any

import pytest

from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from local.subscriber import Subscriber
from tests.support.dropping import PAIR, drop_files, only, outcome, subscribed, under_way, until_in
from tests.support.journey import hear
from tests.support.mishaps import configured, no_slot_free, one_retry
from tests.support.runbook import blocks, commands, run


@pytest.fixture(scope="module")
def done(stack: Stack) -> dict[str, Any]:
    """The message of a job that ended well."""
    return outcome(stack, "launch")


def test_a_job_is_found_by_its_id_and_by_the_name_of_its_file(stack: Stack, done: dict[str, Any]) -> None:
    known = run(stack, commands("Where to look"), JOB_ID=done["job_id"])
    listed = run(stack, commands("Find a job by the name of its file"))
    metadata = run(stack, commands("Find a job by the name of its file", 1))

    assert "CLOSED" in known
    assert '"status":"COMPLETED"' in known
    assert f"SUCCEEDED\t{done['job_id']}" in listed
    assert json.loads(metadata) == {"job-id": done["job_id"], "request-id": done["request_id"]}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command is written for curl")
def test_a_result_is_fetched_by_its_request_id(stack: Stack, done: dict[str, Any]) -> None:
    answer = run(stack, commands("Fetch a result by its request id"), REQUEST_ID=done["request_id"])
    history = f"{stack.segmind_base_url}/inference-request/request-history"
    later = run(
        stack,
        commands("Fetch a result by its request id", 1),
        REQUEST_ID=done["request_id"],
        SEGMIND_HISTORY_URL=history,
    )

    link = json.loads(answer)["output"]
    assert link.startswith(stack.segmind_base_url)
    assert link in later


def test_a_job_of_the_last_resort_is_finished_by_hand(stack: Stack) -> None:
    last_resort, truth = Subscriber(stack), subscribed(stack, "by-hand")
    with one_retry(stack), configured(stack, "Finalize", without="JOBS_TABLE"):
        drop_files(stack, "by-hand", PAIR)
        (told,) = hear(last_resort, 1)

    answer = run(stack, commands("Finish a job by hand"), JOB_ID=told["job_id"])

    message = only(truth)
    assert told["id"].endswith(":LAST_RESORT")
    assert '"COMPLETED"' in answer
    assert message["result"]["key"] == "by-hand/fr.mp4"


def test_slots_are_shown_and_freed(stack: Stack) -> None:
    with no_slot_free(stack):
        shown = run(stack, commands("A stuck slot"))
        run(stack, commands("A stuck slot", 1), JOB_ID="somebody-0")
        afterwards = run(stack, commands("A stuck slot"))

    assert "somebody-0" in shown
    assert "somebody-0" not in afterwards
    assert "somebody-1" in afterwards


def test_a_new_key_and_an_open_gate_let_waiting_jobs_go_on(stack: Stack, standin: StandinControl) -> None:
    subscriber, key = subscribed(stack, "key"), standin.settings().key
    standin.configure(key="new")
    drop_files(stack, "key", PAIR)
    (execution,) = under_way(stack, "key")
    until_in(stack, execution, "WaitForCapacity")

    run(stack, commands("Change the key"), SEGMIND_API_KEY="new")
    run(stack, commands("Let waiting jobs go on at once"))

    assert only(subscriber)["status"] == "COMPLETED"
    run(stack, commands("Change the key"), SEGMIND_API_KEY=key)


def test_a_job_is_stopped(stack: Stack, standin: StandinControl) -> None:
    standin.fault(Fault(where="submit", what="never"))
    subscriber = subscribed(stack, "stop")
    drop_files(stack, "stop", PAIR)
    (execution,) = under_way(stack, "stop")

    running = run(stack, commands("Delete the stack"))
    run(stack, commands("Stop a job"), JOB_ID=execution.rpartition(":")[2])

    assert execution.rpartition(":")[2] in running
    assert only(subscriber)["error"]["code"] == "ABORTED"


def test_a_bucket_is_emptied_with_all_its_versions(stack: Stack) -> None:
    s3, bucket = stack.client("s3"), {"Bucket": "to-be-emptied"}
    s3.create_bucket(**bucket)
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(**bucket, Key="été/a b.mp4", Body=body)
    s3.delete_object(**bucket, Key="été/a b.mp4")
    empty = commands("Delete the stack", 1).replace('empty "$(output DropBucket)"', "empty to-be-emptied")

    run(stack, empty.replace('empty "$(output ResultsBucket)"\n', ""))

    left = s3.list_object_versions(**bucket)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def test_no_command_stands_untried() -> None:
    tried = {
        "Operating": 1,
        "Where to look": 1,
        "Find a job by the name of its file": 2,
        "Events in the dead-letter queue": 2,
        "Finish a job by hand": 1,
        "Fetch a result by its request id": 2,
        "A stuck slot": 2,
        "Let waiting jobs go on at once": 1,
        "Change the key": 1,
        "Stop a job": 1,
        "Delete the stack": 2,
    }

    assert {title: len(found) for title, found in blocks().items() if found} == tried
