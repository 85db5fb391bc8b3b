"""Jobs whose execution was stopped: an execution of its own follows what was paid for, to its result."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from lipdrop.finalize.event import FinalizeEvent, read_event
from lipdrop.finalize.follow_up import FollowUp
from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import Job
from lipdrop.segmind.client import Status
from lipdrop.segmind.errors import Expired, Unavailable
from lipdrop.segmind.history import HistoryRow
from lipdrop.segmind.result_body import Link, Stream
from local.sample_media.mp4 import sample_video
from tests.support.journey import SCHEMA
from tests.support.results_world import NOW, OVER, World, failed_look

LATER = NOW + 600
EndingMaker = Callable[..., FinalizeEvent]


class Machine:
    """Step Functions, as far as a follow-up goes: it remembers what was started."""

    class exceptions:  # noqa: N801  boto3's name
        class ExecutionAlreadyExists(Exception):  # noqa: N818
            """As boto3 raises it."""

    def __init__(self) -> None:
        self.started: dict[str, dict[str, Any]] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        if name in self.started:
            raise self.exceptions.ExecutionAlreadyExists
        self.started[name] = json.loads(input)["follow"]


@pytest.fixture
def machine(scene: World) -> Machine:
    return Machine()


def follow(scene: World, machine: Machine) -> FinalizeEvent:
    """Start the follow-up that finalize asked for; return what its state machine calls finalize with."""
    start = FollowUp(machine, "arn:machine", lambda: scene.now).start  # type: ignore[arg-type]
    start(*scene.followed[-1])
    start(*scene.followed[-1])
    ((name, given),) = machine.started.items()
    assert len(name) <= 80
    event = {"request": {}, "look": {"polls": 0}, "waits": 0, "follows": True, **given}
    found = read_event(event)
    assert isinstance(found, FinalizeEvent)
    return found


class History:
    """A request history that lists `rows`; None makes it silent."""

    def __init__(self, *rows: HistoryRow, silent: bool = False) -> None:
        self.rows, self.silent, self.searched = list(rows), silent, 0

    def get(self, request_id: str) -> HistoryRow | None:
        if self.silent:
            raise Unavailable("Out of service.")
        return next((row for row in self.rows if row.request_id == request_id), None)

    def search(self, since_epoch: float, until_epoch: float) -> list[HistoryRow]:
        self.searched += 1
        if self.silent:
            raise Unavailable("Out of service.")
        return self.rows


def row(request_id: str = "req-1", **changes: Any) -> HistoryRow:
    given: dict[str, Any] = {"status": "COMPLETED", "job_id": "fr-1", "created_at": NOW - 100}
    return HistoryRow(request_id=request_id, **(given | changes))


def gone(_: str) -> Any:
    raise Expired("Unknown request.", http_status=404)


@pytest.mark.parametrize("way", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_a_stopped_job_whose_request_runs_is_followed_to_its_result(
    scene: World, machine: Machine, asked: Callable[..., None], stopped: EndingMaker, way: str
) -> None:
    asked()
    scene.status = lambda _: Status(status="PROCESSING")
    assert scene.finalizer.finish(stopped(way), LATER)["status"] == "PENDING"
    assert scene.messages() == []
    following = follow(scene, machine)
    assert scene.finalizer.finish(following, LATER)["status"] == "PENDING"
    scene.status = lambda _: Status(status="COMPLETED")
    assert scene.finalizer.finish(following, LATER)["status"] == "COMPLETED"
    (message,) = scene.messages()
    assert scene.stored("launch/fr.mp4") == sample_video()
    assert message["execution_arn"].endswith(":fr-1"), "the job's own execution"
    assert len(machine.started) == 1


def test_a_job_stopped_in_the_middle_of_its_post_is_followed_once_the_id_is_there(
    scene: World, machine: Machine, asked: Callable[..., None], stopped: EndingMaker
) -> None:
    asked("", until=NOW + 60)
    assert scene.finalizer.finish(stopped("ABORTED"), LATER)["status"] == "PENDING"
    following = follow(scene, machine)
    answer = scene.finalizer.finish(following, LATER)
    assert (answer["status"], answer["wait_seconds"]) == ("PENDING", 61)
    scene.ledger.note_request("fr-1", "attempt", request_id="req-1", posted_at=int(NOW), expected_seconds=107)
    scene.status = lambda _: Status(status="COMPLETED")
    assert scene.finalizer.finish(following, LATER)["status"] == "COMPLETED"


def test_a_promise_that_came_to_nothing_is_told_as_unknown_once_it_is_over(
    scene: World, machine: Machine, asked: Callable[..., None], stopped: EndingMaker
) -> None:
    asked("", until=NOW + 60)
    scene.finalizer.finish(stopped("ABORTED"), LATER)
    scene.now += 61
    scene.finalizer.finish(follow(scene, machine), LATER)
    (message,) = scene.messages()
    assert (message["error"]["code"], message["error"]["charged"]) == ("ABORTED", "unknown")


def test_a_follow_up_that_is_stopped_itself_decides_with_what_there_is(
    scene: World, machine: Machine, asked: Callable[..., None], stopped: EndingMaker
) -> None:
    asked()
    scene.finalizer.finish(stopped("ABORTED"), LATER)
    follow(scene, machine)
    ((name, given),) = machine.started.items()
    again = stopped("ABORTED", name=name, input=json.dumps({"follow": given}))
    assert scene.finalizer.finish(again, LATER)["status"] == "FAILED"
    (message,) = scene.messages()
    assert (message["job_id"], message["error"]["code"]) == ("fr-1", "ABORTED")
    assert len(scene.followed) == 1


def test_an_unknown_job_and_one_that_cost_nothing_are_not_followed(
    scene: World, stopped: EndingMaker
) -> None:
    scene.finalizer.finish(stopped("ABORTED", input="no json"), LATER)
    assert scene.messages()[0]["error"]["charged"] == "no"
    assert scene.followed == []


def test_a_stopped_job_is_followed_even_while_dynamodb_is_silent(
    scene: World,
    machine: Machine,
    asked: Callable[..., None],
    stopped: EndingMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked()
    scene.status = lambda _: Status(status="COMPLETED")

    def fail(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "GetItem")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "get_record", fail)
        assert scene.finalizer.finish(stopped("ABORTED"), LATER)["status"] == "PENDING"
    assert scene.finalizer.finish(follow(scene, machine), LATER)["status"] == "COMPLETED"


def served(scene: World) -> str:
    """Return the address of the result, which only the history gives from now on."""
    link = scene.answer("req-1")
    assert isinstance(link, Link)
    scene.answer, scene.status = gone, gone
    return link.url


@pytest.mark.parametrize("code", ["RESULT_EXPIRED", "DEADLINE"])
def test_the_history_gives_the_result_of_a_request_that_segmind_forgot(
    scene: World, asked: Callable[..., None], ending: EndingMaker, code: str
) -> None:
    asked()
    scene.history = History(row(output_url=served(scene)))
    scene.result_life = OVER
    assert scene.finalizer.finish(ending(look=failed_look(code)), LATER)["status"] == "COMPLETED"
    record = scene.ledger.get_record("fr-1")
    assert record is not None
    assert record.link
    assert "Signature" not in str(scene.messages())


def test_the_history_s_failed_is_segmind_s_own(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked()
    scene.status, scene.history = gone, History(row(status="FAILED"))
    scene.finalizer.finish(ending(look=failed_look("RESULT_EXPIRED")), LATER)
    (message,) = scene.messages()
    assert message["error"]["charged"] == "no"


@pytest.mark.parametrize("history", [History(), History(silent=True), None])
def test_a_history_that_knows_nothing_changes_nothing(
    scene: World, asked: Callable[..., None], ending: EndingMaker, history: History | None
) -> None:
    asked()
    scene.status, scene.history, scene.result_life = gone, history, OVER
    scene.finalizer.finish(ending(look=failed_look("RESULT_EXPIRED")), LATER)
    (message,) = scene.messages()
    assert message["error"]["code"] == "RESULT_EXPIRED"


def test_a_stopped_job_whose_answer_was_lost_is_found_in_the_history(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked("")
    scene.now += 1
    scene.history = History(row("req-9", output_url=served(scene)), row("req-8", job_id="es-1"))
    broken = {"Error": "Killed", "Cause": "killed", "State": "Request"}
    event = ending(request={}, look={"polls": 0}, caught=broken)
    assert scene.finalizer.finish(event, LATER)["status"] == "COMPLETED"
    record = scene.ledger.get_record("fr-1")
    assert record is not None
    assert record.request_id == "req-9"
    (message,) = scene.messages()
    assert message["request_id"] == "req-9"


def test_a_history_that_may_be_late_is_asked_for_ten_minutes(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked("")
    scene.now += 1
    scene.history = History()
    broken = {"Error": "Killed", "Cause": "killed", "State": "Request"}
    event = ending(request={}, look={"polls": 0}, caught=broken)
    assert scene.finalizer.finish(event, LATER)["status"] == "PENDING"
    scene.now += 600
    assert scene.finalizer.finish(event, LATER)["status"] == "FAILED"
    assert scene.messages()[0]["error"]["charged"] == "unknown"


def test_two_requests_for_one_job_are_an_alert_with_both_ids(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked("")
    scene.now += 1
    url = served(scene)
    scene.history = History(row("req-1", status="PENDING"), row("req-2", output_url=url))
    broken = {"Error": "Killed", "Cause": "killed", "State": "Request"}
    scene.finalizer.finish(ending(request={}, look={"polls": 0}, caught=broken), LATER)
    alert, message = sorted(scene.messages(), key=lambda message: message["status"])
    SCHEMA.validate(alert)
    assert (alert["status"], alert["error"]["code"]) == ("ALERT", "CHARGED_TWICE")
    assert "req-1, req-2" in alert["error"]["message"]
    assert (message["status"], message["request_id"]) == ("COMPLETED", "req-2")


def test_candidates_that_do_not_name_the_job_are_not_followed_if_there_are_two(
    scene: World, job: Job, asked: Callable[..., None], ending: EndingMaker
) -> None:
    linked = msgspec.structs.replace(job, video="https://a.example/v.mp4", audio="https://a.example/a.mp3")
    asked("")
    scene.now += 1
    given: dict[str, Any] = {"job_id": None, "options": job.options}
    given |= {"output_url": "https://r.example/x.mp4"}
    given |= {"video_address": linked.video, "audio_address": linked.audio}
    scene.history = History(row("req-1", **given), row("req-2", **given))
    broken = {"Error": "Killed", "Cause": "killed", "State": "Request"}
    event = ending(linked, request={}, look={"polls": 0}, caught=broken)
    scene.now += 600
    assert scene.finalizer.finish(event, LATER)["status"] == "FAILED"


def test_charged_twice_is_told_by_each_job_that_meets_it(scene: World) -> None:
    alert = {"code": "CHARGED_TWICE", "message": "Two: a, b.", "action": "Ask."}
    for job_id in ("fr-1", "es-1"):
        call: Any = read_event({"alert": alert, "job_id": job_id, "execution": {"arn": "arn:x"}})
        scene.finalizer.tell(call)
    assert {message["job_id"] for message in scene.messages()} == {"fr-1", "es-1"}


def never(_: str) -> Link | Stream:
    raise AssertionError("Segmind was asked for a job that is closed")


def test_after_a_last_resort_the_result_goes_out_as_a_correction_once(
    scene: World, asked: Callable[..., None], ending: EndingMaker
) -> None:
    asked()
    corrected = ending(corrects="fr-1:LAST_RESORT")
    assert scene.finalizer.finish(corrected, LATER)["status"] == "COMPLETED"
    assert scene.finalizer.finish(corrected, LATER)["status"] == "COMPLETED"
    (message,) = scene.messages()
    SCHEMA.validate(message)
    assert (message["id"], message["corrects"]) == ("fr-1:COMPLETED:CORRECTION", "fr-1:LAST_RESORT")
    assert "corrects" not in scene.record("launch/fr.json")["notification"]


def test_what_was_decided_before_the_last_resort_is_told_as_its_correction(
    scene: World, asked: Callable[..., None], ending: EndingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked()
    scene.finalizer.finish(ending(), LATER)
    scene.messages()
    scene.answer = never
    scene.finalizer.finish(ending(corrects="fr-1:LAST_RESORT"), LATER)
    (message,) = scene.messages()
    assert (message["status"], message["corrects"]) == ("COMPLETED", "fr-1:LAST_RESORT")


def by_hand(stopped: EndingMaker) -> FinalizeEvent:
    return stopped("FAILED", error="finished by hand")


def test_a_job_that_was_closed_without_its_paid_result_can_be_finished_by_hand(
    scene: World, asked: Callable[..., None], ending: EndingMaker, stopped: EndingMaker
) -> None:
    asked()
    large, scene.limits = scene.limits, msgspec.structs.replace(scene.limits, max_bytes=1000)
    assert scene.finalizer.finish(ending(), LATER)["error"]["code"] == "RESULT_TOO_LARGE"
    (failed,) = scene.messages()
    scene.status = lambda _: Status(status="COMPLETED")
    assert scene.finalizer.finish(by_hand(stopped), LATER)["status"] == "FAILED"
    assert scene.messages() == [], "nothing new to tell"
    scene.limits = large
    assert scene.finalizer.finish(by_hand(stopped), LATER)["status"] == "COMPLETED"
    (message,) = scene.messages()
    SCHEMA.validate(message)
    assert (message["status"], message["corrects"]) == ("COMPLETED", failed["id"])
    scene.answer = never
    scene.finalizer.finish(by_hand(stopped), LATER)
    assert scene.messages() == []
