"""No row of the catalogue of bad inputs is without a test."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.bad_inputs.harness import COVERED

ROWS = {"DOM": 26, "ARR": 30, "FRM": 14, "TXT": 17, "QPR": 8, "STG": 6, "CUR": 4, "MET": 12, "OUT": 8}
"""Areas of the catalogue, and how many rows each has."""


def test_every_row_has_a_test() -> None:
    """All 125 are there, and no test names a row that is none."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.bad_inputs.{path.stem}")
    catalogue = {f"{area}-{number}" for area, rows in ROWS.items() for number in range(1, rows + 1)}
    assert len(catalogue) == 125
    assert catalogue - COVERED == set()
    assert COVERED - catalogue == set()
