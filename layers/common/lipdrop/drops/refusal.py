"""The one exception with which `submit` refuses a drop, and how a refused value is described."""

from lipdrop.model.failures import failure
from lipdrop.model.job import Failure
from lipdrop.model.wording import escaped, shorten


class DropRefusedError(Exception):
    """A drop that cannot become a job; `failure` says why, in words for the person who uploaded it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure: Failure = failure(code, message)


_MOST_SHOWN = 60
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
    (object, "null"),
)


def shown_name(name: object) -> str:
    """Return a field's name as a message shows it: quoted, escaped, shortened."""
    return f'"{shorten(escaped(str(name)), _MOST_SHOWN)}"'


def kind_of(value: object) -> str:
    """Return what kind of value was given, in JSON's words.

    A refusal names the field and never repeats its value: keys and signed links are pasted into the wrong
    field, and a notification goes to every subscriber.
    """
    if value == "":
        return "an empty string"
    return next(words for kind, words in _KINDS if isinstance(value, kind))
