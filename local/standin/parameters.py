"""The model's parameter table, as the service checks it."""

from typing import Annotated, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta, Struct

from local.standin.model import SyncMode

Url = Annotated[str, Meta(pattern=r"^https?://[^/]")]


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a POST."""

    video_url: Url
    audio_url: Url
    sync_mode: SyncMode = "bounce"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.5
    auto_active_speaker_detection: bool = False
    occlusion_detection_enabled: bool = False

    def __post_init__(self) -> None:
        """Refuse what looks like a URL but cannot be taken apart."""
        for name in ("video_url", "audio_url"):
            if path(getattr(self, name)) is None:
                raise ValueError(f"`{name}` is not a valid URL")


def check(body: Any) -> Parameters:
    """Return `body` as parameters; raises `msgspec.ValidationError` that names the bad one."""
    return msgspec.convert(body, Parameters)


def public(body: Any) -> dict[str, Any] | None:
    """Return `body` without the queries of its URLs, which may carry signatures; None if it is no object."""
    if not isinstance(body, dict):
        return None
    return {name: _bare(value) if isinstance(value, str) else value for name, value in body.items()}


def media(body: Any) -> str:
    """Return the paths of the body's two URLs in one line: by them a job is known to the faults."""
    urls = [body.get(name) for name in ("video_url", "audio_url")] if isinstance(body, dict) else []
    return " ".join(path(url) or "" for url in urls if isinstance(url, str))


def path(url: str) -> str | None:
    """Return the path of `url`, unquoted; None when it is no URL."""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return None


def _bare(value: str) -> str:
    if path(value) is None:
        return "unreadable"
    parts = urlsplit(value)
    return urlunsplit(parts._replace(query="", fragment="")) if parts.scheme else value
