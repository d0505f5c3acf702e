"""The place of the reference data sets, which stay outside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def folder(name: str) -> Path:
    """Return the folder of a data set, or skip the test that asked for it."""
    place = SHARED / name
    if not place.is_dir():
        pytest.skip(f"the data set {name} is not here")
    return place
