"""Manifests, metadata and drops without a partner, all the way."""

import json
from pprint import pformat
from urllib.parse import urlsplit

import pytest

from local.sample_media import drops as media
from local.stack import Stack
from local.standin.control import StandinControl
from local.standin.model import Fault
from local.subscriber import Subscriber
from tests.support.journey import drop, hear, settled
from tests.support.mishaps import configured, invoke
from tests.support.settling import Uploads
from tests.support.syncing import asked_for

EXAMPLE = {
    "video_url": "https://segmind-resources.s3.amazonaws.com/output/"
    "a741b039-226c-43c2-9bd0-c301f058d314-UntitledVideo-ezgif.com-crop-video.mp4",
    "audio_url": "https://segmind-resources.s3.amazonaws.com/output/"
    "80e96316-7e75-4733-b80c-049a0a6787cb-c9f17960-96b5-4119-8b7e-4ae0c9f21e2f"
    "-audio-AudioTrimmer.com-AudioTrimmer.com.mp3",
    "sync_mode": "bounce",
    "temperature": 0.5,
    "auto_active_speaker_detection": False,
    "occlusion_detection_enabled": False,
}
"""The body on Segmind's page of the model, where it stands as a Python dictionary."""


def heard_of(stack: Stack, folder: str) -> Subscriber:
    """Return a subscriber that hears of the jobs in `folder` only."""
    return Subscriber(stack, filter_policy={"folder": [folder]})


def test_what_never_found_its_partner_is_reported_once(stack: Stack) -> None:
    subscriber, uploads = heard_of(stack, "lonely"), Uploads(stack)
    drop(stack, "inbox/lonely/fr.mp3", media.voice())
    drop(stack, "inbox/lonely/film.mp4", media.video())
    uploads.settle(2)

    with configured(stack, "Submit", ORPHAN_AFTER_HOURS="0"):
        first = invoke(stack, "Submit", {"sweep": "orphans"})
        heard = hear(subscriber, 2)
        second = invoke(stack, "Submit", {"sweep": "orphans"})

    assert {message["error"]["code"] for message in heard} == {"ORPHANED_VOICE", "ORPHANED_VIDEO"}
    assert second["started"] == []
    assert set(second["existing"]) >= {message["job_id"] for message in heard}
    assert set(first["started"]) == set(second["existing"])
    settled(stack)
    assert list(subscriber.notifications()) == []


def test_media_under_any_name_are_handed_over_by_links_that_end_as_their_contents_ask_for(
    stack: Stack, standin: StandinControl
) -> None:
    subscriber = heard_of(stack, "misnamed")
    drop(stack, "inbox/misnamed/Video.m4v", media.video())
    drop(stack, "inbox/misnamed/fr.opus", media.voice("ogg"))
    drop(stack, "inbox/misnamed/es.mp3", media.voice("wav"))

    heard = {message["name"]: message for message in hear(subscriber, 2)}

    assert {name: message["status"] for name, message in heard.items()} == {
        "misnamed/fr": "COMPLETED",
        "misnamed/es": "COMPLETED",
    }
    for name, ending in (("misnamed/fr", "ogg"), ("misnamed/es", "wav")):
        (post,) = [post for post in standin.requests() if post.request_id == heard[name]["request_id"]]
        assert post.body
        video, voice = (urlsplit(post.body[field]).path for field in ("video_url", "audio_url"))
        assert video.startswith(f"/{stack.drop_bucket}/aliases/")
        assert (video.endswith("/video.mp4"), voice.endswith(f"/voice.{ending}")) == (True, True)
        assert heard[name]["inputs"]["video"]["key"] == "inbox/misnamed/Video.m4v"


@pytest.mark.parametrize("text", [json.dumps(EXAMPLE), pformat(EXAMPLE)], ids=["json", "python"])
def test_segminds_own_example_reaches_segmind_unchanged(
    stack: Stack, standin: StandinControl, text: str, request: pytest.FixtureRequest
) -> None:
    # Its media lie on the internet: the request is let fail before anybody fetches them.
    standin.fault(Fault(where="submit", what="fail", match="UntitledVideo"))
    folder = request.node.callspec.id
    subscriber = heard_of(stack, folder)

    drop(stack, f"jobs/{folder}/body.json", text.encode())

    (message,) = hear(subscriber, 1)
    assert message["error"]["code"] == "INFERENCE_FAILED"
    assert message["error"]["charged"] == "no"
    (post,) = [post for post in standin.requests() if post.request_id == message["request_id"]]
    assert post.body == EXAMPLE


def test_a_bad_entry_and_a_dry_run_do_not_stop_the_job_beside_them(
    stack: Stack, standin: StandinControl
) -> None:
    drop(stack, "media/list/clip.mp4", media.video())
    drop(stack, "media/list/fr.mp3", media.voice())
    subscriber, uploads = heard_of(stack, "list"), Uploads(stack)
    entry = {"video": f"s3://{stack.drop_bucket}/media/list/clip.mp4", "audio": "media/list/fr.mp3"}
    entries = [
        entry | {"name": "list/bad", "temperature": "hot"},
        entry | {"name": "list/good", "temperature": 0.9, "sync_mode": "remap"},
        entry | {"name": "list/dry", "dry_run": True},
    ]

    drop(stack, "jobs/list.json", json.dumps(entries).encode())
    heard = {message["name"]: message for message in hear(subscriber, 3)}
    uploads.settle(1)

    assert heard["list/bad"]["error"]["code"] == "INVALID_OPTION"
    assert heard["list/bad"]["error"]["message"].startswith("Entry 1: temperature: given a string")
    assert heard["list/good"]["status"] == "COMPLETED"
    assert heard["list/dry"]["status"] == "COMPLETED"
    assert heard["list/dry"]["dry_run"]
    assert heard["list/dry"]["cost"]["estimated_usd"] > 0
    assert list(subscriber.notifications()) == []
    (post,) = asked_for(standin, "list")
    assert post.body
    assert (post.body["temperature"], post.body["sync_mode"]) == (0.9, "remap")


def test_metadata_of_the_voice_goes_before_metadata_of_the_video(
    stack: Stack, standin: StandinControl
) -> None:
    subscriber = heard_of(stack, "options")
    of_video = {"temperature": "0.9", "auto-active-speaker-detection": "true"}
    of_voice = {"temperature": "0.3", "sync-mode": "cut_off"}

    drop(stack, "inbox/options/video.mp4", media.video(), of_video)
    drop(stack, "inbox/options/fr.mp3", media.voice(), of_voice)

    (message,) = hear(subscriber, 1)
    options = {
        "sync_mode": "cut_off",
        "temperature": 0.3,
        "auto_active_speaker_detection": True,
        "occlusion_detection_enabled": False,
    }
    assert message["options"] == options
    (post,) = asked_for(standin, "options")
    assert post.body
    assert {name: post.body[name] for name in options} == options
