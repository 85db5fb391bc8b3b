"""The stand-in for Segmind, running, and a web server for the media that it is told to fetch."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.standin.model import StandinSettings
from local.standin.server import Standin, running

MEDIA = Path(__file__).parents[2] / "local" / "media"
QUICK = StandinSettings(processing_seconds=0.05)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _MediaServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that leaves early is no news."""


@pytest.fixture(scope="session")
def _one_standin() -> Iterator[Standin]:
    with running(QUICK) as standin:
        yield standin


@pytest.fixture
def standin(_one_standin: Standin) -> Standin:
    """A stand-in without a past, that finishes a request at once; `standin.control` changes it."""
    _one_standin.control.reset(QUICK)
    return _one_standin


@pytest.fixture(scope="session")
def media_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder served by `media_url`, with the sample media in it; tests may add files."""
    root = tmp_path_factory.mktemp("media")
    for sample in MEDIA.iterdir():
        (root / sample.name).symlink_to(sample)
    return root


@pytest.fixture(scope="session")
def media_url(media_root: Path) -> Iterator[Callable[[str], str]]:
    """Return the function that gives the URL of a file in `media_root`."""
    server = _MediaServer(("127.0.0.1", 0), partial(_Quiet, directory=str(media_root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield lambda name: f"http://127.0.0.1:{server.server_address[1]}/{name}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def body(media_url: Callable[[str], str]) -> dict[str, object]:
    """The smallest body of a POST that is right: the sample video and the short voice."""
    return {"video_url": media_url("talking-head.mp4"), "audio_url": media_url("voice-short.wav")}
