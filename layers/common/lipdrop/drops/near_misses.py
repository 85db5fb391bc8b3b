"""Near misses: drops without a partner beside a file that is nearly one, by case, separator or ending.

    Clip.wav                 clip.mp4     other case               name the voice clip.wav
    clip_fr.wav, clip-fr.wav clip.mp4     other separator          name the voice clip.fr.wav
    fr.wav                   Video1.mp4   more than `video`        name the video video.mp4
    fr.mp4, fr.webm          video.mp4    a dub that ends like a   name it fr.m4a, convert it to fr.wav
                                          video

Nothing is paired by this: a guess would be paid for. It is told early, with the name that would pair.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from lipdrop.drops.pairing import FOLDER_VIDEO, Name, classify, composed, parse

_SEPARATORS = re.compile(r"[\s._\-]+")
_MP4 = ("mp4", "mov", "m4v", "qt")
"""Endings of videos whose sound alone is an M4A file; that of others must be converted."""
_MOST_PARTS = 8
"""Parts of a name that are compared, so that no name takes long."""


class NearMiss(NamedTuple):
    """`other` is the key of the file that is nearly a partner; renaming `renamed` to `name` makes a pair."""

    other: str
    renamed: str
    name: str


def near_misses(keys: Iterable[str], lonely: Iterable[str]) -> dict[str, NearMiss]:
    """Return the near miss of each of the `lonely` keys that has one among `keys`, which holds them all."""
    alone, folders = set(lonely), defaultdict(list)
    for key in keys:
        if classify(key) == "video":
            folders[parse(composed(key)).folder].append(key)
    lists = {folder: _Videos(videos, alone) for folder, videos in folders.items()}
    found: dict[str, NearMiss] = {}
    for key in sorted(alone, key=lambda key: (classify(key) == "video", key)):
        videos = lists.get(parse(composed(key)).folder)
        near = videos and (videos.dub(key) if classify(key) == "video" else videos.near(key))
        if near:
            found[key] = near
            if near.other in alone:
                found.setdefault(near.other, near._replace(other=key))
    return found


class _Videos:
    """The videos of one folder, found by nearly their names."""

    def __init__(self, keys: list[str], alone: set[str]) -> None:
        self._exact = {parse(composed(key)).stem: key for key in keys}
        self._whole = {_parts(key)[-1]: key for key in reversed(keys)}
        self._longer = {begun: key for key in reversed(keys) for begun in _parts(key)[:-1]}
        self._folder_video = next((key for key in keys if parse(key).is_folder_video), None)
        self._nearly_video = next(
            (key for key in keys if key in alone and _is_nearly_video(parse(key))), None
        )

    def near(self, voice: str) -> NearMiss | None:
        """Return the video whose name the voice nearly has, the most similar first."""
        parts = _parts(voice)
        for count in range(len(parts), 0, -1):
            if video := self._whole.get(parts[count - 1]):
                return NearMiss(video, voice, _renamed(voice, video))
        if video := self._longer.get(parts[-1]):
            return NearMiss(video, voice, _renamed(voice, video))
        if video := self._nearly_video:
            return NearMiss(video, video, f"{FOLDER_VIDEO}.{parse(video).ending}")
        return None

    def dub(self, key: str) -> NearMiss | None:
        """Return the video whose voice `key` would be, if it did not end like a video."""
        name = parse(composed(key))
        video = self._exact.get(name.base) or self._folder_video
        ending = "m4a" if parse(key).ending in _MP4 else "wav"
        return NearMiss(video, key, f"{parse(key).stem}.{ending}") if video and video != key else None


def _parts(key: str) -> list[str]:
    """Return the beginnings of a key's name, whatever its case and separators: clip, clip.fr."""
    parts = _SEPARATORS.split(composed(parse(key).stem).casefold())[:_MOST_PARTS]
    return list(accumulate(filter(None, parts), "{}.{}".format)) or [""]


def _is_nearly_video(name: Name) -> bool:
    return FOLDER_VIDEO in name.stem.lower() and not name.is_folder_video


def _renamed(voice: str, video: str) -> str:
    """Return the name with which `voice` would pair with `video`: the video's, and the rest as a label."""
    name, stem = parse(voice), parse(video).stem
    rest = _labels(name.stem)[len(_labels(stem)) :]
    return ".".join((stem, *(("-".join(rest),) if rest else ()), name.ending))


def _labels(stem: str) -> list[str]:
    return list(filter(None, _SEPARATORS.split(stem)))


def told_early(near: dict[str, NearMiss]) -> Iterator[str]:
    """Yield the keys to tell early: of two files that are near each other only the voice."""
    for key, miss in near.items():
        if classify(key) == "voice" or (miss.renamed == key and classify(miss.other) == "video"):
            yield key
