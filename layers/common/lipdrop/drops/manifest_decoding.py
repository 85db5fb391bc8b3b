"""Decoder of manifests: from bytes to plain data, whatever editor or page they were copied from.

Strangers write what is read here, so every step takes time in proportion to the length of the text, and what
is odd in one entry (a number without end, objects within objects) stays a value of that entry: the schema
refuses it there, and the other entries are read as ever.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_MOST_DIGITS = 400
"""Digits of the longest whole number that a float can hold, and some more."""
_MOST_DEPTH = 20
"""A manifest needs two levels: a list, and the objects in it."""


class JsonObject(dict[str, Any]):
    """An object of a JSON text; `twice` are the fields that it holds more than once."""

    twice: tuple[str, ...] = ()

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> "JsonObject":
        """Make one of its fields in their order, as `json` hands them over."""
        made = cls(pairs)
        if len(made) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            made.twice = tuple(name for name, count in counts.items() if count > 1)
        return made


def decode(data: bytes) -> Any:
    """Return what `data` holds: JSON in UTF-8, -16 or -32, with or without a byte order mark.

    Segmind's page shows its body as a Python dictionary (`False`, a comma at the end): a copy of that is
    taken too. Numbers that no float can hold are infinite; what is nested deeper than 20 levels is left out.
    Raises ValueError saying where the text is wrong.
    """
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not {encoding.upper()}") from error
    try:
        return _loads(text)
    except ValueError as error:
        try:
            return _loads(_as_json(text))
        except ValueError:
            raise error from None


def _loads(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        pass
    try:
        return _DECODER.decode("".join(_shallow(text)))
    except ValueError:
        raise ValueError("it is nested too deeply") from None


def _integer(digits: str) -> int | float:
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


_DECODER = json.JSONDecoder(
    object_pairs_hook=JsonObject.of, parse_int=_integer, parse_constant=float, strict=False
)
"""`strict=False` takes a line break within a text as it is: the schema refuses it in the fields that cannot
hold one."""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{\]}]', re.DOTALL)


def _shallow(text: str) -> Iterator[str]:
    """Yield the parts of a JSON text that are nested no deeper than `_MOST_DEPTH`."""
    depth = kept = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth == _MOST_DEPTH + 1:
                yield text[kept : found.end()]
        elif found[0] in ("]", "}"):
            if depth == _MOST_DEPTH + 1:
                kept = found.start()
            depth -= 1
    if depth <= _MOST_DEPTH:
        yield text[kept:]


_PYTHON = re.compile(
    r"""
    (?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<comment>\#[^\n]*+)
    |(?P<comma>,(?=(?:\s|\#[^\n]*+\n)*+[\]}]))
    |(?P<word>\b(?:True|False|None)\b)
    |(?P<hex>\b0[xX][0-9a-fA-F]++\b)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_IN_TEXT = re.compile(r'\\(?:x(?P<hex>[0-9a-fA-F]{2})|.)|"', re.DOTALL)


def _as_json(text: str) -> str:
    """Return a Python literal of dictionaries, lists, texts and numbers as JSON, as far as it is one.

    Not `ast.literal_eval`: a few kilobytes of brackets can end the process that calls it (its documentation).
    """
    return _PYTHON.sub(_json_token, text)


def _json_token(found: re.Match[str]) -> str:
    token = found[0]
    match found.lastgroup:
        case "text":
            return f'"{_IN_TEXT.sub(_json_escape, token[1:-1])}"'
        case "word":
            return _WORDS[token]
        case "hex":
            return str(int(token, 16)) if len(token) < _MOST_DIGITS else "Infinity"
        case _:
            return ""


def _json_escape(found: re.Match[str]) -> str:
    if found["hex"]:
        return f"\\u00{found['hex']}"
    return {'"': '\\"', "\\'": "'"}.get(found[0], found[0])
