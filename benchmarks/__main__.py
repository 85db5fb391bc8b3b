"""`make bench`: run the benchmarks, each in a process of its own, then write what the documents show.

`python -m benchmarks` runs all of them, `python -m benchmarks polling copy` some.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import report
from local import paths


def main(words: Sequence[str] | None = None) -> int:
    """Run what was asked for; return the exit status."""
    known = [name for name in report.PAGES if name not in report.RUN_ELSEWHERE]
    arguments = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = arguments.parse_args(words).names or known
    if unknown := [name for name in names if name not in known]:
        arguments.error(f"no such benchmark: {', '.join(unknown)}")
    for name in names:
        print(f"\n{name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=paths.ROOT, check=False)
        if done.returncode:
            return done.returncode
    report.write()
    print("\nwrote docs/performance.md and the figures of README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
