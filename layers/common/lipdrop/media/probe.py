"""Look at media where it lies, through a few ranged reads: what is in it, how long, what may go wrong.

    with MediaParser() as parser:
        seen = look(Ranged(fetch, size), parser)

A look at a file of 2 GB reads well below 1 MB of it, an index at its end included
(benchmarks/preflight.py). Damaged and hostile files cannot harm the caller: see
`lipdrop.media.mediainfo_worker`.
"""

import math
import re

import msgspec
from msgspec import Struct

from lipdrop.media.durations import is_short_mp3, measured_seconds
from lipdrop.media.file_type import sniff
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.mediainfo_protocol import FIELDS
from lipdrop.media.range_reader import RangeReader
from lipdrop.model.job import MediaFacts

KNOWN_CONTAINERS = frozenset(
    ("MPEG-4", "QuickTime", "WebM", "Matroska", "AVI", "Wave", "MPEG Audio", "Ogg", "FLAC", "ADTS")
) | {"Windows Media"}
"""MediaInfo's names for what is media even when no track in it can be read."""
STEADY = 1.05
"""Phones write 29.97 frames/s with single frames a few per cent off: that is steady enough."""


class Picture(Struct, frozen=True, kw_only=True):
    """The first picture track. `fps` is the mean; `frames` is None where the file does not count them."""

    codec: str
    width: int
    height: int
    fps: float | None = None
    frames: int | None = None
    seconds: float | None = None
    unsteady: bool = False
    interlaced: bool = False
    hdr: bool = False
    alpha: bool = False


class Sound(Struct, frozen=True, kw_only=True):
    """The first sound track."""

    codec: str
    seconds: float | None = None


class ProbeResult(Struct, frozen=True, kw_only=True):
    """What a look has shown. `container` "" means: no media; then `kind` says what it is, if known.

    `seconds` is None where the file does not tell its length, and `estimated` where it was worked out.
    `broken` means that the parser gave up on the file.
    """

    size: int
    container: str = ""
    kind: str = ""
    seconds: float | None = None
    estimated: bool = False
    picture: Picture | None = None
    sound: Sound | None = None
    truncated: bool = False
    encrypted: bool = False
    broken: bool = False

    @property
    def media(self) -> MediaFacts:
        """The same in the form that jobs and notifications carry; a length not known counts as 0."""
        picture, sound = self.picture, self.sound
        return MediaFacts(
            container=self.container,
            seconds=self.seconds or 0.0,
            video_codec=picture.codec if picture else None,
            audio_codec=sound.codec if sound else None,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            fps=picture.fps if picture else None,
        )


def probe(file: RangeReader, parser: MediaInfoPool) -> ProbeResult:
    """Return what is in `file`, whatever it is. Raises only what its reads and a lack of time raise."""
    if not file.size:
        return ProbeResult(size=0)
    text = parser.describe(file)
    if text is None:
        return ProbeResult(size=file.size, broken=True, kind=sniff(file.head))
    seen = _understand(text, file)
    seconds = measured_seconds(file, seen.container, seen.seconds)
    return msgspec.structs.replace(seen, seconds=seconds, estimated=True) if seconds else seen


def _understand(text: str, file: RangeReader) -> ProbeResult:
    tracks = [_track(line) for line in text.splitlines()]
    general = next((track for track in tracks if track["kind"] == "General"), {})
    picture = next((_picture(track) for track in tracks if track["kind"] == "Video"), None)
    sound = next((_sound(track) for track in tracks if track["kind"] == "Audio"), None)
    container = general.get("Format", "")
    is_media = bool(picture or sound) or container in KNOWN_CONTAINERS
    return ProbeResult(
        size=file.size,
        container=(container or "media") if is_media else "",
        kind="" if is_media else sniff(file.head) or (container and f"{container} file"),
        seconds=_seconds(general),
        picture=_with_webm_alpha(picture, file.head),
        sound=sound,
        truncated=_is_cut_off(general, file),
        encrypted=any(track.get("Encryption") for track in tracks),
    )


def _track(line: str) -> dict[str, str]:
    kind, *values = line.split("|")
    return {"kind": kind} | dict(zip(FIELDS.get(kind, ()), values, strict=False))


def _picture(track: dict[str, str]) -> Picture:
    lowest, highest = _number(track, "FrameRate_Minimum"), _number(track, "FrameRate_Maximum")
    frames = _number(track, "FrameCount")
    return Picture(
        codec=track.get("Format", ""),
        width=int(_number(track, "Width") or 0),
        height=int(_number(track, "Height") or 0),
        fps=_number(track, "FrameRate"),
        frames=None if frames is None else int(frames),
        seconds=_seconds(track),
        unsteady=bool(lowest and highest and highest > lowest * STEADY),
        interlaced=track.get("ScanType", "") in ("Interlaced", "MBAFF"),
        hdr=bool(track.get("HDR_Format")) or track.get("transfer_characteristics", "")[:3] in ("PQ", "HLG"),
        alpha="A" in track.get("ColorSpace", "") or track.get("Format_Profile", "").startswith("4444"),
    )


def _sound(track: dict[str, str]) -> Sound:
    return Sound(codec=track.get("Format", ""), seconds=_seconds(track))


def _with_webm_alpha(picture: Picture | None, head: bytes) -> Picture | None:
    """WebM says it in an element of its own, AlphaMode (RFC 9559, 5.1.4.1.28.4), not in the codec's data."""
    if picture and b"\x53\xc0\x81\x01" in head:
        return msgspec.structs.replace(picture, alpha=True)
    return picture


_ENDLESS = re.compile(
    rb"RIFF(\0{4}|\xff{4}|\xff\xff\xff\x7f|..\xff\x7f)|.{0,4096}?\x18\x53\x80\x67(\xff|\x01\xff{7})",
    re.DOTALL,
)
"""RIFF and Matroska headers whose length was not known when they were written: streamed, not cut off."""


def _is_cut_off(general: dict[str, str], file: RangeReader) -> bool:
    if general.get("Format") == "MPEG Audio":
        return is_short_mp3(file)
    return bool(general.get("IsTruncated")) and not _ENDLESS.match(file.head)


def _seconds(track: dict[str, str]) -> float | None:
    milliseconds = _number(track, "Duration")
    return round(milliseconds / 1000, 3) if milliseconds else None


def _number(track: dict[str, str], field: str) -> float | None:
    try:
        number = float(track.get(field, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
