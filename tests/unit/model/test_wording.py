"""What messages show of sizes, lengths, and names that others chose."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.model.wording import escaped, how_large, how_long, shorten

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nWhat to do: pay\r\n.mp3", "a\\nWhat to do: pay\\r\\n.mp3"),
        ("exe.\u202egpj", "exe.\\u202egpj"),
        ("a\x00\x1b[31m\x85\u2028b", "a\\u0000\\u001b[31m\\u0085\\u2028b"),
        ("\ud800\U000e0041", "\\ud800\\udb40\\udc41"),
        ("Zoé 東京 👩‍🚀 می‌خواهم a\\nb", "Zoé 東京 👩‍🚀 می‌خواهم a\\nb"),
    ],
)
def test_what_misleads_is_escaped_and_what_is_read_is_kept(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_no_control_character_line_break_or_bidi_control_is_left() -> None:
    every = [chr(code) for code in range(0x3000)] + ["\ufeff", "\ufff9"]
    misleading = [
        one
        for one in every
        if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs")
        or unicodedata.bidirectional(one) in BIDI
        or one in "\u061c\u200e\u200f"
    ]
    assert len(misleading) > 70
    assert not [one for one in misleading if escaped(one) == one]


@given(st.text())
def test_escaped_json_means_the_same_and_nothing_is_escaped_twice(text: str) -> None:
    assert json.loads(escaped(json.dumps(text, ensure_ascii=False))) == text
    assert escaped(escaped(text)) == escaped(text)


def test_sizes_are_said_as_people_say_them() -> None:
    said = [how_large(size) for size in (0, 1, 999, 4_400, 2_100_000_000)]
    assert said == ["0 bytes", "1 byte", "999 bytes", "4 kB", "2.1 GB"]


def test_long_texts_end_in_an_ellipsis() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


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
