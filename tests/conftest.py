"""What every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How quick the machine is decides no test.
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")

PROJECT = Path(__file__).parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with Intercom's published descriptions, real drift and labelled latency.

    The project holds no copy of it, so a clone without it skips; CI must have it.
    """
    if SHARED.is_dir():
        return SHARED
    reason = (
        "needs ../shared (Intercom's descriptions, real drift), which the project has no copy of"
    )
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI has to provide it")
    pytest.skip(reason)
