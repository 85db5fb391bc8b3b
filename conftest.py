"""For all tests: the settings of Hypothesis, and which tests run in one process.

Two profiles: `few`, the default, and `many`, which `make test-slow` chooses with `--hypothesis-profile=many`
(`LIPDROP_GAMES=20000 make test-slow` tries more). A model-based test whose examples are expensive takes a
fraction of `settings().max_examples` and has the marker `model`: `make test` plays a few games of it,
`make test-slow` many.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A deadline, or a health check that measures time, would fail on a busy machine and say nothing of the code.
TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)

settings.register_profile("few", TIMELESS, max_examples=100)
settings.register_profile("many", TIMELESS, max_examples=int(os.environ.get("LIPDROP_GAMES", "1000")))
settings.load_profile("few")

TESTS = Path(__file__).parent / "tests"
STACKS = {"e2e", "sam_local", "faults/test_chaos.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-xdist which tests stay together: those of one file, and all that deploy a stack.

    Fixtures of a module are then made once, and no two stacks run at the same time.
    """
    for item in items:
        place = item.path.relative_to(TESTS).as_posix()
        group = "stacks" if {place, place.partition("/")[0]} & STACKS else place
        item.add_marker(pytest.mark.xdist_group(group))
