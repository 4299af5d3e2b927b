"""Hypothesis profiles: `dev`, and `ci` where the environment says CI.

A law is never judged by the clock: the machines that run the tests are too different. In CI the
examples are the same each time, so that a change is judged by what it changes; new ones are looked
for wherever else the tests run, and by `make soak`.
"""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["support.postgres_fixtures"]

settings.register_profile(
    "dev", deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", parent=settings.get_profile("dev"), derandomize=True, print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
