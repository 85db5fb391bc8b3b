"""One drop, two voices, all the way: S3, Lambda, Step Functions, Segmind's contract, S3, SNS, SQS."""

import json

import pytest

from local import paths
from local.stack import Stack
from local.subscriber import Subscriber
from tests.support.journey import drop, hear, record, result, seen

VIDEO = paths.MEDIA / "talking-head.mp4"
SHORT = paths.MEDIA / "voice-short.wav"
LONG = paths.MEDIA / "voice-long.mp3"


def test_one_video_and_two_voices_become_two_results_and_two_messages(stack: Stack) -> None:
    folder = "spring launch+日本語"
    subscriber = Subscriber(stack, filter_policy={"folder": [folder]})
    versions = {
        name: drop(stack, f"inbox/{folder}/{name}", path.read_bytes())
        for name, path in {"fr.wav": SHORT, "video.mp4": VIDEO, "ja é.mp3": LONG}.items()
    }

    heard = {notification["name"]: notification for notification in hear(subscriber, 2)}

    assert set(heard) == {f"{folder}/fr", f"{folder}/ja é"}
    for name, voice in {"fr": SHORT, "ja é": LONG}.items():
        notification = heard[f"{folder}/{name}"]
        assert notification["status"] == "COMPLETED"
        assert notification["result"]["key"] == f"{folder}/{name}.mp4"
        assert notification["inputs"]["video"]["version_id"] == versions["video.mp4"]
        seconds, codecs = seen(result(stack, notification))
        assert codecs == {"h264", "aac"}
        assert seconds == pytest.approx(seen(voice.read_bytes())[0], abs=0.2)
        assert record(stack, notification)["notification"] == notification


def test_a_redelivered_event_starts_nothing(stack: Stack) -> None:
    subscriber = Subscriber(stack, filter_policy={"folder": ["again"]})
    drop(stack, "inbox/again/video.mp4", VIDEO.read_bytes())
    version = drop(stack, "inbox/again/fr.wav", SHORT.read_bytes())
    (notification,) = hear(subscriber, 1)

    answer = stack.client("lambda").invoke(
        FunctionName=_submit(stack),
        Payload=json.dumps(_event(stack.drop_bucket, "inbox/again/fr.wav", version)),
    )

    body = json.loads(answer["Payload"].read())
    assert body["started"] == []
    assert body["existing"] == [notification["job_id"]]


def _submit(stack: Stack) -> str:
    resource = stack.client("cloudformation").describe_stack_resource(
        StackName="lipdrop", LogicalResourceId="Submit"
    )
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])


def _event(bucket: str, key: str, version: str) -> dict[str, object]:
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": bucket},
                    "object": {"key": key, "size": 1, "eTag": "any", "versionId": version},
                },
            }
        ]
    }
