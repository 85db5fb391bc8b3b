"""Values in the words of messages to people."""


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
