"""From the bytes of a manifest to plain data, whatever editor or page they were copied from."""

import ast
import json
import warnings
from typing import Any, NoReturn

_MOST_PYTHON = 65_536
"""Characters of a body copied from a page of Python; a list that long was made by a program, as JSON."""


class JsonObject(dict[str, Any]):
    """An object of a JSON text; `twice` are the fields that it holds more than once."""

    twice: tuple[str, ...] = ()

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> "JsonObject":
        """Make one of its fields in their order, as `json` hands them over."""
        made, names = cls(pairs), [name for name, _ in pairs]
        if len(made) < len(names):
            made.twice = tuple(name for name in made if names.count(name) > 1)
        return made


def decode(data: bytes) -> Any:
    """Return what `data` holds: JSON in UTF-8, -16 or -32, with or without a byte order mark.

    Segmind's page shows its body as a Python dictionary (`False`, a comma at the end): a copy of that is
    taken too. Raises ValueError saying where the text is wrong.
    """
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not {encoding.upper()}") from error
    try:
        return json.loads(text, object_pairs_hook=JsonObject.of, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        copied = _python(text)
        if copied is None:
            raise ValueError(str(error)) from None
        return copied


def _python(text: str) -> dict[Any, Any] | list[Any] | None:
    if len(text) > _MOST_PYTHON:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            content = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return content if isinstance(content, dict | list) else None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
