"""Pairing: which voice belongs to which video, told by their names alone.

A voice `F/S.mp3` pairs with a video in its own folder F that is called

    S.*        the same name                        clip.wav       clip.mp4
    B.*        where S is B.label                   clip.fr.mp3    clip.mp4
    video.*    whatever the voice is called         launch/fr.mp3  launch/video.mp4

Two such videos at once are ambiguous. No rule goes before another: which one wins would depend on what
happens to have arrived already, and would be paid for.

Names are compared composed (Unicode NFC), since a Mac sends `é` as two characters and others send one;
keys are used as they are. Endings and the name `video` count in any case, other names do not. Names that are
nearly a pair (`clip_fr.wav`) are no pair: guesses would be paid for. `lipdrop.drops.near_misses` tells them.
"""

import unicodedata
from collections.abc import Callable, Iterator
from itertools import product
from typing import Literal, NamedTuple

from lipdrop.drops.sidecars import is_sidecar

INBOX = "inbox/"
ALIASES = "aliases/"
"""Copies that Lipdrop itself makes in the drop bucket: no drops, and nothing that a manifest may name."""
VIDEO_ENDINGS = ("mp4", "mov", "webm", "avi", "m4v", "qt")
VOICE_ENDINGS = ("wav", "mp3", "ogg", "flac", "m4a", "aac", "wma", "opus", "oga", "m4b", "alac")
LIMITED_VOICE_ENDINGS = ("m4a", "aac", "wma")
"""sync.so's documentation: MP4/MOV/WebM/AVI; WAV/MP3/OGG/FLAC and others, the last three with limits."""
FOLDER_VIDEO = "video"
MOST_KEY_BYTES = 1024

type DropKind = Literal["video", "voice", "unsupported", "sidecar"]


class Name(NamedTuple):
    """A key taken apart: `inbox/launch/` + `clip.fr` + `mp3`."""

    folder: str
    stem: str
    ending: str

    @property
    def base(self) -> str:
        """The stem without its label; "" if it has none."""
        return self.stem.rpartition(".")[0]

    @property
    def is_folder_video(self) -> bool:
        """Whether a video of this name belongs to every voice of its folder."""
        return self.stem.lower() == FOLDER_VIDEO


class SearchPrefix(NamedTuple):
    """Where to look for videos: list `prefix`; if too many keys begin with it, list what each of `narrower`
    says instead, or, where there is none, ask for each of `stems`.
    """

    prefix: str
    stems: tuple[str, ...] = ()
    narrower: tuple["SearchPrefix", ...] = ()


def parse(key: str) -> Name:
    """Take `key` apart. A name without a dot has no ending."""
    folder, slash, name = key.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return Name(folder + slash, stem, ending.lower()) if dot else Name(folder + slash, name, "")


def classify(key: str) -> DropKind:
    """Tell what an object under `inbox/` is. Sidecars are passed over silently, the unsupported refused."""
    if has_dot_part(key):
        return "unsupported"
    if is_sidecar(key):
        return "sidecar"
    ending = parse(key).ending
    return "video" if ending in VIDEO_ENDINGS else "voice" if ending in VOICE_ENDINGS else "unsupported"


def has_dot_part(key: str) -> bool:
    """Tell whether `key` has a part `.` or `..`, which clients remove from links (RFC 3986)."""
    return not {".", ".."}.isdisjoint(key.split("/"))


def fits(video_key: str, voice_key: str) -> bool:
    """Tell whether this video and this voice, by their names, are a pair."""
    video, voice = parse(composed(video_key)), parse(composed(voice_key))
    return video.folder == voice.folder and (video.is_folder_video or video.stem in _stems(voice))


def _stems(voice: Name) -> tuple[str, ...]:
    """Return the names of videos that fit by their own name: without the label, and the same name."""
    return tuple(dict.fromkeys((voice.base or voice.stem, voice.stem)))


def video_places(voice_key: str) -> tuple[SearchPrefix, ...]:
    """Return where every video that fits this voice can be found: three places for a plain name."""
    voice = parse(voice_key)
    stems, folders = _stems(voice), _forms(voice.folder)
    own = (
        SearchPrefix(f"{folder}{form(stems[0])}.", tuple(folder + form(stem) for stem in stems))
        for folder in folders
        for form in FORMS
    )
    of_folder = (place for folder in folders for place in _folder_videos(folder))
    return tuple(place for place in dict.fromkeys((*own, *of_folder)) if _may_exist(place.prefix))


def _folder_videos(folder: str, begun: str = "") -> tuple[SearchPrefix, ...]:
    """Return the places of `video.*` in any case: by first letter, and narrower by letter where needed."""
    if begun.lower() == f"{FOLDER_VIDEO}.":
        return ()
    rest = f"{FOLDER_VIDEO}."[len(begun)]
    places = []
    for letter in dict.fromkeys((rest, rest.upper())):
        name = begun + letter
        stems = (folder + begun,) if letter == "." else ()
        places.append(SearchPrefix(folder + name, stems, _folder_videos(folder, name)))
    return tuple(place for place in places if _may_exist(place.prefix))


def voice_prefixes(video_key: str) -> tuple[str, ...]:
    """Return the prefixes that every voice which fits this video begins with."""
    video = parse(video_key)
    names = ("",) if video.is_folder_video else _forms(f"{video.stem}.")
    return tuple(filter(_may_exist, map("".join, product(_forms(video.folder), names))))


def spellings(stem: str) -> Iterator[str]:
    """Yield the keys of all videos called `stem`: each ending in every mixture of cases, 44 in all."""
    for ending in VIDEO_ENDINGS:
        cases = (dict.fromkeys((letter, letter.upper())) for letter in ending)
        yield from (f"{stem}.{''.join(letters)}" for letters in product(*cases))


def result_name(key: str) -> str:
    """Return the place of the result that a voice (or a lonely video) asks for, without an ending."""
    name = parse(key)
    return (name.folder + name.stem).removeprefix(INBOX)


def label(voice_key: str, video_key: str) -> str:
    """Return what distinguishes a voice from the others of its video: `fr` for clip.fr.mp3 and clip.mp4."""
    voice, video = parse(voice_key), composed(parse(video_key).stem)
    if composed(voice.stem) == video:
        return ""
    return voice.stem.rpartition(".")[2] if composed(voice.base) == video else voice.stem


def composed(text: str) -> str:
    """Return `text` in the form in which names are compared."""
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    """Return `text` in the form that a Mac sends."""
    return unicodedata.normalize("NFD", text)


FORMS: tuple[Callable[[str], str], ...] = (str, composed, decomposed)
"""The forms in which a partner is looked for: as it is, composed, decomposed; folder and name each in all,
since a folder is often typed and a name read from a Mac's disk."""


def _forms(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form(text) for form in FORMS))


def _may_exist(prefix: str) -> bool:
    return len(prefix.encode()) < MOST_KEY_BYTES
