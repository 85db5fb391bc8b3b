"""The media probe on real media, on damaged media, and on files that are made to harm it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipdrop.media.file_type import sniff
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import ProbeResult, probe
from lipdrop.media.range_reader import BLOCK_BYTES, MAX_BYTES_READ, MOST_READS, RangeReader
from lipdrop.model.wording import how_large
from local.sample_media import drops as media
from local.sample_media.encode import encode_video, encode_voice
from local.sample_media.tamper import with_thumbnail


@pytest.fixture(scope="module")
def parser() -> Iterator[MediaInfoPool]:
    with MediaInfoPool() as made:
        yield made


def ranged(body: bytes, **limits: int) -> RangeReader:
    return RangeReader(lambda start, length: body[start : start + length], len(body), **limits)


def seen(body: bytes, parser: MediaInfoPool) -> ProbeResult:
    return probe(ranged(body), parser)


@pytest.mark.parametrize(
    ("ending", "container", "codec"),
    [
        ("mp4", "MPEG-4", "AVC"),
        ("mov", "MPEG-4", "AVC"),
        ("webm", "WebM", "VP8"),
        ("avi", "AVI", "MPEG-4 Visual"),
    ],
)
def test_a_video_of_every_kind_is_understood(
    ending: str, container: str, codec: str, parser: MediaInfoPool
) -> None:
    told = seen(media.video(ending, sound=True), parser)

    assert (told.container, told.truncated, told.encrypted, told.broken) == (container, False, False, False)
    assert told.picture
    assert (told.picture.codec, told.picture.width, told.picture.height) == (codec, 640, 480)
    assert told.picture.fps == 25
    assert told.picture.seconds == pytest.approx(1, abs=0.1)
    assert told.sound
    assert told.media.video_codec == codec


@pytest.mark.parametrize("ending", ["wav", "mp3", "ogg", "flac", "m4a", "aac", "wma"])
def test_a_voice_of_every_kind_is_understood(ending: str, parser: MediaInfoPool) -> None:
    told = seen(media.voice(ending, 2.0), parser)

    assert told.sound
    assert not told.picture
    assert not told.truncated
    assert told.seconds == pytest.approx(2, abs=0.1)
    assert told.estimated == (ending == "aac")


def test_a_length_that_was_not_written_is_worked_out(parser: MediaInfoPool) -> None:
    recorded = seen(media.streamed_webm(50), parser)
    streamed = seen(media.voice("wav", streamed=True), parser)

    assert recorded.estimated
    assert recorded.seconds == pytest.approx(2, abs=0.1)
    assert not recorded.truncated
    assert streamed.seconds == pytest.approx(1, abs=0.01)
    assert not streamed.truncated


def test_an_mp3_of_varying_rate_without_header_is_measured_over_its_whole_length(
    parser: MediaInfoPool,
) -> None:
    frame = 1152 / 44100
    told = seen(media.mp3_frames((320, 1500), (32, 6000), (128, 1500)), parser)

    assert told.estimated
    assert told.seconds == pytest.approx(9000 * frame, rel=0.1)


@pytest.mark.parametrize(
    ("codec", "pixels", "ending"), [("libvpx-vp9", "yuva420p", "webm"), ("qtrle", "argb", "mov")]
)
def test_transparency_is_seen(codec: str, pixels: str, ending: str, parser: MediaInfoPool) -> None:
    told = seen(media.video(ending, frames=3, codec=codec, pixels=pixels), parser)

    assert told.picture
    assert told.picture.alpha


VOICES_BY_CODEC = {
    "mp3": ("libmp3lame", "mp3", 44_100),
    "aac": ("aac", "adts", 44_100),
    "m4a": ("aac", "ipod", 44_100),
    "flac": ("flac", "flac", 44_100),
    "opus": ("libopus", "ogg", 48_000),
    "wav": ("pcm_s16le", "wav", 44_100),
    "wav of 24 bits": ("pcm_s24le", "wav", 44_100),
    "wav of floats": ("pcm_f32le", "wav", 44_100),
}


@pytest.mark.parametrize(("codec", "form", "rate"), VOICES_BY_CODEC.values(), ids=VOICES_BY_CODEC)
def test_a_silent_voice_is_noticed_and_a_quiet_one_is_not_taken_for_it(
    codec: str, form: str, rate: int, parser: MediaInfoPool
) -> None:
    assert seen(encode_voice(codec, form, 4, rate=rate, amplitude=0), parser).silent
    assert not seen(encode_voice(codec, form, 4, rate=rate, amplitude=60), parser).silent
    assert not seen(encode_voice(codec, form, 4, rate=rate), parser).silent


@pytest.mark.parametrize("size", [(640, 480), (1280, 720)])
def test_a_still_or_black_picture_is_noticed(size: tuple[int, int], parser: MediaInfoPool) -> None:
    usual: dict[str, Any] = {"encoder": (("preset", "medium"), ("crf", "23")), "frames": 60, "size": size}

    assert seen(encode_video(moving=False, **usual), parser).still
    assert seen(encode_video(moving=False, black=True, **usual), parser).still
    assert not seen(encode_video(**usual), parser).still
    assert not seen(Path("local/media/talking-head.mp4").read_bytes(), parser).still


def test_a_cover_that_comes_first_is_not_taken_for_the_video(parser: MediaInfoPool) -> None:
    told = seen(with_thumbnail(encode_video(frames=50)), parser)

    assert told.picture
    assert told.picture.codec == "AVC"
    assert told.picture.seconds == 2


@pytest.mark.parametrize("flags", ["cmaf+frag_keyframe", "dash+frag_keyframe", "frag_keyframe+empty_moov"])
def test_mp4_is_recognized_by_its_boxes_whatever_its_brands(flags: str, parser: MediaInfoPool) -> None:
    assert seen(encode_video(options=(("movflags", flags),)), parser).container == "MPEG-4"


@pytest.mark.parametrize("index_first", [True, False])
def test_of_a_large_file_only_a_little_is_read(index_first: bool, parser: MediaInfoPool) -> None:
    """The index before or behind 3 GB of media; the full measurement is benchmarks/preflight.py."""
    head, tail = media.split_by_media(media.video(frames=250), 3_000_000_000, index_first=index_first)
    size = 3_000_000_000 + len(head) + len(tail)

    def fetch(start: int, length: int) -> bytes:
        front = head[start : start + length]
        back = tail[max(0, start - size + len(tail)) :] if start + length > size - len(tail) else b""
        return (front + bytes(max(0, length - len(front) - len(back))) + back)[:length]

    file = RangeReader(fetch, size)
    told = probe(file, parser)

    assert told.seconds == pytest.approx(10, abs=0.1)
    assert file.bytes_read < MAX_BYTES_READ / 4


def test_reads_end_with_the_allowance() -> None:
    file = ranged(bytes(10 * BLOCK_BYTES), most_bytes=3 * BLOCK_BYTES, most_reads=5)

    assert [len(file.read_at(n * BLOCK_BYTES, BLOCK_BYTES)) for n in range(5)] == [BLOCK_BYTES] * 3 + [0, 0]
    assert file.exhausted
    assert file.read_at(5, 5) == bytes(5), "the beginning is kept"


def test_an_index_beyond_the_allowance_is_no_catastrophe(parser: MediaInfoPool) -> None:
    told = probe(ranged(media.video(frames=100), most_bytes=1000), parser)

    assert told.container in ("MPEG-4", "")


REAL = st.sampled_from(
    [("video", ending) for ending in media.VIDEO_CODECS]
    + [("voice", ending) for ending in media.VOICE_CODECS]
)


@given(REAL, st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=9)), max_size=20), st.data())
def test_no_damage_harms_the_caller(
    parser: MediaInfoPool, real: tuple[str, str], wounds: list[tuple[float, bytes]], data: st.DataObject
) -> None:
    kind, ending = real
    body = bytearray(media.video(ending, sound=True) if kind == "video" else media.voice(ending))
    for place, bytes_ in wounds:
        at = int(place**3 * len(body))  # mostly near the beginning, where the structure is
        body[at : at + len(bytes_)] = bytes_
    file = ranged(bytes(body[: data.draw(st.integers(0, len(body)), "cut") or len(body)]))

    told = probe(file, parser)

    assert told.size == file.size
    assert file.bytes_read <= MAX_BYTES_READ
    assert file.reads <= MOST_READS
    assert told.seconds is None or told.seconds > 0


@given(st.binary(max_size=2000))
def test_noise_is_no_media(parser: MediaInfoPool, body: bytes) -> None:
    assert probe(ranged(body), parser).picture is None


def _children() -> list[int]:
    """Return the processes of MediaInfo that this one has started."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(pid)
        for pid in listed
        if b"lipdrop.media.mediainfo_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def during_a_look(act: Callable[[int], None], parser: MediaInfoPool) -> ProbeResult:
    """Probe a video; do something about MediaInfo's process while it waits for bytes behind the beginning."""
    body = media.video() + media.box(b"free", bytes(4 * BLOCK_BYTES)) + media.box(b"moov")
    before = set(_children())

    def fetch(start: int, length: int) -> bytes:
        for pid in set(_children()) - before:
            act(pid)
        return body[start : start + length]

    return probe(RangeReader(fetch, len(body)), parser)


