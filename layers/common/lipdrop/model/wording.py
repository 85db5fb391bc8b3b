"""How messages to people show values: sizes, names that others chose, long texts."""

import re

MAX_TEXT = 2_000
"""Characters of one free text (a reason, a warning, a URL): far more than anybody reads, and small enough
that a message with all its texts at their longest stays under the 256 KiB of an SNS message."""

_MISLEADING = re.compile(
    "[\0-\x1f\x7f-\x9f"  # control characters, line breaks among them
    "\u2028\u2029"  # Unicode's own line breaks
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls (Unicode Annex 9, section 2)
    "\xad\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f"  # invisible
    "\ud800-\udfff]"  # halves of characters, which cannot be encoded
)
"""Characters that are not seen, or that change how the text around them is read. The joiners of emoji and of
Persian names (U+200C, U+200D) are kept: they change neither the order nor the lines."""


def how_large(size: int) -> str:
    """Return a size in bytes as people say it: 812 bytes, 4 kB, 2.1 GB."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    power = min(4, (len(str(size)) - 1) // 3)
    value = size / 1000**power
    digits = 1 if power > 1 and value < 10 else 0
    return f"{value:.{digits}f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def how_long(seconds: float) -> str:
    """Return a length in seconds as people say it: 0.03 s, 301.5 s, 62 min, 7.5 h, over 1,000 h."""
    if seconds < 600:
        return f"{float(f'{seconds:.2f}'):g} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{float(f'{hours:.1f}'):g} h" if hours <= 1000 else "over 1,000 h"


def escaped(text: str) -> str:
    r"""Return `text` with line breaks, control, bidi and unseen characters as JSON escapes (`\u202e`).

    The sender chooses a file's name: unescaped, it could add lines to a mail, or show
    `gpj.exe` as `exe.jpg`. JSON without line breaks between its values still means the same afterwards.
    """
    return _MISLEADING.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text`, cut with an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
