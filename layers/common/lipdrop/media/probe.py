"""Media probe: what is in a remote file, how long it is, what may go wrong with it.

    with MediaInfoPool() as parser:
        seen = probe(RangeReader(fetch, size), parser)

MediaInfo names the tracks and their codecs; how long they are is measured by `lipdrop.media.durations`, since
headers are wrong too often for a price. Of a video of 2 GB well below 1 MB is read, an index at its end
included (benchmarks/preflight.py). Damaged and hostile files cannot harm the caller: see
`lipdrop.media.mediainfo_worker`.
"""

import math
import re

import msgspec
from msgspec import Struct

from lipdrop.media.container import identify
from lipdrop.media.durations import measure
from lipdrop.media.file_type import sniff
from lipdrop.media.measurement import Measurement
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.mediainfo_protocol import FIELDS
from lipdrop.media.range_reader import RangeReader
from lipdrop.media.tags import leading_tags
from lipdrop.model.job import MediaFacts

KNOWN_CONTAINERS = frozenset(
    ("MPEG-4", "QuickTime", "WebM", "Matroska", "AVI", "Wave", "MPEG Audio", "Ogg", "FLAC", "ADTS")
) | {"Windows Media"}
"""MediaInfo's names of containers that count as media even when no track in them can be read."""
_STILLS = ("JPEG", "PNG", "GIF", "TIFF", "BMP")
_CUT_BY_MEDIAINFO = ("WebM", "Matroska", "media")
"""Where MediaInfo tells that a file is cut off; elsewhere the measurement does, which knows trailing tags."""
DIFFERS_SECONDS, DIFFERS_SHARE = 0.5, 0.02
SAME_RATE = 0.05
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
    """What a probe has found. `container` "" means: not media; then `kind` says what it is, if known.

    `seconds` is None where the length could not be measured; `estimated` means that the file does not state
    it, or states another. `broken` means that MediaInfo gave up on the file, `unfinished` that its index was
    never written, `silent` and `still` that nothing is heard or moves, where what was read shows that.
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
    unfinished: bool = False
    silent: bool = False
    still: bool = False

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


def probe(file: RangeReader, parser: MediaInfoPool, *, believe: bool = False) -> ProbeResult:
    """Return what is in `file`, whatever it is. Raises only what its reads and a lack of time raise.

    `believe`: where the length cannot be measured, what the file states is taken. That is for results, which
    are paid for and kept in any case, and of which the middle cannot always be read.
    """
    if not file.size:
        return ProbeResult(size=0)
    tags = leading_tags(file.fetch, file.size)
    media = file.behind(tags) if tags else file
    text = parser.describe(media)
    if text is None:
        return ProbeResult(size=file.size, broken=True, kind=sniff(media.head))
    container = identify(media.head)
    seen = _understand(text, media, container)
    measured = measure(media, container or seen.container)
    if believe and not measured.seconds:
        return msgspec.structs.replace(seen, size=file.size)
    return _measured(seen, measured, file.size)


def _understand(text: str, file: RangeReader, identified: str) -> ProbeResult:
    tracks = [_track(line) for line in text.splitlines()]
    general = next((track for track in tracks if track["kind"] == "General"), {})
    picture = _first_moving([_picture(track) for track in tracks if track["kind"] == "Video"])
    sound = next((_sound(track) for track in tracks if track["kind"] == "Audio"), None)
    named = general.get("Format", "")
    is_media = bool(picture or sound or identified) or named in KNOWN_CONTAINERS
    return ProbeResult(
        size=file.size,
        container=(identified or named or "media") if is_media else "",
        kind="" if is_media else sniff(file.head) or (named and f"{named} file"),
        seconds=_seconds(general),
        picture=_with_webm_alpha(picture, file.head),
        sound=sound,
        truncated=bool(general.get("IsTruncated")) and not _ENDLESS.match(file.head),
        encrypted=any(track.get("Encryption") for track in tracks),
    )


def _first_moving(pictures: list[Picture]) -> Picture | None:
    """Return the first picture track that is not a cover or a thumbnail; the first one if all are."""
    moving = (picture for picture in pictures if picture.frames != 1 and picture.codec not in _STILLS)
    return next(moving, pictures[0] if pictures else None)


def _measured(seen: ProbeResult, measured: Measurement, size: int) -> ProbeResult:
    """Put what was measured in the place of what the file states."""
    if not seen.container:
        return msgspec.structs.replace(seen, size=size)
    picture, sound = seen.picture, seen.sound
    if sound is None and measured.seconds and measured.codec:
        sound = Sound(codec=measured.codec)
    if picture:
        picture = _measured_picture(picture, measured)
    if sound:
        sound = msgspec.structs.replace(sound, seconds=measured.sound_seconds)
    return msgspec.structs.replace(
        seen,
        size=size,
        seconds=measured.seconds,
        estimated=_differs(seen.seconds, measured.seconds),
        picture=picture,
        sound=sound,
        truncated=measured.cut_off or (seen.truncated and seen.container in _CUT_BY_MEDIAINFO),
        unfinished=measured.unfinished,
        silent=measured.silent,
        still=measured.still,
    )


def _measured_picture(picture: Picture, measured: Measurement) -> Picture:
    """The mean rate is that of the frames that are there: each of them may be billed."""
    seconds, frames = measured.picture_seconds, measured.frames
    fps = round(frames / seconds, 3) if frames and seconds else None
    if fps and picture.fps and abs(fps - picture.fps) <= SAME_RATE * picture.fps:
        fps = picture.fps
    return msgspec.structs.replace(
        picture, seconds=seconds, frames=frames or picture.frames, fps=fps or picture.fps
    )


def _differs(stated: float | None, measured: float | None) -> bool:
    if not measured:
        return False
    return not stated or abs(stated - measured) > max(DIFFERS_SECONDS, DIFFERS_SHARE * measured)


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
    """WebM states it in an element of its own (AlphaMode, RFC 9559, 5.1.4.1.28.4), not in its codec."""
    if picture and b"\x53\xc0\x81\x01" in head:
        return msgspec.structs.replace(picture, alpha=True)
    return picture


_ENDLESS = re.compile(
    rb"RIFF(\0{4}|\xff{4}|\xff\xff\xff\x7f|..\xff\x7f)|.{0,4096}?\x18\x53\x80\x67(\xff|\x01\xff{7})",
    re.DOTALL,
)
"""RIFF and Matroska headers whose length was not known when they were written: streamed, not cut off."""


def _seconds(track: dict[str, str]) -> float | None:
    milliseconds = _number(track, "Duration")
    return round(milliseconds / 1000, 3) if milliseconds else None


def _number(track: dict[str, str], field: str) -> float | None:
    try:
        number = float(track.get(field, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
