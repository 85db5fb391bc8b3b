"""Recipes of voices and videos, good and odd, and of files that end too early.

What each is good for is in its name. Lengths are no numbers here: tests hold them against a full decode.
"""

from collections.abc import Callable
from typing import Any

from local.sample_media.encode import encode_video, encode_voice
from local.sample_media.tamper import (
    APE,
    ID3V1,
    cover_tag,
    id3,
    id3_frame,
    last_page,
    with_asf_duration,
    with_avi_frames,
    with_data_size,
    with_edit,
    with_flac_picture,
    with_flac_samples,
    with_mp4_cover,
    with_mp4_durations,
    with_positions,
    with_wav_number,
    with_webm_duration,
    with_xing,
)

type Recipe = Callable[[], bytes]

NO_HEADER = (("write_xing", "0"), ("id3v2_version", "0"))
GARBAGE = b"\x12garbage\xff\xf1 that is no sound " * 4000


def _mp3(seconds: float = 4.0, **more: Any) -> bytes:
    return encode_voice("libmp3lame", "mp3", seconds, **more)


def _aac(**more: Any) -> bytes:
    return encode_voice("aac", "adts", **more)


def _flac(**more: Any) -> bytes:
    return encode_voice("flac", "flac", **more)


def _opus(**more: Any) -> bytes:
    return encode_voice("libopus", "ogg", **({"rate": 48_000} | more))


def _wav(codec: str = "pcm_s16le", **more: Any) -> bytes:
    return encode_voice(codec, "wav", **more)


def _m4a(codec: str = "aac", **more: Any) -> bytes:
    return encode_voice(codec, "ipod", **more)


def _wma() -> bytes:
    return encode_voice("wmav2", "asf")


def _fragmented(flags: str, **more: Any) -> bytes:
    options = (("movflags", flags), ("frag_duration", "1000000"))
    encoder = (("g", "25"), ("x264-params", "keyint=25:scenecut=0"))
    return encode_video(options=options, encoder=encoder, sound="aac", **more)


