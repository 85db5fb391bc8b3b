"""The release has one number, wherever it is written."""

import json
import re

import lipdrop
from local.paths import ROOT


def test_the_newest_release_of_the_changelog_is_the_version_of_the_code() -> None:
    released = re.findall(
        r"^## (\d+\.\d+\.\d+) · \d{4}-\d{2}-\d{2}$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    assert released[0] == lipdrop.__version__


def test_the_state_machines_own_message_has_the_version_of_the_code() -> None:
    definition = json.loads((ROOT / "statemachine" / "lipsync.asl.json").read_text())

    last_resort = definition["States"]["WordLastResort"]["Assign"]["lastResort"]

    assert last_resort["lipdrop_version"] == lipdrop.__version__
