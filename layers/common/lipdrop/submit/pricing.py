"""Estimates before anything is paid: length of the result, time of processing, price."""

from lipdrop.config.settings import Settings
from lipdrop.model.job import Estimate, SyncMode
from lipdrop.model.wording import how_long

PRICED_FPS = 25
"""sync.so bills by output frame and quotes its prices at 25 frames/s (its billing page)."""
DIFFERS_SECONDS, DIFFERS_SHARE = 2.0, 0.1
"""Lengths that differ by more than both are warned of: sync.so recommends inputs of about the same length."""


def output_seconds(mode: SyncMode, video: float | None, voice: float | None) -> float | None:
    """Return the length of the result in seconds; None if it depends on media that was not looked at.

    Source: sync.so's documentation of sync_mode. Bounce, loop and remap fit the video to the voice,
    cut_off ends with the shorter, silence with the longer of the two.
    """
    match mode:
        case "bounce" | "loop" | "remap":
            return voice
        case "cut_off":
            return None if video is None or voice is None else min(video, voice)
        case "silence":
            return None if video is None or voice is None else max(video, voice)


def estimate(output: float, settings: Settings, fps: float | None = None) -> Estimate:
    """Return what `output` seconds of result should take (seconds) and cost at most (USD).

    `fps` is the video's frame rate: a result of more frames than 25 a second may be billed for them all.
    What Segmind passes on of that is not published, so the estimate is the higher price.
    """
    frames = max(1.0, (fps or 0.0) / PRICED_FPS)
    return Estimate(
        output_seconds=round(output, 3),
        expected_seconds=round(
            settings.expected_base_seconds + settings.expected_seconds_per_second * output, 1
        ),
        cost_usd=round(settings.price_per_second * output * frames, 4),
    )


_SHORTER_VIDEO: dict[SyncMode, str] = {
    "bounce": "is played forwards and backwards until the voice ends, which can be seen",
    "loop": "starts again from its beginning until the voice ends, which can be seen",
    "remap": "is slowed down to the length of the voice, which can be seen",
    "cut_off": "ends the result: the rest of the voice is not heard",
    "silence": "ends before the voice does, and the result is as long as the voice",
}
_SHORTER_VOICE: dict[SyncMode, str] = {
    "bounce": "is cut where the voice ends",
    "loop": "is cut where the voice ends",
    "remap": "is sped up to the length of the voice, which can be seen",
    "cut_off": "is cut where the voice ends",
    "silence": "goes on without speech to its end, which is paid for",
}
"""What happens to the video; source as for `output_seconds`."""


def length_warnings(mode: SyncMode, video: float | None, voice: float | None) -> tuple[str, ...]:
    """Return a warning if the lengths (seconds) differ much, with what `mode` makes of it."""
    if not video or not voice:
        return ()
    difference = abs(video - voice)
    if difference <= DIFFERS_SECONDS or difference <= DIFFERS_SHARE * max(video, voice):
        return ()
    fate = (_SHORTER_VIDEO if video < voice else _SHORTER_VOICE)[mode]
    return (
        f"The video is {how_long(video)} long and the voice {how_long(voice)}: with sync_mode {mode} the"
        f" video {fate}.",
    )
