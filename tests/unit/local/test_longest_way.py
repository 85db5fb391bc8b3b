"""No execution is ended by Step Functions because its history is full."""

import copy

import pytest

from local.longest_way import MOST_EVENTS, definition, longest_way, parameters, report


@pytest.mark.parametrize("kind", ["Default", "MaxValue"])
def test_the_longest_way_fits_into_an_execution_s_history(kind: str) -> None:
    legs = longest_way(parameters(kind), definition())
    assert sum(leg.total for leg in legs) < MOST_EVENTS


def test_the_count_follows_the_definition() -> None:
    usual = definition()
    more = copy.deepcopy(usual)
    for retry in more["States"]["Finalize"]["Retry"]:
        retry["MaxAttempts"] *= 3
    limits = parameters("MaxValue")
    assert sum(leg.total for leg in longest_way(limits, more)) > MOST_EVENTS
    assert sum(leg.total for leg in longest_way(limits, usual)) < MOST_EVENTS


def test_the_report_names_both_totals() -> None:
    lines: list[str] = []
    assert report(lines.append) == 0
    assert [line.split(":")[0] for line in lines if "The longest way" in line] == [
        "The longest way with the defaults",
        "The longest way with every parameter at its maximum",
    ]


def test_the_execution_outlives_the_longest_wait_for_a_result() -> None:
    limits = parameters("MaxValue")
    assert definition()["TimeoutSeconds"] > limits.queue + limits.life + limits.link
