"""Drops that cannot work: each is refused before it costs anything, and its sender is told why."""

import json
from typing import Any, NamedTuple

import pytest

from lipdrop.model.failures import FAILURES
from local.sample_media.mp4 import sample_video
from local.stack import Stack
from local.standin.control import StandinControl
from tests.support.dropping import PAIR, VIDEO, VOICE, drop_files, only, silence, subscribed
from tests.support.journey import drop, hear
from tests.support.mishaps import configured, invoke
from tests.support.settling import Uploads


class Case(NamedTuple):
    """What is dropped, and a part of what is said to it."""

    files: dict[str, bytes]
    said: str
    metadata: dict[str, str] | None = None


def pair(video: bytes = VIDEO, voice: bytes = VOICE) -> dict[str, bytes]:
    return {"video.mp4": video, "fr.wav": voice}


AT_ONCE = 4
"""Uploads that `submit` may be behind: the local AWS starts a Python process for each."""

REFUSALS = {
    "UNSUPPORTED_FILE": Case({"notes.txt": b"two voices"}, "notes.txt is neither a video"),
    "AMBIGUOUS_VIDEO": Case({"fr.mp4": VIDEO, "video.mp4": VIDEO, "fr.wav": VOICE}, "which is meant?"),
    "INVALID_OPTION": Case(PAIR, "sync-mode", {"sync-mode": "sideways"}),
    "MEDIA_UNREADABLE": Case(pair(voice=VOICE[: len(VOICE) // 2]), "fr.wav is cut off"),
    "NO_PICTURE": Case(pair(video=sample_video(picture=False)), "video.mp4 holds no picture"),
    "NO_SOUND": Case(pair(voice=sample_video(1, sound=False)), "fr.wav holds no sound"),
    "MEDIA_TOO_LONG": Case(pair(voice=silence(25)), "25 s long; at most 20 s"),
    "MEDIA_TOO_LARGE": Case(pair(voice=silence(13, rate=44_100)), "at most"),
    "FRAME_SIZE": Case(pair(video=sample_video(1)), "160x120"),
    "COST_LIMIT": Case(pair(voice=silence(16)), "1.2"),
}


@pytest.fixture(scope="module")
def refused(stack: Stack) -> dict[str, dict[str, Any]]:
    """The messages of all these drops, which wait side by side; no POST was sent for any of them."""
    standin, uploads, sent = StandinControl(stack.segmind_base_url), Uploads(stack), 0
    subscribers = {code: subscribed(stack, f"refused-{code}") for code in REFUSALS}
    for code, case in REFUSALS.items():
        drop_files(stack, f"refused-{code}", case.files, case.metadata)
        sent += len(case.files)
        uploads.wait(sent - AT_ONCE)
    messages = {code: only(subscriber) for code, subscriber in subscribers.items()}
    asked = [str(seen.body) for seen in standin.requests()]
    standin.close()
    assert not [body for body in asked if "refused-" in body]
    return messages


@pytest.mark.parametrize("code", REFUSALS)
def test_what_cannot_work_is_refused_unasked(refused: dict[str, dict[str, Any]], code: str) -> None:
    error = refused[code]["error"]

    assert (error["code"], error["stage"], error["charged"]) == (code, "drop", "no")
    assert error["action"] == FAILURES[code].action
    assert REFUSALS[code].said in error["message"]


MANIFESTS = {
    "INVALID_MANIFEST": {"video": "media/none.mp4"},
    "MEDIA_MISSING": {
        "video": "manifest-MEDIA_MISSING/none.mp4",
        "audio": "manifest-MEDIA_MISSING/none.wav",
    },
}


@pytest.mark.parametrize("code", MANIFESTS)
def test_a_manifest_that_cannot_be_followed_is_refused(stack: Stack, code: str) -> None:
    subscriber = subscribed(stack, f"manifest-{code}")

    drop(stack, f"jobs/manifest-{code}/a.json", json.dumps(MANIFESTS[code]).encode())

    (message,) = hear(subscriber, 1)
    assert message["error"]["code"] == code
    assert message["error"]["charged"] == "no"
    assert message["inputs"]["manifest"]["key"] == f"jobs/manifest-{code}/a.json"


def test_a_dry_run_is_checked_and_priced_and_nothing_is_asked(stack: Stack, standin: StandinControl) -> None:
    posts, subscriber = standin.counters().posts, subscribed(stack, "dry")
    for name, body in PAIR.items():
        drop(stack, f"media/{name}", body)

    wish = {"video": "media/video.mp4", "audio": "media/fr.wav", "name": "dry/fr", "dry_run": True}
    drop(stack, "jobs/dry.json", json.dumps([wish]).encode())

    (message,) = hear(subscriber, 1)
    assert (message["status"], message["dry_run"]) == ("COMPLETED", True)
    assert message["cost"]["estimated_usd"] == pytest.approx(0.084 * 4, abs=0.01)
    assert message["inputs"]["entry"] == 1
    assert standin.counters().posts == posts


@pytest.mark.parametrize(("code", "name"), [("ORPHANED_VOICE", "fr.wav"), ("ORPHANED_VIDEO", "video.mp4")])
def test_a_drop_whose_partner_never_came_is_reported(stack: Stack, code: str, name: str) -> None:
    folder = f"lonely-{code}"
    subscriber = subscribed(stack, folder)
    drop(stack, f"inbox/{folder}/{name}", PAIR[name])

    with configured(stack, "Submit", ORPHAN_AFTER_HOURS="0"):
        invoke(stack, "Submit", {"sweep": "orphans"})

    (message,) = hear(subscriber, 1)
    assert message["error"]["code"] == code
    assert message["error"]["charged"] == "no"
