"""A video's pictures at a constant rate, at hand in any order and without holding them all in memory."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

GROUP = 25
"""Pictures that depend on one another, and so are decoded and kept together."""
RATES = (Fraction(1), Fraction(60))
USUAL_RATE = Fraction(25)
UPRIGHT = {
    90: (("transpose", "cclock"),),
    -90: (("transpose", "clock"),),
    180: (("hflip",), ("vflip",)),
    -180: (("hflip",), ("vflip",)),
}
"""FFmpeg's filters for what a telephone notes beside the pictures: degrees, counter-clockwise."""
FAST = {"preset": "ultrafast", "crf": "23"}


class MediaError(Exception):
    """Media that cannot be used, with a sentence for the caller."""


def normalise(source: Path, target: Path) -> Fraction:
    """Write `source`'s pictures to `target`, constant in rate, even in size, in closed groups.

    Returns the rate in pictures a second. Raises MediaError when there is no picture to be had.
    """
    with av.open(source) as given, av.open(target, "w", format="mp4") as kept:
        if not given.streams.video:
            raise MediaError("The video has no picture track.")
        stream = given.streams.video[0]
        stream.thread_type = "AUTO"
        # A stream with a variable or unknown rate says 0, or something absurd.
        rate = 1 * stream.average_rate if stream.average_rate else USUAL_RATE
        rate = min(max(rate, RATES[0]), RATES[1]).limit_denominator(1001)
        out: VideoStream | None = None
        for picture in _even(given.decode(stream), stream, rate):
            if out is None:
                out = _x264(kept, rate, picture)
            kept.mux(out.encode(picture))
        if out is None:
            raise MediaError("The video has no readable picture.")
        kept.mux(out.encode(None))
    return rate


def _x264(container: av.container.OutputContainer, rate: Fraction, like: VideoFrame) -> VideoStream:
    groups = {"x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0"}
    stream = container.add_stream("libx264", rate=rate, options=FAST | groups)
    stream.width, stream.height, stream.pix_fmt = like.width, like.height, "yuv420p"
    stream.time_base = 1 / rate
    return stream


def _even(pictures: Iterator[VideoFrame], stream: VideoStream, rate: Fraction) -> Iterator[VideoFrame]:
    """Yield `pictures` upright, as 8-bit 4:2:0 with even sides, numbered from 0 at `rate`."""
    first = next(pictures, None)
    if first is None:
        return
    graph = Graph()
    steps = [
        graph.add_buffer(template=stream),
        *(graph.add(*step) for step in UPRIGHT.get(first.rotation, ())),
        graph.add("fps", str(rate)),
        graph.add("scale", "trunc(iw/2)*2:trunc(ih/2)*2:out_range=tv"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*steps).configure()
    number = 0
    for picture in chain([first], pictures, [None]):
        graph.vpush(picture)
        while True:
            try:
                even = graph.vpull()
            except (BlockingIOError, EOFError):
                break
            even.pts, even.time_base = number, 1 / rate
            even.pict_type = PictureType.NONE  # else the encoder takes over the source's groups
            number += 1
            yield even


class Frames:
    """Reads a file made by `normalise`; forwards and backwards cost the same, one group at a time."""

    def __init__(self, path: Path, rate: Fraction) -> None:
        self._container = av.open(path)
        self._stream = self._container.streams.video[0]
        self.rate = rate
        self.count = self._stream.frames
        self._group = -1
        self._pictures: list[VideoFrame] = []

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return float(self.count / self.rate)

    def __getitem__(self, number: int) -> VideoFrame:
        """Return picture `number`."""
        group, place = divmod(number, GROUP)
        if group != self._group:
            self._group, self._pictures = group, self._decode(group * GROUP)
        return self._pictures[place]

    def _decode(self, first: int) -> list[VideoFrame]:
        assert self._stream.time_base is not None
        self._container.seek(round(first / self.rate / self._stream.time_base), stream=self._stream)
        wanted = min(GROUP, self.count - first)
        return [
            picture for picture, _ in zip(self._container.decode(self._stream), range(wanted), strict=False)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()
