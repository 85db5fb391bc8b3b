"""Lint the state machine: inlined into the template for cfn-lint, and every arrow followed.

`sam validate --lint` does not look into the file behind DefinitionUri, and cfn-lint misses a `Next`
that leads nowhere.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local import paths

DEFINITION = paths.ROOT / "statemachine" / "lipsync.asl.json"


def dangling(definition: dict[str, Any]) -> list[str]:
    """Return a sentence for each arrow that leads to no state and each state that no arrow leads to."""
    states = definition["States"]
    arrows = [("StartAt", definition["StartAt"]), *_arrows(states)]
    lost = [
        f"{origin} leads to {target}, which is no state" for origin, target in arrows if target not in states
    ]
    reached = {target for _, target in arrows}
    return lost + [f"no arrow leads to {name}" for name in states if name not in reached]


def _arrows(node: Any, origin: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("Next", "Default"):
                yield origin, value
            else:
                yield from _arrows(value, origin or key)
    elif isinstance(node, list):
        for item in node:
            yield from _arrows(item, origin)


def inlined(definition: str) -> dict[str, Any]:
    """Return a template that holds nothing but the state machine, its substitutions filled in."""
    filled = re.sub(r"\$\{\w+\}", "arn:aws:lambda:us-east-1:123456789012:function:any", definition)
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::123456789012:role/any",
            "Definition": json.loads(filled),
        },
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"StateMachine": machine}}


def main() -> int:
    """Print what is wrong; return the exit status."""
    text = DEFINITION.read_text()
    complaints = dangling(json.loads(text))
    print("\n".join(complaints) or "the state machine's arrows all lead somewhere")
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "statemachine.json"
        template.write_text(json.dumps(inlined(text)))
        lint = subprocess.run([str(paths.PYTHON_BIN / "cfn-lint"), str(template)], check=False)
    return 1 if complaints else lint.returncode


if __name__ == "__main__":
    sys.exit(main())
