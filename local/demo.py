"""`make demo`: drop a video and its voices, watch the jobs, fetch the results, leave nothing running."""

import argparse
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from local import paths
from local.processes import LocalRunError
from local.stack import Stack, running
from local.subscriber import Subscriber
from local.watch import JobView, look, table

OUT = paths.ROOT / "out"
VIDEO = paths.MEDIA / "talking-head.mp4"
VOICES = (paths.MEDIA / "voice-short.wav", paths.MEDIA / "voice-long.mp3")
PATIENCE_SECONDS = 600
"""A demo without any news for so long is given up: no job of the stand-in takes minutes."""


class Demo:
    """One run: what was dropped, what was heard."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._subscriber = Subscriber(stack)
        self.heard: list[dict[str, Any]] = []

    def drop(self, video: Path, voices: Sequence[Path]) -> None:
        """Upload the media the way people do: one folder, the video named `video`."""
        s3 = self._stack.client("s3")
        uploads = {f"inbox/demo/video{video.suffix}": video} | {f"inbox/demo/{v.name}": v for v in voices}
        for key, path in uploads.items():
            s3.upload_file(str(path), self._stack.drop_bucket, key)
            self._console.print(f"dropped  s3://{self._stack.drop_bucket}/{key}")

    def watch(self, expected: int) -> None:
        """Show every change until `expected` notifications have come.

        Raises LocalRunError when there is no news for PATIENCE_SECONDS.
        """
        views: list[JobView] = []
        news = time.monotonic()
        with Live(console=self._console, auto_refresh=False) as live:
            while len(self.heard) < expected:
                before, views = views, look(self._stack)
                if self._console.is_terminal:
                    live.update(table(views), refresh=True)
                if changed := [view for view in views if _step(view) not in map(_step, before)]:
                    news = time.monotonic()
                    self._tell(changed)
                self._listen()
                if time.monotonic() - news > PATIENCE_SECONDS:
                    raise LocalRunError(f"{expected - len(self.heard)} job(s) gave no notification")

    def _tell(self, changed: Sequence[JobView]) -> None:
        if not self._console.is_terminal:
            for view in changed:
                self._console.print(
                    f"{view.seconds:5.0f} s  {view.name}: {view.state}, {view.polls} poll(s)", soft_wrap=True
                )

    def _listen(self) -> None:
        for envelope in self._subscriber.messages(wait_seconds=1):
            self._console.print(f"message  {envelope['Subject']}", style="bold", soft_wrap=True)
            self._console.print_json(envelope["Message"])
            self.heard.append(json.loads(envelope["Message"]))

    def save(self, folder: Path) -> list[Path]:
        """Download results and records; return their places under `folder`."""
        s3 = self._stack.client("s3")
        shutil.rmtree(folder, ignore_errors=True)
        saved = []
        for notification in self.heard:
            for what in ("result", "record"):
                if place := notification.get(what):
                    target = folder / place["key"]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    s3.download_file(place["bucket"], place["key"], str(target))
                    saved.append(target)
        return saved


def _step(view: JobView) -> tuple[str, str, int]:
    return view.name, view.state, view.polls


def run(video: Path, voices: Sequence[Path], console: Console) -> int:
    """Run the demo with these files; return 0 when every voice got its video."""
    console.print(
        "Starting a local AWS and a stand-in for Segmind "
        "(it moves no lips: it lays the voice under the video)."
    )
    with running(paths.HOME / f"demo-{os.getpid()}") as stack:
        demo = Demo(stack, console)
        demo.drop(video, voices)
        demo.watch(expected=len(voices))
        for path in demo.save(OUT):
            console.print(f"saved    {path.relative_to(paths.ROOT)}", soft_wrap=True)
    failed = [heard for heard in demo.heard if heard["status"] != "COMPLETED"]
    console.print(f"{len(demo.heard) - len(failed)} completed, {len(failed)} failed")
    return 1 if failed else 0


def main() -> int:
    """Read the command line; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--video", default="", help="a video of your own")
    arguments.add_argument("--audio", default="", help="voices of your own, separated by spaces")
    wanted = arguments.parse_args()
    video = Path(wanted.video) if wanted.video else VIDEO
    voices = [Path(word) for word in shlex.split(wanted.audio)] or list(VOICES)
    console = Console()
    if missing := [path for path in (video, *voices) if not path.is_file()]:
        console.print(f"No such file: {', '.join(map(str, missing))}", style="red")
        return 2
    try:
        return run(video, voices, console)
    except LocalRunError as error:
        console.print(f"The demo stopped: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; everything it started is down again.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
