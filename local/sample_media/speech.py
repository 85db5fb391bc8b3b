"""Makes the sample media: a drawn talking head, silent, and two voices of other lengths than its own.

`python -m local.sample_media.speech local/media` makes them again. Everything is computed: no camera, no
recording, nobody's face or voice.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 480, 25
HEAD_SECONDS = 5.0
RATE = 22_050

type Picture = NDArray[np.uint8]
type Wave = NDArray[np.float64]


class Vowel(NamedTuple):
    """The first three resonances of a mouth, in Hz, and how far it opens."""

    formants: tuple[float, float, float]
    opening: float


VOWELS = {
    "a": Vowel((730, 1090, 2440), 1.0),
    "e": Vowel((530, 1840, 2480), 0.6),
    "i": Vowel((270, 2290, 3010), 0.3),
    "o": Vowel((570, 840, 2410), 0.7),
    "u": Vowel((300, 870, 2240), 0.35),
}


class Voice(NamedTuple):
    """A file to be made: its name, its syllables, its pitch in Hz, its length in seconds."""

    name: str
    syllables: str
    pitch: float
    seconds: float


VOICES = (
    Voice("voice-short.wav", "aoei auie oaei", 190, 4.0),
    Voice("voice-long.mp3", "eia uoae iaou eoia uae", 120, 6.0),
)


def main(folder: Path) -> None:
    """Write all sample files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_head(folder / "talking-head.mp4")
    for voice in VOICES:
        write_voice(folder / voice.name, speak(voice))


def write_head(path: Path) -> None:
    """Write the talking head as silent H.264 mp4."""
    with av.open(path, "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "slow", "crf": "26"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(head()):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def head() -> Iterator[Picture]:
    """Yield the pictures of a head that speaks, nods a little and blinks."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    for number in range(round(HEAD_SECONDS * FPS)):
        t = number / FPS
        mouth = abs(np.sin(2 * np.pi * 2.7 * t)) * (0.55 + 0.45 * np.sin(2 * np.pi * 0.6 * t))
        yield draw(x - 320 - 5 * np.sin(1.7 * t), y - 235 - 4 * np.sin(2.9 * t), mouth, blink=t % 2.4 < 0.12)


def draw(x: Wave, y: Wave, mouth: float, *, blink: bool) -> Picture:
    """Return one picture. `x` and `y` are pixels from the face's middle, `mouth` is 0 (shut) to 1."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float64)
    picture[:] = (46, 66, 84)
    eye = 3 if blink else 15

    def blob(cx: float, cy: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        """Lay a soft-edged ellipse over the picture."""
        distance = np.hypot((x - cx) / rx, (y - cy) / ry)
        cover = np.clip((1 - distance) * min(rx, ry) + 0.5, 0, 1)[..., None]
        picture[:] = picture * (1 - cover) + np.array(colour) * cover

    blob(0, 260, 190, 120, (122, 52, 60))  # shoulders
    blob(0, 150, 46, 70, (206, 160, 132))  # neck
    blob(0, -40, 138, 150, (58, 40, 32))  # hair
    blob(0, 0, 116, 150, (226, 180, 150))  # face
    for side in (-1, 1):
        blob(side * 46, -28, 21, eye, (250, 250, 246))
        blob(side * 46, -28, 9, min(eye, 9), (52, 70, 60))
        blob(side * 46, -62, 27, 5, (58, 40, 32))
    blob(0, 20, 12, 22, (210, 160, 130))  # nose
    blob(0, 82, 44 - 8 * mouth, 9 + 27 * mouth, (168, 72, 74))  # lips
    blob(0, 82, 36 - 8 * mouth, 1 + 22 * mouth, (66, 20, 26))  # open mouth
    return picture.round().astype(np.uint8)


def speak(voice: Voice) -> Wave:
    """Return a speech-like sound: a buzzing glottis, heard through one vowel's formants after another."""
    count = round(voice.seconds * RATE)
    t = np.arange(count) / RATE
    slots = np.minimum((t / voice.seconds * len(voice.syllables)).astype(int), len(voice.syllables) - 1)
    within = t / voice.seconds * len(voice.syllables) - slots
    pitch = voice.pitch * (1 + 0.08 * np.sin(2 * np.pi * 0.7 * t) - 0.12 * t / voice.seconds)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(count)
    for letter, vowel in VOWELS.items():
        spoken = np.array([syllable == letter for syllable in voice.syllables])[slots]
        envelope = np.where(spoken, np.sin(np.pi * within) ** 0.6 * (0.5 + 0.5 * vowel.opening), 0)
        sound += envelope * harmonics(phase, voice.pitch, vowel.formants)
    loudest: float = np.abs(sound).max()
    return 0.6 * sound / loudest


def harmonics(phase: Wave, pitch: float, formants: tuple[float, float, float]) -> Wave:
    """Return the overtones of a voice at `phase`, each as loud as the `formants` let it through."""
    sound = np.zeros_like(phase)
    for number in range(1, int(4000 / pitch)):
        loudness = sum(1 / (1 + ((number * pitch - peak) / 110) ** 2) for peak in formants)
        sound += loudness / number**0.5 * np.sin(number * phase)
    return sound


def write_voice(path: Path, sound: Wave) -> None:
    """Write `sound` in the format that the name's ending asks for."""
    codec, options = ("mp3", {"b": "48k"}) if path.suffix == ".mp3" else ("pcm_s16le", {})
    samples = (sound * 32767).round().astype(np.int16)[None, :]
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono", options=options)
        assert isinstance(stream, AudioStream)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
