"""What a look at a 2 GB video costs `submit`: bytes, calls, time, memory.

    python -m benchmarks.preflight

Writes benchmarks/results/preflight.json. The files are sparse: real indexes from PyAV around media that take
no room on disk. They are served by HTTP with ranges, and read through boto3 by the adapter that `submit`
uses, in a fresh process for each file.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.record import save, surroundings
from lipdrop.drops.drop_bucket import DropBucket
from lipdrop.media.mediainfo_pool import MediaInfoPool
from lipdrop.media.probe import probe
from local.sample_media import drops as drop_media

SIZE = 2_000_000_000
MOST_BYTES, MOST_MIB = 4_000_000, 256
CASES: dict[str, dict[str, Any]] = {
    "5 min, index in front": {"frames": 7_500, "index_first": True},
    "5 min, index at the end": {"frames": 7_500, "index_first": False},
    "1 h, index in front": {"frames": 90_000, "index_first": True},
    "1 h, index at the end": {"frames": 90_000, "index_first": False},
}


class _Object(BaseHTTPRequestHandler):
    """As much of S3 as HeadObject and ranged GetObject need: one file, whatever its name."""

    protocol_version = "HTTP/1.1"
    path_of_file: Path

    def do_HEAD(self) -> None:
        self._answer(200, self.path_of_file.stat().st_size)

    def do_GET(self) -> None:
        first, last = (int(part) for part in self.headers["Range"].removeprefix("bytes=").split("-"))
        self._answer(206, last - first + 1)
        with self.path_of_file.open("rb") as file:
            file.seek(first)
            self.wfile.write(file.read(last - first + 1))

    def _answer(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"any"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve `path` as an S3 object; yield the endpoint."""
    handler = type("Handler", (_Object,), {"path_of_file": path})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def write(path: Path, *, frames: int, index_first: bool) -> None:
    """Write a sparse video of `SIZE` bytes of media."""
    real = drop_media.video(frames=frames, size=(640, 480), codec="mpeg4", sound=True)
    head, tail = drop_media.split_by_media(real, SIZE, index_first=index_first)
    with path.open("wb") as file:
        file.write(head)
        file.seek(SIZE, os.SEEK_CUR)
        file.write(tail)
        file.truncate()


def measure(endpoint: str) -> dict[str, Any]:
    """Look at the object behind `endpoint`; run in a process of its own."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(s3={"addressing_style": "path"}, response_checksum_validation="when_required"),
    )
    drops = DropBucket(client, "drop")
    with MediaInfoPool() as parser:
        started = time.perf_counter()
        drop = drops.current("inbox/video.mp4")
        assert drop
        file = drops.open(drop.object)
        seen = probe(file, parser)
        return {
            "seconds_of_media": seen.seconds,
            "bytes_of_file": file.size,
            "bytes_read": file.bytes_read,
            "reads": file.reads,
            "wall_seconds": round(time.perf_counter() - started, 3),
            "peak_rss_mib": _peak_mib(os.getpid()),
            "peak_rss_of_parser_mib": max(map(_peak_mib, _children()), default=0.0),
        }


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _peak_mib(pid: int) -> float:
    """Return the most memory that a process ever held, of itself only (getrusage adds its parent's)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)


def main() -> None:
    """Measure all cases, check the bounds, keep the results."""
    results = {}
    with TemporaryDirectory() as folder:
        for name, case in CASES.items():
            path = Path(folder) / "video.mp4"
            write(path, **case)
            with served(path) as endpoint:
                command = [sys.executable, "-m", "benchmarks.preflight", endpoint]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[name] = json.loads(done.stdout)
            print(f"{name:26}", results[name])
    for name, result in results.items():
        assert result["bytes_read"] < MOST_BYTES, name
        assert result["peak_rss_mib"] + result["peak_rss_of_parser_mib"] < MOST_MIB, name
    bounds = {"bytes_read": MOST_BYTES, "peak_rss_mib_of_both": MOST_MIB}
    save("preflight", surroundings("boto3", "pymediainfo", "av") | {"bounds": bounds, "results": results})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
