"""Endings: what a file should be called for what it holds, and what a link to it must end in."""

import pytest

from lipdrop.media.endings import (
    CONTAINERS_BY_ENDING,
    CONTENT_TYPES,
    ENDINGS_BY_CONTAINER,
    MediaRole,
    link_ending,
    right_ending,
)
from lipdrop.model.job import MediaFacts


@pytest.mark.parametrize(
    ("ending", "container", "role", "right", "link"),
    [
        ("mp3", "MPEG-4", "voice", "m4a", "m4a"),
        ("opus", "Ogg", "voice", "opus", "ogg"),
        ("oga", "Ogg", "voice", "oga", "ogg"),
        ("mp3", "Ogg", "voice", "ogg", "ogg"),
        ("m4b", "MPEG-4", "voice", "m4b", "m4a"),
        ("alac", "MPEG-4", "voice", "alac", "m4a"),
        ("mp4", "MPEG-4", "voice", "mp4", "mp4"),
        ("wav", "MPEG Audio", "voice", "mp3", "mp3"),
        ("mp3", "Wave", "voice", "wav", "wav"),
        ("qt", "QuickTime", "video", "qt", "mov"),
        ("m4v", "MPEG-4", "video", "m4v", "mp4"),
        ("mov", "MPEG-4", "video", "mov", "mov"),
        ("webm", "Matroska", "video", "webm", "webm"),
        ("mp4", "WebM", "video", "webm", "webm"),
        ("mp4", "AVI", "video", "avi", "avi"),
        ("mp4", "Matroska", "video", None, "mp4"),
        ("mp4", "AIFF", "voice", None, "mp4"),
    ],
)
def test_the_ending_that_contents_should_have(
    ending: str, container: str, role: MediaRole, right: str | None, link: str
) -> None:
    assert right_ending(container, ending, role) == right
    assert link_ending(MediaFacts(container=container, seconds=1), ending, role) == link


def test_what_was_not_read_keeps_its_ending() -> None:
    assert link_ending(None, "opus", "voice") == "opus"


def test_every_accepted_ending_leads_to_one_that_a_link_may_have() -> None:
    for ending, containers in CONTAINERS_BY_ENDING.items():
        for role, by_container in ENDINGS_BY_CONTAINER.items():
            for container in containers:
                if container in by_container:
                    assert (
                        link_ending(MediaFacts(container=container, seconds=1), ending, role) in CONTENT_TYPES
                    )
