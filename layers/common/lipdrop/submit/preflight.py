"""Validation of media before it is paid for: refuses what cannot work, warns of what works badly.

What cannot work, and what works badly, is taken from the documentation of sync.so, whose model it is; the
limits are parameters of the stack, since Segmind publishes none of its own.
"""

from collections.abc import Iterator

from lipdrop.config.settings import Settings
from lipdrop.drops.pairing import LIMITED_VOICE_ENDINGS, parse
from lipdrop.drops.refusal import DropRefusedError
from lipdrop.media.endings import MediaRole, link_ending, right_ending
from lipdrop.media.probe import Picture, ProbeResult
from lipdrop.model.wording import how_large, how_long
from lipdrop.submit.conversion import video_command, voice_command
from lipdrop.submit.pricing import PRICED_FPS

type Role = MediaRole
type MediaProblem = tuple[str, str]
"""A code of `lipdrop.model.failures` and a message."""

PLAIN_NAMES = {"MPEG-4": "MP4", "Wave": "WAV", "MPEG Audio": "MP3", "Windows Media": "WMA", "ADTS": "AAC"}
ADVISED_FPS = (23.9, 30.1)
"""24, 25 and 30 frames a second are recommended; the bounds let their NTSC neighbours pass."""
ADVISED_SIDE = 480
"""480p is advice of quality on sync.so's pages, no limit."""
MOST_COPIED_BYTES = 5 * 1024**3
"""S3's CopyObject copies no more at once."""
TOLERANCE_SECONDS = 0.5
"""Above MaxMediaSeconds: encoders pad what is exactly five minutes long by some hundredths of a second."""
READABLE_CODECS = frozenset(
    (
        *("AVC", "HEVC", "VP8", "VP9", "AV1", "MPEG-4 Visual", "MPEG Video", "ProRes", "JPEG", "H.263"),
        *("PCM", "MPEG Audio", "AAC", "Opus", "Vorbis", "FLAC", "ALAC", "WMA", "ADPCM", "Speex"),
    )
)
"""What the accepted containers usually hold, by MediaInfo's names; sync.so publishes no list of codecs."""


def check(seen: ProbeResult, name: str, role: Role, settings: Settings) -> tuple[str, ...]:
    """Return warnings about the file called `name`; raises DropRefusedError for what cannot work."""
    for code, message in _problems(seen, name, role, settings):
        raise DropRefusedError(code, message)
    return tuple(f"{name} {text}" for text in _warnings(seen, name, role))


def length(seen: ProbeResult, role: Role) -> float | None:
    """Return the seconds of the track that counts: the picture's of a video, the sound's of a voice."""
    track = seen.picture if role == "video" else seen.sound
    return (track and track.seconds) or seen.seconds


def _problems(seen: ProbeResult, name: str, role: Role, settings: Settings) -> Iterator[MediaProblem]:
    yield from _unreadable(seen, name, role)
    yield from _without_track(seen, name, role)
    yield from _misnamed(seen, name, role)
    yield from _bad_length(length(seen, role), name, role, settings)
    if role == "video" and seen.picture:
        yield from _bad_frame(seen.picture, name, settings)


def _misnamed(seen: ProbeResult, name: str, role: Role) -> Iterator[MediaProblem]:
    """A file under a wrong ending is sent from a copy under the right one; what S3 cannot copy is refused."""
    parts = parse(name)
    says = f"{name} is not what its name says: it is {_article(_plain(seen))} file."
    if right_ending(seen.container, parts.ending, role) is None:
        yield "UNSUPPORTED_FILE", f"{says} Convert it: {_command(name, role)}"
    ending = link_ending(seen.media, parts.ending, role)
    if ending != parts.ending and seen.size > MOST_COPIED_BYTES:
        text = f"{name} must end in .{ending} to be sent, and is too large for a copy: rename it to"
        yield "UNSUPPORTED_FILE", f"{text} {parts.stem}.{ending}."


def _command(name: str, role: Role) -> str:
    return video_command(name) if role == "video" else voice_command(name)


def _unreadable(seen: ProbeResult, name: str, role: Role) -> Iterator[MediaProblem]:
    size = how_large(seen.size)
    if not seen.size:
        yield "MEDIA_UNREADABLE", f"{name} is empty (0 bytes)."
    if seen.broken:
        repair = _command(name, role)
        yield (
            "MEDIA_UNREADABLE",
            f"{name} ({size}) is damaged so badly that it cannot be read. If it plays, write it again:"
            f" {repair}",
        )
    if not seen.container:
        kind = _sized(seen, seen.kind or "file of no known kind")
        yield _missing_track(role), f"{name} holds no {_wanted(role)}: it is {kind}."
    if seen.unfinished:
        yield (
            "MEDIA_UNREADABLE",
            f"{name} ({size}) is cut off, or a recording that was never finished: its index, which is"
            " written last, is missing.",
        )
    if seen.truncated:
        yield "MEDIA_UNREADABLE", f"{name} is cut off: by its own index it is longer than its {size}."
    if seen.encrypted:
        yield "MEDIA_UNREADABLE", f"{name} is encrypted (copy protection), so nobody else can play it."


