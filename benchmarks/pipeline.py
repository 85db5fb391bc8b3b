"""A deployed stack to be measured: functions that go through the counting proxy, and pairs to drop."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from lipdrop.jobs_table.capacity import CAPACITY_ID
from local import aws_proxy, paths
from local.aws_proxy import ProxyControl
from local.stack import API_KEY, Stack, running
from local.standin.control import StandinControl
from local.standin.model import StandinSettings
from local.subscriber import Subscriber

VIDEO = paths.MEDIA / "talking-head.mp4"
VOICE = paths.MEDIA / "voice-short.wav"
PATIENCE_SECONDS = 600
"""Without any news for so long a run is given up."""


@dataclass(frozen=True)
class Heard:
    """A notification, and when its subscriber had it (epoch seconds)."""

    notification: dict[str, Any]
    at: float


@dataclass(frozen=True)
class Pipeline:
    """The stack and everything that sees what it does."""

    stack: Stack
    proxy: ProxyControl
    standin: StandinControl
    subscriber: Subscriber

    def warm_up(self, jobs: int) -> None:
        """Run short jobs before anything is timed: so many cold starts at once take minutes here.

        The stack has then learned that jobs take minutes, which is forgotten again with the control item.
        """
        behaviour = self.standin.settings()
        self.standin.configure(processing_seconds=1, processing_cv=0)
        self.run("warm-up", [f"clip-{number:02}" for number in range(jobs)], jobs)
        self.stack.client("dynamodb").delete_item(
            TableName=self.stack.jobs_table, Key={"id": {"S": CAPACITY_ID}}
        )
        self.standin.reset(behaviour)

    def drop(self, folder: str, name: str) -> dict[str, str]:
        """Upload one pair, the video first; return the version ids by key."""
        s3 = self.stack.client("s3")
        files = {f"inbox/{folder}/{name}{path.suffix}": path for path in (VIDEO, VOICE)}
        return {
            key: s3.put_object(Bucket=self.stack.drop_bucket, Key=key, Body=path.read_bytes())["VersionId"]
            for key, path in files.items()
        }

    def heard(self, wait_seconds: int = 1) -> Iterator[Heard]:
        """Yield the notifications that have come."""
        for envelope in self.subscriber.messages(wait_seconds=wait_seconds):
            yield Heard(msgspec.json.decode(envelope["Message"]), time.time())

    def run(self, folder: str, names: Sequence[str], at_once: int) -> dict[str, Heard]:
        """Drop a pair for each name, at most `at_once` on their way at a time; return what was heard.

        The pace is the machine's own: what is measured are calls, and a machine with two cores that is
        asked for more would measure its own queues. Raises TimeoutError when there is no news any more.
        """
        waiting, done = list(reversed(names)), dict[str, Heard]()
        news = time.monotonic()
        while len(done) < len(names):
            while waiting and len(names) - len(waiting) - len(done) < at_once:
                self.drop(folder, waiting.pop())
            for heard in self.heard():
                done[heard.notification["name"].rpartition("/")[2]] = heard
                news = time.monotonic()
            if time.monotonic() - news > PATIENCE_SECONDS:
                raise TimeoutError(f"{len(names) - len(done)} of {len(names)} jobs gave no notification")
        return done


@contextmanager
def deployed(
    name: str, standin: StandinSettings, parameters: Mapping[str, str], aws: Mapping[str, str] | None = None
) -> Iterator[Pipeline]:
    """Bring a stack up for a `with` block, its functions behind the proxy, and take all of it down again.

    `parameters` are the template's, `aws` the local AWS's own settings.
    """
    behaviour = msgspec.structs.replace(standin, key=API_KEY)
    with (
        aws_proxy.running() as proxy,
        running(
            paths.HOME / f"bench-{name}",
            parameters={"AwsEndpointUrl": proxy.url, **parameters},
            aws_settings=aws or {},
        ) as stack,
    ):
        proxy.control.upstream(stack.endpoint)
        control = StandinControl(stack.segmind_base_url)
        control.reset(behaviour)
        try:
            yield Pipeline(stack, proxy.control, control, Subscriber(stack))
        finally:
            control.close()