VOICES: dict[str, Recipe] = {
    "mp3 of constant rate": _mp3,
    "mp3 in stereo": lambda: _mp3(layout="stereo", bit_rate=128_000),
    "mp3 of varying rate": lambda: _mp3(encoder=(("q", "4"), ("b", "0"))),
    "mp3 without any header (L4)": lambda: _mp3(3, rate=24_000, bit_rate=32_000, options=NO_HEADER),
    "mp3 at 8 kHz (MPEG-2.5)": lambda: _mp3(rate=8000, bit_rate=16_000),
    "mp3 joined of three (L3)": lambda: _mp3() * 3,
    "mp3 joined of many short ones": lambda: _mp3(0.5) * 20,
    "mp3 joined of two rates": lambda: _mp3() + _mp3(rate=24_000),
    "mp3 of 2 s and a long rest (M5)": lambda: _mp3(2) + _mp3(40, options=NO_HEADER),
    "mp3 joined with tags between": lambda: (_mp3(3) + ID3V1 + cover_tag(50_000)) * 2 + _mp3(3),
    "mp3 with a cover of 4 MB (D8)": lambda: cover_tag(4_000_000) + _mp3(),
    "mp3 with a cover of 20 MB": lambda: cover_tag(20_000_000) + _mp3(),
    "mp3 with a text that reads Info (D8)": lambda: (
        id3(id3_frame(b"COMM", b"\0eng\0More Info: www.example.org")) + _mp3(options=NO_HEADER)
    ),
    "mp3 with two tags": lambda: id3(size=300) + cover_tag(90_000) + _mp3(),
    "mp3 with an old tag behind": lambda: _mp3() + ID3V1,
    "mp3 with an APE tag behind": lambda: _mp3() + bytes(1968) + APE,
    "mp3 with garbage behind": lambda: _mp3() + GARBAGE,
    "mp3 with zeros in front": lambda: bytes(3000) + _mp3(),
    "mp3 whose header says less": lambda: with_xing(_mp3(), frames=20, length=4000),
    "mp3 whose header says more frames": lambda: with_xing(_mp3(), frames=100_000),
    "mp2 in an mp3": lambda: encode_voice("mp2", "mp2", bit_rate=128_000),
    "aac": _aac,
    "aac in stereo at 24 kHz": lambda: _aac(layout="stereo", rate=24_000),
    "aac joined": lambda: _aac() * 2,
    "aac behind an ID3 tag": lambda: cover_tag(100_000) + _aac(),
    "aac with garbage behind": lambda: _aac() + GARBAGE,
    "flac": _flac,
    "flac in stereo at 48 kHz": lambda: _flac(layout="stereo", rate=48_000),
    "flac without a length": lambda: _flac(streamed=True),
    "flac whose header says less (M5)": lambda: with_flac_samples(_flac(), 22_050),
    "flac behind an ID3 tag (D8)": lambda: cover_tag(100_000) + _flac(),
    "flac with a cover of 10 MB": lambda: with_flac_picture(_flac(), 10_000_000),
    "flac joined": lambda: _flac() + _flac(rate=48_000),
    "flac with garbage behind": lambda: _flac() + GARBAGE,
    "flac of silence": lambda: _flac(amplitude=0),
    "opus": _opus,
    "opus of long frames": lambda: _opus(encoder=(("frame_duration", "60"),)),
    "opus of short frames": lambda: _opus(encoder=(("frame_duration", "5"),)),
    "opus chained": lambda: _opus() * 3,
    "opus whose pages all say 1 s": lambda: with_positions(_opus(), 48_000),
    "opus whose pages all say an hour": lambda: with_positions(_opus(), 48_000 * 3600),
    "opus with garbage behind": lambda: _opus() + GARBAGE,
    "vorbis": lambda: encode_voice("vorbis", "ogg", layout="stereo", encoder=(("strict", "-2"),)),
    "flac in ogg": lambda: encode_voice("flac", "ogg"),
    "wav": _wav,
    "wav of 8 bits": lambda: _wav("pcm_u8"),
    "wav of 24 bits in stereo": lambda: _wav("pcm_s24le", layout="stereo"),
    "wav of floats": lambda: _wav("pcm_f32le"),
    "wav of A-law": lambda: _wav("pcm_alaw", rate=8000),
    "wav of IMA ADPCM": lambda: _wav("adpcm_ima_wav"),
    "wav of Microsoft ADPCM": lambda: _wav("adpcm_ms"),
    "wav of mp3": lambda: _wav("libmp3lame"),
    "wav into a pipe": lambda: _wav(streamed=True),
    "wav without a size": lambda: with_data_size(_wav(), 0),
    "wav with a list behind": lambda: _wav() + b"LIST" + (5000).to_bytes(4, "little") + bytes(5000),
    "wav with garbage behind": lambda: _wav() + GARBAGE,
    "wav with wrong bytes a second": lambda: with_wav_number(_wav(), 28, 8_820_000),
    "wav joined": lambda: _wav() * 2,
    "m4a": _m4a,
    "m4a at 24 kHz": lambda: _m4a(rate=24_000),
    "m4a of ALAC": lambda: _m4a("alac"),
    "m4a with a cover of 3 MB": lambda: with_mp4_cover(_m4a(), 3_000_000),
    "m4a whose headers say less": lambda: with_mp4_durations(_m4a(), 100),
    "m4a whose headers say more": lambda: with_mp4_durations(_m4a(), 1_000_000_000),
    "m4a of which a part is played": lambda: with_edit(_m4a(), 66_150),
    "m4a with garbage behind": lambda: _m4a() + GARBAGE,
    "m4a in fragments": lambda: _m4a(
        options=(("movflags", "empty_moov+default_base_moof"), ("frag_duration", "500000"))
    ),
    "mp3 in an mp4": lambda: encode_voice("libmp3lame", "mp4"),
    "wma": _wma,
    "wma whose header says less": lambda: with_asf_duration(_wma(), 0.5),
}
VIDEOS: dict[str, Recipe] = {
    "mp4": encode_video,
    "mp4 with a voice": lambda: encode_video(sound="aac"),
    "mp4 with its index in front": lambda: encode_video(options=(("movflags", "faststart"),)),
    "mp4 of 60 frames/s": lambda: encode_video(fps=60, frames=240),
    "mp4 of varying rate": lambda: encode_video(times=(*range(0, 40), *range(41, 90, 3))),
    "mp4 of HEVC or MPEG-4": lambda: encode_video("mpeg4"),
    "mp4 whose headers say less": lambda: with_mp4_durations(encode_video(), 100),
    "mp4 whose headers say more": lambda: with_mp4_durations(encode_video(), 1_000_000_000),
    "mp4 with garbage behind": lambda: encode_video() + GARBAGE,
    "mp4 in fragments of 1 s (D7)": lambda: _fragmented(
        "empty_moov+default_base_moof", frames=500, bit_rate=3_000_000
    ),
    "mp4 in CMAF fragments (D6)": lambda: _fragmented("cmaf+frag_keyframe"),
    "mp4 in DASH fragments (D6)": lambda: _fragmented("dash+frag_keyframe"),
    "mp4 in fragments by key frames": lambda: _fragmented("frag_keyframe"),
    "mov": lambda: encode_video(form="mov", sound="aac"),
    "webm": lambda: encode_video("libvpx", "webm", sound="libopus"),
    "webm whose voice is longer": lambda: encode_video("libvpx", "webm", sound="libopus", sound_seconds=9),
    "webm whose voice is shorter": lambda: encode_video("libvpx", "webm", sound="libopus", sound_seconds=1),
    "mp4 whose voice is longer": lambda: encode_video(sound="aac", sound_seconds=9),
    "avi whose voice is longer": lambda: encode_video("mpeg4", "avi", sound="libmp3lame", sound_seconds=9),
    "mp4 of which a part is played": lambda: with_edit(encode_video(), 1000),
    "mp4 joined": lambda: encode_video() * 2,
    "webm joined": lambda: encode_video("libvpx", "webm") * 2,
    "avi joined": lambda: encode_video("mpeg4", "avi") * 2,
    "webm of VP9": lambda: encode_video("libvpx-vp9", "webm", encoder=(("deadline", "realtime"),)),
    "webm from a browser": lambda: encode_video("libvpx", "webm", streamed=True),
    "webm from a browser, last cluster of 2 MiB (D12)": lambda: encode_video(
        "libvpx",
        "webm",
        bit_rate=30_000_000,
        streamed=True,
        encoder=(("deadline", "realtime"), ("cpu-used", "8")),
        options=(("cluster_time_limit", "60000"), ("cluster_size_limit", "50000000")),
    ),
    "webm that calls itself Matroska (D12)": lambda: encode_video("libvpx", "matroska"),
    "webm whose header says less": lambda: with_webm_duration(encode_video("libvpx", "webm"), 500),
    "webm whose header says more": lambda: with_webm_duration(encode_video("libvpx", "webm"), 5_000_000),
    "matroska of H.264": lambda: encode_video(form="matroska", sound="aac"),
    "avi": lambda: encode_video("mpeg4", "avi", sound="libmp3lame"),
    "avi of JPEGs": lambda: encode_video("mjpeg", "avi"),
    "avi with 182 bytes behind (D12)": lambda: encode_video("mpeg4", "avi") + bytes(range(182)),
    "avi whose header says less": lambda: with_avi_frames(encode_video("mpeg4", "avi"), 10),
}


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _behind_index(mp4: bytes) -> bytes:
    return mp4[: mp4.index(b"mdat") + 4]


CUT_OFF: dict[str, Recipe] = {
    "flac in half (D9)": lambda: _half(_flac()),
    "ogg in its last page (D9)": lambda: _opus()[: last_page(_opus()) + 300],
    "ogg in the header of a page": lambda: _opus()[: last_page(_opus()) + 20],
    "wav in half": lambda: _half(_wav()),
    "mp3 in half": lambda: _half(_mp3()),
    "mp3 in half, with a cover": lambda: _half(cover_tag(5000) + _mp3(8)),
    "wma in half": lambda: _half(_wma()),
    "m4a in half": lambda: _half(_m4a()),
    "m4a without its last bytes": lambda: _m4a()[:-30],
    "mp4 right behind its index (D9)": lambda: _behind_index(
        encode_video(options=(("movflags", "faststart"),))
    ),
    "mp4 in the last frame": lambda: encode_video(options=(("movflags", "faststart"),))[:-10],
    "mp4 whose index was never written": lambda: encode_video()[: encode_video().rindex(b"moov") - 4],
    "mp4 in a fragment": lambda: _half(_fragmented("frag_keyframe")),
    "webm in half": lambda: _half(encode_video("libvpx", "webm")),
    "avi in half": lambda: _half(encode_video("mpeg4", "avi")),
}
