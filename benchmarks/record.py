"""Keep what a benchmark measured, with what one must know to compare it with another day's."""

import json
import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def surroundings(*packages: str) -> dict[str, Any]:
    """Return date (UTC), machine, Python and the versions of `packages`."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }


def machine() -> dict[str, Any]:
    """Return what kind of machine this is; nothing that tells which one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 1024**3, 1),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
    }


def save(name: str, content: dict[str, Any]) -> Path:
    """Write `content` to `benchmarks/results/<name>.json` and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path


def load(name: str) -> dict[str, Any]:
    """Return what `save` wrote last; FileNotFoundError when the benchmark has never run."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content


def has(name: str) -> bool:
    """Whether the benchmark has ever run."""
    return (RESULTS / f"{name}.json").exists()


def _cpu() -> str:
    described = Path("/proc/cpuinfo")
    text = described.read_text() if described.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1] if named else platform.processor() or "unknown"
