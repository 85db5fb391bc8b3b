"""Ranged reads within limits: MediaInfo's allowance, and the hops of our own measurements."""

import pytest

from lipdrop.media.range_reader import (
    BLOCK_BYTES,
    CHUNK_BYTES,
    MOST_HOPS,
    Hops,
    RangeReader,
    UnmeasurableError,
)

BODY = bytes(range(256)) * 40_000


def ranged(body: bytes = BODY) -> RangeReader:
    return RangeReader(lambda start, length: body[start : start + length], len(body))


def test_hops_that_are_near_need_few_reads_and_far_ones_little() -> None:
    near, far = ranged(), ranged()
    near_hops, far_hops = Hops(near), Hops(far)

    for start in range(0, len(BODY), 100_000):
        assert near_hops.read(start, 16) == BODY[start : start + 16]
    for start in range(0, len(BODY), 2_000_000):
        assert far_hops.read(start, 16) == BODY[start : start + 16]

    assert near.reads < 10
    assert far.bytes_read <= 6 * BLOCK_BYTES


def test_a_file_that_makes_the_reader_jump_for_ever_is_given_up() -> None:
    hops = Hops(ranged(), most_reads=10)

    for number in range(10):
        hops.read(number % 2 * 5_000_000 + 100_000, 16)
    with pytest.raises(UnmeasurableError):
        hops.read(100_000, 16)
    assert MOST_HOPS * CHUNK_BYTES > 5_368_709_120


def test_short_answers_are_completed_and_holes_are_noticed() -> None:
    stingy = RangeReader(lambda start, length: BODY[start : start + min(length, 1000)], len(BODY))
    torn = RangeReader(
        lambda start, length: BODY[start : start + length] if start < 90_000 else b"", len(BODY)
    )

    assert stingy.fetch(70_000, 5000) == BODY[70_000:75_000]
    with pytest.raises(UnmeasurableError):
        Hops(torn).read(200_000, 16)


def test_chunks_give_the_whole_file_and_a_prefix_can_be_left_out() -> None:
    file = ranged()

    assert b"".join(file.chunks()) == BODY
    assert b"".join(file.chunks(100, 300)) == BODY[100:300]
    assert b"".join(file.behind(77).chunks()) == BODY[77:]
    assert file.behind(77).head == BODY[77 : 77 + BLOCK_BYTES]
