"""The table that people read is the table that the code uses."""

import re
from pathlib import Path

import pytest

from lipdrop.failures import FAILURES, failure

ROW = re.compile(r"^\| `(?P<code>[A-Z_]+)` \| (?P<when>.+) \| (?P<charged>\w+) \| (?P<action>.+) \|$")
TABLE = Path(__file__).parents[2] / "docs" / "outcomes.md"


def test_the_published_table_of_codes_is_the_one_in_the_code() -> None:
    rows = [match for line in TABLE.read_text().splitlines() if (match := ROW.match(line))]

    published = {row["code"]: (row["charged"], row["action"]) for row in rows}

    assert published == {code: (kind.charged, kind.action) for code, kind in FAILURES.items()}


def test_a_failure_says_what_its_row_says_unless_more_is_known() -> None:
    known = failure("DEADLINE", "Not ready after 55 minutes.")
    better = failure("DEADLINE", "Not ready.", charged="yes", http_status=200)

    assert (known.stage, known.charged, known.action) == tuple(FAILURES["DEADLINE"])
    assert (better.charged, better.http_status) == ("yes", 200)


def test_a_code_that_is_not_published_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        failure("SOMETHING_ELSE", "No row, no code.")
