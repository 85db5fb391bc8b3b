"""docs/dropping.md says of every ending what really happens to it."""

import re
from pathlib import Path

import pytest

from lipdrop.drops.pairing import LIMITED_VOICE_ENDINGS, VIDEO_ENDINGS, VOICE_ENDINGS, classify
from lipdrop.drops.sidecars import is_sidecar
from lipdrop.media.endings import CONTAINERS_BY_ENDING, link_ending
from lipdrop.model.job import MediaFacts
from lipdrop.submit.conversion import OTHER_VIDEOS, conversion

DOCUMENT = (Path(__file__).parents[3] / "docs" / "dropping.md").read_text()
ROWS = re.findall(r"^\| (`\.[^|]+) \| (video|voice) \| ([^|]+) \|$", DOCUMENT, re.MULTILINE)
ENDINGS = [
    (ending, role, text) for endings, role, text in ROWS for ending in re.findall(r"`\.(\w+)`", endings)
]


@pytest.mark.parametrize(("ending", "role", "text"), ENDINGS, ids=[ending for ending, _, _ in ENDINGS])
def test_each_ending_gets_what_the_page_says(ending: str, role: str, text: str) -> None:
    name = f"inbox/clip.{ending}"
    if text.startswith("refused"):
        assert classify(name) == "unsupported"
        assert "ffmpeg -i clip." in conversion(f"clip.{ending}")
        assert (ending in OTHER_VIDEOS) is (role == "video")
        return
    assert classify(name) == role
    links = {
        link_ending(
            MediaFacts(container=container, seconds=1), ending, "video" if role == "video" else "voice"
        )
        for container in CONTAINERS_BY_ENDING[ending]
    }
    named = re.findall(r"`\.(\w+)`", text)
    assert links == (set(named) or {ending})
    assert ("limits" in text) is (ending in LIMITED_VOICE_ENDINGS)


def test_every_accepted_ending_is_on_the_page() -> None:
    accepted = {ending for ending, _, text in ENDINGS if text.startswith("sent")}
    assert accepted == {*VIDEO_ENDINGS, *VOICE_ENDINGS}


def test_the_sidecars_that_the_page_names_are_passed_over() -> None:
    (paragraph,) = re.findall(r"^Sidecars are .+?\n\n", DOCUMENT, re.MULTILINE | re.DOTALL)
    names = re.findall(r"`([^`]+)`", paragraph)

    assert len(names) > 10
    assert all(is_sidecar(f"inbox/x{name}" if name.startswith(".") else f"inbox/{name}") for name in names)
