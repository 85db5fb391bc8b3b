"""A video with picture and sound, made here, that belongs to nobody: noise, so that it has some size."""

from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.audio import AudioStream
from av.container import OutputContainer
from av.video import VideoStream

FPS = 25
RATE = 44_100
PACKET = 1_024


@cache
def sample_video(
    seconds: int = 2,
    *,
    index_first: bool = False,
    picture: bool = True,
    sound: bool = True,
    plain: bool = False,
) -> bytes:
    """Return an MP4 of so many seconds, 0.5 MB each unless `plain`; its index at the end or in front."""
    options = {"movflags": "faststart"} if index_first else {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sample.mp4"
        _write(path, seconds, options, picture=picture, sound=sound, plain=plain)
        return path.read_bytes()


def _write(
    path: Path, seconds: int, options: dict[str, str], *, picture: bool, sound: bool, plain: bool
) -> None:
    with av.open(str(path), "w", format="mp4", options=options) as container:
        drawings = _picture_stream(container) if picture else None
        voice = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        if drawings:
            _draw(container, drawings, seconds, plain=plain)
        if voice:
            _speak(container, voice, seconds)


def _picture_stream(container: OutputContainer) -> VideoStream:
    stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
    stream.bit_rate = 4_000_000
    stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
    return stream


def _draw(container: OutputContainer, stream: VideoStream, seconds: int, *, plain: bool) -> None:
    noise = np.random.default_rng(0)
    for number in range(seconds * FPS):
        picture = noise.integers(0, 1 if plain else 255, (120, 160, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture)
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _speak(container: OutputContainer, stream: AudioStream, seconds: int) -> None:
    tone = (np.sin(np.arange(seconds * RATE) / RATE * 2 * np.pi * 220) * 0.3).astype(np.float32)
    for start in range(0, len(tone), PACKET):
        samples = tone[None, start : start + PACKET]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
