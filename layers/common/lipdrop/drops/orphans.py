"""Drops that never found their partner: reported once, by a daily sweep over the inbox.

Each drop is looked at while its age is between `orphan_after_hours` and 72 hours more: a few sweeps may
fail, or see it again, and it is still reported, and, since the report's name claims it, only once.
"""

from collections.abc import Iterable, Iterator

from lipdrop.drops.drop_bucket import Listed
from lipdrop.drops.pairing import FOLDER_VIDEO, classify, composed, parse

WINDOW_HOURS = 72


def lonely(listed: Iterable[Listed], now: float, after_hours: float) -> list[str]:
    """Return the keys of videos and voices in the window whose partner is not among `listed`."""
    everything = list(listed)
    return sorted(_without_partner(everything) & _in_window(everything, now - after_hours * 3600))


def _in_window(listed: Iterable[Listed], until: float) -> set[str]:
    return {item.key for item in listed if until - WINDOW_HOURS * 3600 <= item.modified < until}


def _without_partner(listed: Iterable[Listed]) -> set[str]:
    kinds = {item.key: classify(item.key) for item in listed}
    videos = {key: _place(key) for key, kind in kinds.items() if kind == "video"}
    wishes = {key: set(_wishes(key)) for key, kind in kinds.items() if kind == "voice"}
    present, wanted = set(videos.values()), set().union(*wishes.values())
    lonely_videos = {key for key, place in videos.items() if place not in wanted}
    return lonely_videos | {key for key, wish in wishes.items() if wish.isdisjoint(present)}


def _place(video_key: str) -> tuple[str, str]:
    video = parse(composed(video_key))
    return video.folder, video.stem


def _wishes(voice_key: str) -> Iterator[tuple[str, str]]:
    """Yield folder and name of each video that would fit: the rules of `lipdrop.drops.pairing`."""
    voice = parse(composed(voice_key))
    yield from ((voice.folder, stem) for stem in (voice.stem, voice.base, FOLDER_VIDEO) if stem)
