"""The published schema as a check of one message."""

import json
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

from local import paths


def notification_check() -> Callable[[Any], None]:
    """Return a function that raises ValueError for a message that the schema forbids."""
    validator = Draft202012Validator(json.loads((paths.ROOT / "docs/notification.schema.json").read_text()))

    def check(message: Any) -> None:
        if errors := [f"{error.json_path}: {error.message}" for error in validator.iter_errors(message)]:
            raise ValueError("; ".join(errors))

    return check
