"""How many examples a property test takes: as many as it says in CI, a share of them elsewhere."""

import os

from hypothesis import HealthCheck, settings

# CI takes this many where a test does not say, and of each number that a test says all.
ALL = 100

settings.register_profile("dev", max_examples=30)
settings.register_profile(
    "ci",
    max_examples=ALL,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def load_profile() -> None:
    """Choose the profile: HYPOTHESIS_PROFILE, or `ci` where CI is set, or else `dev`."""
    chosen = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
    settings.load_profile(chosen)


def scaled(number: int) -> int:
    """Return the profile's share of a number of examples, one at least."""
    return max(1, number * settings().max_examples // ALL)


def examples(number: int) -> settings:
    """Return settings for the profile's share of `number` examples, without a deadline."""
    return settings(max_examples=scaled(number), deadline=None)
