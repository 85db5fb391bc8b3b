"""Executions that did not walk their way to its end: one more look, and the truth about the money."""

from collections.abc import Callable
from typing import Any

import pytest

from lipdrop.finalize.event import AlertRequest, FinalizeEvent, read_event
from lipdrop.jobs_table.capacity_snapshot import CLAIM_SECONDS
from lipdrop.model.job import Job, to_json
from lipdrop.model.task_outputs import AccountAlert
from lipdrop.notify.topic import Topic
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import Unavailable
from local.sample_media.mp4 import sample_video
from tests.support.results_world import NOW, OVER, World, failed_look

LATER = NOW + 600
EndingMaker = Callable[..., FinalizeEvent]
CRASH = {
    "Error": "KeyError",
    "Cause": '{"errorMessage": "the reason", "stackTrace": ["secret"]}',
    "State": "CheckStatus",
}


def refuse(*_: object) -> None:
    raise ConnectionError("no topic")


def message_of(scene: World) -> dict[str, Any]:
    (message,) = scene.messages()
    return message


def asked(scene: World, job: Job, request_id: str = "req-1") -> None:
    """Write the ledger as `request` leaves it; without an id as it is while the POST is under way."""
    scene.ledger.begin(job.job_id, to_json(job), "attempt", now=NOW - 100, until=NOW)
    if request_id:
        scene.ledger.note_request(
            job.job_id, "attempt", request_id=request_id, posted_at=int(NOW) - 100, expected_seconds=107
        )


def status(word: str) -> Callable[[str], Status]:
    return lambda _: Status(status=word)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["caught", "ABORTED", "TIMED_OUT", "FAILED"])
def test_a_finished_result_of_a_broken_job_is_saved(
    scene: World, job: Job, ending: EndingMaker, stopped: EndingMaker, way: str
) -> None:
    asked(scene, job)
    scene.status = status("COMPLETED")
    broken = ending(look={"polls": 0}, caught=CRASH) if way == "caught" else stopped(way)
    assert scene.finalizer.finish(broken, LATER)["status"] == "COMPLETED"
    assert scene.stored("launch/fr.mp4") == sample_video()
    (warning,) = message_of(scene)["warnings"]
    assert "saved although the job had failed" in warning
    assert scene.capacity.snapshot().ratio_n == 0


@pytest.mark.parametrize(
    ("segmind", "charged"), [("PROCESSING", "yes"), ("QUEUED", "yes"), ("UNKNOWN", "yes"), ("FAILED", "no")]
)
def test_a_request_still_under_way_is_named_with_its_charge(
    scene: World, job: Job, stopped: EndingMaker, segmind: str, charged: str
) -> None:
    asked(scene, job)
    scene.status, scene.result_life = status(segmind), OVER
    scene.finalizer.finish(stopped("ABORTED", cause="wrong file"), LATER)
    message = message_of(scene)
    assert message["request_id"] == "req-1"
    assert message["error"]["code"] == "ABORTED"
    assert message["error"]["message"] == "The execution was stopped: wrong file"
    assert message["error"]["charged"] == charged
    assert ("Finish the job by hand" if charged == "yes" else "upload") in message["error"]["action"]


def silent_for(looks: int, then: str) -> Callable[[str], Status]:
    """Return a Segmind that is out of service for so many looks."""
    silences = [Unavailable("Out of service.", http_status=503)] * looks

    def look(_: str) -> Status:
        if silences:
            raise silences.pop()
        return Status(status=then)  # type: ignore[arg-type]

    return look


def test_a_passing_silence_at_the_last_look_costs_no_result(
    scene: World, job: Job, ending: EndingMaker
) -> None:
    asked(scene, job)
    scene.status = silent_for(2, "COMPLETED")
    assert scene.finalizer.finish(ending(look={"polls": 0}, caught=CRASH), LATER)["status"] == "COMPLETED"
    assert scene.pauses == [1, 3]


def test_no_run_waits_for_an_answer_longer_than_it_may_run(
    scene: World, job: Job, ending: EndingMaker
) -> None:
    asked(scene, job)
    scene.status = silent_for(99, "COMPLETED")
    answer = scene.finalizer.finish(ending(look={"polls": 0}, caught=CRASH), NOW + 3)
    assert answer["status"] == "PENDING"
    assert scene.pauses == [1]


def test_a_job_stopped_in_the_middle_of_its_post_is_in_doubt(
    scene: World, job: Job, stopped: EndingMaker
) -> None:
    asked(scene, job, request_id="")
    scene.now += 1
    scene.finalizer.finish(stopped("ABORTED"), LATER)
    error = message_of(scene)["error"]
    assert error["charged"] == "unknown"
    assert "your Segmind account's request history" in error["action"]


def test_a_job_stopped_before_anything_was_asked_cost_nothing(scene: World, stopped: EndingMaker) -> None:
    scene.finalizer.finish(stopped("ABORTED"), LATER)
    assert message_of(scene)["error"]["charged"] == "no"


def test_a_crash_is_told_with_its_place_and_without_its_stack(scene: World, ending: EndingMaker) -> None:
    scene.result_life = OVER
    scene.finalizer.finish(ending(look={"polls": 0}, caught=CRASH), LATER)
    message = message_of(scene)
    assert message["error"]["code"] == "INTERNAL_ERROR"
    assert message["error"]["stage"] == "poll"
    assert message["error"]["message"] == "CheckStatus kept failing: KeyError: the reason"
    assert "secret" not in str(message)


def test_an_event_without_the_job_takes_it_from_the_ledger(
    scene: World, job: Job, stopped: EndingMaker
) -> None:
    asked(scene, job)
    scene.result_life = OVER
    scene.finalizer.finish(stopped("TIMED_OUT", input=None), LATER)
    assert message_of(scene)["inputs"]["audio"]["key"] == "inbox/launch/fr.mp3"


