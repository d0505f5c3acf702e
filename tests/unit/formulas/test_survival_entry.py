"""Curves of rows that came under observation late: left truncation by hand, by a loop, and beside lifelines."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

LONGEST = 9
LIFE = st.tuples(st.integers(0, LONGEST), st.integers(0, LONGEST), st.sampled_from(["event", "left", "open"])).map(
    lambda life: (min(life[:2]), max(life[:2]), life[2])
)
LIVES = st.lists(LIFE, min_size=1, max_size=30)


def tables(lives: list[tuple[int, int, str]]) -> dict[str, Any]:
    """Return the counts of each age: entries, events, those who left, those still open."""
    found = {kind: np.zeros(LONGEST + 1, dtype=np.int64) for kind in ("entry", "event", "left", "open")}
    for entry, end, kind in lives:
        found["entry"][entry] += 1
        found[kind][end] += 1
    return found


def curve_of(lives: list[tuple[int, int, str]]) -> f.SurvivalCurve:
    """Return the Kaplan-Meier curve of some lives, leaving a censoring."""
    counts = tables(lives)
    return f.kaplan_meier(counts["event"], counts["left"] + counts["open"], entered=counts["entry"])


def test_a_curve_by_hand():
    """Four rows: one from the start, two from 3 on, one from 5 on; nobody is at risk before the entry."""
    lives = [(0, 4, "event"), (3, 6, "event"), (3, 4, "open"), (5, 7, "event")]
    curve = curve_of(lives)
    assert curve.at_risk[:9].tolist() == [1, 1, 1, 3, 3, 2, 2, 1, 0]
    assert curve.survival[[3, 4, 5, 6, 7]].tolist() == [1.0, 2 / 3, 2 / 3, 1 / 3, 0.0]
    assert f.survival_quantile(curve) == 6
    assert f.restricted_mean(curve, 7) == pytest.approx(4 * 1 + 2 * 2 / 3 + 1 / 3, rel=1e-15)
    everybody = f.kaplan_meier(tables(lives)["event"], tables(lives)["open"])
    assert everybody.survival[4] == 3 / 4


def test_a_row_is_at_risk_on_the_day_of_its_entry():
    """An event at the age of entry is one of those at risk then."""
    curve = curve_of([(2, 2, "event"), (0, 5, "open"), (3, 5, "open")])
    assert curve.at_risk[:4].tolist() == [1, 1, 2, 2]
    assert curve.survival[2] == 1 / 2


@given(LIVES)
def test_curves_are_the_loop_over_rows(lives):
    """Rows at risk at t are those with entry <= t <= exit; S multiplies (r - d) / r over them, as exact fractions."""
    curve, share = curve_of(lives), F(1)
    for age in range(LONGEST + 1):
        at_risk = sum(entry <= age <= end for entry, end, _ in lives)
        ended = sum(end == age and kind == "event" for _, end, kind in lives)
        share *= F(at_risk - ended, at_risk) if at_risk else 1
        assert (curve.at_risk[age], curve.events[age]) == (at_risk, ended)
        assert curve.survival[age] == pytest.approx(float(share), rel=1e-14, abs=0)
    below = [age for age in range(LONGEST + 1) if curve.survival[age] <= 0.5 + 1e-12]
    median = f.survival_quantile(curve)
    assert median == below[0] if below else math.isnan(median)


@given(LIVES)
def test_h11_entry_at_0_is_no_entry(lives):
    """H11: with every entry at 0 both curves are what they are without entries, bit for bit."""
    lives = [(0, end, kind) for _, end, kind in lives]
    counts = tables(lives)
    lost = counts["left"] + counts["open"]
    plain, entered = f.kaplan_meier(counts["event"], lost), curve_of(lives)
    np.testing.assert_array_equal(plain.survival, entered.survival)
    np.testing.assert_array_equal(plain.at_risk, entered.at_risk)
    causes = [counts["event"], counts["left"]]
    one = f.aalen_johansen(causes, counts["open"])
    other = f.aalen_johansen(causes, counts["open"], entered=counts["entry"])
    np.testing.assert_array_equal(one.incidence, other.incidence)
    np.testing.assert_array_equal(one.survival, other.survival)


@given(LIVES)
def test_competing_shares_add_up_with_late_entries(lives):
    """S and both incidences are 1 together at every age, and S is that of any end."""
    counts = tables(lives)
    curve = f.aalen_johansen([counts["event"], counts["left"]], counts["open"], entered=counts["entry"])
    np.testing.assert_allclose(curve.incidence.sum(axis=0) + curve.survival, 1.0, rtol=0, atol=1e-14)
    either = f.kaplan_meier(counts["event"] + counts["left"], counts["open"], entered=counts["entry"])
    np.testing.assert_array_equal(curve.survival, either.survival)


@given(LIVES, st.integers(0, LONGEST), st.integers(0, LONGEST))
def test_h4_a_censored_row_never_lowers_the_curve(lives, one, other):
    """H4: one more row without the event, whenever it entered, lowers S nowhere."""
    before, after = curve_of(lives), curve_of([*lives, (min(one, other), max(one, other), "open")])
    assert (after.survival >= before.survival * (1 - 1e-14)).all()


def test_groups_are_each_their_own():
    """Many groups at once, one of them empty, are the groups one by one."""
    some = [[(0, 4, "event"), (3, 6, "event")], [(2, 2, "open")], [(5, 7, "event"), (1, 8, "event"), (0, 3, "left")]]
    counts = [tables(lives) for lives in some]
    empty = np.zeros(LONGEST + 1, dtype=np.int64)
    event, entry, lost = (
        np.stack([*rows, empty])
        for rows in (
            [c["event"] for c in counts],
            [c["entry"] for c in counts],
            [c["left"] + c["open"] for c in counts],
        )
    )
    curve = f.kaplan_meier(event, lost, entered=entry)
    for at, lives in enumerate(some):
        np.testing.assert_array_equal(curve.survival[at], curve_of(lives).survival)
    assert np.isnan(curve.survival[3]).all()


@pytest.mark.parametrize("entered", [[1], [[1, 0], [0, 0]], [0.5, 0.5], [-1, 3]])
def test_entries_that_cannot_be_counts_are_refused(entered):
    """Entries have the groups and days of the events, and are whole numbers of 0 or more."""
    with pytest.raises(InvalidArgumentError, match="must h"):
        f.kaplan_meier([1, 0], [0, 1], entered=entered)


LATE = [
    *((0, 3, "event"), (0, 5, "open"), (2, 4, "event"), (2, 7, "event"), (4, 4, "open"), (4, 6, "event")),
    *((5, 8, "event"), (1, 8, "open"), (0, 8, "event"), (6, 9, "open")),
]


def test_lifelines_agrees():
    """There a row is at risk after its entry only, so entries are half a day earlier: all else is equal."""
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(11)
    drawn = [
        (int(e), int(e + d), str(k))
        for e, d, k in zip(
            rng.integers(0, 40, 300) * (rng.random(300) < 0.5),
            rng.integers(0, 50, 300),
            rng.choice(["event", "open"], 300),
            strict=True,
        )
    ]
    # two rows over the first forty ages, for lifelines stops where nobody is at risk
    for lives in (LATE, [*drawn, (0, 60, "open"), (0, 61, "open")]):
        entry, end = (np.array([life[at] for life in lives]) for at in (0, 1))
        event = np.array([life[2] == "event" for life in lives])
        size = int(end.max()) + 1
        curve = f.kaplan_meier(
            np.bincount(end[event], minlength=size),
            np.bincount(end[~event], minlength=size),
            entered=np.bincount(entry, minlength=size),
        )
        fitter = lifelines.KaplanMeierFitter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            fitter.fit(end, event, entry=np.maximum(entry - 0.5, 0.0))
            other = fitter.survival_function_at_times(np.arange(size)).to_numpy()
            bounds = fitter.confidence_interval_
            median = fitter.median_survival_time_
        np.testing.assert_allclose(curve.survival, other, rtol=1e-12, atol=1e-15)
        assert f.survival_quantile(curve) == median
        low, high = f.survival_interval(curve)
        ages = [age for age in np.flatnonzero(curve.events) if 0 < curve.survival[age] < 1]
        np.testing.assert_allclose(low[ages], bounds.iloc[:, 0].loc[ages], rtol=1e-9)
        np.testing.assert_allclose(high[ages], bounds.iloc[:, 1].loc[ages], rtol=1e-9)
