"""Doubt about a POST, and what Segmind's request history makes of it."""

import pytest

from lipdrop.model.job import Options
from lipdrop.model.task_outputs import Rejected
from lipdrop.request.context import RequestOutput
from lipdrop.request.history_check import LOOKUPS, SILENT_FACTOR
from lipdrop.request.requester import PROMISE_SECONDS
from lipdrop.segmind.errors import Ambiguous, Unavailable
from lipdrop.segmind.history import HistoryRow
from tests.support.requests_world import SETTINGS, START, Scene, accepted, busy, error_code

LINKS = {"video": "https://host/a.mp4", "audio": "https://host/b.mp3"}


def row(request_id: str, **changes: object) -> HistoryRow:
    usual = {"request_id": request_id, "status": "PENDING", "job_id": "fr-1", "created_at": START + 2}
    return HistoryRow(**{**usual, **changes})  # type: ignore[arg-type]


def linked_row(request_id: str, **changes: object) -> HistoryRow:
    """Return a row of a request whose links name no job."""
    usual = {"video_address": LINKS["video"], "audio_address": LINKS["audio"], "options": Options()}
    return row(request_id, **{"job_id": None, **usual, **changes})


@pytest.fixture
def doubtful(scene: Scene) -> Scene:
    """A job whose POST got no answer."""
    scene.rows = []
    scene.outcomes = [Ambiguous("No answer came.", http_status=504)]
    return scene


def post(scene: Scene, **changes: object) -> None:
    assert busy(scene.request(**changes)).reason == "HISTORY"  # type: ignore[arg-type]


def message(answer: RequestOutput) -> str:
    assert isinstance(answer, Rejected)
    return answer.error.message


def test_a_request_whose_answer_was_lost_is_found_and_followed(doubtful: Scene) -> None:
    post(doubtful)
    assert doubtful.rows is not None
    doubtful.rows.append(row("r-lost"))
    doubtful.now += 60
    answer = accepted(doubtful.request())
    assert (answer.request_id, answer.posted_at) == ("r-lost", START + 2)
    assert (doubtful.record().state, doubtful.record().request_id) == ("REQUESTED", "r-lost")
    assert accepted(doubtful.request()).request_id == "r-lost"
    assert len(doubtful.bodies) == 1


def test_a_request_of_an_invocation_that_was_killed_is_found_and_followed(scene: Scene) -> None:
    scene.rows = [row("r-lost")]
    scene.ledger.begin("fr-1", "{}", "dead", now=START, until=START + PROMISE_SECONDS)
    scene.now += PROMISE_SECONDS
    assert accepted(scene.request()).request_id == "r-lost"
    assert scene.searches == [(START, scene.now)]
    assert scene.bodies == []


def test_an_empty_history_is_asked_again_over_ten_minutes_and_permits_no_second_post(doubtful: Scene) -> None:
    post(doubtful)
    while not isinstance(answer := doubtful.request(), Rejected):
        doubtful.now += busy(answer).wait_seconds
    assert error_code(answer) == "SUBMISSION_UNKNOWN"
    assert doubtful.now - START >= SETTINGS.history_wait_seconds == 600
    assert len(doubtful.searches) == LOOKUPS + 1
    assert "did not list it within 10 minutes" in message(answer)
    assert len(doubtful.bodies) == 1


def test_a_row_that_lands_late_is_still_followed(doubtful: Scene) -> None:
    post(doubtful)
    for _ in range(LOOKUPS - 1):
        doubtful.now += busy(doubtful.request()).wait_seconds
    doubtful.rows = [row("r-late")]
    assert accepted(doubtful.request()).request_id == "r-late"


def test_a_history_that_is_silent_is_asked_for_an_hour(doubtful: Scene) -> None:
    doubtful.history_error = Unavailable("Down.", http_status=503)
    post(doubtful)
    doubtful.now += SETTINGS.history_wait_seconds + 1
    assert busy(doubtful.request()).reason == "HISTORY"
    doubtful.now = START + SILENT_FACTOR * SETTINGS.history_wait_seconds
    assert "request history" not in message(doubtful.request())


def test_the_rows_of_other_jobs_are_never_taken(doubtful: Scene) -> None:
    post(doubtful)
    doubtful.rows = [row("r-other", job_id="another"), linked_row("r-links")]
    assert busy(doubtful.request()).reason == "HISTORY"


