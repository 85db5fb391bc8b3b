"""Encodes voices and videos with PyAV, and decodes whole files: what the measurements are held against."""

from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from av.audio import AudioStream
from av.container import OutputContainer
from av.video import VideoStream

from local.sample_media.drops import Pipe

type Options = tuple[tuple[str, str], ...]
"""Options of FFmpeg; a tuple, so that what was made can be kept."""


@cache
def encode_voice(
    codec: str,
    form: str,
    seconds: float = 4.0,
    *,
    rate: int = 44_100,
    layout: str = "mono",
    bit_rate: int = 64_000,
    amplitude: int = 8000,
    options: Options = (),
    encoder: Options = (),
    streamed: bool = False,
) -> bytes:
    """Return a tone of 440 Hz; `streamed`, written to where no header could be corrected afterwards."""
    written: Any = Pipe() if streamed else BytesIO()
    with av.open(written, "w", format=form, options=dict(options)) as container:
        stream = _sound_stream(container, codec, rate, layout, dict(encoder))
        stream.bit_rate = bit_rate
        _play(container, stream, seconds, amplitude)
    return bytes(written.getvalue())


@cache
def encode_video(
    codec: str = "libx264",
    form: str = "mp4",
    frames: int = 100,
    *,
    fps: int = 25,
    size: tuple[int, int] = (320, 240),
    sound: str = "",
    sound_seconds: float = 0.0,
    options: Options = (),
    encoder: Options = (),
    bit_rate: int = 0,
    times: tuple[int, ...] = (),
    moving: bool = True,
    black: bool = False,
    streamed: bool = False,
) -> bytes:
    """Return a picture with something moving in it; `times`: when each frame is shown, in 1/`fps` seconds.

    `bit_rate` above 0 makes a noise of it that needs so much; `moving` and `black` make what needs little.
    """
    show = times or tuple(range(frames))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "video"
        written: Any = Pipe() if streamed else str(path)
        with av.open(written, "w", format=form, options=dict(options)) as container:
            stream = container.add_stream(codec, rate=fps, options=_FAST.get(codec, {}) | dict(encoder))
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.bit_rate = bit_rate or 200_000
            voice = _sound_stream(container, sound, 48_000, "mono", {}) if sound else None
            pictures = _pictures(len(show), size, noisy=bool(bit_rate), moving=moving, black=black)
            _draw(container, stream, show, pictures)
            if voice:
                _play(container, voice, sound_seconds or len(show) / fps, 8000)
        return bytes(written.getvalue()) if streamed else path.read_bytes()


_FAST = {
    "libx264": {"preset": "ultrafast"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


def decoded_seconds(media: bytes, kind: str = "audio") -> float:
    """Decode all of the first track of `kind`; return the seconds that came out."""
    with av.open(BytesIO(media)) as container:
        if kind == "audio":
            return float(sum(frame.samples / frame.sample_rate for frame in _frames(container, kind)))
        frames = sorted((frame.time, frame.duration * frame.time_base) for frame in _frames(container, kind))
        mean = (frames[-1][0] - frames[0][0]) / (len(frames) - 1)
        return float(frames[-1][0] - frames[0][0] + (frames[-1][1] or mean))


def _frames(container: Any, kind: str) -> Any:
    """Yield all frames that can be decoded; FFmpeg's own tools go on behind a damaged packet as well."""
    packets = iter(container.demux(getattr(container.streams, kind)[0]))
    while packet := _next(packets):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def _next(packets: Any) -> Any:
    """Return the next packet; None at the end, and where nothing more is understood."""
    try:
        return next(packets, None)
    except av.error.FFmpegError:
        return None


def _sound_stream(
    container: OutputContainer, codec: str, rate: int, layout: str, options: dict[str, str]
) -> AudioStream:
    stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
    assert isinstance(stream, AudioStream)
    return stream


def _play(container: OutputContainer, stream: AudioStream, seconds: float, amplitude: int) -> None:
    rate, layout = stream.rate, stream.layout.name
    wave = np.sin(np.arange(int(seconds * rate)) * 440 * 2 * np.pi / rate)
    samples = (wave * amplitude).astype(np.int16).repeat(2 if layout == "stereo" else 1)
    step = 2048 if layout == "stereo" else 1024
    for start in range(0, len(samples), step):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + step], format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate, start * 1024 // step
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _draw(
    container: OutputContainer, stream: VideoStream, show: Iterable[int], pictures: Iterable[Any]
) -> None:
    for number, picture in zip(show, pictures, strict=True):
        frame = av.VideoFrame.from_ndarray(picture)
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _pictures(count: int, size: tuple[int, int], *, noisy: bool, moving: bool, black: bool) -> Iterator[Any]:
    width, height = size
    noise = np.random.default_rng(0)
    ground = noise.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    for number in range(count):
        if noisy:
            ground = noise.integers(0, 255, (height, width, 3), dtype=np.uint8)
        picture = ground * (not black)
        if moving:
            left = number * 7 % (width // 2)
            picture[height // 4 : height // 2, left : left + width // 4] = number * 9 % 200
        yield picture
