"""The drop bucket in memory, for tests of what follows from names and versions alone.

It keeps S3's promises (versions, consistent reads, keys in order of their bytes) and none of its calls;
tests/integration/drops/test_drop_bucket.py holds the real adapter to the same answers.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping

from lipdrop.drops.drop_bucket import Drop, Listed
from lipdrop.model.job import S3Object


class MemoryBucket:
    """A versioned bucket; `before_read` is called before each read and may upload meanwhile."""

    bucket = "drop"

    def __init__(self) -> None:
        self.versions: dict[str, list[Drop]] = {}
        self.bodies: dict[S3Object, bytes] = {}
        self.modified: dict[str, float] = {}
        self.before_read: Callable[[], None] = lambda: None
        self.calls = 0

    def put(
        self, key: str, body: bytes = b"x", metadata: Mapping[str, str] | None = None, *, now: float = 0
    ) -> S3Object:
        """Upload one more version of `key`."""
        known = self.versions.setdefault(key, [])
        item = S3Object(
            bucket=self.bucket,
            key=key,
            version_id=f"v{len(known) + 1}",
            etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
            size=len(body),
        )
        known.append(Drop(object=item, metadata=dict(metadata or {}), modified=now))
        self.bodies[item], self.modified[key] = body, now
        return item

    def delete(self, key: str) -> None:
        """Delete all versions of `key`."""
        del self.versions[key]

    def newest(self, key: str) -> S3Object:
        """Return the current version of `key`, without a read being counted."""
        return self.versions[key][-1].object

    def current(self, key: str, version_id: str | None = None) -> Drop | None:
        self._read()
        known = self.versions.get(key, [])
        return next((drop for drop in known[::-1] if version_id in (None, drop.object.version_id)), None)

    def beginning(self, prefix: str, most: int) -> tuple[list[str], bool]:
        self._read()
        lines = dict.fromkeys(_rolled_up(item.key, prefix) for item in self._listed(prefix, subfolders=True))
        keys = [line for line in list(lines)[:most] if "/" not in line.removeprefix(prefix)]
        return keys, len(lines) <= most

    def all_beginning(self, prefix: str, *, subfolders: bool = False) -> Iterator[Listed]:
        self._read()
        return self._listed(prefix, subfolders=subfolders)

    def read_object(self, item: S3Object) -> bytes:
        self._read()
        return self.bodies[item]

    def chunks(self, item: S3Object) -> Iterator[bytes]:
        yield self.read_object(item)

    def _read(self) -> None:
        self.calls += 1
        self.before_read()

    def _listed(self, prefix: str, *, subfolders: bool) -> Iterator[Listed]:
        for key in sorted(self.versions, key=str.encode):
            if key.startswith(prefix) and (subfolders or "/" not in key.removeprefix(prefix)):
                yield Listed(key=key, modified=self.modified[key])


def _rolled_up(key: str, prefix: str) -> str:
    """Return what S3 lists for `key`: itself, or the subfolder it lies in, which counts as one line."""
    folder, slash, _ = key.removeprefix(prefix).partition("/")
    return f"{prefix}{folder}/" if slash else key
