"""From result files to documents: `docs/performance.md` and the block of figures in `README.md`.

No figure is typed by hand: the words are in `performance.md.template`, every number comes from
`results/*.json`. A test holds both documents against what this renders.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.pages import chaos, cold_start, copy, peers, polling, preflight, scale, summary, waiting_line
from benchmarks.record import has, load
from local.paths import ROOT

PERFORMANCE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
TEMPLATE = Path(__file__).with_name("performance.md.template")
BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"

PAGES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, str]]] = {
    "polling": polling.tables,
    "measured_polling": polling.measured_tables,
    "copy": copy.tables,
    "preflight": preflight.tables,
    "cold_start": cold_start.tables,
    "scale": scale.tables,
    "waiting_line": waiting_line.tables,
    "peers": peers.tables,
    "chaos": chaos.tables,
}
RUN_ELSEWHERE = ("chaos",)
"""`make chaos` measures it; the rest is `make bench`'s."""


class Figures(dict[str, str]):
    """The placeholders of the page; those of a benchmark without a result file say so."""

    def __missing__(self, placeholder: str) -> str:
        """Return the word for what was not measured; KeyError for what no benchmark fills."""
        if any(placeholder.startswith(f"{name}_") for name in PAGES if not has(name)):
            return "*(not measured yet)*"
        raise KeyError(placeholder)


def performance() -> str:
    """Return `docs/performance.md`; KeyError names a placeholder that no benchmark fills."""
    filled = Figures(
        (f"{name}_{what}", text)
        for name, tables in PAGES.items()
        if has(name)
        for what, text in {"run": run(load(name)), **tables(load(name))}.items()
    )
    return Template(TEMPLATE.read_text()).substitute(filled)


def run(result: Mapping[str, Any]) -> str:
    """Return on what and when a benchmark ran, in one line."""
    machine = result["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    seed = f", seed {result['seed']}" if result.get("seed") is not None else ""
    return (
        f"*{result['date'][:10]}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['kernel']}, Python {result['python']}, {packages}{seed}.*"
    )


def with_block(readme: str) -> str:
    """Return `readme` with the figures between its two markers; ValueError when it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no {BEGIN} … {END}")
    figures = summary.table_of({name: load(name) for name in PAGES if has(name)})
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def write() -> None:
    """Write both documents."""
    PERFORMANCE.write_text(performance())
    README.write_text(with_block(README.read_text()))


if __name__ == "__main__":
    write()
