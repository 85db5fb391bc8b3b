"""The API's options for one job: manifest, else the voice's metadata, else the video's, else the stack's.

Metadata comes with the object it belongs to, in one upload, so it cannot arrive too late. Other metadata
is none of our business: upload tools write their own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import msgspec

from lipdrop.drops.refusal import DropRefusedError
from lipdrop.model.job import Options, SyncMode

SYNC_MODES: tuple[str, ...] = get_args(SyncMode)
_BOOLEANS = {"true": True, "false": False}


def _sync_mode(text: str) -> str | None:
    return text if text in SYNC_MODES else None


def _temperature(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def _boolean(text: str) -> bool | None:
    return _BOOLEANS.get(text.lower())


class Reader(NamedTuple):
    """How an option's text becomes its value (None: it does not), and what is allowed, in words."""

    read: Callable[[str], Any]
    allowed: str


READERS = {
    "sync_mode": Reader(_sync_mode, f"one of {', '.join(SYNC_MODES)}"),
    "temperature": Reader(_temperature, "a number from 0 to 1"),
    "auto_active_speaker_detection": Reader(_boolean, "true or false"),
    "occlusion_detection_enabled": Reader(_boolean, "true or false"),
}

type Metadata = tuple[str, Mapping[str, str]]
"""A file's name, for messages, and its S3 user metadata."""


def effective(stack: Options, manifest: Mapping[str, Any], *metadata: Metadata) -> Options:
    """Return the options of a job: those of `manifest`, then of `metadata`, the weightier first.

    Metadata may be written `sync-mode` or `sync_mode`. Only values that count are looked at; raises
    DropRefusedError (INVALID_OPTION) naming each bad one, its file, and what is allowed.
    """
    chosen, problems = dict(manifest), []
    for file, given in metadata:
        for name, text in _options_in(given):
            if name in chosen:
                continue
            chosen[name] = READERS[name].read(text)
            if chosen[name] is None:
                problems.append(_problem(file, name, text))
    if problems:
        raise DropRefusedError("INVALID_OPTION", " ".join(problems))
    return msgspec.structs.replace(stack, **chosen)


def _options_in(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    named = ((name.lower().replace("-", "_"), text.strip()) for name, text in metadata.items())
    return sorted((name, text) for name, text in named if name in READERS)


def _problem(file: str, name: str, text: str) -> str:
    given = "invalid value" if text else "empty"
    return f"{file}: {name.replace('_', '-')}: {given}; allowed: {READERS[name].allowed}."
