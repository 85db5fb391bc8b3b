"""The real rendering: the dropped voice under the dropped video, as long as the sync mode prescribes.

No lips are moved; the file's metadata says so.
"""

from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import PictureType
from numpy.typing import NDArray

from local.standin.frames import FAST, Frames, MediaError, normalise
from local.standin.model import ResultKind, SyncMode

type Container = Literal["mp4", "mov", "webm"]

RATE = 48_000
FAST_WEB = {
    "deadline": "realtime",
    "cpu-used": "16",
    "b": "500k",
    "lag-in-frames": "0",
    "static-thresh": "1000",
}
"""libvpx in a second or two; its own idea of `realtime` takes ten."""
METADATA = {
    "title": "Lipdrop stand-in result",
    "comment": "Made by a local stand-in for Segmind: the voice was put under the video, no lips were moved.",
}


class Voice(NamedTuple):
    """Decoded sound: 16-bit samples by channel, at RATE."""

    samples: NDArray[np.int16]

    @property
    def seconds(self) -> float:
        """Length of the voice."""
        return float(self.samples.shape[1] / RATE)

    @property
    def layout(self) -> str:
        """FFmpeg's name for one or two channels."""
        return "mono" if self.samples.shape[0] == 1 else "stereo"

    def lasting(self, seconds: float) -> NDArray[np.int16]:
        """Return the samples cut, or filled up with silence, to `seconds`."""
        wanted = round(seconds * RATE)
        missing = max(wanted - self.samples.shape[1], 0)
        return np.pad(self.samples[:, :wanted], ((0, 0), (0, missing)))


def container_of(kind: ResultKind) -> Container:
    """Return the file format of a result of this kind."""
    return kind if kind in ("mov", "webm") else "mp4"


def render(video: Path, audio: Path, sync_mode: SyncMode, target: Path, kind: ResultKind = "mp4") -> float:
    """Write the result to `target`, as H.264/AAC or (WebM) VP8/Opus, and return its seconds.

    Raises MediaError with a sentence when either input cannot be read. Leaves nothing else behind.
    """
    pictures = target.with_suffix(".pictures")
    try:
        voice = _readable("audio", audio)
        rate = _pictures(video, pictures)
        with Frames(pictures, rate) as frames:
            seconds = length(sync_mode, frames.seconds, voice.seconds) * (2 if kind == "double" else 1)
            _write(target, frames, voice, sync_mode, seconds, kind)
    finally:
        pictures.unlink(missing_ok=True)
    return seconds


def length(sync_mode: SyncMode, video: float, audio: float) -> float:
    """Return the seconds of output that `sync_mode` prescribes for inputs of these seconds."""
    match sync_mode:
        case "cut_off":
            return min(video, audio)
        case "silence":
            return max(video, audio)
        case _:
            return audio


def picture_at(sync_mode: SyncMode, number: int, have: int, want: int) -> int:
    """Return which of the video's `have` pictures is shown as number `number` of `want`."""
    match sync_mode:
        case "loop":
            return number % have
        case "bounce":
            back_and_forth = max(2 * have - 2, 1)
            place = number % back_and_forth
            return min(place, back_and_forth - place) if have > 1 else 0
        case "remap":
            return number * have // want
        case _:
            return min(number, have - 1)


def _readable(name: str, path: Path) -> Voice:
    try:
        return _voice(path)
    except (av.FFmpegError, ValueError) as problem:
        raise MediaError(f"The {name} could not be read: {_reason(problem)}.") from problem


def _pictures(video: Path, target: Path) -> Fraction:
    try:
        return normalise(video, target)
    except (av.FFmpegError, ValueError) as problem:
        raise MediaError(f"The video could not be read: {_reason(problem)}.") from problem


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


def _voice(path: Path) -> Voice:
    with av.open(path) as container:
        if not container.streams.audio:
            raise MediaError("The audio has no sound track.")
        stream = container.streams.audio[0]
        layout = "mono" if stream.channels == 1 else "stereo"
        resampler = AudioResampler(format="s16p", layout=layout, rate=RATE)
        chunks = [
            chunk.to_ndarray()
            for frame in chain(container.decode(stream), [None])
            for chunk in resampler.resample(frame)
        ]
    if not chunks:
        raise MediaError("The audio has no readable sound.")
    return Voice(np.concatenate(chunks, axis=1))


def _write(
    target: Path, frames: Frames, voice: Voice, sync_mode: SyncMode, seconds: float, kind: ResultKind
) -> None:
    want = max(round(seconds * frames.rate), 1)
    sound = voice.lasting(seconds)
    web = kind == "webm"
    settings = {} if web else {"movflags": "faststart"}
    with av.open(target, "w", format=container_of(kind), options=settings) as container:
        container.metadata.update(METADATA)
        picture = container.add_stream(
            "libvpx" if web else "libx264", rate=frames.rate, options=FAST_WEB if web else FAST
        )
        picture.width, picture.height, picture.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        audio = (
            container.add_stream("libopus" if web else "aac", rate=RATE, layout=voice.layout)
            if kind != "silent"
            else None
        )
        heard = 0
        for number in range(want):
            shown = frames[picture_at(sync_mode, number, frames.count, want)]
            shown.pts, shown.time_base = number, 1 / frames.rate
            shown.pict_type = PictureType.NONE  # what it was in the source must not bind the encoder
            container.mux(picture.encode(shown))
            until = round((number + 1) * RATE / frames.rate) if number + 1 < want else sound.shape[1]
            if audio and until > heard:
                container.mux(audio.encode(_sound(sound[:, heard:until], heard, voice.layout)))
            heard = max(until, heard)
        container.mux(picture.encode(None))
        if audio:
            container.mux(audio.encode(None))


def _sound(samples: NDArray[np.int16], start: int, layout: str) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16p", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
