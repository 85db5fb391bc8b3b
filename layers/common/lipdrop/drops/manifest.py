"""Manifests: what a file under `jobs/` asks for, entry by entry; a bad entry does not stop the others."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import fastjsonschema
from fastjsonschema import JsonSchemaValueException
from msgspec import Struct

from lipdrop.drops.manifest_decoding import JsonObject, decode
from lipdrop.drops.manifest_schema import MOST_JOBS, PROPERTIES, SOURCES
from lipdrop.drops.options import READERS
from lipdrop.drops.pairing import INBOX, MOST_KEY_BYTES, composed
from lipdrop.drops.refusal import DropRefusedError, shown
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure
from lipdrop.model.wording import how_large

FOLDER = "jobs/"
MAX_MANIFEST_BYTES = 8_388_608
"""1,000 jobs with two links of 4,096 characters each."""
MOST_BYTES_OF = {"name": 1000, "video": 1100, "audio": 1100}
"""Bytes of UTF-8, which a schema cannot count. S3 allows keys of 1,024; a result's is its name + `.json`."""

type ManifestProblem = tuple[str, str]
"""A field and what is wrong with it."""


class Entry(Struct, frozen=True, kw_only=True):
    """One job of a manifest. `video` and `audio` are keys of the drop bucket or https links.

    `index` counts from 1 and is None for a manifest that is a single job. With `failure`, nothing but
    index and name counts.
    """

    index: int | None
    name: str
    video: str = ""
    audio: str = ""
    options: dict[str, Any] = {}
    dry_run: bool = False
    failure: Failure | None = None


def is_link(source: str) -> bool:
    """Tell a link from a key."""
    return source[:8].lower() == "https://"


def read_manifest(data: bytes, key: str, bucket: str) -> list[Entry]:
    """Return the entries of the manifest `key` of the drop bucket `bucket`, in their order.

    Raises DropRefusedError (INVALID_MANIFEST) if it is no list of entries at all.
    """
    content, default = _content(data, key), key.removeprefix(FOLDER).rpartition(".")[0]
    places: dict[str, str] = {}
    if not isinstance(content, list):
        return [_entry(content, None, default, bucket, places)]
    return [
        _entry(item, index, f"{default}/{index:04}", bucket, places) for index, item in enumerate(content, 1)
    ]


def _content(data: bytes, key: str) -> Any:
    if len(data) > MAX_MANIFEST_BYTES:
        allowed = how_large(MAX_MANIFEST_BYTES)
        raise DropRefusedError("INVALID_MANIFEST", f"{key} has {how_large(len(data))}; allowed: {allowed}.")
    try:
        content = decode(data)
    except ValueError as error:
        raise DropRefusedError("INVALID_MANIFEST", f"{key} is no JSON: {error}.") from error
    if isinstance(content, list) and not 1 <= len(content) <= MOST_JOBS:
        text = f"{key} is a list of {len(content):,} entries; allowed: 1 to {MOST_JOBS:,}."
        raise DropRefusedError("INVALID_MANIFEST", text)
    return content


def _entry(content: Any, index: int | None, default: str, bucket: str, places: dict[str, str]) -> Entry:
    """Read one entry; `places` are the names given before it and where, to which its own is added."""
    where = "The manifest" if index is None else f"Entry {index}"
    if not isinstance(content, dict):
        text = f"{where}: given {shown(content)}; allowed: an object with {', '.join(PROPERTIES)}."
        return Entry(index=index, name=default, failure=failure("INVALID_MANIFEST", text))
    problems = [*_bad_fields(content), *_bad_sources(content, bucket)]
    name = default if any(field == "name" for field, _ in problems) else content.get("name", default)
    if not problems and places.setdefault(composed(name), where) != where:
        problems = [
            ("name", f"given {shown(name)}, as in {places[composed(name)]}; allowed: a name of its own")
        ]
    if problems:
        return Entry(index=index, name=name, failure=_failure(where, problems))
    return Entry(
        index=index,
        name=name,
        video=content.get("video_url") or _key(content["video"], bucket) or "",
        audio=content.get("audio_url") or _key(content["audio"], bucket) or "",
        options={option: content[option] for option in READERS if option in content},
        dry_run=content.get("dry_run", False),
    )


def _failure(where: str, problems: list[ManifestProblem]) -> Failure:
    only_options = {field for field, _ in problems} <= set(READERS)
    text = "; ".join(f"{field}: {problem}" for field, problem in problems)
    return failure("INVALID_OPTION" if only_options else "INVALID_MANIFEST", f"{where}: {text}.")


def _bad_fields(content: dict[str, Any]) -> Iterator[ManifestProblem]:
    for field, value in content.items():
        if field not in PROPERTIES:
            yield shown(field), f"given {shown(value)}; allowed: only the fields {', '.join(PROPERTIES)}"
        elif not _allowed(field, value):
            yield field, f"given {shown(value)}; allowed: {PROPERTIES[field]['description']}"
    if isinstance(content, JsonObject):
        yield from ((shown(field), "given twice; allowed: once") for field in content.twice)


def _allowed(field: str, value: Any) -> bool:
    try:
        _validators()[field](value)
    except JsonSchemaValueException:
        return False
    return not isinstance(value, str) or _bytes(value) <= MOST_BYTES_OF.get(field, MAX_MANIFEST_BYTES)


@cache
def _validators() -> dict[str, Callable[[Any], Any]]:
    return {field: fastjsonschema.compile(schema) for field, schema in PROPERTIES.items()}


def _bad_sources(content: dict[str, Any], bucket: str) -> Iterator[ManifestProblem]:
    for pair in SOURCES:
        given = [field for field in pair if field in content]
        if len(given) != 1:
            yield pair[0], f"given {' and '.join(given) or 'nothing'}; allowed: either {' or '.join(pair)}"
        address = content.get(pair[0])
        if isinstance(address, str) and _allowed(pair[0], address) and _key(address, bucket) is None:
            yield pair[0], f"given {shown(address)}; allowed: {PROPERTIES[pair[0]]['description']}"


def _key(address: str, bucket: str) -> str | None:
    """Return the key that an address of the drop bucket speaks of; None if it speaks of none there."""
    key = address
    if address[:5].lower() == "s3://":
        given, _, key = address[5:].partition("/")
        if given != bucket:
            return None
    impossible = (
        key.startswith(INBOX) or {"", ".", ".."} & {key, *key.split("/")} or _bytes(key) > MOST_KEY_BYTES
    )
    return None if impossible else key


def _bytes(text: str) -> int:
    """Return the length of `text` in UTF-8; what cannot be written in UTF-8 is longer than anything."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return MAX_MANIFEST_BYTES + 1
