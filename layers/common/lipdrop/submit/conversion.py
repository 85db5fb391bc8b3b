"""The one ffmpeg command that turns a file into one that is accepted, for that very file name.

Nothing is converted here: it would take minutes and a codec licence, and changes what the sender hears.
The sender has the original, and one command to copy.
"""

import shlex

from lipdrop.drops.pairing import parse

OTHER_VIDEOS = (
    *("mkv", "ts", "mts", "m2ts", "flv", "wmv", "asf", "mpg", "mpeg", "vob", "ogv", "mxf", "3gp", "3g2"),
    *("f4v", "rm", "rmvb", "dv", "divx", "y4m", "gif"),
)
OTHER_VOICES = (
    "aiff",
    "aif",
    "aifc",
    "amr",
    "awb",
    "3ga",
    "caf",
    "ac3",
    "eac3",
    "dts",
    "ape",
    "wv",
    "mka",
    "weba",
    "au",
    "mp2",
)
"""Endings of media that ffmpeg reads and sync.so does not (its page on media formats)."""
VIDEO_OPTIONS = "-c:v libx264 -pix_fmt yuv420p -c:a aac"
"""H.264 and AAC: what sync.so recommends, whatever was in the file."""


def conversion(name: str) -> str:
    """Return " Convert it: ffmpeg …" for media under another ending than the accepted ones, else ""."""
    ending = parse(name).ending
    if ending in OTHER_VIDEOS:
        return f" Convert it: {video_command(name)}"
    return f" Convert it: {voice_command(name)}" if ending in OTHER_VOICES else ""


def video_command(name: str) -> str:
    """Return the command that makes an MP4 of the video called `name`, under a name that pairs alike."""
    return _command(name, VIDEO_OPTIONS, "mp4", "mov")


def voice_command(name: str) -> str:
    """Return the command that makes a WAV (or FLAC) of the voice called `name`."""
    return _command(name, "-vn", "wav", "flac")


def _command(name: str, options: str, ending: str, other: str) -> str:
    """A file cannot be written onto itself: what has the ending already gets the `other` one."""
    parts = parse(name)
    made = f"{parts.stem}.{other if parts.ending == ending else ending}"
    return f"ffmpeg -i {_quoted(name)} {options} {_quoted(made)}"


def _quoted(name: str) -> str:
    """Quote for a shell; a name with "-" first would be read as an option, one with ":" as a protocol."""
    return shlex.quote(f"./{name}" if name.startswith("-") or ":" in name else name)
