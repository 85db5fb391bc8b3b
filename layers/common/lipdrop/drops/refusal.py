"""The one exception with which the steps of `submit` say no to a drop."""

import json
import re

from lipdrop.model.failures import failure
from lipdrop.model.job import Failure


class DropRefusedError(Exception):
    """A drop that cannot become a job; `failure` says why, in words for the one who dropped it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure: Failure = failure(code, message)


_MOST_SHOWN = 80
_SECRETS = re.compile(r"(?<=://)[^/@?#]*(?=@)|(?<=\?).+", re.DOTALL)
"""User and password of a link, and its query, which may be a signature."""


def shown(value: object) -> str:
    """Return what was given as JSON, short enough for a message; of links without secrets."""
    match value:
        case dict():
            text = "an object"
        case list() | tuple() | set():
            text = "a list"
        case str():
            text = json.dumps(_SECRETS.sub("…", value) if "://" in value else value, ensure_ascii=False)
        case bool() | None:
            text = json.dumps(value)
        case _:
            text = repr(value)
    printable = text.encode("utf-8", "replace").decode()
    return printable if len(printable) <= _MOST_SHOWN else f"{printable[: _MOST_SHOWN - 2]}…{printable[-1]}"