def test_a_job_of_links_is_found_by_its_addresses(doubtful: Scene) -> None:
    post(doubtful, **LINKS)
    doubtful.rows = [linked_row("r-1"), linked_row("r-old", created_at=START - 100)]
    assert accepted(doubtful.request(**LINKS)).request_id == "r-1"  # type: ignore[arg-type]


def test_a_request_that_another_job_of_the_same_links_owns_is_not_taken(scene: Scene) -> None:
    scene.rows = []
    assert accepted(scene.request("other", **LINKS)).request_id == "r-1"  # type: ignore[arg-type]
    scene.outcomes = [Ambiguous("No answer came.")]
    post(scene, **LINKS)
    scene.rows = [linked_row("r-1")]
    assert busy(scene.request(**LINKS)).reason == "HISTORY"  # type: ignore[arg-type]
    scene.rows.append(linked_row("r-2"))
    assert accepted(scene.request(**LINKS)).request_id == "r-2"  # type: ignore[arg-type]


def test_two_likely_candidates_are_not_followed_but_told(doubtful: Scene) -> None:
    post(doubtful, **LINKS)
    doubtful.rows = [linked_row("r-1"), linked_row("r-2")]
    answer = doubtful.request(**LINKS)  # type: ignore[arg-type]
    assert error_code(answer) == "SUBMISSION_UNKNOWN"
    assert "r-1, r-2" in message(answer)


def test_a_job_that_was_charged_twice_follows_one_and_alerts(doubtful: Scene) -> None:
    post(doubtful)
    doubtful.rows = [row("r-1"), row("r-2", status="COMPLETED", created_at=START + 9), row("r-3")]
    answer = busy(doubtful.request())
    assert answer.alert is not None
    assert answer.alert.code == "CHARGED_TWICE"
    assert "r-2, r-1, r-3" in answer.alert.message
    assert accepted(doubtful.request()).request_id == "r-2"


def test_a_lost_request_that_failed_is_followed_to_its_error(doubtful: Scene) -> None:
    post(doubtful)
    doubtful.rows = [row("r-1", status="FAILED")]
    assert accepted(doubtful.request()).request_id == "r-1"


def test_after_a_502_the_history_is_asked_and_forbids_a_second_post(scene: Scene) -> None:
    scene.rows = []
    scene.outcomes = [Unavailable("Bad gateway.", http_status=502)]
    scene.now += busy(scene.request()).wait_seconds
    scene.rows = [row("r-1")]
    assert accepted(scene.request()).request_id == "r-1"
    assert len(scene.bodies) == 1
    assert scene.searches == [(START, scene.now)]


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("silent", [True, False])
def test_after_a_5xx_an_empty_or_silent_history_permits_another_post(
    scene: Scene, status: int, silent: bool
) -> None:
    scene.rows = [] if not silent else [row("r-1")]
    scene.history_error = Unavailable("Down.") if silent else None
    scene.outcomes = [Unavailable("Boom.", http_status=status)]
    scene.now += busy(scene.request()).wait_seconds
    assert accepted(scene.request()).request_id == "r-2"
    assert len(scene.searches) == 1


def test_a_request_that_the_history_lists_as_failed_does_not_forbid_another(scene: Scene) -> None:
    scene.rows = [row("r-1", status="FAILED")]
    scene.outcomes = [Unavailable("Boom.", http_status=500)]
    scene.now += busy(scene.request()).wait_seconds
    assert accepted(scene.request()).request_id == "r-2"


def test_the_tenth_502_leaves_the_last_word_to_the_history(scene: Scene) -> None:
    scene.rows = []
    scene.outcomes = [Unavailable("Bad gateway.", http_status=502)] * 10
    for _ in range(10):
        scene.now += busy(scene.request()).wait_seconds
    scene.rows = [row("r-7", created_at=START + 7000)]
    answer = accepted(scene.request())
    assert (answer.request_id, answer.posted_at) == ("r-7", START + 7000)
    assert len(scene.bodies) == 10


def test_an_unwritable_ledger_lets_the_job_come_again(
    doubtful: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(doubtful)
    doubtful.rows = [row("r-1")]
    monkeypatch.setattr(type(doubtful.ledger), "note_request", lambda *_, **__: None)
    assert busy(doubtful.request()).reason == "IN_DOUBT"
