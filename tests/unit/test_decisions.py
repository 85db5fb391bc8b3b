"""The index of docs/decisions.md names every decision, once."""

import re

from local.paths import ROOT


def test_every_decision_is_in_the_index_once() -> None:
    index, _, _ = (text := (ROOT / "docs" / "decisions.md").read_text()).partition("\n## 20")

    decided = re.findall(r"^## (\d{4}-\d\d-\d\d · .+)$", text, re.MULTILINE)

    assert sorted(re.findall(r"\(#(.+?)\)", index)) == sorted(map(_anchor, decided))


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub makes of `heading`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
