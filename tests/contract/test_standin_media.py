"""What the stand-in renders: as long as each sync mode prescribes, the right pictures, the given voice."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from local.standin.frames import MediaError
from local.standin.media import picture_at, render
from local.standin.model import ResultKind, SyncMode

MEDIA = Path(__file__).parents[2] / "local" / "media"
HEAD, SHORT, LONG = (MEDIA / name for name in ("talking-head.mp4", "voice-short.wav", "voice-long.mp3"))
RAMP = 40
"""Pictures of the ramp: number n is as bright as 20 + 5n."""


def write_video(
    path: Path,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (96, 64),
    pixels: str = "yuv420p",
    rate: int = 20,
    times: list[int] | None = None,
    degrees: int = 0,
) -> Path:
    """Write a video of RAMP pictures that get brighter; the left half of each is black."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if degrees:
            stream.set_display_rotation(degrees)
        for number in range(RAMP):
            picture = np.zeros((size[1], size[0], 3), np.uint8)
            picture[:, size[0] // 2 :] = 20 + 5 * number
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = times[number] if times else number, Fraction(1, rate)
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def write_tone(
    path: Path,
    codec: str,
    *,
    seconds: float = 1.5,
    hertz: int = 440,
    rate: int = 44_100,
    layout: str = "mono",
) -> Path:
    """Write a sine."""
    wave = (np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate) * 20_000).astype(np.int16)
    channels = 1 if layout == "mono" else 2
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})
        assert isinstance(stream, AudioStream)
        samples = np.ascontiguousarray(np.repeat(wave, channels)[None, :])
        frame = AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def numbers_shown(path: Path) -> list[int]:
    """Return which picture of the ramp each picture of `path` is."""
    with av.open(path) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [round((picture[:, -20:-8].mean() - 20) / 5) for picture in pictures]


