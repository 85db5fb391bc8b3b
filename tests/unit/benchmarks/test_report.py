"""The figures in the documents are those of the result files; nobody types one."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.record import RESULTS, has
from benchmarks.tables import percent, show, table, times

PRIVATE = re.compile(r"/home/|/root|/tmp/|/work|/Users/")


def test_performance_shows_what_was_measured() -> None:
    assert report.PERFORMANCE.read_text() == report.performance()


def test_readme_shows_what_was_measured() -> None:
    readme = report.README.read_text()

    assert readme == report.with_block(readme)


def test_words_of_the_performance_page_hold_no_measured_figure() -> None:
    words = re.sub(r"\$\{\w+\}", "", report.TEMPLATE.read_text())

    assert not re.findall(r"\d+(?:\.\d+)?\s?(?:×|%|ms|MiB|USD)", words)


@pytest.mark.parametrize("name", [name for name in report.PAGES if has(name)])
def test_every_result_says_when_and_on_what_it_was_measured(name: str) -> None:
    result = json.loads((RESULTS / f"{name}.json").read_text())

    assert {"date", "machine", "python", "versions"} <= set(result)
    assert set(result["machine"]) == {"cpu", "cores", "memory_gib", "kernel"}


@pytest.mark.parametrize("path", sorted(RESULTS.iterdir()), ids=lambda path: path.name)
def test_no_result_names_a_place_of_the_machine(path: Path) -> None:
    assert not PRIVATE.search(path.read_text())


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="has no"):
        report.with_block("# A page without figures\n")


def test_numbers_are_shown_with_the_digits_that_mean_something() -> None:
    assert [show(value) for value in (0.001234, 1.5, 12.34, 1234.5, 1000, None, True)] == [
        "0.00123",
        "1.5",
        "12.3",
        "1,234",
        "1,000",
        "—",
        "yes",
    ]
    assert times(4.108) == "4.11 ×"
    assert percent(0.442) == "44 %"


def test_columns_of_numbers_are_aligned_to_the_right() -> None:
    assert table(("name", "n"), [("a|b", 1), ("c", None)]) == "\n".join(
        ["| name | n |", "| --- | ---: |", "| a\\|b | 1 |", "| c | — |"]
    )
