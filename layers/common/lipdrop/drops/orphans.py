"""Orphans: drops that never found their partner, reported once, by sweeps over the inbox.

A drop beside a near miss is reported after half an hour, by a sweep every half hour; any other after
`orphan_after_hours`, by a sweep a day. Each drop is looked at for some sweeps more: one that fails loses no
report, and the report's execution name, which starts once, prevents a second.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lipdrop.drops.drop_bucket import Listed
from lipdrop.drops.near_misses import NearMiss, near_misses, told_early
from lipdrop.drops.pairing import FOLDER_VIDEO, classify, composed, parse

WINDOW_HOURS = 72
NEAR_AFTER_HOURS = 0.5
NEAR_WINDOW_HOURS = 3


class Orphan(NamedTuple):
    """A drop without a partner: its key, the hours after which it is reported, what is nearly its partner."""

    key: str
    hours: float
    near: NearMiss | None


def orphans(listed: Iterable[Listed], now: float, after_hours: float) -> list[Orphan]:
    """Return the videos and voices without a partner among `listed` that are older than `after_hours`."""
    everything = list(listed)
    lonely = _without_partner(everything)
    due = lonely & _aged(everything, now, after_hours, WINDOW_HOURS)
    near = _near(everything, lonely, due)
    return [Orphan(key, after_hours, near.get(key)) for key in sorted(due)]


def early_orphans(listed: Iterable[Listed], now: float) -> list[Orphan]:
    """Return the drops without a partner that have a near miss and are older than `NEAR_AFTER_HOURS`."""
    everything = list(listed)
    lonely = _without_partner(everything)
    due = lonely & _aged(everything, now, NEAR_AFTER_HOURS, NEAR_WINDOW_HOURS)
    near = _near(everything, lonely, due)
    return [Orphan(key, NEAR_AFTER_HOURS, near[key]) for key in sorted(due & set(told_early(near)))]


def _near(listed: Iterable[Listed], lonely: set[str], due: set[str]) -> dict[str, NearMiss]:
    """Return the near misses in the folders of the `due`; an inbox of years has many others."""
    folders = {_folder(key) for key in due}
    keys = [item.key for item in listed if _folder(item.key) in folders]
    return near_misses(keys, lonely.intersection(keys))


def _folder(key: str) -> str:
    return parse(composed(key)).folder


def _aged(listed: Iterable[Listed], now: float, hours: float, window_hours: float) -> set[str]:
    until = now - hours * 3600
    return {item.key for item in listed if until - window_hours * 3600 <= item.modified < until}


def _without_partner(listed: Iterable[Listed]) -> set[str]:
    kinds = {item.key: classify(item.key) for item in listed}
    videos = {key: _place(key) for key, kind in kinds.items() if kind == "video"}
    wishes = {key: set(_wishes(key)) for key, kind in kinds.items() if kind == "voice"}
    present, wanted = set(videos.values()), set().union(*wishes.values())
    lonely_videos = {key for key, place in videos.items() if place not in wanted}
    return lonely_videos | {key for key, wish in wishes.items() if wish.isdisjoint(present)}


def _place(video_key: str) -> tuple[str, str]:
    video = parse(composed(video_key))
    return video.folder, FOLDER_VIDEO if video.is_folder_video else video.stem


def _wishes(voice_key: str) -> Iterator[tuple[str, str]]:
    """Yield folder and name of each video that would fit: the rules of `lipdrop.drops.pairing`."""
    voice = parse(composed(voice_key))
    yield from ((voice.folder, stem) for stem in (voice.stem, voice.base, FOLDER_VIDEO) if stem)
