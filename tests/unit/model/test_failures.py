"""The table of error codes in docs/outcomes.md is the table of the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lipdrop.model.failures import FAILURES, failure

ROW = re.compile(
    r"^\| `(?P<code>[A-Z_]+)` \| (?P<when>.+) \| (?P<charged>\w+) \| (?P<action>.+) \| (?P<shown>.+) \|$"
)
ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "outcomes.md"


def test_the_published_table_of_codes_is_the_one_in_the_code() -> None:
    rows = [match for line in TABLE.read_text().splitlines() if (match := ROW.match(line))]

    published = {row["code"]: (row["charged"], row["action"]) for row in rows}

    assert published == {code: (kind.charged, kind.action) for code, kind in FAILURES.items()}


def test_every_row_names_a_test_that_exists() -> None:
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    outcomes = [row for row in rows if not row.endswith("| shown by |")]
    named = [re.fullmatch(r"\|.+\| `(?P<file>\w+\.py)::(?P<test>\S+)` \|", row) for row in outcomes]

    assert len(named) > len(FAILURES)
    assert [row for row, found in zip(outcomes, named, strict=True) if not found] == []
    wanted = {f"{found['file']}::{found['test']}" for found in named if found}
    assert wanted <= _collected({name.partition("::")[0] for name in wanted})


def _collected(files: set[str]) -> set[str]:
    """Return the tests in `files` as `file::test`, with and without their parameters."""
    paths = [str(path) for file in files for path in (ROOT / "tests").rglob(file)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    tests = {line.rpartition("/")[2] for line in done.stdout.splitlines() if "::" in line}
    return tests | {test.partition("[")[0] for test in tests}


def test_a_failure_says_what_its_row_says_unless_more_is_known() -> None:
    known = failure("DEADLINE", "Not ready after 55 minutes.")
    better = failure("DEADLINE", "Not ready.", charged="yes", http_status=200)

    assert (known.stage, known.charged, known.action) == tuple(FAILURES["DEADLINE"])
    assert (better.charged, better.http_status) == ("yes", 200)


def test_a_code_that_is_not_published_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        failure("SOMETHING_ELSE", "No row, no code.")
