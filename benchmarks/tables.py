"""Markdown out of measured rows: the one way in which a figure gets into a document."""

from collections.abc import Iterable, Sequence

type Cell = str | float | int | bool | None


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a Markdown table; columns of numbers are aligned to the right, None is shown as a dash."""
    cells = [list(row) for row in rows]
    numeric = [all(_is_number(row[i]) for row in cells) for i in range(len(header))]
    lines = [header, ["---:" if right else "---" for right in numeric], *(map(show, row) for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(value: Cell) -> str:
    """Return one cell: a number with at least three significant digits, and no more than it needs."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _number(value)
    return value.replace("|", "\\|")


def times(ratio: float) -> str:
    """Return a ratio as people say it."""
    return f"{_number(ratio)} ×"


def percent(share: float) -> str:
    """Return a share of one in percent."""
    return f"{100 * share:.0f} %"


def _number(value: float) -> str:
    size = abs(value)
    if size == 0 or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def _is_number(value: Cell) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