def _without_track(seen: ProbeResult, name: str, role: Role) -> Iterator[MediaProblem]:
    track, other = (seen.picture, seen.sound) if role == "video" else (seen.sound, seen.picture)
    if not track:
        rest = (
            f"with nothing but {_wanted('voice' if role == 'video' else 'video')}" if other else "without any"
        )
        kind = _sized(seen, f"{_plain(seen)} file {rest}")
        yield _missing_track(role), f"{name} holds no {_wanted(role)}: it is {kind}."
    if role == "video" and seen.picture and seen.picture.frames == 1:
        yield "NO_PICTURE", f"{name} holds a single frame: a moving, speaking face is needed."


def _bad_length(seconds: float | None, name: str, role: Role, settings: Settings) -> Iterator[MediaProblem]:
    most = settings.max_media_seconds
    if not seconds:
        repair = _command(name, role)
        text = f"{name} is of unknown length: nothing in it tells how long it is. Write it again: {repair}"
        yield "MEDIA_UNREADABLE", text
    elif seconds > most + TOLERANCE_SECONDS:
        over = f", {how_long(seconds - most)} too long" if seconds < most + 1 else ""
        yield "MEDIA_TOO_LONG", f"{name} is {how_long(seconds)} long{over}; at most {most:g} s are sent."


def _bad_frame(picture: Picture, name: str, settings: Settings) -> Iterator[MediaProblem]:
    short, long = sorted((picture.width, picture.height))
    least, most_short, most_long = (
        settings.min_frame_side,
        settings.max_frame_short_side,
        settings.max_frame_long_side,
    )
    if short < least or short > most_short or long > most_long:
        yield (
            "FRAME_SIZE",
            f"{name} is {picture.width}x{picture.height}; its shorter side must have {least} to {most_short} "
            f"pixels, its longer side at most {most_long}.",
        )


def _warnings(seen: ProbeResult, name: str, role: Role) -> Iterator[str]:
    ending = parse(name).ending
    codec = seen.picture and seen.picture.codec if role == "video" else seen.sound and seen.sound.codec
    if codec and codec not in READABLE_CODECS:
        yield f"is encoded as {codec}, which the model may not be able to read."
    right = right_ending(seen.container, ending, role)
    if right != ending:
        yield f"is {_article(_plain(seen))} file, not what its name says; it is sent as .{right}."
    if ending in LIMITED_VOICE_ENDINGS:
        yield f"is {ending.upper()}, which the model supports with limits: WAV, MP3, OGG and FLAC are safer."
    if seen.estimated:
        yield f"does not say, or says wrongly, how long it is; {how_long(seen.seconds or 0)} were measured."
    if role == "voice" and seen.silent:
        yield "is silent: there is nothing to move the lips to."
    if role == "video" and seen.still:
        yield "hardly changes from frame to frame (still or black?): a moving, speaking face is needed."
    if role == "video" and (picture := seen.picture):
        yield from _picture_warnings(picture)


def _picture_warnings(picture: Picture) -> Iterator[str]:
    if picture.hdr:
        yield "is HDR: its colours may come back changed."
    if picture.alpha:
        yield "has transparency, which the result will not have."
    if min(picture.width, picture.height) < ADVISED_SIDE:
        yield f"is {picture.width}x{picture.height}: below {ADVISED_SIDE} pixels the lips come out blurred."
    if picture.interlaced:
        yield "is interlaced, which shows as comb lines on moving lips: deinterlace it first."
    if picture.unsteady:
        yield "has a variable frame rate, which may put lips and voice out of step."
    elif picture.fps and not ADVISED_FPS[0] <= picture.fps <= ADVISED_FPS[1]:
        yield f"has {picture.fps:.5g} frames/s: 24, 25 or 30 are recommended{_dearer(picture.fps)}."


def _dearer(fps: float) -> str:
    """Say what a high frame rate may cost, since each frame may be billed."""
    return f", and it may cost up to {fps / PRICED_FPS:.2g} times as much" if fps > ADVISED_FPS[1] else ""


def _missing_track(role: Role) -> str:
    return "NO_PICTURE" if role == "video" else "NO_SOUND"


def _wanted(role: Role) -> str:
    return "picture" if role == "video" else "sound"


def _plain(seen: ProbeResult) -> str:
    return PLAIN_NAMES.get(seen.container, seen.container)


def _sized(seen: ProbeResult, kind: str) -> str:
    """Return a file's size and kind in one: a 4 kB HTML page, an 812-byte text file."""
    return f"{_article(how_large(seen.size).replace(' bytes', '-byte').replace(' byte', '-byte'))} {kind}"


def _article(words: str) -> str:
    """Put "a" or "an" before words, as they are said: an 8 kB file, an AVI file, an MP3 file, a WAV file."""
    said_with_vowel = (
        words[0] in "aeioAEIO8" or words[:3] in ("11 ", "18 ") or words.startswith(("MP", "HTML"))
    )
    return f"{'an' if said_with_vowel else 'a'} {words}"
