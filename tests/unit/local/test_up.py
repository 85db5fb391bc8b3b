"""`make up PARAMETERS=…`: what is handed on to the template, as SAM CLI will read it."""

import pytest

from local.processes import LocalRunError
from local.sam import quoted
from local.up import read_parameters


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("MaxJobCost=5 LinkHours=2", {"MaxJobCost": "5", "LinkHours": "2"}),
        ("SegmindHistoryUrl=", {"SegmindHistoryUrl": ""}),
        ("NotificationEmail='a b=c'", {"NotificationEmail": "a b=c"}),
    ],
)
def test_parameters_are_read_as_a_shell_would(text: str, read: dict[str, str]) -> None:
    assert read_parameters(text) == read


@pytest.mark.parametrize("text", ["MaxJobCost", "=5", "Max-Job=5", "MaxJobCost='5"])
def test_what_is_no_parameter_is_told(text: str) -> None:
    with pytest.raises(LocalRunError, match="PARAMETERS"):
        read_parameters(text)


@pytest.mark.parametrize(
    ("value", "written"),
    [("5", "5"), ("", '""'), ("a b", '"a b"'), ('a"b', '"a\\"b"'), ("https://h/p?x=1", "https://h/p?x=1")],
)
def test_a_value_is_quoted_where_sam_needs_it(value: str, written: str) -> None:
    assert quoted(value) == written
