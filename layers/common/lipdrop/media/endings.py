"""Endings by contents: a file is what it holds, and a link to it must end as sync.so expects for that."""

from typing import Literal

from lipdrop.model.job import MediaFacts

type MediaRole = Literal["video", "voice"]

_MP4 = ("MPEG-4", "QuickTime")
CONTAINERS_BY_ENDING = {
    **dict.fromkeys(("mp4", "mov", "m4v", "qt", "m4a", "m4b", "alac"), _MP4),
    "webm": ("WebM", "Matroska"),
    "avi": ("AVI",),
    "wav": ("Wave",),
    "mp3": ("MPEG Audio",),
    **dict.fromkeys(("ogg", "oga", "opus"), ("Ogg",)),
    "flac": ("FLAC",),
    "aac": ("ADTS",),
    "wma": ("Windows Media",),
}
"""What MediaInfo calls the contents of a file that is what its ending says. WebM is a kind of Matroska, and
some writers name only the larger kind."""
ENDINGS_BY_CONTAINER: dict[MediaRole, dict[str, str]] = {
    "video": {"MPEG-4": "mp4", "QuickTime": "mov", "WebM": "webm", "AVI": "avi"},
    "voice": {
        **dict.fromkeys(_MP4, "m4a"),
        **{"Wave": "wav", "MPEG Audio": "mp3", "Ogg": "ogg", "FLAC": "flac", "ADTS": "aac"},
        "Windows Media": "wma",
    },
}
"""The ending by which sync.so knows what a file holds, for what it takes at all."""
CONTENT_TYPES: dict[str, str] = {
    **{"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "avi": "video/x-msvideo"},
    **{"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"},
    **{"m4a": "audio/mp4", "aac": "audio/aac", "wma": "audio/x-ms-wma"},
}
"""The endings of sync.so's documentation (media formats) and their registered or usual types."""


def right_ending(container: str, ending: str, role: MediaRole) -> str | None:
    """Return the ending that a file with these contents should have; None if they are not accepted at all.

    It is the file's own `ending` where that fits: a .opus file is Ogg, and stays what it is called.
    """
    if container in CONTAINERS_BY_ENDING.get(ending, ()):
        return ending
    return ENDINGS_BY_CONTAINER[role].get(container)


def link_ending(media: MediaFacts | None, ending: str, role: MediaRole) -> str:
    """Return the ending that a link to a file must have: its own `ending`, or one that sync.so documents.

    `media` is what was found in the file; None, where nothing was read, leaves it as it is.
    """
    right = right_ending(media.container, ending, role) if media else None
    if media is None or right is None or right in CONTENT_TYPES:
        return right or ending
    return ENDINGS_BY_CONTAINER[role].get(media.container, ending)
