"""Small real media made with PyAV, and media built by hand for what no encoder writes."""

import struct
from functools import cache
from io import BytesIO, RawIOBase
from typing import Any

import av
import numpy as np
from av.audio import AudioStream
from av.container import OutputContainer
from av.video import VideoStream

VIDEO_CODECS = {"mp4": "libx264", "mov": "libx264", "webm": "libvpx", "avi": "mpeg4", "mkv": "libx264"}
VOICE_CODECS = {
    "mp4": "aac",
    "mov": "aac",
    "m4a": "aac",
    "webm": "libopus",
    "avi": "libmp3lame",
    "mkv": "aac",
    "wav": "pcm_s16le",
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "flac": "flac",
    "aac": "aac",
    "wma": "wmav2",
}
FORMATS = {"mkv": "matroska", "aac": "adts", "m4a": "ipod", "wma": "asf"}
"""Where FFmpeg's name of a format is not the ending."""


@cache
def video(
    ending: str = "mp4",
    *,
    frames: int = 25,
    size: tuple[int, int] = (640, 480),
    fps: int = 25,
    picture: bool = True,
    sound: bool = False,
    codec: str = "",
    pixels: str = "yuv420p",
    index_first: bool = False,
) -> bytes:
    """Return a video of `frames` frames; without `picture` only its sound."""
    written = BytesIO()
    with av.open(written, "w", format=FORMATS.get(ending, ending)) as container:
        shown = _picture(container, codec or VIDEO_CODECS[ending], size, fps, pixels) if picture else None
        voice_track = _sound(container, VOICE_CODECS[ending]) if sound or not picture else None
        if shown:
            _draw(container, shown, frames)
        if voice_track:
            _speak(container, voice_track, frames / fps)
    return _index_first(written.getvalue()) if index_first else written.getvalue()


@cache
def voice(ending: str = "mp3", seconds: float = 1.0, *, streamed: bool = False) -> bytes:
    """Return a voice; `streamed`, written to where no header could be corrected afterwards."""
    written: Any = Pipe() if streamed else BytesIO()
    with av.open(written, "w", format=FORMATS.get(ending, ending)) as container:
        _speak(container, _sound(container, VOICE_CODECS[ending]), seconds)
    return bytes(written.getvalue())


@cache
def streamed_webm(frames: int = 50) -> bytes:
    """Return a video as a browser's MediaRecorder leaves it: without its length."""
    written = Pipe()
    with av.open(written, "w", format="webm") as container:
        _draw(container, _picture(container, "libvpx", (640, 480), 25, "yuv420p"), frames)
    return bytes(written.getvalue())


def box(kind: bytes, body: bytes = b"") -> bytes:
    """Return one box of an MP4 file (ISO/IEC 14496-12, 4.2)."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2")


def _index_first(mp4: bytes) -> bytes:
    """Put the last box, the index, before the media. Its offsets are wrong then: nothing here decodes it."""
    head, media, index = _parts(mp4)
    return head + index + media


def _parts(mp4: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what is before the media, the media, the index behind it."""
    index, start = mp4.rindex(b"moov") - 4, mp4.index(b"mdat") - 4
    return mp4[:start], mp4[start:index], mp4[index:]


def split_by_media(mp4: bytes, size: int, *, index_first: bool) -> tuple[bytes, bytes]:
    """Return what is before and behind `size` bytes of media, for a file that exists only in part."""
    head, _, index = _parts(mp4)
    media = struct.pack(">I4sQ", 1, b"mdat", 16 + size)
    return (head + index + media, b"") if index_first else (head + media, index)


def nested_boxes(depth: int) -> bytes:
    """Return an MP4 of boxes within boxes."""
    body = b""
    for level in range(depth):
        body = box((b"moov", b"trak", b"mdia", b"minf")[level % 4], body)
    return FTYP + body


def count_bomb() -> bytes:
    """Return a video whose table of times (`stts`) claims four billion entries: MediaInfo counts them."""
    good = video()
    count = good.index(b"stts") + 8
    return good[:count] + b"\xff\xff\xff\x01" + good[count + 4 :]


def silent_wav(seconds: int, rate: int = 8000) -> bytes:
    """Return an 8-bit WAV, small for its length."""
    body = b"\x80" * (seconds * rate)
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    data = b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(header) + len(data)) + b"WAVE" + header + data


def mp3_frames(*parts: tuple[int, int]) -> bytes:
    """Return MPEG-1 layer 3 at 44.1 kHz without any header frame; `parts` are (kbit/s, frames)."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    made = bytearray()
    for kbits, count in parts:
        frame = b"\xff\xfb" + bytes([rates.index(kbits) << 4, 0xC4])
        made += frame.ljust(144 * kbits * 1000 // 44100, b"\0") * count
    return bytes(made)


class Pipe(RawIOBase):
    """Somewhere to write that cannot be sought in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += bytes(data)
        return len(data)

    def getvalue(self) -> bytes:
        return bytes(self._written)


def _picture(
    container: OutputContainer, codec: str, size: tuple[int, int], fps: int, pixels: str
) -> VideoStream:
    stream = container.add_stream(codec, rate=fps)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = *size, pixels
    if codec.startswith("libvpx"):
        stream.codec_context.options = {"deadline": "realtime", "cpu-used": "8"}
    return stream


def _sound(container: OutputContainer, codec: str) -> AudioStream:
    rate = 48_000 if codec == "libopus" else 44_100
    stream = container.add_stream(codec, rate=rate, layout="mono")
    assert isinstance(stream, AudioStream)
    stream.bit_rate = 64_000
    return stream


def _draw(container: OutputContainer, stream: VideoStream, frames: int) -> None:
    for number in range(frames):
        frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt or "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([(number * 9) % 200 + 16]) * plane.buffer_size)
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _speak(container: OutputContainer, stream: AudioStream, seconds: float) -> None:
    wave = np.sin(np.arange(int(seconds * stream.rate)) * 440 * 2 * np.pi / stream.rate)
    samples = (wave * 8000).astype(np.int16)
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts = stream.rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
