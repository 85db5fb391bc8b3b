"""(a) A script with the official SDK: one thread a job, `submit_async` and `wait`, as its README shows.

Whatever is raised ends that job, and the script prints it: its owner sits before it and is told.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import requests
from segmind import SegmindClient
from segmind.exceptions import SegmindError

from benchmarks.peer.outcome import Outcome
from benchmarks.peer.plan import SCALE
from local.standin.model import MODEL

INTERVAL = 1.0 * SCALE
"""The SDK looks each second, and waits ten minutes at most."""
TIMEOUT = 600 * SCALE
DOWNLOAD_SECONDS = 60


def run(base_url: str, key: str, events: Iterable[str], link: Callable[[str], str]) -> Outcome:
    """Run a job for each event (the job's name); `link` signs the media's keys."""
    outcome = Outcome()

    def one(job: str) -> None:
        client = SegmindClient(api_key=key, base_url=f"{base_url}/v1")
        try:
            asked = client.submit_async(
                MODEL, video_url=link(f"media/{job}.mp4"), audio_url=link(f"media/{job}.wav")
            )
            answer = asked.wait(timeout=TIMEOUT, interval=INTERVAL)
            video = requests.get(answer["output"], timeout=DOWNLOAD_SECONDS)
            video.raise_for_status()
            outcome.store(job, video.content)
            outcome.tell(job, time.time(), "COMPLETED")
        except (SegmindError, httpx.HTTPError, requests.RequestException) as error:
            outcome.tell(job, time.time(), type(error).__name__)

    wanted = list(events)
    with ThreadPoolExecutor(len(wanted)) as threads:
        for done in [threads.submit(one, job) for job in wanted]:
            done.result()
    return outcome