def pitch(path: Path) -> float:
    """Return the strongest frequency of `path`'s sound, in Hz."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        sound: NDArray[np.float32] = np.concatenate(
            [frame.to_ndarray()[0] for frame in container.decode(stream)]
        )
        return float(np.abs(np.fft.rfft(sound))[1:].argmax() + 1) * stream.rate / len(sound)


def tracks(path: Path) -> dict[str, float]:
    """Return the seconds of each track, by codec."""
    with av.open(path) as container:
        return {
            stream.codec_context.name: float(stream.duration * stream.time_base)
            for stream in container.streams
            if stream.duration and stream.time_base
        }


@pytest.mark.parametrize(
    ("sync_mode", "with_short", "with_long"),
    [("bounce", 4, 6), ("loop", 4, 6), ("remap", 4, 6), ("cut_off", 4, 5), ("silence", 5, 6)],
)
def test_length_is_as_the_sync_mode_prescribes(
    tmp_path: Path, sync_mode: SyncMode, with_short: float, with_long: float
) -> None:
    for voice, seconds in ((SHORT, with_short), (LONG, with_long)):
        assert render(HEAD, voice, sync_mode, tmp_path / "out.mp4") == pytest.approx(seconds, abs=0.03)
        seen = tracks(tmp_path / "out.mp4")
        assert seen["h264"] == pytest.approx(seconds, abs=0.05)
        assert seen["aac"] == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("sync_mode", ["bounce", "loop", "remap", "cut_off", "silence"])
@pytest.mark.parametrize("seconds", [1.5, 5.0])
def test_pictures_come_in_the_order_of_the_sync_mode(
    tmp_path: Path, sync_mode: SyncMode, seconds: float
) -> None:
    video = write_video(tmp_path / "ramp.mp4")
    voice = write_tone(tmp_path / "voice.wav", "pcm_s16le", seconds=seconds)
    render(video, voice, sync_mode, tmp_path / "out.mp4")
    want = {"cut_off": min(seconds, 2.0), "silence": max(seconds, 2.0)}.get(sync_mode, seconds) * 20
    expected = [picture_at(sync_mode, number, RAMP, round(want)) for number in range(round(want))]
    assert numbers_shown(tmp_path / "out.mp4") == expected


@pytest.mark.parametrize(
    ("sync_mode", "shown"),
    [
        ("loop", [0, 1, 2, 0, 1, 2, 0]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2]),
        ("remap", [0, 0, 0, 1, 1, 2, 2]),
        ("cut_off", [0, 1, 2, 2, 2, 2, 2]),
    ],
)
def test_a_shorter_video_goes_on_as_the_sync_mode_says(sync_mode: SyncMode, shown: list[int]) -> None:
    assert [picture_at(sync_mode, number, 3, 7) for number in range(7)] == shown


def test_a_single_picture_can_be_stretched(tmp_path: Path) -> None:
    assert {picture_at("bounce", number, 1, 9) for number in range(9)} == {0}


def test_the_voice_is_the_given_one(tmp_path: Path) -> None:
    render(HEAD, write_tone(tmp_path / "a.wav", "pcm_s16le", hertz=700), "bounce", tmp_path / "out.mp4")
    assert pitch(tmp_path / "out.mp4") == pytest.approx(700, abs=3)


def test_the_file_says_that_no_lips_were_moved(tmp_path: Path) -> None:
    render(HEAD, SHORT, "cut_off", tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as container:
        assert "no lips were moved" in container.metadata["comment"]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mov", "mjpeg", "yuvj422p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mkv", "ffv1", "yuv420p10le"),
    ],
)
def test_video_of_any_container_and_codec(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    video = write_video(tmp_path / name, codec=codec, pixels=pixels)
    render(video, SHORT, "cut_off", tmp_path / "out.mp4")
    shown = numbers_shown(tmp_path / "out.mp4")
    assert len(shown) == RAMP
    assert shown == pytest.approx(range(RAMP), abs=1.01)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp3", "libmp3lame"),
        ("a.wav", "pcm_s16le"),
        ("a.ogg", "vorbis"),
        ("a.ogg", "libopus"),
        ("a.flac", "flac"),
        ("a.m4a", "aac"),
        ("a.m4a", "alac"),
    ],
)
def test_voice_of_any_container_and_codec(tmp_path: Path, name: str, codec: str) -> None:
    rate = 48_000 if codec == "libopus" else 44_100
    voice = write_tone(tmp_path / name, codec, layout="stereo", rate=rate)
    assert render(HEAD, voice, "bounce", tmp_path / "out.mp4") == pytest.approx(1.5, abs=0.06)
    assert pitch(tmp_path / "out.mp4") == pytest.approx(440, abs=3)


def test_odd_sizes_are_made_even(tmp_path: Path) -> None:
    video = write_video(tmp_path / "odd.mkv", codec="ffv1", pixels="yuv444p", size=(101, 67))
    render(video, SHORT, "cut_off", tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (100, 66)


def test_a_variable_rate_keeps_its_time(tmp_path: Path) -> None:
    # 20 pictures at full rate, then 20 at half of it: 1 s + 2 s.
    times = [*range(20), *range(20, 60, 2)]
    video = write_video(tmp_path / "variable.mkv", times=times)
    seconds = render(video, LONG, "cut_off", tmp_path / "out.mp4")
    assert seconds == pytest.approx(3, abs=0.2)
    shown = numbers_shown(tmp_path / "out.mp4")
    assert shown[len(shown) * 2 // 3] == pytest.approx(30, abs=2)


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_a_turned_video_is_put_upright(tmp_path: Path, degrees: int) -> None:
    video = write_video(tmp_path / "turned.mov", size=(96, 64), degrees=degrees)
    render(video, SHORT, "cut_off", tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as container:
        last = list(container.decode(video=0))[-1].to_ndarray(format="gray")
    # The bright half is on the right: a turn to the left takes it to the top, to the right to the bottom.
    bright = {90: last[:40], -90: last[-40:], 180: last[:, :40]}[degrees]
    assert last.shape == ((64, 96) if degrees == 180 else (96, 64))
    assert bright.mean() > last.mean() + 50


@pytest.mark.parametrize(
    ("video", "voice", "sentence"),
    [
        ("noise.mp4", None, "The video could not be read"),
        (None, "noise.mp4", "The audio could not be read"),
        (None, "empty.wav", "The audio could not be read"),
        ("voice.wav", None, "The video has no picture track"),
        (None, "silent.mp4", "The audio has no sound track"),
    ],
)
def test_unreadable_media_give_a_sentence(
    tmp_path: Path, video: str | None, voice: str | None, sentence: str
) -> None:
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(5000))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "voice.wav").symlink_to(SHORT)
    (tmp_path / "silent.mp4").symlink_to(HEAD)
    with pytest.raises(MediaError, match=sentence):
        render(
            tmp_path / video if video else HEAD,
            tmp_path / voice if voice else SHORT,
            "bounce",
            tmp_path / "out.mp4",
        )
    assert not list(tmp_path.glob("*.pictures"))


def test_sample_media_are_what_the_model_asks_for() -> None:
    with av.open(HEAD) as container:
        picture = container.streams.video[0]
        assert (picture.codec_context.name, picture.height) == ("h264", 480)
        assert float(picture.average_rate) == 25
    assert tracks(HEAD) == {"h264": 5.0}
    assert list(tracks(SHORT).values()) == [4.0]
    assert list(tracks(LONG).values()) == pytest.approx([6.0], abs=0.1)
    assert sum(path.stat().st_size for path in MEDIA.iterdir()) < 500_000


@pytest.mark.parametrize(
    ("kind", "container", "codecs"),
    [
        ("mov", "mov", ["h264", "aac"]),
        ("webm", "webm", ["vp8", "opus"]),
        ("silent", "mp4", ["h264"]),
        ("double", "mp4", ["h264", "aac"]),
    ],
)
def test_a_result_of_another_kind_is_a_real_file_of_that_kind(
    tmp_path: Path, kind: ResultKind, container: str, codecs: list[str]
) -> None:
    target = tmp_path / f"result.{container}"
    seconds = render(HEAD, SHORT, "bounce", target, kind)
    with av.open(target) as file:
        assert container in file.format.name
        assert [stream.codec_context.name for stream in file.streams] == codecs
        assert (file.duration or 0) / av.time_base == pytest.approx(seconds, abs=0.15)
    assert seconds == (8 if kind == "double" else 4)
