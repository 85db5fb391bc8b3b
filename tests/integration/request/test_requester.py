"""Asking once: the answers that decide a job, every record that may be found, and what is left behind."""

from typing import TYPE_CHECKING

import pytest

from lipdrop.jobs_table.ledger import Ledger
from lipdrop.model.job import Options
from lipdrop.model.task_outputs import Rejected
from lipdrop.request.context import RequestOutput
from lipdrop.request.requester import LEASE_SECONDS, PREPARE_SECONDS, PROMISE_SECONDS
from lipdrop.segmind.errors import Ambiguous, Expired, RequestRejected, SegmindError
from tests.support.requests_world import START, Scene, accepted, busy, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_an_accepted_job_is_written_down_and_looked_at_late(scene: Scene) -> None:
    answer = accepted(scene.request())
    assert (answer.request_id, answer.posted_at) == ("r-1", START)
    assert answer.expected_seconds == 100 + 3.7 * 40
    assert answer.expected_seconds * 0.3 < answer.wait_seconds < answer.expected_seconds

    record = scene.record()
    assert (record.state, record.request_id, record.posted_at) == ("REQUESTED", "r-1", START)
    assert scene.capacity.snapshot().held == {"fr-1": START + LEASE_SECONDS}


def test_all_six_parameters_are_sent(scene: Scene) -> None:
    scene.request(options=Options(sync_mode="loop", temperature=0.8, occlusion_detection_enabled=True))
    assert scene.bodies == [
        {
            "video_url": "https://drop/inbox/launch/video.mp4",
            "audio_url": "https://drop/inbox/launch/fr.mp3",
            "sync_mode": "loop",
            "temperature": 0.8,
            "auto_active_speaker_detection": False,
            "occlusion_detection_enabled": True,
        }
    ]


def test_what_was_learned_corrects_the_expectation(scene: Scene) -> None:
    scene.capacity.learn(100, 150)
    ratio = scene.capacity.snapshot().ratio
    assert accepted(scene.request()).expected_seconds == pytest.approx((100 + 3.7 * 40) * ratio)


def test_media_that_nobody_measured_are_taken_for_a_minute(scene: Scene) -> None:
    assert accepted(scene.request(estimate=None)).expected_seconds == 100 + 3.7 * 60


def test_a_repeated_request_gets_the_stored_id(scene: Scene) -> None:
    first = accepted(scene.request())
    scene.now += 60
    again = accepted(scene.request())
    assert (again.request_id, again.posted_at) == (first.request_id, first.posted_at)
    assert again.wait_seconds == first.wait_seconds - 60
    assert len(scene.bodies) == 1


def test_a_paid_request_is_found_even_when_slots_and_gate_are_shut(scene: Scene) -> None:
    scene.request()
    scene.capacity.free_slot("fr-1")
    scene.capacity.raise_trouble("API_KEY_REJECTED", "bad", scene.now)
    assert accepted(scene.request()).request_id == "r-1"


def test_without_a_slot_nothing_is_asked_or_written(scene: Scene) -> None:
    scene.request("a")
    scene.request("b")
    assert busy(scene.request("c")).reason == "SLOTS"
    assert len(scene.bodies) == 2
    assert scene.ledger.get_record("c") is None


def test_who_comes_in_the_middle_of_a_post_waits_and_gets_its_answer(scene: Scene) -> None:
    meanwhile: list[RequestOutput] = []
    scene.during_post = lambda: meanwhile.append(scene.request())

    answer = accepted(scene.request())
    in_doubt = busy(meanwhile[0])
    assert (in_doubt.reason, in_doubt.wait_seconds) == ("IN_DOUBT", PROMISE_SECONDS + 1)
    scene.now += in_doubt.wait_seconds
    assert accepted(scene.request()).request_id == answer.request_id
    assert len(scene.bodies) == 1


def test_two_that_begin_at_once_end_in_one_post(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "get_record", lambda *_: None)
    meanwhile: list[RequestOutput] = []
    scene.during_post = lambda: meanwhile.append(scene.request())
    assert accepted(scene.request()).request_id == "r-1"
    assert busy(meanwhile[0]).reason == "IN_DOUBT"
    assert len(scene.bodies) == 1
    assert scene.held() == {"fr-1"}


def test_a_promise_whose_giver_died_is_never_repeated(scene: Scene) -> None:
    scene.ledger.begin("fr-1", "{}", "dead", now=START, until=START + PROMISE_SECONDS)
    scene.now += PROMISE_SECONDS
    answer = scene.request()
    assert error_code(answer) == "SUBMISSION_UNKNOWN"
    assert isinstance(answer, Rejected)
    assert answer.error.charged == "unknown"
    assert scene.bodies == []


