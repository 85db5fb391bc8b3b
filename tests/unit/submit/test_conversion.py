"""The one command that makes an accepted file of another."""

import shlex

import pytest

from lipdrop.drops.pairing import VIDEO_ENDINGS, VOICE_ENDINGS
from lipdrop.submit.conversion import OTHER_VIDEOS, OTHER_VOICES, conversion, video_command, voice_command


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("clip.mkv", " Convert it: ffmpeg -i clip.mkv -c:v libx264 -pix_fmt yuv420p -c:a aac clip.mp4"),
        ("clip.TS", " Convert it: ffmpeg -i clip.TS -c:v libx264 -pix_fmt yuv420p -c:a aac clip.mp4"),
        ("fr.aiff", " Convert it: ffmpeg -i fr.aiff -vn fr.wav"),
        ("fr.amr", " Convert it: ffmpeg -i fr.amr -vn fr.wav"),
        ("a b'c.amr", """ Convert it: ffmpeg -i 'a b'"'"'c.amr' -vn 'a b'"'"'c.wav'"""),
        ("-y.3gp", " Convert it: ffmpeg -i ./-y.3gp -c:v libx264 -pix_fmt yuv420p -c:a aac ./-y.mp4"),
        ("notes.txt", ""),
        ("README", ""),
    ],
)
def test_media_of_other_kinds_get_the_command_that_converts_them(name: str, command: str) -> None:
    assert conversion(name) == command


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.wav", "a.mp3", "a", "-a.wav", "a.b.flac"])
def test_no_command_writes_a_file_onto_itself(name: str) -> None:
    for command in (video_command(name), voice_command(name)):
        words = shlex.split(command)
        assert words[2] != words[-1]
        assert not words[2].startswith("-")
        assert not words[-1].startswith("-")


def test_what_is_accepted_needs_no_conversion() -> None:
    assert not {*VIDEO_ENDINGS, *VOICE_ENDINGS} & {*OTHER_VIDEOS, *OTHER_VOICES}
