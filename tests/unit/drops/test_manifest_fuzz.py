"""Fuzzing of the manifest reader: whatever the bytes are, each entry is read or refused in a bounded text.

The same was run for ten minutes by hand on 25 November 2026: 174,000 manifests, no finding left. What was
found before is `POISON` in test_manifest.py.
"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lipdrop.drops.manifest import read_manifest
from lipdrop.drops.manifest_schema import PROPERTIES
from lipdrop.drops.refusal import DropRefusedError
from lipdrop.model.job import Failure, to_json
from lipdrop.model.wording import MAX_TEXT, escaped

TOKENS = st.sampled_from(
    (
        *(
            "{",
            "}",
            "[",
            "]",
            '"',
            "'",
            ":",
            ",",
            "\\",
            "\\u",
            "\\ud800",
            "\\x41",
            "0x",
            "f" * 300,
            "9" * 500,
            "-",
        ),
        *(
            "1e999",
            "NaN",
            "Infinity",
            "-Infinity",
            "True",
            "False",
            "None",
            "null",
            "true",
            "#",
            "\n",
            " ",
            "\0",
        ),
        *(
            '"video_url"',
            '"audio"',
            '"name"',
            '"../x"',
            '"temperature"',
            '"https://x.example/a"',
            "é",
            "\u202e",
        ),
        *("\ufeff", "b'", "(", ")", "*", "+", '"""', "'''", "[[" * 50, "]]" * 50, '{"a":' * 30, "}" * 30),
    )
)
TEXTS = st.lists(TOKENS, max_size=60).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TOKENS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from((*PROPERTIES, "x")) | st.text(max_size=4)
MANIFESTS = st.lists(st.dictionaries(FIELDS, VALUES, max_size=6) | VALUES, max_size=4)
PLACES = st.integers(0, 200)
WRITTEN = (
    TEXTS
    | MANIFESTS.map(json.dumps)
    | MANIFESTS.map(repr)
    | st.tuples(MANIFESTS.map(json.dumps), TEXTS, PLACES).map(lambda t: t[0][: t[2]] + t[1] + t[0][t[2] :])
    | st.tuples(MANIFESTS.map(json.dumps), PLACES, PLACES).map(lambda t: t[0][: t[1]] + t[0][t[2] :])
    | st.tuples(TEXTS, st.integers(1, 3_000)).map(lambda t: (t[0] * t[1])[:100_000])
)
DATA = st.binary(max_size=300) | WRITTEN.map(lambda text: text.encode("utf-8", "surrogatepass"))
KEYS = st.sampled_from(("jobs/a.json", "jobs/team-a/b.json", "jobs/\u202e/a\n.json"))


def failures(data: bytes, key: str) -> list[Failure]:
    try:
        entries: list[Any] = read_manifest(data, key, "drop")
    except DropRefusedError as refused:
        return [refused.failure]
    return [entry.failure for entry in entries if entry.failure]


@given(DATA, KEYS)
def test_whatever_the_bytes_are_each_entry_is_read_or_refused_in_a_bounded_text(
    data: bytes, key: str
) -> None:
    for failure in failures(data, key):
        assert len(failure.message) <= MAX_TEXT
        assert escaped(failure.message) == failure.message
        assert to_json(failure)
