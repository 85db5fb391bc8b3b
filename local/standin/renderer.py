"""From two URLs to a finished file: downloads beside the event loop, one rendering at a time, a shelf.

The same media under the same sync mode are rendered once; a tail with the request's id makes every
result a file of its own, so that a mix-up of two results shows in their checksums.
"""

import asyncio
import hashlib
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from local.standin.frames import MediaError
from local.standin.media import Container, container_of, render
from local.standin.model import ResultKind
from local.standin.parameters import Parameters

CHUNK = 262_144
CONNECT_AND_READ_SECONDS = (10, 60)
CONTENT_TYPES: dict[Container, str] = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm"}
CONTAINERS_NAME = "host.docker.internal"


class Input(NamedTuple):
    """A downloaded file and the checksum of its content."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Result:
    """A result file: the rendering on the shelf, and a tail of its own."""

    path: Path
    seconds: float
    container: Container = "mp4"
    tail: bytes = b""
    sha256: str = ""
    size: int = 0

    @property
    def content_type(self) -> str:
        """The container's media type."""
        return CONTENT_TYPES[self.container]

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to `stop`."""
        body = self.size - len(self.tail)
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read(max(min(stop, body) - start, 0))
        return data + self.tail[max(start - body, 0) : max(stop - body, 0)]


@dataclass
class Studio:
    """Makes results. `folder` is a directory of its own that lives as long as the stand-in."""

    folder: Path
    renderings: int = 0
    _shelf: dict[tuple[str, ...], Result] = field(default_factory=dict)
    _fetchers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "standin-fetch"))
    _renderer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "standin-render"))

    async def make(self, request_id: str, asked: Parameters, kind: ResultKind, max_bytes: int) -> Result:
        """Download both inputs and return the result, of this `kind`; raises MediaError with a sentence."""
        loop = asyncio.get_running_loop()
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as inputs:
            video, audio = await asyncio.gather(
                loop.run_in_executor(
                    self._fetchers, fetch, "video_url", asked.video_url, Path(inputs), max_bytes
                ),
                loop.run_in_executor(
                    self._fetchers, fetch, "audio_url", asked.audio_url, Path(inputs), max_bytes
                ),
            )
            shelved = await loop.run_in_executor(self._renderer, self._render, video, audio, asked, kind)
        return await loop.run_in_executor(self._fetchers, _own, shelved, request_id, kind)

    def _render(self, video: Input, audio: Input, asked: Parameters, kind: ResultKind) -> Result:
        key = (video.sha256, audio.sha256, asked.sync_mode, "mp4" if kind == "text_behind" else kind)
        if key not in self._shelf:
            container = container_of(kind)
            path = self.folder / f"{hashlib.sha256(' '.join(key).encode()).hexdigest()}.{container}"
            seconds = render(video.path, audio.path, asked.sync_mode, path, kind)
            self._shelf[key] = Result(path, seconds, container)
            self.renderings += 1
        return self._shelf[key]

    def close(self) -> None:
        """Let the threads go; what they are at is finished, not waited for."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)
        self._renderer.shutdown(wait=True, cancel_futures=True)


def fetch(name: str, url: str, folder: Path, max_bytes: int) -> Input:
    """Download parameter `name`'s `url`; raises MediaError, whose text never holds the URL."""
    path, digest, size = folder / name, hashlib.sha256(), 0
    try:
        with (
            _get(url) as answer,
            path.open("wb") as file,
        ):
            if answer.status_code != 200:
                raise MediaError(f"Could not download {name}: HTTP {answer.status_code}.")
            for chunk in answer.iter_content(CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise MediaError(f"Could not download {name}: more than {max_bytes} bytes.")
                digest.update(chunk)
                file.write(chunk)
    except (requests.RequestException, OSError, ValueError) as problem:
        raise MediaError(f"Could not download {name}: {type(problem).__name__}.") from None
    return Input(path, digest.hexdigest())


def _get(url: str) -> requests.Response:
    """Start a GET of `url`. The name by which containers know this machine is known to containers only."""
    parts = urlsplit(url)
    if parts.hostname != CONTAINERS_NAME:
        return requests.get(url, stream=True, timeout=CONNECT_AND_READ_SECONDS)
    here = parts._replace(netloc=parts.netloc.replace(CONTAINERS_NAME, "127.0.0.1")).geturl()
    headers = {"Host": parts.netloc}  # a signature covers the host
    return requests.get(here, headers=headers, stream=True, timeout=CONNECT_AND_READ_SECONDS)


def _own(shelved: Result, request_id: str, kind: ResultKind) -> Result:
    """Return the shelved rendering with a tail that only this request has: what a player skips."""
    text = request_id.encode()
    if shelved.container == "webm":
        tail = b"\xec" + bytes([0x80 | len(text)]) + text  # an EBML `Void` element
    else:
        tail = struct.pack(">I4s", 8 + len(text), b"free") + text
    if kind == "text_behind":
        tail += b"\nServed by a host that adds a line.\n"
    with shelved.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(tail)
    size = shelved.path.stat().st_size + len(tail)
    return Result(shelved.path, shelved.seconds, shelved.container, tail, digest.hexdigest(), size)
