"""One import in one fresh interpreter: how long, how much memory, which modules."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from local.aws import CREDENTIALS

_PROBE = """
import sys, time
sys.path[:0] = sys.argv[1].split("|")
start = time.process_time()
exec(sys.argv[2])
imported = time.process_time()
kept = dict(vars(sys.modules.get("app", sys)))
for value in kept.values():
    if getattr(value, "__module__", "") == "app" and hasattr(value, "cache_info"):
        value()
ready = time.process_time()
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(imported - start, ready - start, peak, *sorted(sys.modules), sep="|")
"""
# VmHWM, as getrusage would count the memory of the process that started this one.

_ENVIRONMENT = {
    **CREDENTIALS,
    "DROP_BUCKET": "drop",
    "RESULTS_BUCKET": "results",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:topic",
    "JOBS_TABLE": "jobs",
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:lipsync",
    "POWERTOOLS_TRACE_DISABLED": "true",
}

ALL_FUNCTIONS = """
import importlib.util
for number, folder in enumerate(FUNCTIONS):
    spec = importlib.util.spec_from_file_location(f"app{number}", folder + "/app.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""

ALL_MODULES = """
import importlib, pkgutil
for module in pkgutil.walk_packages(LAYERS, onerror=lambda name: None):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except Exception:
            pass
"""
# What fails there needs a package that is not in the layers: it costs a real function nothing.


class Sample(NamedTuple):
    """One run: CPU milliseconds until imported, and until the clients are made; MiB at the peak; modules.

    CPU time, as an import does nothing but compute, and other processes of the machine are not in it.
    """

    import_ms: float
    ready_ms: float
    peak_mib: float
    modules: tuple[str, ...]


def probe(path: Sequence[str], code: str) -> Sample:
    """Run `code` in a fresh interpreter that sees `path` and the standard library, nothing else.

    Where it leaves a module `app`, the objects that `app` makes on first use are made too.
    """
    done = _run([], path, code)
    imported, ready, peak, *modules = done.stdout.strip().split("|")
    return Sample(1000 * float(imported), 1000 * float(ready), int(peak) / 1024, tuple(modules))


def import_shares(path: Sequence[str], code: str) -> dict[str, float]:
    """Return what each top-level package takes of the import, as a share of the whole."""
    own: dict[str, float] = {}
    for line in _run(["-X", "importtime"], path, code).stderr.splitlines():
        words = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and words[0].strip().isdigit():
            package = words[2].strip().partition(".")[0]
            group = "standard library" if _standard(package) else package
            own[group] = own.get(group, 0) + int(words[0])
    total = sum(own.values())
    return {name: spent / total for name, spent in sorted(own.items(), key=lambda item: -item[1])}


def _standard(name: str) -> bool:
    return name in sys.stdlib_module_names or name.startswith("_")


def _run(options: Sequence[str], path: Sequence[str], code: str) -> subprocess.CompletedProcess[str]:
    interpreter = Path(sys.executable).resolve()
    return subprocess.run(
        [str(interpreter), "-I", "-S", "-B", *options, "-c", _PROBE, "|".join(path), code],
        env={"PATH": os.defpath, "HOME": "/nonexistent", **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