def test_a_parser_that_dies_is_the_files_fault_and_the_next_look_has_another() -> None:
    with MediaInfoPool() as parser:
        told = during_a_look(lambda pid: os.kill(pid, signal.SIGSEGV), parser)

        assert told.broken
        assert not told.container
        assert seen(media.voice(), parser).sound


def test_a_file_that_keeps_the_parser_busy_for_ever_is_given_up_soon(parser: MediaInfoPool) -> None:
    assert seen(media.count_bomb(), parser).broken
    assert seen(media.voice(), parser).sound


def test_the_parser_has_no_environment_and_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    found = {}

    def look_around(pid: int) -> None:
        found["environment"] = Path(f"/proc/{pid}/environ").read_bytes()
        found["limits"] = Path(f"/proc/{pid}/limits").read_bytes()

    with MediaInfoPool() as parser:
        during_a_look(look_around, parser)

    names = {line.partition(b"=")[0] for line in found["environment"].split(b"\0") if line}
    assert names <= {b"PYTHONPATH", b"LD_LIBRARY_PATH"}
    assert b"Max address space         201326592" in found["limits"]
    assert b"Max core file size        0" in found["limits"]


def test_reads_that_take_for_ever_end_in_a_timeout_that_is_retried() -> None:
    def wait_for_the_end(pid: int) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.01)

    with MediaInfoPool(seconds=0.2) as parser, pytest.raises(TimeoutError):
        during_a_look(wait_for_the_end, parser)


