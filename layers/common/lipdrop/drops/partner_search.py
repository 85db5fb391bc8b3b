"""Partner search: find what belongs to a drop by asking the bucket for names, not by reading whole folders.

Calls for one voice, whatever else is in its folder: three lists of at most `MOST_KEYS` (more if folder or
name have accents). Where more keys than that begin with `v` or `V`, a few lists more; where more begin with
the name itself, 44 HEADs for each name that its video may have. For one video: a list of its voices, which
become jobs, by the thousand, and three lists more.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Protocol

from lipdrop.drops.drop_bucket import Drop, Listed
from lipdrop.drops.pairing import SearchPrefix, classify, fits, spellings, video_places, voice_prefixes

MOST_KEYS = 250
"""More labels than a video has in practice; S3 takes as long for 1,000 keys, but reading them takes time."""


class Store(Protocol):
    """What is asked of the drop bucket; see `lipdrop.drops.drop_bucket.DropBucket`."""

    def current(self, key: str, version_id: str | None = None) -> Drop | None: ...
    def beginning(self, prefix: str, most: int) -> tuple[list[str], bool]: ...
    def all_beginning(self, prefix: str, *, subfolders: bool = False) -> Iterable[Listed]: ...


class Partners:
    """Partners of drops at one moment: what was listed once is not listed again. Not for threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, list[str]] = {}
        self._asked: dict[str, list[str]] = {}

    def voices_of(self, video_key: str) -> list[str]:
        """Return the keys of all voices that fit this video by name, sorted."""
        for prefix in voice_prefixes(video_key):
            self._complete[prefix] = sorted(item.key for item in self._store.all_beginning(prefix))
        keys = {key for prefix in voice_prefixes(video_key) for key in self._complete[prefix]}
        return sorted(key for key in keys if classify(key) == "voice" and fits(video_key, key))

    def videos_of(self, voice_key: str) -> list[str]:
        """Return the keys of all videos that fit this voice by name, sorted."""
        keys = {key for place in video_places(voice_key) for key in self._keys_at(place)}
        return sorted(key for key in keys if classify(key) == "video" and fits(key, voice_key))

    def _keys_at(self, place: SearchPrefix) -> list[str]:
        for prefix, keys in self._complete.items():
            if place.prefix.startswith(prefix):
                return _beginning(keys, place.prefix)
        keys, complete = self._store.beginning(place.prefix, MOST_KEYS)
        if complete:
            self._complete[place.prefix] = sorted(keys)
            return keys
        narrower = [key for inner in place.narrower for key in self._keys_at(inner)]
        return narrower + [key for stem in place.stems for key in self._spelled(stem)]

    def _spelled(self, stem: str) -> list[str]:
        if stem not in self._asked:
            self._asked[stem] = [key for key in spellings(stem) if self._store.current(key)]
        return self._asked[stem]


def _beginning(keys: list[str], prefix: str) -> list[str]:
    """Return those of sorted `keys` that begin with `prefix`."""
    first = bisect_left(keys, prefix)
    return keys[first : bisect_left(keys, f"{prefix}\U0010ffff", lo=first)]
