"""What is kept of a file that passes by."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.results import head_and_tail
from lipdrop.results.head_and_tail import CopiedFile, HeadAndTail

WINDOW = 100


@pytest.fixture(autouse=True, scope="module")
def _small_windows() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head_and_tail, "WINDOW_BYTES", WINDOW)
        yield


def passed(
    length: int, part: int, known: bool, order: Callable[[list[int]], None]
) -> tuple[HeadAndTail, bytes]:
    """Let a file of `length` random bytes pass by in parts of `part`, in some order."""
    data = random.Random(length).randbytes(length)
    kept = HeadAndTail(length if known else None)
    starts = list(range(0, length, part))
    order(starts)
    for start in starts:
        kept.keep(start, memoryview(data)[start : start + part])
    return kept, data


@given(length=st.integers(1, 900), part=st.integers(1, 300), seed=st.integers(0, 99), at=st.integers(0, 900))
def test_both_ends_are_kept_whatever_the_order(length: int, part: int, seed: int, at: int) -> None:
    kept, data = passed(length, part, True, random.Random(seed).shuffle)
    in_a_window = at < length and (at < WINDOW or length - WINDOW <= at)
    found = kept.read_at(at, 7)
    assert found == data[at : at + len(found)]
    assert found or not in_a_window


@given(length=st.integers(1, 900), part=st.integers(1, 300), back=st.integers(1, WINDOW))
def test_the_end_is_kept_even_if_nobody_knew_where_it_would_be(length: int, part: int, back: int) -> None:
    kept, data = passed(length, part, False, list.sort)
    back = min(back, length)
    assert kept.read_at(length - back, back) == data[length - back :]
    assert kept.read_at(0, 10) == data[:10]


def test_memory_is_bounded() -> None:
    kept, _ = passed(100_000, 250, False, list.sort)
    assert sum(len(piece) for piece in kept._pieces.values()) <= 2 * WINDOW + 2 * 250


def test_what_is_not_kept_is_fetched_where_that_is_possible() -> None:
    kept, data = passed(900, 300, True, list.sort)
    assert CopiedFile(windows=kept, length=900, whole=True).read_range(400, 10) == b""
    fetching = CopiedFile(windows=kept, length=900, whole=True, fetch=lambda s, n: data[s : s + n])
    assert fetching.read_range(400, 10) == data[400:410]
    assert fetching.read_range(0, 10) == data[:10]
