"""How the tests run: two hypothesis profiles, no silent trouble with floats, and an ear on what the library does."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests import audit

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _floats_raise(request: pytest.FixtureRequest) -> Iterator[None]:
    """Raise where a float operation overflows, is invalid or divides by zero; other people's code is let off."""
    if "oracles" in request.path.parts:
        yield
        return
    with np.errstate(all="raise"):
        yield


def pytest_configure() -> None:
    """Hear what the library does from the first test on."""
    audit.watch()


@pytest.fixture(autouse=True)
def _nothing_runs() -> Iterator[None]:
    """Fail a test in which the library ran code from data, loaded a pickle, opened a socket or started a process."""
    before = len(audit.seen)
    yield
    assert audit.seen[before:] == []
