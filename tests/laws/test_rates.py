"""Laws E on drawn books: win rates and their intervals."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics import formulas
from salesmetrics.calendars import Period
from tests.laws.drawing import Case, cases
from tests.laws.law import close
from tests.laws.scaling import times

CASES = cases(period="one")
COMPLETE = cases(period="one", complete=True)
SLACK = 1e-15
"""Ends of a proportion's interval: laws.md, section 1."""


def rate(case: Case, **options: Any) -> Any:
    """Return the win rate of a case."""
    ask = case.ask()
    return sm.win_rate(ask.deals, period=ask.period, as_of=ask.as_of, **options)


def with_outcome(case: Case, outcome: str, number: int = 1) -> Case:
    """Return the case with decided deals of the period added."""
    assert isinstance(case.period, Period)
    day = case.period.start
    stage = {"won": "Closed Won", "lost": "Closed Lost"}[outcome]
    more = tuple(
        sm.Deal(f"y{outcome}{i}", "Ana", 5, day, day, day, stage, outcome, labels={"segment": "SMB", "product": "A"})
        for i in range(number)
    )
    return attrs.evolve(case, deals=(*case.deals, *more), as_of=max(case.as_of, day) if case.as_of else None)


@given(CASES)
def test_e1_a_rate_is_a_rate(case: Case) -> None:
    """E1 <= A rate lies in [0, 1]; wins and losses are whole numbers that add up to decided deals."""
    table = rate(case, by="rep")
    known = table.value[~table.undefined]
    assert ((known >= 0) & (known <= 1)).all()
    assert table.parts["won"].dtype == table.parts["lost"].dtype == np.int64
    assert (table.parts["won"] + table.parts["lost"] == table.n).all()


@given(CASES)
def test_e3_one_more(case: Case) -> None:
    """E3 <= One more won deal never lowers the rate, one more lost deal never raises it."""
    for basis in ("closed", "created"):
        base = with_outcome(with_outcome(case, "won"), "lost")
        before = rate(base, basis=basis)["all"].value
        more = attrs.evolve(base, deals=(*base.deals, attrs.evolve(base.deals[-2], id="w2")))
        less = attrs.evolve(base, deals=(*base.deals, attrs.evolve(base.deals[-1], id="l2")))
        assert rate(more, basis=basis)["all"].value >= before >= rate(less, basis=basis)["all"].value


@given(CASES)
def test_e4_pooled_is_the_weighted_mean(case: Case) -> None:
    """E4 The pooled rate is the mean of segments' weighted by decided deals, and lies between least and greatest."""
    pooled, parts = rate(case)["all"], rate(case, by="segment")
    known = ~parts.undefined
    if not known.any():
        assert pooled.reason == "no_rows"
        return
    mean = sum(int(n) * Fraction(v) for n, v in zip(parts.n[known], parts.value[known], strict=True)) / pooled.n
    assert close(pooled.value, float(mean), int(known.sum()) + 4)
    assert parts.value[known].min() <= pooled.value <= parts.value[known].max()


@given(COMPLETE, st.integers(1, 6))
def test_e5_amounts_that_do_not_matter(case: Case, k: int) -> None:
    """E5 == The amount-weighted rate ignores a factor 2^k, and is the count rate when all amounts are equal."""
    one, other = rate(case, weight="amount"), rate(times(case, 2**k), weight="amount")
    assert one.value.tobytes() == other.value.tobytes()
    flat = attrs.evolve(case, deals=tuple(attrs.evolve(d, amount=7) for d in case.deals))
    weighted, counted = rate(flat, weight="amount")["all"], rate(flat)["all"]
    assert close(weighted.value, counted.value, 4)
    assert weighted.n == counted.n
    assert abs(weighted.low - counted.low) <= SLACK
    assert abs(weighted.high - counted.high) <= SLACK


@given(CASES, st.sampled_from(["wilson", "exact"]))
def test_e6_intervals_of_answers(case: Case, interval: str) -> None:
    """E6 <= An interval contains the rate, lies in [0, 1], and a higher level contains a lower one."""
    wide, narrow = (rate(case, by="rep", interval=interval, confidence_level=level) for level in (0.99, 0.8))
    for table in (wide, narrow):
        known = ~table.undefined
        assert (table.low[known] <= table.value[known] + SLACK).all()
        assert (table.value[known] <= table.high[known] + SLACK).all()
        assert ((table.low >= 0) & (table.high <= 1)).all()
    assert (wide.low <= narrow.low + SLACK).all()
    assert (wide.high >= narrow.high - SLACK).all()


@pytest.mark.parametrize("n", [1, 2, 7, 30, 263, 10_000])
def test_e6_wilson_by_wins(n: int) -> None:
    """E6 <= Both ends never fall as wins rise; 0 and 1 at the ends exactly; twice the deals, a narrower interval."""
    wins = np.unique(np.linspace(0, n, 50).astype(np.int64))
    low, high = formulas.wilson(wins, n)
    assert (np.diff(low) >= -SLACK).all()
    assert (np.diff(high) >= -SLACK).all()
    assert (low[0], high[-1]) == (0.0, 1.0)
    low2, high2 = formulas.wilson(2 * wins, 2 * n)
    assert (high2 - low2 <= high - low + SLACK).all()


@given(CASES)
def test_e7_nothing_decided(case: Case) -> None:
    """E7 ! No decided deals: rate NaN, Wilson (0, 1), no warning."""
    nothing = attrs.evolve(case, deals=tuple(d for d in case.deals if d.outcome in ("open", "no_decision")))
    row = rate(attrs.evolve(nothing, as_of=None))["all"]
    assert np.isnan(row.value)
    assert (row.low, row.high, row.n, row.reason) == (0.0, 1.0, 0, "no_rows")


@given(CASES)
def test_e8_segment_wins_add_up(case: Case) -> None:
    """E8 == Segment wins add up to total wins."""
    for part in ("won", "lost"):
        assert int(rate(case, by="segment").parts[part].sum()) == int(rate(case).parts[part].sum())


@given(CASES)
def test_e9_created_and_closed_agree(case: Case) -> None:
    """E9 == Rates by day created and by day closed agree when every deal opens and closes inside the period."""
    assert isinstance(case.period, Period)
    first, last = case.period.start, case.period.end - timedelta(1)
    decided = tuple(attrs.evolve(d, created=first, closed=last) for d in case.deals if d.outcome in ("won", "lost"))
    inside = attrs.evolve(case, deals=decided, as_of=None)
    assert rate(inside).equals(rate(inside, basis="created"))


@given(COMPLETE, st.integers(0, 2**32 - 1))
def test_within_never_falls(case: Case, seed: int) -> None:
    """<= Of the deals old enough for both, no fewer are won within more days."""
    assert isinstance(case.period, Period)
    late = attrs.evolve(case, as_of=Period("2026-01-01", "2026-01-02").start)
    days = sorted(Random(seed).sample(range(120), 3))
    values = [rate(late, basis="created", within=d)["all"].value for d in days]
    assert all(a <= b for a, b in pairwise(values)) or all(np.isnan(values))
