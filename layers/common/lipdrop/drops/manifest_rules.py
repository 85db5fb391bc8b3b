"""Validation of one manifest entry: which of its fields are wrong, named one by one, and never by value."""

from collections.abc import Callable, Collection, Iterator
from functools import cache
from math import isfinite
from typing import Any

import fastjsonschema
from fastjsonschema import JsonSchemaValueException
from msgspec import Struct

from lipdrop.drops.manifest_decoding import JsonObject
from lipdrop.drops.manifest_schema import PROPERTIES, SOURCES
from lipdrop.drops.pairing import ALIASES, INBOX, MOST_KEY_BYTES, composed
from lipdrop.drops.refusal import kind_of, shown_name

MOST_BYTES_OF = {"name": 1000, "video": 1100, "audio": 1100}
"""Bytes of UTF-8, which a schema cannot count. S3 allows keys of 1,024; a result's is its name + `.json`."""
_MOST_NAMED = 5
"""Unknown fields that one message names; the rest are counted."""

type ManifestProblem = tuple[str, str]
"""A field and what is wrong with it."""


class Scope(Struct, frozen=True, kw_only=True):
    """What a manifest may name: keys of `bucket`, and, unless `folder` is "", only what is in that folder.

    `folder` ends with a slash.
    """

    bucket: str
    folder: str = ""

    def holds(self, name: str) -> bool:
        """Tell whether a key or a place is within the folder."""
        return composed(name).startswith(composed(self.folder))


def problems(content: dict[str, Any], scope: Scope) -> Iterator[ManifestProblem]:
    """Yield what is wrong with an entry; at most a few texts a field, however long the entry is."""
    yield from _bad_values(content)
    yield from _bad_sources(content, scope)
    if "name" in content and _allowed("name", content["name"]) and not scope.holds(content["name"]):
        yield "name", f"given a place outside {scope.folder}; allowed: {_only(scope)}"


def key_of(address: str, bucket: str) -> str | None:
    """Return the key that an address of the drop bucket names; None if it names none there."""
    key = address
    if address[:5].lower() == "s3://":
        given, _, key = address[5:].partition("/")
        if given != bucket:
            return None
    impossible = (
        key.startswith((INBOX, ALIASES))
        or {"", ".", ".."} & {key, *key.split("/")}
        or _bytes(key) > MOST_KEY_BYTES
    )
    return None if impossible else key


def _bad_values(content: dict[str, Any]) -> Iterator[ManifestProblem]:
    for field in (field for field in PROPERTIES if field in content):
        if not _allowed(field, content[field]):
            yield field, f"given {kind_of(content[field])}; allowed: {PROPERTIES[field]['description']}"
    unknown = [field for field in content if field not in PROPERTIES]
    if unknown:
        yield _names(unknown), f"not known; allowed: only the fields {', '.join(PROPERTIES)}"
    if isinstance(content, JsonObject) and content.twice:
        yield _names(content.twice), "given twice; allowed: once"


def _bad_sources(content: dict[str, Any], scope: Scope) -> Iterator[ManifestProblem]:
    for pair in SOURCES:
        given = [field for field in pair if field in content]
        if len(given) != 1:
            yield pair[0], f"given {' and '.join(given) or 'nothing'}; allowed: either {' or '.join(pair)}"
        address = content.get(pair[0])
        if not isinstance(address, str) or not _allowed(pair[0], address):
            continue
        key = key_of(address, scope.bucket)
        if key is None:
            yield pair[0], f"given a string; allowed: {PROPERTIES[pair[0]]['description']}"
        elif not scope.holds(key):
            yield pair[0], f"given a key outside {scope.folder}; allowed: {_only(scope)}"


def _only(scope: Scope) -> str:
    return f"what is in {scope.folder}, as the manifest is in jobs/{scope.folder} (see ManifestsMayCross)"


def _names(fields: Collection[object]) -> str:
    named = ", ".join(shown_name(field) for field in list(fields)[:_MOST_NAMED])
    rest = len(fields) - _MOST_NAMED
    return f"{named} and {rest:,} more" if rest > 0 else named


def _allowed(field: str, value: Any) -> bool:
    if isinstance(value, float) and not isfinite(value):
        return False
    if isinstance(value, str) and _bytes(value) > MOST_BYTES_OF.get(field, MOST_TEXT_BYTES):
        return False
    try:
        _validators()[field](value)
    except JsonSchemaValueException:
        return False
    return True


MOST_TEXT_BYTES = 4 * 4096
"""UTF-8 bytes of the longest link, so that no pattern is tried on more."""


@cache
def _validators() -> dict[str, Callable[[Any], Any]]:
    return {field: fastjsonschema.compile(schema) for field, schema in PROPERTIES.items()}


def _bytes(text: str) -> int:
    """Return the length of `text` in UTF-8; what cannot be written in UTF-8 is longer than anything."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return MOST_TEXT_BYTES + 1
