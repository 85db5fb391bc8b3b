"""The files that a campaign drops: few contents, many places, as the stand-in renders each content once."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from av.video.frame import VideoFrame

from local import paths

VOICE = paths.MEDIA / "voice-short.wav"
VIDEO = paths.MEDIA / "talking-head.mp4"
_WIDTH, _HEIGHT, _FPS = 640, 480, 25
_SECONDS = 1.0


def voice() -> bytes:
    """Return four seconds of voice."""
    return VOICE.read_bytes()


def video() -> bytes:
    """Return the talking head: a result of it is stored in one request."""
    return VIDEO.read_bytes()


def snow() -> bytes:
    """Return a second of noise as mp4: hard to compress, so a result of it is stored in several parts."""
    rng = np.random.default_rng(1)
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        for number in range(round(_SECONDS * _FPS)):
            picture = rng.integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
