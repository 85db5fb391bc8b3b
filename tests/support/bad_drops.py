"""Bad drops, each with the error that must be reported: none may be ignored, and none may reach Segmind.

Each is in a folder of its own, named after the case, so all can be dropped into one bucket at once. What
comes of a case is exactly `refusals` notifications with `code` and a message that `message` matches.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.sample_media import drops as media
from local.sample_media.encode import encode_video, encode_voice

LINK = "https://example.com/a.mp4"


@dataclass(frozen=True)
class Put:
    """One upload. The body is made only when it is needed."""

    key: str
    body: Callable[[], bytes]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BadDrop:
    """`settings` are parameters of the stack that the case needs; most need none but the defaults."""

    name: str
    puts: tuple[Put, ...]
    code: str
    message: str
    refusals: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


def voice(name: str, file: str, body: Callable[[], bytes], code: str, message: str, **more: Any) -> BadDrop:
    """A bad voice beside a good video."""
    return _pair(name, Put("video.mp4", media.video), Put(file, body), code, message, **more)


def video(name: str, file: str, body: Callable[[], bytes], code: str, message: str, **more: Any) -> BadDrop:
    """A bad video beside a good voice."""
    return _pair(name, Put(file, body), Put("fr.mp3", media.voice), code, message, **more)


def option(name: str, file: str, metadata: Mapping[str, str], message: str) -> BadDrop:
    """Good media with bad metadata on one of them."""
    puts = {"video.mp4": media.video, "fr.mp3": media.voice}
    made = tuple(
        Put(f"inbox/{name}/{key}", body, metadata if key == file else {}) for key, body in puts.items()
    )
    return BadDrop(name, made, "INVALID_OPTION", message)


def manifest(name: str, content: Any, code: str, message: str, *more: Put, **rest: Any) -> BadDrop:
    """A bad manifest, given as its text or as what is written in it."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return BadDrop(name, (*more, Put(f"jobs/{name}-list.json", lambda: text)), code, message, **rest)


def job(**fields: Any) -> dict[str, Any]:
    """A manifest entry that is right but for `fields`; None takes one away."""
    known = {"video_url": LINK, "audio_url": "https://example.com/a.mp3"} | fields
    return {name: value for name, value in known.items() if value is not None}


def _pair(name: str, one: Put, other: Put, code: str, message: str, **more: Any) -> BadDrop:
    puts = tuple(Put(f"inbox/{name}/{put.key}", put.body, put.metadata) for put in (one, other))
    return BadDrop(name, puts, code, message, **more)


def _bytes(body: bytes) -> Callable[[], bytes]:
    return lambda: body


def _files(name: str, *keys: str) -> tuple[Put, ...]:
    kinds = {"mp3": media.voice, "mp4": media.video, "mov": media.video}
    return tuple(Put(f"inbox/{name}/{key}", kinds.get(key.rpartition(".")[2], _bytes(b"x"))) for key in keys)


HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>" + b"<p>Please sign in.</p>" * 180
XML_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01" + b"\x11" * 2000
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\x11" * 2000
GIF = b"GIF89a\x80\x02\xe0\x01\x80\0\0" + b"\x11" * 2000
AMR = b"#!AMR\n" + (b"\x3c" + b"\x55" * 31) * 100
NOISE = bytes((n * n * 31 + n // 7 * 17) % 251 for n in range(5000))

VOICES = (
    voice("v-empty", "fr.mp3", _bytes(b""), "MEDIA_UNREADABLE", r"^fr\.mp3 is empty \(0 bytes\)"),
    voice(
        "v-html", "fr.mp3", _bytes(HTML), "NO_SOUND", r"^fr\.mp3 holds no sound: it is a 4 kB HTML page\.$"
    ),
    voice("v-json", "fr.wav", _bytes(b'{"error": "no"}'), "NO_SOUND", r"it is a 15-byte JSON file"),
    voice("v-s3-error", "fr.mp3", _bytes(XML_ERROR), "NO_SOUND", r"it is .* S3 error message"),
    voice("v-zip", "fr.wav", _bytes(b"PK\x03\x04" + NOISE), "NO_SOUND", r"it is a 5 kB ZIP archive"),
    voice("v-jpeg", "fr.mp3", _bytes(JPEG), "NO_SOUND", r"it is a 2 kB JPEG picture"),
    voice("v-text", "fr.ogg", _bytes(b"Hello! " * 200), "NO_SOUND", r"it is a 1 kB text file"),
    voice("v-subtitles", "fr.mp3", _bytes(b"1\n00:00:01,000 --> 2"), "NO_SOUND", r"subtitle file"),
    voice("v-playlist", "fr.mp3", _bytes(b"#EXTM3U\nhttp://x"), "NO_SOUND", r"playlist"),
    voice("v-lfs", "fr.wav", _bytes(b"version https://git-lfs.github.com/spec/v1\n"), "NO_SOUND", r"Git LFS"),
    voice("v-pdf", "fr.mp3", _bytes(b"%PDF-1.7\n" + NOISE), "NO_SOUND", r"PDF document"),
    voice("v-zeros", "fr.mp3", _bytes(bytes(50_000)), "NO_SOUND", r"it is a 50 kB row of zero bytes"),
    voice("v-noise", "fr.flac", _bytes(NOISE), "NO_SOUND", r"it is a 5 kB file of no known kind"),
    voice("v-cut-wav", "fr.wav", lambda: media.voice("wav")[:40_000], "MEDIA_UNREADABLE", r"is cut off"),
    voice("v-cut-mp3", "fr.mp3", lambda: media.voice("mp3")[:4_000], "MEDIA_UNREADABLE", r"is cut off"),
    voice("v-no-samples", "fr.wav", lambda: media.silent_wav(0), "MEDIA_UNREADABLE", r"how long it is"),
    voice(
        "v-aiff-as-wav",
        "fr.wav",
        lambda: encode_voice("pcm_s16be", "aiff"),
        "UNSUPPORTED_FILE",
        r"it is an AIFF file\. Convert it: ffmpeg -i fr\.wav -vn fr\.flac$",
    ),
    voice(
        "v-amr-as-mp3",
        "fr.mp3",
        _bytes(AMR),
        "UNSUPPORTED_FILE",
        r"Convert it: ffmpeg -i fr\.mp3 -vn fr\.wav$",
    ),
    voice("v-silent-m4a", "fr.m4a", media.video, "NO_SOUND", r"^fr\.m4a holds no sound: .* but picture"),
    voice(
        "v-too-long", "fr.wav", lambda: media.silent_wav(301), "MEDIA_TOO_LONG", r"301 s long; at most 300 s"
    ),
    voice(
        "v-too-large",
        "fr.wav",
        lambda: media.voice("wav"),
        "MEDIA_TOO_LARGE",
        r"^fr\.wav has 88 kB; at most 50 kB are sent",
        settings={"max_media_bytes": 50_000},
    ),
    voice(
        "v-too-dear",
        "fr.wav",
        lambda: media.silent_wav(100),
        "COST_LIMIT",
        r"^100 s of result would cost about \$8\.40; MaxJobCost is \$5\.00",
        settings={"max_job_cost": 5},
    ),
)

VIDEOS = (
    video("f-empty", "video.mp4", _bytes(b""), "MEDIA_UNREADABLE", r"^video\.mp4 is empty"),
    video("f-html", "video.mp4", _bytes(HTML), "NO_PICTURE", r"holds no picture: it is a 4 kB HTML page"),
    video("f-png", "video.mp4", _bytes(PNG), "NO_PICTURE", r"it is a 2 kB PNG picture"),
    video("f-gif", "video.mov", _bytes(GIF), "NO_PICTURE", r"it is a 2 kB GIF picture"),
    video(
        "f-heic", "video.mp4", _bytes(media.box(b"ftyp", b"heic\0\0\0\0heic") + NOISE), "NO_PICTURE", r"HEIF"
    ),
    video("f-sound-only", "video.mp4", lambda: media.voice("mp4"), "NO_PICTURE", r"nothing but sound"),
    video("f-one-frame", "video.mp4", lambda: media.video(frames=1), "NO_PICTURE", r"holds a single frame"),
    video("f-cut-index-last", "video.mp4", lambda: media.video()[:2000], "MEDIA_UNREADABLE", r"is cut off"),
    video(
        "f-cut-index-first",
        "video.mp4",
        lambda: media.video(index_first=True)[:-800],
        "MEDIA_UNREADABLE",
        r"is cut off",
    ),
    video("f-cut-webm", "video.webm", lambda: media.video("webm")[:-900], "MEDIA_UNREADABLE", r"is cut off"),
    video("f-cut-avi", "video.avi", lambda: media.video("avi")[:-9000], "MEDIA_UNREADABLE", r"is cut off"),
    video("f-small", "video.mp4", lambda: media.video(size=(320, 200)), "FRAME_SIZE", r"is 320x200; .* 240"),
    video("f-narrow", "video.mp4", lambda: media.video(size=(200, 640)), "FRAME_SIZE", r"is 200x640"),
    video("f-wide", "video.mp4", lambda: media.video(size=(4112, 480), frames=2), "FRAME_SIZE", r"4112x480"),
    video("f-tall", "video.mp4", lambda: media.video(size=(480, 4112), frames=2), "FRAME_SIZE", r"480x4112"),
    video(
        "f-too-long",
        "video.mp4",
        lambda: media.video(frames=302, fps=1),
        "MEDIA_TOO_LONG",
        r"302 s long; at most 300 s",
    ),
    video(
        "f-mkv-as-mp4", "video.mp4", lambda: media.video("mkv"), "UNSUPPORTED_FILE", r"a Matroska.* ffmpeg -i"
    ),
    video(
        "f-ts-as-mp4",
        "video.mp4",
        lambda: encode_video(form="mpegts"),
        "UNSUPPORTED_FILE",
        r"it is an MPEG-TS file\. Convert it: ffmpeg -i video\.mp4 -c:v libx264 .* video\.mov$",
    ),
    video(
        "f-unfinished",
        "video.mp4",
        lambda: media.video()[: media.video().rindex(b"moov") - 4],
        "MEDIA_UNREADABLE",
        r"is cut off, or a recording that was never finished: its index",
    ),
    video("f-only-ftyp", "video.mp4", _bytes(media.FTYP), "NO_PICTURE", r"an? .* MP4 file without any"),
    video("f-nested-boxes", "video.mp4", lambda: media.nested_boxes(4000), "NO_PICTURE", r"holds no picture"),
    video(
        "f-many-boxes",
        "video.mp4",
        lambda: media.FTYP + media.box(b"moov", media.box(b"trak") * 200_000),
        "NO_PICTURE",
        r"holds no picture",
    ),
    video(
        "f-endless-box",
        "video.mp4",
        _bytes(media.FTYP + b"\0\0\0\x01moov" + (2**62).to_bytes(8) + NOISE),
        "MEDIA_UNREADABLE",
        r"is cut off",
    ),
    video(
        "f-box-of-no-size",
        "video.mp4",
        _bytes(media.FTYP + b"\0\0\0\0moov" + media.box(b"trak") * 9000),
        "NO_PICTURE",
        r"holds no picture",
    ),
    video("f-count-bomb", "video.mp4", media.count_bomb, "MEDIA_UNREADABLE", r"is damaged so badly"),
    BadDrop(
        "f-three-voices",
        (
            Put("inbox/f-three-voices/clip.mp4", _bytes(HTML)),
            *(Put(f"inbox/f-three-voices/clip{label}.mp3", media.voice) for label in ("", ".fr", ".es")),
        ),
        "NO_PICTURE",
        r"^clip\.mp4 holds no picture",
        refusals=3,
    ),
)

NAMES = (
    BadDrop(
        "n-two-endings",
        _files("n-two-endings", "clip.mp4", "clip.MOV", "clip.mp3"),
        "AMBIGUOUS_VIDEO",
        r"^clip\.mp3 fits clip\.MOV and clip\.mp4",
    ),
    BadDrop(
        "n-two-rules",
        _files("n-two-rules", "clip.mp4", "video.mp4", "clip.fr.mp3"),
        "AMBIGUOUS_VIDEO",
        r"^clip\.fr\.mp3 fits clip\.mp4 and video\.mp4",
    ),
    BadDrop(
        "n-labelled-video",
        _files("n-labelled-video", "clip.mp4", "clip.fr.mp4", "clip.fr.mp3"),
        "AMBIGUOUS_VIDEO",
        r"fits clip\.fr\.mp4 and clip\.mp4",
    ),
    BadDrop("n-text", _files("n-text", "notes.txt"), "UNSUPPORTED_FILE", r"^notes\.txt is neither a video"),
    BadDrop(
        "n-mkv",
        _files("n-mkv", "clip.mkv"),
        "UNSUPPORTED_FILE",
        r"^clip\.mkv is neither .* ffmpeg -i clip\.mkv .* clip\.mp4$",
    ),
    *(
        BadDrop(
            f"n-{ending}",
            _files(f"n-{ending}", f"clip.fr.{ending}"),
            "UNSUPPORTED_FILE",
            rf"^clip\.fr\.{ending} is neither .* ffmpeg -i clip\.fr\.{ending} .*clip\.fr\.\w+$",
        )
        for ending in ("ts", "aiff", "amr", "3gp")
    ),
    BadDrop(
        "n-sidecars",
        _files("n-sidecars", "fr.srt", "clip.xmp", "IMG.AAE", "GOPR.THM", "Icon\r", "clip.mp4~", "fr.docx"),
        "UNSUPPORTED_FILE",
        r"^fr\.docx is neither",
    ),
    BadDrop(
        "n-manifest-in-inbox",
        _files("n-manifest-in-inbox", "list.json"),
        "UNSUPPORTED_FILE",
        r"^list\.json is neither .*; a manifest is uploaded under jobs/",
    ),
    BadDrop("n-no-ending", _files("n-no-ending", "README"), "UNSUPPORTED_FILE", r"^README is neither"),
    BadDrop(
        "n-no-manifest",
        (Put("jobs/n-no-manifest/list.csv", _bytes(b"a,b")),),
        "UNSUPPORTED_FILE",
        r"^list\.csv is no manifest",
    ),
)

OPTIONS = (
    option(
        "o-sync-mode",
        "fr.mp3",
        {"sync-mode": "boomerang"},
        r"^fr\.mp3: sync-mode: invalid value; allowed: one of bounce, loop",
    ),
    option(
        "o-temperature",
        "fr.mp3",
        {"temperature": "2"},
        r"temperature: invalid value; allowed: a number from 0",
    ),
    option("o-nan", "fr.mp3", {"temperature": "nan"}, r"temperature: invalid value"),
    option("o-comma", "video.mp4", {"temperature": "0,5"}, r"^video\.mp4: temperature: invalid value"),
    option(
        "o-boolean",
        "fr.mp3",
        {"auto-active-speaker-detection": "maybe"},
        r"auto-active-speaker-detection: invalid value; allowed: true or false",
    ),
    option(
        "o-two",
        "video.mp4",
        {"occlusion-detection-enabled": "", "sync-mode": "BOUNCE"},
        r"occlusion-detection-enabled: empty; .*sync-mode: ",
    ),
)

MANIFESTS = (
    manifest(
        "m-text", b"please make a video", "INVALID_MANIFEST", r"list\.json is not JSON: .* line 1 column 1"
    ),
    manifest("m-empty", b"", "INVALID_MANIFEST", r"is not JSON"),
    manifest("m-latin", '{"name": "Zoé"}'.encode("latin-1"), "INVALID_MANIFEST", r"byte 12 is not UTF-8"),
    manifest("m-deep", b"[" * 100_000, "INVALID_MANIFEST", r"is not JSON: it is nested too deeply"),
    manifest(
        "m-nan",
        json.dumps(job(temperature=float("nan"))).encode(),
        "INVALID_OPTION",
        r"temperature: given a number",
    ),
    manifest("m-no-entries", [], "INVALID_MANIFEST", r"is a list of 0 entries; allowed: 1 to 1,000"),
    manifest("m-too-many", [job()] * 1001, "INVALID_MANIFEST", r"is a list of 1,001 entries"),
    manifest("m-too-large", b" " * 8_400_000, "INVALID_MANIFEST", r"has 8\.4 MB; allowed: 8\.4 MB"),
    manifest(
        "m-no-object",
        5,
        "INVALID_MANIFEST",
        r"^The manifest: given a number; allowed: an object with video_url",
    ),
    manifest(
        "m-numbers",
        [1, "2"],
        "INVALID_MANIFEST",
        r"^Entry [12]: given a (number|string); allowed",
        refusals=2,
    ),
    manifest(
        "m-field", job(webhook="x"), "INVALID_MANIFEST", r'"webhook": not known; allowed: only the fields'
    ),
    manifest("m-no-audio", job(audio_url=None), "INVALID_MANIFEST", r"audio: given nothing; allowed: either"),
    manifest("m-both", job(video="a.mp4"), "INVALID_MANIFEST", r"video: given video and video_url; allowed"),
    manifest(
        "m-http", job(video_url="http://x/a.mp4"), "INVALID_MANIFEST", r"video_url: .*allowed: an https"
    ),
    manifest(
        "m-password",
        job(video_url="https://u:hush@x/a"),
        "INVALID_MANIFEST",
        r"^The manifest: video_url: given a string; allowed: an https",
    ),
    manifest("m-inbox", job(video="inbox/a.mp4", video_url=None), "INVALID_MANIFEST", r"outside inbox/"),
    manifest(
        "m-bucket", job(video="s3://other/a.mp4", video_url=None), "INVALID_MANIFEST", r"s3://<drop buck"
    ),
    manifest("m-dots", job(video="a/../inbox/b.mp4", video_url=None), "INVALID_MANIFEST", r"video: given"),
    manifest(
        "m-missing", job(video="no/a.mp4", video_url=None), "MEDIA_MISSING", r"^no/a\.mp4 was not found"
    ),
    manifest(
        "m-ending",
        job(audio="a/b.txt", audio_url=None),
        "UNSUPPORTED_FILE",
        r"^audio: not the name of a voice; allowed: ",
    ),
    manifest(
        "m-hot",
        job(temperature=1.5),
        "INVALID_OPTION",
        r"temperature: given a number; allowed: a number from",
    ),
    manifest("m-mode", [job(sync_mode="x")], "INVALID_OPTION", r"^Entry 1: sync_mode: given a string; all"),
    manifest(
        "m-boolean",
        job(occlusion_detection_enabled=1),
        "INVALID_OPTION",
        r"given a number; allowed: true or false",
    ),
    manifest("m-dry", job(dry_run="yes"), "INVALID_MANIFEST", r"dry_run: given a string; allowed: true"),
    manifest("m-twice", b'{"name": "a", "name": "b"}', "INVALID_MANIFEST", r'"name": given twice'),
    *(
        manifest(
            f"m-name-{number}", job(name=name), "INVALID_MANIFEST", r"name: given .*; allowed: the result's"
        )
        for number, name in enumerate(("../x", "a/./b", "/a", "a/", "a//b", " ", "", "a\nb", "x" * 1001, 5))
    ),
    manifest(
        "m-media",
        job(audio="media/m-media/fr.mp3", audio_url=None),
        "NO_SOUND",
        r"^fr\.mp3 holds no sound: it is a 4 kB HTML page",
        Put("media/m-media/fr.mp3", _bytes(HTML)),
    ),
)

BAD_DROPS = (*VOICES, *VIDEOS, *NAMES, *OPTIONS, *MANIFESTS)
