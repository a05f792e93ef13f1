"""How Hypothesis runs here: bounded, and the same everywhere in CI."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "unit", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("ci", parent=settings.get_profile("unit"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "unit")