def test_nobody_knows_the_job_and_it_is_told_all_the_same(scene: World, stopped: EndingMaker) -> None:
    scene.finalizer.finish(stopped("ABORTED", input='{"no": "job"}'), LATER)
    assert message_of(scene)["name"] == "fr-1"


def test_the_second_word_about_a_closed_job_changes_nothing(
    scene: World, job: Job, ending: EndingMaker, stopped: EndingMaker
) -> None:
    asked(scene, job)
    scene.result_life = OVER
    scene.finalizer.finish(stopped("ABORTED"), LATER)
    answer = scene.finalizer.finish(ending(), LATER)
    assert answer["error"]["code"] == "ABORTED"
    assert message_of(scene)["error"]["code"] == "ABORTED"


@pytest.mark.parametrize("code", ["DEADLINE", "RESULT_EXPIRED"])
def test_a_result_that_is_there_after_all_is_saved(
    scene: World, job: Job, ending: EndingMaker, code: str
) -> None:
    asked(scene, job)
    scene.status = status("COMPLETED")
    assert scene.finalizer.finish(ending(look=failed_look(code)), LATER)["status"] == "COMPLETED"


def test_an_undecided_end_is_an_error_and_not_silence(scene: World, ending: EndingMaker) -> None:
    scene.finalizer.finish(ending(request={}, look={"polls": 0}), LATER)
    assert message_of(scene)["error"]["code"] == "INTERNAL_ERROR"


def test_account_trouble_is_told_by_one_job_only(scene: World) -> None:
    trouble = {"code": "INSUFFICIENT_CREDITS", "message": "No credits left.", "action": "Buy credits."}
    scene.capacity.raise_trouble("INSUFFICIENT_CREDITS", "No credits left.", NOW)

    def call(job_id: str) -> AlertRequest:
        event = {"alert": trouble, "job_id": job_id, "execution": {"arn": "arn:x", "started_at": "x"}}
        found = read_event(event)
        assert isinstance(found, AlertRequest)
        return found

    for job_id in ("a", "b", "c"):
        assert scene.finalizer.tell(call(job_id)) == {"outcome": "alerted"}
    message = message_of(scene)
    assert (message["status"], message["error"]["code"]) == ("ALERT", "INSUFFICIENT_CREDITS")
    scene.finalizer.tell(call("a"))
    assert scene.messages() == []


def test_an_alert_that_could_not_be_published_is_repeated_by_its_job_and_later_by_another(
    scene: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.capacity.raise_trouble("INSUFFICIENT_CREDITS", "No credits left.", NOW)
    alert = AccountAlert(code="INSUFFICIENT_CREDITS", message="No credits left.", action="Buy credits.")
    with monkeypatch.context() as broken:
        broken.setattr(Topic, "publish", refuse)
        with pytest.raises(ConnectionError):
            scene.finalizer.tell(AlertRequest(alert=alert, job_id="a", execution_arn="arn:x"))
    scene.finalizer.tell(AlertRequest(alert=alert, job_id="b", execution_arn="arn:x"))
    assert scene.messages() == []
    scene.now += CLAIM_SECONDS
    scene.finalizer.tell(AlertRequest(alert=alert, job_id="b", execution_arn="arn:x"))
    assert message_of(scene)["status"] == "ALERT"


@pytest.mark.parametrize("word", ["PROCESSING", "QUEUED", "UNKNOWN"])
def test_a_request_under_way_is_waited_for_when_looking_at_it_kept_failing(
    scene: World, job: Job, ending: EndingMaker, word: str
) -> None:
    asked(scene, job)
    broken = ending(look={"polls": 0}, caught=CRASH)
    scene.status = status(word)
    assert scene.finalizer.finish(broken, LATER)["status"] == "PENDING"
    assert scene.messages() == []
    scene.status = status("COMPLETED")
    assert scene.finalizer.finish(broken, LATER)["status"] == "COMPLETED"


def test_a_404_in_passing_ends_no_request_that_is_under_way(
    scene: World, job: Job, ending: EndingMaker
) -> None:
    asked(scene, job)
    lost = failed_look("RESULT_EXPIRED")
    scene.status = status("PROCESSING")
    assert scene.finalizer.finish(ending(look=lost), LATER)["status"] == "PENDING"
    scene.status = status("COMPLETED")
    assert scene.finalizer.finish(ending(look=lost), LATER)["status"] == "COMPLETED"


@pytest.mark.parametrize("word", ["PROCESSING", "QUEUED", "UNKNOWN"])
def test_after_the_deadline_a_request_under_way_is_looked_at_until_segmind_forgets_it(
    scene: World, job: Job, ending: EndingMaker, word: str
) -> None:
    asked(scene, job)
    scene.status = status(word)
    late = ending(look=failed_look("DEADLINE"))
    assert scene.finalizer.finish(late, LATER)["status"] == "PENDING"
    scene.result_life = OVER
    scene.finalizer.finish(late, LATER)
    assert message_of(scene)["error"]["code"] == "DEADLINE"


def test_a_silent_segmind_is_asked_again_later_and_told_of_when_the_result_has_expired(
    scene: World, job: Job, ending: EndingMaker
) -> None:
    asked(scene, job)
    scene.status = silent_for(99, "COMPLETED")
    late = ending(look=failed_look("DEADLINE"))
    assert scene.finalizer.finish(late, LATER)["status"] == "PENDING"
    scene.result_life = OVER
    scene.finalizer.finish(late, LATER)
    assert message_of(scene)["error"]["code"] == "DEADLINE"
