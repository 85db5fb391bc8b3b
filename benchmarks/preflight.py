"""What the probe of a 2 GB video, and of a voice read whole, costs `submit`: bytes, calls, time, memory.

    python -m benchmarks.preflight

Writes benchmarks/results/preflight.json. The files are sparse: real indexes from PyAV around media that take
no room on disk. Voices are real sound, joined to the size that is wanted. All are served by HTTP with ranges,
and read through boto3 by the adapter that `submit` uses, in a fresh process for each file.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
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
from local.sample_media.encode import encode_voice

SIZE = 2_000_000_000
MOST_BYTES, MOST_MIB = 4_000_000, 256
MOST_CPU_SECONDS_A_GB = 30
CASES: dict[str, dict[str, Any]] = {
    "5 min, index in front": {"frames": 7_500, "index_first": True},
    "5 min, index at the end": {"frames": 7_500, "index_first": False},
    "1 h, index in front": {"frames": 90_000, "index_first": True},
    "1 h, index at the end": {"frames": 90_000, "index_first": False},
}
VOICES: dict[str, tuple[Callable[[], bytes], int]] = {
    "4.5 min of MP3, 320 kbit/s": (
        lambda: encode_voice("libmp3lame", "mp3", 30, bit_rate=320_000),
        12_000_000,
    ),
    "MP3, 100 MB": (lambda: encode_voice("libmp3lame", "mp3", 30, bit_rate=128_000), 100_000_000),
    "MP3, 1 GB": (lambda: encode_voice("libmp3lame", "mp3", 30, bit_rate=128_000), 1_000_000_000),
    "FLAC, 100 MB": (lambda: encode_voice("flac", "flac", 30, layout="stereo"), 100_000_000),
    "Opus, 100 MB": (lambda: encode_voice("libopus", "ogg", 30, rate=48_000), 100_000_000),
    "AAC, 100 MB": (lambda: encode_voice("aac", "adts", 30, bit_rate=128_000), 100_000_000),
    "WAV, 1 GB (by ranges)": (lambda: encode_voice("pcm_s16le", "wav", 30, streamed=True), 1_000_000_000),
}
"""A piece of sound, and the size to which it is repeated."""


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


def write_voice(path: Path, piece: bytes, size: int) -> None:
    """Write `piece` again and again, until the file has `size` bytes."""
    with path.open("wb") as file:
        for _ in range(size // len(piece)):
            file.write(piece)


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
        started, cpu = time.perf_counter(), time.process_time()
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
            "cpu_seconds": round(time.process_time() - cpu, 3),
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
    results, voices = {}, {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "media"
        for name, case in CASES.items():
            write(path, **case)
            results[name] = measured(name, path)
        for name, (piece, size) in VOICES.items():
            write_voice(path, piece(), size)
            voices[name] = measured(name, path)
    for name, result in results.items():
        assert result["bytes_read"] < MOST_BYTES, name
    for name, result in voices.items():
        assert result["seconds_of_media"], name
        assert result["cpu_seconds"] < 1 + MOST_CPU_SECONDS_A_GB * result["bytes_read"] / 1e9, name
    for name, result in (results | voices).items():
        assert result["peak_rss_mib"] + result["peak_rss_of_parser_mib"] < MOST_MIB, name
    bounds = {
        "bytes_read": MOST_BYTES,
        "peak_rss_mib_of_both": MOST_MIB,
        "cpu_seconds_a_gb": MOST_CPU_SECONDS_A_GB,
    }
    found = {"bounds": bounds, "results": results, "voices": voices}
    save("preflight", surroundings("boto3", "pymediainfo", "av") | found)


def measured(name: str, path: Path) -> dict[str, Any]:
    """Serve the file, and measure its probe in a process of its own."""
    with served(path) as endpoint:
        command = [sys.executable, "-m", "benchmarks.preflight", endpoint]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    print(f"{name:26}", result)
    return result


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