def test_an_error_nobody_foresaw_leaves_the_promise_standing(scene: Scene) -> None:
    scene.outcomes = [RuntimeError("a bug")]
    with pytest.raises(RuntimeError):
        scene.request()
    assert busy(scene.request()).reason == "IN_DOUBT"
    scene.now += PROMISE_SECONDS
    assert error_code(scene.request()) == "SUBMISSION_UNKNOWN"


@pytest.mark.parametrize("error", [Ambiguous("No answer came.", http_status=504), Expired("Odd.")])
def test_a_post_in_doubt_ends_the_job_for_ever(scene: Scene, error: SegmindError) -> None:
    scene.outcomes = [error]
    assert error_code(scene.request()) == "SUBMISSION_UNKNOWN"
    assert error_code(scene.request()) == "SUBMISSION_UNKNOWN"
    assert len(scene.bodies) == 1
    assert scene.record().state == "UNKNOWN"


@pytest.mark.parametrize("status", [400, 404, 406, 410, 422])
def test_a_refusal_for_good_ends_the_job_without_a_charge(scene: Scene, status: int) -> None:
    scene.outcomes = [RequestRejected("Bad sync_mode.", http_status=status)]
    answer = scene.request()
    assert error_code(answer) == "REQUEST_REJECTED"
    assert isinstance(answer, Rejected)
    assert (answer.error.message, answer.error.http_status) == ("Bad sync_mode.", status)
    assert scene.record().state == "WAITING"


def test_media_that_were_deleted_end_the_job_before_a_promise(scene: Scene) -> None:
    scene.gone = {"inbox/launch/fr.mp3"}
    answer = scene.request()
    assert error_code(answer) == "MEDIA_GONE"
    assert scene.bodies == []
    assert scene.ledger.get_record("fr-1") is None


def test_a_decided_job_is_not_asked_for_again(scene: Scene) -> None:
    scene.ledger.close("fr-1", "{}", START)
    assert error_code(scene.request()) == "INTERNAL_ERROR"
    assert scene.bodies == []


def test_a_job_that_was_stopped_in_the_middle_of_its_request_gives_its_slot_back(scene: Scene) -> None:
    def killed() -> None:
        raise RuntimeError("killed")

    scene.during_post = killed
    with pytest.raises(RuntimeError):
        scene.request()
    scene.ledger.close("fr-1", "{}", scene.now)
    assert scene.held() == {"fr-1"}
    scene.during_post = lambda: None
    assert error_code(scene.request()) == "INTERNAL_ERROR"
    assert scene.held() == set()


def test_an_id_that_comes_after_the_job_was_stopped_is_noted_and_its_slot_given_back(scene: Scene) -> None:
    scene.during_post = lambda: scene.ledger.close("fr-1", "{}", scene.now)
    assert accepted(scene.request()).request_id == "r-1"
    assert (scene.record().state, scene.record().request_id) == ("CLOSED", "r-1")
    assert scene.held() == set()


def test_an_id_that_cannot_be_written_down_is_still_handed_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "note_request", lambda *_, **__: None)
    assert accepted(scene.request()).request_id == "r-1"


def test_an_id_is_logged_before_anything_else_can_fail(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    logged_by_then: list[tuple[str, str]] = []
    monkeypatch.setattr(Ledger, "note_request", lambda *_, **__: logged_by_then.extend(scene.logged))
    scene.request()
    assert logged_by_then == [("fr-1", "r-1")]


def test_a_log_that_fails_does_not_cost_the_id(scene: Scene) -> None:
    def broken(*_: str) -> None:
        raise BrokenPipeError

    scene.log_accepted = broken
    assert accepted(scene.request()).request_id == "r-1"
    assert scene.record().request_id == "r-1"


def test_with_services_so_slow_that_the_post_might_be_cut_off_nothing_is_sent(scene: Scene) -> None:
    scene.during_link = lambda: setattr(scene, "now", scene.now + PREPARE_SECONDS + 1)
    assert busy(scene.request()).reason == "SLOW_AWS"
    assert scene.bodies == []
    scene.during_link = lambda: None
    assert accepted(scene.request())


def test_a_job_without_media_is_a_bug_and_asks_nothing(scene: Scene) -> None:
    with pytest.raises(ValueError, match="nothing to ask"):
        scene.request(video=None)
    assert scene.bodies == []


def test_a_job_costs_three_reads_and_three_writes_to_ask_for(scene: Scene, client: "DynamoDBClient") -> None:
    scene.request("the first one makes the capacity item")
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    scene.request("fr-2")
    assert sorted(calls) == ["GetItem", "GetItem", "GetItem", "UpdateItem", "UpdateItem", "UpdateItem"]


def test_a_waiting_job_costs_two_reads_a_try(scene: Scene, client: "DynamoDBClient") -> None:
    scene.request("a")
    scene.request("b")
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    scene.request("c")
    assert calls == ["GetItem", "GetItem"]
