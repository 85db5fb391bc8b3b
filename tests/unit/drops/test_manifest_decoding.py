"""Decoding: JSON is taken exactly, a copied Python dictionary too; noise raises ValueError, and only that."""

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.drops.manifest_decoding import JsonObject, decode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.booleans(), st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-32-le")))
def test_json_in_any_encoding_is_read_as_the_standard_library_reads_it(
    content: Any, plain: bool, encoding: str
) -> None:
    text = json.dumps(content, ensure_ascii=plain)
    if not plain and "utf-8" not in encoding and not text.isprintable():
        return  # json.detect_encoding looks at zero bytes, which are none of ours to write there

    assert decode(text.encode(encoding)) == content


@given(JSON)
def test_a_python_dictionary_is_read_as_python_reads_it(content: Any) -> None:
    text = repr({"a": content}).replace("\\U", "\\u")

    try:
        wanted = ast.literal_eval(text)
    except SyntaxError:  # an astral escape
        return
    assert decode(text.encode()) == wanted


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("{'a': 'b\"c\\'d', \"e\": \"f\\'g\", }", {"a": "b\"c'd", "e": "f'g"}),
        ("{'a': 0x1F, # 31\n 'b': [None, True,], # end, really\n}", {"a": 31, "b": [None, True]}),
        ("{'a': '\\xe9 # not a comment, True', }", {"a": "é # not a comment, True"}),
        ('{"True": "None", }', {"True": "None"}),
        ("{'a': 1, 'a': 2}", {"a": 2}),
    ],
)
def test_what_people_copy_from_python_is_taken(text: str, content: Any) -> None:
    assert decode(text.encode()) == content


def test_fields_that_come_twice_are_kept_by_name_in_both_forms() -> None:
    for text in ('{"a": 1, "b": 2, "a": 3}', "{'a': 1, 'b': 2, 'a': 3}"):
        content = decode(text.encode())
        assert isinstance(content, JsonObject)
        assert content.twice == ("a",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[" * 100_000, "it is nested too deeply"),
        (b"{'a': " * 100_000, "Expecting property name"),
        (b"(" * 100_000, "Expecting value"),
        (b"-" * 100_000 + b"1", "Expecting value"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b", " * 500_000, "Expecting value"),
        (b",#" * 500_000, "Expecting value"),
        (b",\n" * 500_000, "Expecting value"),
        (b'"' * 500_001, "Extra data"),
        (b"'" + b"\\" * 1_000_001, "Expecting value"),
        (b'"' + b"\\" * 1_000_001, "Unterminated string"),
    ],
)
def test_noise_of_any_size_is_refused_saying_where(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(data)


@given(
    st.binary(max_size=300)
    | st.text(alphabet="{}[]\"',:0123456789.eE+-TrueFalsNonxX\\u#\n ", max_size=300).map(str.encode)
)
def test_noise_raises_nothing_but_value_errors(data: bytes) -> None:
    try:
        decode(data)
    except ValueError:
        return
