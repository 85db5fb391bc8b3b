"""The bookkeeping of a parallel copy."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.results.copy_parts import Buffers, Pace, Parts, Stopped


@given(
    length=st.integers(1, 2_000),
    steps=st.lists(st.sampled_from(["front", "back", "return"]), max_size=80),
)
def test_every_part_is_given_out_and_each_only_once(length: int, steps: list[str]) -> None:
    parts = Parts(length, 100)
    done: list[int] = []
    ranges: list[int] = []
    for step in steps:
        if step == "return" and ranges:
            parts.give_back(ranges.pop())
        elif step == "back" and (taken := parts.take_back()) is not None:
            ranges.append(taken)
        elif step == "front" and not ranges and (taken := parts.take_front()) is not None:
            done.append(taken)
    for index in ranges:
        parts.fetched()
        done.append(index)
    while (taken := parts.take_front()) is not None:
        done.append(taken)
    while (taken := parts.take_back()) is not None:
        done.append(taken)
    assert sorted(done) == list(range(-(-length // 100)))
    assert sum(parts.size(index) for index in done) == length
    assert parts.left() == 0


def test_the_stream_takes_over_what_the_last_range_gave_back() -> None:
    parts = Parts(500, 100)
    assert [parts.take_back(), parts.take_back()] == [4, 3]
    parts.give_back(4)
    parts.give_back(3)
    assert [parts.take_front() for _ in range(6)] == [0, 1, 2, 3, 4, None]


def test_a_stream_that_meets_ranges_waits_for_them_and_goes_on_if_they_fail() -> None:
    parts = Parts(200, 100)
    assert [parts.take_front(), parts.take_back()] == [0, 1]
    threading.Timer(0.02, parts.give_back, [1]).start()
    assert parts.take_front() == 1
    parts = Parts(200, 100)
    assert [parts.take_front(), parts.take_back()] == [0, 1]
    threading.Timer(0.02, parts.fetched).start()
    assert parts.take_front() is None


def test_a_stream_that_waits_is_let_go() -> None:
    parts = Parts(200, 100)
    parts.take_back()
    parts.take_front()
    threading.Timer(0.02, parts.stop).start()
    with pytest.raises(Stopped):
        parts.take_front()


def test_a_file_of_unknown_length_has_parts_without_end_and_none_at_the_back() -> None:
    parts = Parts(None, 100)
    assert [parts.take_front() for _ in range(3)] == [0, 1, 2]
    assert parts.take_back() is None
    assert parts.size(7) == 100


def test_no_more_buffers_than_agreed_are_made_and_those_are_used_again() -> None:
    buffers = Buffers(2, 10)
    first, second = buffers.take(), buffers.take()
    threading.Timer(0.02, buffers.give, [second]).start()
    assert buffers.take() is second
    buffers.give(first)
    assert buffers.take() is first


def test_everybody_who_waits_for_a_buffer_is_let_go() -> None:
    buffers = Buffers(0, 10)
    gone: list[bool] = []

    def wait() -> None:
        with pytest.raises(Stopped):
            buffers.take()
        gone.append(True)

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for thread in waiting:
        thread.start()
    buffers.stop()
    for thread in waiting:
        thread.join(5)
    assert len(gone) == 3


def test_pace_is_judged_soon_and_then_over_longer_stretches() -> None:
    pace = Pace(probe_bytes=100, enough=1_000)
    assert not pace.slow(60, 10)
    assert pace.slow(60, 10)
    pace = Pace(probe_bytes=100, enough=1_000)
    assert not pace.slow(100, 0.05)
    assert not pace.slow(100, 0.2), "a hiccup"
    assert not pace.slow(690, 0.07)
    assert not pace.slow(10, 0.01)
    assert not pace.slow(700, 0.9)
    assert pace.slow(100, 0.1)
