"""Whether what came is the video that was asked for."""

from collections.abc import Callable

from msgspec import Struct

from lipdrop.download.errors import Invalid, Truncated
from lipdrop.media.probe import ProbeResult
from lipdrop.media.range_reader import RangeReader
from lipdrop.model.job import MediaFacts
from lipdrop.results.head_and_tail import CopiedFile
from lipdrop.results.mp4_boxes import follow

GRACE_SECONDS = 2.0
"""Encoders round to frames and sound packets; less than this is never worth a word."""
ODD_SHARE = 0.1
WRONG_FACTOR = 2.0


class Verified(Struct, frozen=True, kw_only=True):
    """What the check saw, and what of it is odd but no reason to withhold a video that was paid for."""

    media: MediaFacts
    warnings: tuple[str, ...] = ()


def verified(
    passed: CopiedFile, probe: Callable[[RangeReader], ProbeResult], expected_seconds: float | None
) -> Verified:
    """Check the container's form, its tracks and its length; raises Invalid, telling what was seen.

    `expected_seconds`: what the sync mode prescribes for the media. It is Lipdrop's reading of Segmind's
    documents, so only a length that is wrong by a factor of two is refused; a tenth gives a warning.
    """
    reached = follow(passed.windows.read_at, passed.length)
    if reached < passed.length and not passed.whole:
        raise Invalid("The result came without a length, and its own index does not prove that it is whole.")
    seen = probe(RangeReader(passed.read_range, passed.length))
    media = seen.media
    if seen.broken or not seen.container:
        raise Invalid("The result begins like an MP4 video, but nothing in it can be read.")
    if seen.truncated:
        raise Truncated(f"The result is cut off by its own index. Seen: {describe_media(media)}.")
    if seen.picture is None or seen.sound is None:
        missing = "sound" if seen.picture else "picture"
        raise Invalid(f"The result has no {missing} track. Seen: {describe_media(media)}.")
    return Verified(media=media, warnings=_odd_length(media, expected_seconds))


def describe_media(media: MediaFacts) -> str:
    """Return `media` in a few words."""
    codecs = f"{media.video_codec or 'no picture'}, {media.audio_codec or 'no sound'}"
    return f"{media.container or 'no container'}, {codecs}, {media.seconds:.1f} s"


def _odd_length(media: MediaFacts, expected: float | None) -> tuple[str, ...]:
    """Return a warning about an odd length; raises Invalid for an impossible one."""
    if media.seconds <= 0:
        raise Invalid(f"The result has no length. Seen: {describe_media(media)}.")
    if expected is None:
        return ()
    difference = abs(media.seconds - expected)
    longer, shorter = max(media.seconds, expected), min(media.seconds, expected)
    if difference > GRACE_SECONDS and longer > WRONG_FACTOR * shorter:
        raise Invalid(f"The result should have {expected:.1f} s. Seen: {describe_media(media)}.")
    if difference > max(GRACE_SECONDS, ODD_SHARE * expected):
        return (f"The result has {media.seconds:.1f} s where {expected:.1f} s were expected.",)
    return ()
