"""Aliases: media whose name ends wrongly are copied within S3, once, and the link leads to the copy."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
import requests
from moto import mock_aws

from lipdrop.config.aws_clients import s3_config
from lipdrop.model.job import Job, MediaFacts, S3Object
from lipdrop.request.presigned_links import LinkSigner, MediaGoneError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(params=["Enabled", "Suspended", ""], ids=["versions", "suspended", "no versions"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", config=s3_config(None))
        client.create_bucket(Bucket="drop")
        if request.param:
            client.put_bucket_versioning(Bucket="drop", VersioningConfiguration={"Status": request.param})
        yield client


def upload(client: "S3Client", key: str, body: bytes = b"media") -> S3Object:
    """Upload with metadata and a tag, which the copy must not need to read."""
    made = client.put_object(Bucket="drop", Key=key, Body=body, Metadata={"sync-mode": "loop"}, Tagging="a=b")
    version = made.get("VersionId")
    return S3Object(
        bucket="drop",
        key=key,
        version_id=None if version == "null" else version,
        etag=made["ETag"].strip('"'),
        size=len(body),
    )


def a_job(video: S3Object | str, audio: S3Object | str, *containers: str) -> Job:
    facts = [MediaFacts(container=container, seconds=1) for container in containers]
    return Job(job_id="fr-1", name="fr", video=video, audio=audio, video_media=facts[0], audio_media=facts[1])


def calls(client: "S3Client") -> Counter[str]:
    counted: Counter[str] = Counter()
    client.meta.events.register(
        "before-call.s3.*", lambda model, **_: counted.update([model.name]), unique_id="count"
    )
    return counted


def test_links_end_as_the_contents_ask_for_and_serve_exactly_the_version(client: "S3Client") -> None:
    video = upload(client, "inbox/dîner & co/clip.m4v", b"the video")
    voice = upload(client, "inbox/dîner & co/clip.mp3", b"a WAV file")
    signer = LinkSigner(client)

    whole = signer.whole(a_job(video, voice, "MPEG-4", "Wave"))

    for source, ending, kind, body in (
        (whole.video, "/video.mp4", "video/mp4", b"the video"),
        (whole.audio, "/voice.wav", "audio/wav", b"a WAV file"),
    ):
        assert isinstance(source, S3Object)
        assert source.key.startswith("aliases/")
        link = signer.link(source, "fr-1")
        assert unquote(urlsplit(link).path).endswith(ending)
        assert ("versionId" in parse_qs(urlsplit(link).query)) is bool(source.version_id)
        answer = requests.get(link, timeout=10)
        assert (answer.content, answer.headers["Content-Type"]) == (body, kind)


def test_a_copy_is_made_once_a_version_and_nothing_is_downloaded(client: "S3Client") -> None:
    video, voice = upload(client, "clip.mp4"), upload(client, "clip.opus", b"first")
    job, signer = a_job(video, voice, "MPEG-4", "Ogg"), LinkSigner(client)
    counted = calls(client)

    first = signer.whole(job)
    again = signer.whole(job)

    assert first == again
    assert first.video == video
    assert (counted["CopyObject"], counted["GetObject"]) == (1, 0)
    replaced = upload(client, "clip.opus", b"another")
    other = signer.whole(a_job(video, replaced, "MPEG-4", "Ogg")).audio
    assert isinstance(other, S3Object)
    assert other != first.audio
    assert client.get_object(Bucket="drop", Key=other.key)["Body"].read() == b"another"


def test_media_that_are_called_rightly_and_links_are_left_as_they_are(client: "S3Client") -> None:
    link = "https://example.com/a.opus?x=1"
    job = a_job(upload(client, "clip.MOV"), link, "QuickTime", "Ogg")
    counted = calls(client)

    assert LinkSigner(client).whole(job) == job
    assert not counted


def test_a_version_that_is_gone_is_told_by_name(client: "S3Client") -> None:
    voice = upload(client, "inbox/clip.opus")
    version: dict[str, Any] = {"VersionId": voice.version_id} if voice.version_id else {}
    client.delete_object(Bucket="drop", Key=voice.key, **version)

    with pytest.raises(MediaGoneError, match=r"inbox/clip\.opus was deleted"):
        LinkSigner(client).whole(a_job("https://example.com/a.mp4", voice, "MPEG-4", "Ogg"))


def test_a_copy_of_another_size_is_made_again(client: "S3Client") -> None:
    voice = upload(client, "clip.opus")
    job, signer = a_job("https://example.com/a.mp4", voice, "MPEG-4", "Ogg"), LinkSigner(client)
    alias = signer.whole(job).audio
    assert isinstance(alias, S3Object)
    client.put_object(Bucket="drop", Key=alias.key, Body=b"")

    repaired = signer.whole(job).audio

    assert isinstance(repaired, S3Object)
    assert repaired.size == voice.size
