"""Laws A3, B4 and B7 across processes, and through the door of the empty tally."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import salesmetrics as sm
from tests.laws.fixed import BOOKS, DAY, MONTHS, fitted
from tests.laws.law import hexed
from tests.laws.registry import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "from tests.laws.test_processes import digest; print(digest())"


def digest() -> str:
    """Return a fingerprint of every answer on the fixed books, to the last bit."""
    told = [
        hexed(entry.answer(fitted(case, variant), variant))
        for entry in ENTRIES
        for variant in entry.variants
        for case in BOOKS.values()
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_a3_another_process_gives_the_same_bits(seed: str) -> None:
    """A3 == Another process with another PYTHONHASHSEED gives the same bits."""
    paths = os.pathsep.join([str(Path(sm.__file__).parents[1]), str(ROOT)])
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == digest()


def test_b7_a_tally_pickled_elsewhere_is_the_same(tmp_path: Path) -> None:
    """B7 == A tally that another process pickled is equal to one's own, and merges with it."""
    deals = BOOKS["typical"].ask().deals
    tally = sm.OutcomeTally.from_book(deals, by=("rep", "segment"), period=MONTHS)
    place = tmp_path / "tally"
    script = (
        "import pickle, sys, salesmetrics as sm; from tests.laws.fixed import BOOKS, MONTHS;"
        "t = sm.OutcomeTally.from_book(BOOKS['typical'].ask().deals, by=('rep', 'segment'), period=MONTHS);"
        "open(sys.argv[1], 'wb').write(pickle.dumps(t))"
    )
    paths = os.pathsep.join([str(Path(sm.__file__).parents[1]), str(ROOT)])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, str(place)], env=env, check=True)
    other = pickle.loads(place.read_bytes())
    assert tally.equals(other)
    assert (tally + other).equals(other + tally)


@pytest.mark.parametrize(
    "kind",
    [
        *(sm.BookingTally, sm.CreationTally, sm.DurationTally, sm.OutcomeTally, sm.PipelineTally, sm.SizeTally),
        *(sm.VelocityTally, sm.QuotaTally),
    ],
)
@pytest.mark.parametrize("by", [None, "rep", ("segment", "rep")])
def test_b4_the_door_of_the_empty_tally(kind: type, by: object) -> None:
    """B4 == `empty` is what every tally is added to without change."""
    ask = BOOKS["typical"].ask()
    if kind is sm.QuotaTally:
        by = "rep" if by is not None else None
        whole, nothing = kind.from_book(ask.quotas, by=by, period=MONTHS), kind.empty(by=by, period=MONTHS)
    else:
        whole = kind.from_book(ask.deals, by=by, period=MONTHS, as_of=DAY)  # type: ignore[attr-defined]
        nothing = kind.empty(by=by, period=MONTHS, as_of=DAY)  # type: ignore[attr-defined]
    assert (whole + nothing).equals(whole)
    assert (nothing + whole).equals(whole)
    assert (nothing + nothing).equals(nothing)
    added: Any = sum([whole, nothing])
    assert added.equals(whole)