def test_what_reading_raises_is_raised_and_leaves_no_process() -> None:
    before = set(_children())

    def fetch(start: int, length: int) -> bytes:
        raise ConnectionError("S3 is away")

    with MediaInfoPool() as parser, pytest.raises(ConnectionError):
        probe(RangeReader(fetch, 100), parser)
    assert set(_children()) == before


def test_a_parser_that_does_not_start_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["/nowhere"])

    with MediaInfoPool() as parser, pytest.raises(RuntimeError, match="does not start"):
        seen(b"x", parser)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", ""),
        (b"\x01\x02\x00\x03", ""),
        (b" \n<HTML lang=en>", "HTML page"),
        (b"<!-- x -->\n<!DOCTYPE html>", "HTML page"),
        (b"<svg xmlns=", "SVG picture"),
        (b'[{"a": 1}]', "JSON file"),
        (b"WEBVTT\n", "subtitle file"),
        (b"MZ\x90\0", "program"),
        (b"<!---->" * 140, "text file"),
        (b"<?xml " * 170, "XML file"),
        (bytes(5), "row of zero bytes"),
        ("Grüße".encode(), "text file"),
    ],
)
def test_what_is_no_media_is_called_by_its_name(head: bytes, words: str) -> None:
    assert sniff(head) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (4096, "4 kB"),
        (2_149_000_000, "2.1 GB"),
        (88_278, "88 kB"),
    ],
)
def test_sizes_are_said_as_people_say_them(size: int, words: str) -> None:
    assert how_large(size) == words
