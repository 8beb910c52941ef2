"""How much is tried: little and always the same, or, with SAFETY_PROFILE=soak, much and always something new."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_FACTORS = {"fast": 1, "soak": 20}
_PROFILE = os.environ.get("SAFETY_PROFILE", "fast")

THOROUGH = _PROFILE == "soak"
TIMEOUT_SECONDS = 120 * _FACTORS[_PROFILE]  # for one test

_COMMON = settings(
    database=None,
    deadline=None,  # a test that is about time measures it itself, and the machine may be busy
    phases=[Phase.explicit, Phase.generate, Phase.shrink],  # explaining traces every line, which takes minutes
    report_multiple_bugs=False,
    # Each example makes a secret of its own, so that a function, which is slow to make, can serve them all.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("fast", _COMMON, derandomize=True)
settings.register_profile("soak", _COMMON, print_blob=True)


def examples(number: int) -> settings:
    """Returns the settings for a test that tries so many examples in the fast profile."""
    return settings(settings.get_profile(_PROFILE), max_examples=number * _FACTORS[_PROFILE])
