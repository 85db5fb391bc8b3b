"""(c) The three functions of the published job poller: submit, check, and what to do at the end.

Each does its step and raises what it cannot do; the state machine tries a step again three times.
"""

import os
import urllib.request
from typing import Any

from benchmarks.peer.function_waiting import call, link, s3, say


def submit(event: dict[str, Any], _context: object) -> str:
    """Submit the job; return its id."""
    job = event["job"]
    body = {"video_url": link(f"media/{job}.mp4"), "audio_url": link(f"media/{job}.wav")}
    return str(call("POST", os.environ["MODEL_PATH"], body)["request_id"])


def check(event: dict[str, Any], _context: object) -> str:
    """Return the job's status."""
    return str(call("GET", f"/v2/requests/{event['request_id']}/status")["status"])


def finish(event: dict[str, Any], _context: object) -> None:
    """Store the result and say that it is there."""
    result = call("GET", f"/v2/requests/{event['request_id']}")
    with urllib.request.urlopen(result["output"], timeout=60) as video:
        s3.put_object(Bucket=os.environ["RESULTS"], Key=f"poller/{event['job']}.mp4", Body=video.read())
    say(event["job"], "COMPLETED", "")


def fail(event: dict[str, Any], _context: object) -> None:
    """Say that the job failed."""
    say(event["job"], "FAILED", "")
