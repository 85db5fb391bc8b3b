"""The stack is updated while jobs are running."""

from local.stack import Stack
from local.standin.control import StandinControl
from tests.support.dropping import PAIR, drop_files, only, subscribed, under_way
from tests.support.mishaps import no_slot_free, physical
from tests.support.outcomes_stack import deploy


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
