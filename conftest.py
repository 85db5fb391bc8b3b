"""Settings of Hypothesis for all tests: how many examples it tries, and that no test depends on speed.

Two profiles: `few`, the default, and `many`, which `make test-slow` chooses with `--hypothesis-profile=many`
(`LIPDROP_GAMES=20000 make test-slow` tries more). A model-based test whose examples are expensive takes a
fraction of `settings().max_examples` and has the marker `model`: `make test` plays a few games of it,
`make test-slow` many.
"""

import os

from hypothesis import HealthCheck, settings

# A deadline, or a health check that measures time, would fail on a busy machine and say nothing of the code.
TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)

settings.register_profile("few", TIMELESS, max_examples=100)
settings.register_profile("many", TIMELESS, max_examples=int(os.environ.get("LIPDROP_GAMES", "1000")))
settings.load_profile("few")
