"""Values in the words of messages."""

import pytest

from lipdrop.model.wording import how_long


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.03, "0.03 s"),
        (300, "300 s"),
        (301.5, "301.5 s"),
        (599.987, "599.99 s"),
        (3720, "62 min"),
        (27_000, "7.5 h"),
        (3.84307e14, "over 1,000 h"),
    ],
)
def test_lengths_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert how_long(seconds) == words
