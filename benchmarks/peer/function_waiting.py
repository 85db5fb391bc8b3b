"""(b) One function that asks, looks every 2 s until the video is there, stores it and says so.

Runs as a Lambda function with nothing but the runtime's own packages. An answer that is no success and
holds no status is an error and raised: Lambda then tries the event again, twice, as it does for S3.
"""

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
sns = boto3.client("sns")


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Make the video that an uploaded voice asks for."""
    key = event["Records"][0]["s3"]["object"]["key"]
    job = key.removeprefix("media/").removesuffix(".wav")
    body = {"video_url": link(f"media/{job}.mp4"), "audio_url": link(key)}
    request_id = call("POST", os.environ["MODEL_PATH"], body)["request_id"]
    while True:
        time.sleep(float(os.environ["LOOK_SECONDS"]))
        look = call("GET", f"/v2/requests/{request_id}/status")
        if look["status"] == "FAILED":
            say(job, "FAILED", look["error"])
            return
        if look["status"] == "COMPLETED":
            break
    result = call("GET", f"/v2/requests/{request_id}")
    with urllib.request.urlopen(result["output"], timeout=60) as video:
        s3.put_object(Bucket=os.environ["RESULTS"], Key=f"waiting/{job}.mp4", Body=video.read())
    say(job, "COMPLETED", "")


def link(key: str) -> str:
    """Return a signed link to an object of the bucket."""
    place = {"Bucket": os.environ["MEDIA"], "Key": key}
    return str(s3.generate_presigned_url("get_object", Params=place, ExpiresIn=3600))


def call(method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    """Return Segmind's answer; a failed request comes as 422 with a status in it."""
    request = urllib.request.Request(
        os.environ["BASE_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"x-api-key": os.environ["API_KEY"], "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        if error.code != 422:
            raise
        return dict(json.load(error))


def say(job: str, status: str, why: str) -> None:
    """Tell the subscribers how a job ended."""
    sns.publish(TopicArn=os.environ["TOPIC"], Message=json.dumps({"job": job, "status": status, "why": why}))
