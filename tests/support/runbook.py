"""The commands of docs/operating.md, run as they stand there."""

import os
import re
import subprocess

from local import paths
from local.stack import Stack

_DOCUMENT = (paths.ROOT / "docs" / "operating.md").read_text()
_SECTION = re.compile(r"^#+ (?P<title>.+)\n(?P<text>(?:(?!^#).*\n)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```bash\n(.+?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, list[str]]:
    """Return the bash blocks of each section, by its title."""
    return {found["title"]: _BLOCK.findall(found["text"]) for found in _SECTION.finditer(_DOCUMENT)}


def commands(title: str, number: int = 0) -> str:
    """Return the bash block `number` of the section called `title`."""
    return blocks()[title][number]


def run(stack: Stack, script: str, **variables: str) -> str:
    """Run `script` after the document's first block; return what it printed. Fails if any command does."""
    path = f"{paths.PYTHON_BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands("Operating") + script],
        env={"PATH": path, "HOME": stack.directory, "AWS_PAGER": "", **stack.environment, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
