"""A result that is asked for while the account's requests of the minute are used up."""

from collections.abc import Callable

from lipdrop.finalize.event import FinalizeEvent
from lipdrop.segmind.errors import RateLimited
from lipdrop.segmind.result_body import Link, Stream
from tests.support.results_world import NOW, World

EndingMaker = Callable[..., FinalizeEvent]


def limited(scene: World, times: int, retry_at: float | None) -> None:
    """Let Segmind refuse the first `times` requests for the result."""
    refusals = [RateLimited("Too many.", http_status=429, retry_at=retry_at)] * times
    usual = scene.answer

    def answer(request_id: str) -> Link | Stream:
        if refusals:
            raise refusals.pop()
        return usual(request_id)

    scene.answer = answer


def test_the_next_try_comes_when_the_limit_says_and_not_before(scene: World, ending: EndingMaker) -> None:
    limited(scene, 1, NOW + 42)
    assert scene.finalizer.finish(ending(), NOW + 600)["status"] == "COMPLETED"
    assert scene.pauses == [42]


def test_a_limit_without_a_time_is_waited_out_in_growing_pauses(scene: World, ending: EndingMaker) -> None:
    limited(scene, 3, None)
    assert scene.finalizer.finish(ending(), NOW + 600)["status"] == "COMPLETED"
    assert scene.pauses == [1, 3, 10]


def test_a_limit_that_outlasts_the_result_ends_the_job_at_once(scene: World, ending: EndingMaker) -> None:
    scene.result_life = 150
    limited(scene, 1, NOW + 600)
    answer = scene.finalizer.finish(ending(), NOW + 600)
    assert answer["error"]["code"] == "RESULT_UNREACHABLE"
    assert scene.pauses == []
