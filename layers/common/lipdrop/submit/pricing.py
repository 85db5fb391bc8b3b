"""How long a result will be, how long it will take, what it will cost: known before anything is spent."""

from lipdrop.config.settings import Settings
from lipdrop.model.job import Estimate, SyncMode


def output_seconds(mode: SyncMode, video: float | None, voice: float | None) -> float | None:
    """Return the length of the result, in seconds; None if it hangs on media that was not looked at.

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


def estimate(output: float, settings: Settings) -> Estimate:
    """Return what `output` seconds of result should take (seconds) and cost (USD)."""
    return Estimate(
        output_seconds=round(output, 3),
        expected_seconds=round(
            settings.expected_base_seconds + settings.expected_seconds_per_second * output, 1
        ),
        cost_usd=round(settings.price_per_second * output, 4),
    )
