"""Reader of manifests: what a file under `jobs/` asks for, entry by entry; a bad entry stops no other.

A manifest in `jobs/team-a/` (or deeper) names media and places in `team-a/` only, so the permission to
upload under one folder is no permission to read or to overwrite another's; one directly in `jobs/` names all.
"""

from typing import Any

from msgspec import Struct

from lipdrop.drops.manifest_decoding import decode
from lipdrop.drops.manifest_rules import MOST_BYTES_OF, ManifestProblem, Scope, key_of, problems
from lipdrop.drops.manifest_schema import MOST_JOBS, PROPERTIES
from lipdrop.drops.options import READERS
from lipdrop.drops.pairing import composed
from lipdrop.drops.refusal import DropRefusedError, kind_of
from lipdrop.model.failures import failure
from lipdrop.model.job import Failure
from lipdrop.model.wording import how_large

FOLDER = "jobs/"
MAX_MANIFEST_BYTES = 8_388_608
"""1,000 jobs with two links of 4,096 characters each."""


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


def read_manifest(data: bytes, key: str, bucket: str, *, may_cross: bool = False) -> list[Entry]:
    """Return the entries of the manifest `key` of the drop bucket `bucket`, in their order.

    With `may_cross` a manifest in a folder may name media and places of every other folder. Raises
    DropRefusedError (INVALID_MANIFEST) if it is no list of entries at all.
    """
    content, default = _content(data, key), key.removeprefix(FOLDER).rpartition(".")[0]
    folder, slash, _ = key.removeprefix(FOLDER).partition("/")
    scope = Scope(bucket=bucket, folder=folder + slash if slash and not may_cross else "")
    places: dict[str, str] = {}
    if not isinstance(content, list):
        return [_entry(content, None, default, scope, places)]
    return [
        _entry(item, index, f"{default}/{index:04}", scope, places) for index, item in enumerate(content, 1)
    ]


def _content(data: bytes, key: str) -> Any:
    if len(data) > MAX_MANIFEST_BYTES:
        allowed = how_large(MAX_MANIFEST_BYTES)
        raise DropRefusedError("INVALID_MANIFEST", f"{key} has {how_large(len(data))}; allowed: {allowed}.")
    if len(key.encode()) > MOST_BYTES_OF["name"]:
        text = f"A manifest's own key has at most {MOST_BYTES_OF['name']:,} bytes; {key} has more."
        raise DropRefusedError("INVALID_MANIFEST", text)
    try:
        content = decode(data)
    except ValueError as error:
        raise DropRefusedError("INVALID_MANIFEST", f"{key} is not JSON: {error}.") from error
    if isinstance(content, list) and not 1 <= len(content) <= MOST_JOBS:
        text = f"{key} is a list of {len(content):,} entries; allowed: 1 to {MOST_JOBS:,}."
        raise DropRefusedError("INVALID_MANIFEST", text)
    return content


def _entry(content: Any, index: int | None, default: str, scope: Scope, places: dict[str, str]) -> Entry:
    """Read one entry; `places` are the names given before it and where, to which its own is added."""
    where = "The manifest" if index is None else f"Entry {index}"
    if not isinstance(content, dict):
        text = f"{where}: given {kind_of(content)}; allowed: an object with {', '.join(PROPERTIES)}."
        return Entry(index=index, name=default, failure=failure("INVALID_MANIFEST", text))
    found = list(problems(content, scope))
    name = default if any(field == "name" for field, _ in found) else content.get("name", default)
    if not found and places.setdefault(composed(name), where) != where:
        found = [("name", f"the same as in {places[composed(name)]}; allowed: a name of its own")]
    if found:
        return Entry(index=index, name=name, failure=_failure(where, found))
    return Entry(
        index=index,
        name=name,
        video=content.get("video_url") or key_of(content["video"], scope.bucket) or "",
        audio=content.get("audio_url") or key_of(content["audio"], scope.bucket) or "",
        options={option: content[option] for option in READERS if option in content},
        dry_run=content.get("dry_run", False),
    )


def _failure(where: str, found: list[ManifestProblem]) -> Failure:
    only_options = {field for field, _ in found} <= set(READERS)
    text = "; ".join(f"{field}: {problem}" for field, problem in found)
    return failure("INVALID_OPTION" if only_options else "INVALID_MANIFEST", f"{where}: {text}.")
