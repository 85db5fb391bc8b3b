"""Verification: whether what was downloaded is a complete video, and what is odd about it.

A complete file in which MediaInfo sees a picture was paid for and is the result. Whatever else is unusual
about it (its length, its codec, a missing sound track) is a warning and no reason to withhold it.
"""

from collections.abc import Callable

from msgspec import Struct

from lipdrop.download.errors import Truncated, Unrecognized
from lipdrop.media.probe import ProbeResult
from lipdrop.media.range_reader import RangeReader
from lipdrop.model.job import MediaFacts
from lipdrop.results.file_kind import HEAD_BYTES, file_kind
from lipdrop.results.head_and_tail import CopiedFile
from lipdrop.results.mp4_boxes import Chain, follow

TOLERANCE_SECONDS = 0.4
"""Encoders round to frames and sound packets; a larger difference from the expected length is told."""
USUAL_ENDING, USUAL_FORMATS = "mp4", frozenset(("MPEG-4", "AVC", "AAC"))
"""What the model delivers (H.264 in MP4, says sync.so's documentation); the formats in MediaInfo's names."""
_BOX_FILES = ("mp4", "mov")


class Verified(Struct, frozen=True, kw_only=True):
    """What was seen in the file, and what is odd about it."""

    media: MediaFacts
    warnings: tuple[str, ...] = ()


def verified(
    copied: CopiedFile, probe: Callable[[RangeReader], ProbeResult], expected_seconds: float | None
) -> Verified:
    """Return what is in the file and what is odd about it.

    Raises Truncated for a file that is known to be incomplete, Unrecognized where no picture is seen.
    `expected_seconds`: what the sync mode should give, None where the media could not be measured.
    """
    ending = file_kind(copied.read_range(0, HEAD_BYTES)).ending
    chain = follow(copied.windows.read_at, copied.length) if ending in _BOX_FILES else Chain(0)
    if not copied.whole and chain.reached < copied.length:
        raise Truncated("The result came without a length, and its own index does not prove it complete.")
    seen = probe(RangeReader(copied.read_range, copied.length))
    media = seen.media
    if seen.broken or not seen.container:
        raise Unrecognized(f"Nothing in the result can be read{_named(seen)}.")
    if seen.truncated and not chain.trailing:
        raise Truncated(f"The result is cut off by its own index. Seen: {describe_media(media)}.")
    if seen.picture is None:
        raise Unrecognized(f"The result has no picture track. Seen: {describe_media(media)}.")
    return Verified(media=media, warnings=oddities(media, ending, expected_seconds, chain.trailing))


def describe_media(media: MediaFacts) -> str:
    """Return `media` in a few words."""
    codecs = f"{media.video_codec or 'no picture'}, {media.audio_codec or 'no sound'}"
    return f"{media.container or 'no container'}, {codecs}, {media.seconds:.1f} s"


def _named(seen: ProbeResult) -> str:
    return f": it looks like a {seen.kind}" if seen.kind else ""


def oddities(media: MediaFacts, ending: str, expected: float | None, trailing: int = 0) -> tuple[str, ...]:
    """Return a sentence for everything that is unusual; `trailing` are bytes behind the end of the video."""
    found = [
        _odd_length(media.seconds, expected),
        "" if media.audio_codec else "The result has no sound.",
        _odd_format(media, ending),
        f"The last {trailing} bytes of the result are no part of the video." if trailing else "",
    ]
    return tuple(filter(None, found))


def _odd_length(seconds: float, expected: float | None) -> str:
    if seconds <= 0:
        return "The result does not say how long it is."
    if expected is None or round(abs(seconds - expected), 3) <= TOLERANCE_SECONDS:
        return ""
    return f"The result has {seconds:.1f} s where {expected:.1f} s were expected."


def _odd_format(media: MediaFacts, ending: str) -> str:
    seen = {media.container, media.video_codec, media.audio_codec} - {None}
    if ending == USUAL_ENDING and seen <= USUAL_FORMATS:
        return ""
    return f"The result has an unusual format: {ending} file, {describe_media(media)}."
