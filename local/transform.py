"""`python -m local.transform`: print template.yaml as CloudFormation gets it, after SAM's transform.

Some findings of a template checker show only there: SAM makes the roles, permissions and event sources. Run
by the Python of SAM CLI, whose own translator it is.
"""

import json
import sys
from pathlib import Path
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
_UPLOADED = {"CodeUri", "ContentUri", "DefinitionUri"}
"""What `sam package` replaces by an address in S3."""


def transformed() -> dict[str, Any]:
    """Return the plain CloudFormation template; raises the translator's errors for one that is not valid."""
    template = yaml_parse(TEMPLATE.read_text())
    for resource in template["Resources"].values():
        for name in _UPLOADED & set(resource.get("Properties", {})):
            resource["Properties"][name] = "s3://artifacts/packaged"
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    result: dict[str, Any] = Translator({}, Parser()).translate(template, defaults)
    return result


if __name__ == "__main__":
    json.dump(transformed(), sys.stdout, indent=1)
