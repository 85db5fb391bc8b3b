"""Measures how long a file is, by its contents: what is paid for is not left to what a header says.

Voices of the kinds without an index (MP3, AAC, FLAC, Ogg) are read whole; of everything else the index, or
the beginning and the end, are read by ranges.
"""

from collections.abc import Callable

from lipdrop.media.asf import measure_asf
from lipdrop.media.avi import measure_avi
from lipdrop.media.flac import FlacMeter
from lipdrop.media.frames import FrameMeter, adts_frame, mpeg_frame
from lipdrop.media.matroska import measure_matroska
from lipdrop.media.measurement import MOST_SECONDS, Measurement, Meter
from lipdrop.media.mp4_index import measure_mp4
from lipdrop.media.ogg import OggMeter
from lipdrop.media.range_reader import RangeReader, UnmeasurableError
from lipdrop.media.wav import measure_wav

METERS: dict[str, Callable[[], Meter]] = {
    "MPEG Audio": lambda: FrameMeter(mpeg_frame),
    "ADTS": lambda: FrameMeter(adts_frame),
    "FLAC": FlacMeter,
    "Ogg": OggMeter,
}
"""Parsers that are fed a whole file, from behind its leading tags on, by container."""
INDEXED: dict[str, Callable[[RangeReader], Measurement]] = {
    "MPEG-4": measure_mp4,
    "QuickTime": measure_mp4,
    "WebM": measure_matroska,
    "Matroska": measure_matroska,
    "AVI": measure_avi,
    "Wave": measure_wav,
    "Windows Media": measure_asf,
}


def measure(file: RangeReader, container: str) -> Measurement:
    """Measure `file`, whose leading tags are left out; nothing is found in a container of another kind.

    Raises what reading raises, and nothing else, whatever is in the file.
    """
    if container in METERS:
        return _fed(METERS[container](), file)
    try:
        return INDEXED[container](file) if container in INDEXED else Measurement()
    except UnmeasurableError:
        return Measurement()


def _fed(meter: Meter, file: RangeReader) -> Measurement:
    for chunk in file.chunks():
        meter.feed(chunk)
        if meter.seconds > MOST_SECONDS:
            return Measurement(seconds=round(meter.seconds, 3))
    return meter.finish()
