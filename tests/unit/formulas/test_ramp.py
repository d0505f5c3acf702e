"""Ramp months, curves and equivalents on arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

R16 = np.array([0.3, 0.85, 0.6, 0.8, 0.9, 1.0])
MONTH = st.sampled_from([True, False, None])


@pytest.mark.parametrize(
    ("months", "sustained", "month", "event"),
    [(6, 1, 2, True), (6, 2, 4, True), (6, 3, 4, True), (6, 4, 3, False), (5, 3, 3, False), (3, 2, 2, False)],
)
def test_r16_the_published_rep(months, sustained, month, event):
    """The first sustained month, and the censoring at the last month from which k months are seen."""
    at_bar = f.reached_quota(R16, 1, 0.8)
    answer = f.ramp_month(at_bar[:months], sustained=sustained)
    assert (answer.month, answer.event) == (month, event)
    later = f.ramp_month(at_bar, sustained=sustained, observed=months)
    assert (later.month, later.event) == (month, event)
    assert type(answer.month) is float
    assert type(answer.event) is bool


def by_hand(row, k, no_quota, observed, entry):
    """Walk over a rep's months as the definition says."""
    seen = [
        (m, bool(r)) for m, r in enumerate(row, 1) if entry < m <= observed and (r is not None or no_quota == "count")
    ]
    for i in range(len(seen) - k + 1):
        if all(hit for _, hit in seen[i : i + k]):
            return seen[i][0], True
    return (seen[len(seen) - k][0] if len(seen) >= k else entry), False


@pytest.mark.parametrize("no_quota", ["skip", "count"])
@given(
    rows=st.lists(st.lists(MONTH, min_size=7, max_size=7), min_size=1, max_size=6),
    k=st.integers(1, 8),
    data=st.data(),
)
def test_many_reps_are_each_rep_walked_over(no_quota, rows, k, data):
    """The vectorised answer is the definition, month by month, with gaps, late entries and early ends."""
    observed, entry = (data.draw(st.lists(st.integers(0, 8), min_size=len(rows), max_size=len(rows))) for _ in "ab")
    answer = f.ramp_month(
        np.array(rows, dtype=float), sustained=k, no_quota=no_quota, observed=observed, entry=entry, early="truncate"
    )
    expected = [by_hand(row, k, no_quota, o, e) for row, o, e in zip(rows, observed, entry, strict=True)]
    assert list(zip(answer.month.tolist(), answer.event.tolist(), strict=True)) == expected


def test_a_month_without_quota_neither_breaks_nor_extends():
    """Skipped, it leaves a run whole and the clock running; counted, it breaks the run."""
    row = [0, 1, math.nan, 1, 1]
    skipped, counted = f.ramp_month(row, sustained=3), f.ramp_month(row, sustained=3, no_quota="count")
    assert (skipped.month, skipped.event) == (2, True)
    assert (counted.month, counted.event) == (3, False)
    late = f.ramp_month([math.nan, math.nan, 1])
    assert (late.month, late.event) == (3, True)


def test_h14_h15_a_rep_is_censored_and_never_dropped_nor_taken_as_ramped():
    """Never there: censored; nothing seen: censored at 0; late-seen: left out unless asked to join at the entry."""
    answer = f.ramp_month([[0, 0, 0], [math.nan] * 3, [1, 1, 1]], entry=[0, 0, 2])
    np.testing.assert_array_equal(answer.month, [3, 0, math.nan])
    assert answer.event.tolist() == [False, False, False]
    joined = f.ramp_month([1, 1, 1], entry=2, early="truncate")
    assert (joined.month, joined.event) == (3, True)
    assert f.ramp_month(np.zeros((2, 0))).month.tolist() == [0, 0]


@given(
    st.lists(st.lists(st.integers(0, 20), min_size=6, max_size=6), min_size=1, max_size=5),
    st.sampled_from([0.3, 0.5, 0.8]),
    st.integers(1, 3),
    st.integers(1, 1000),
)
def test_h14_a_higher_bar_never_brings_a_rep_forward(credited, bar, k, factor):
    """Against a higher bar each rep gets there no sooner, and censoring stays; sales and quota times c change nothing."""
    sales = np.array(credited)
    low = f.ramp_month(f.reached_quota(sales, 20, bar), sustained=k)
    high = f.ramp_month(f.reached_quota(sales, 20, bar + 0.2), sustained=k)
    both = low.event & high.event
    assert (high.month[both] >= low.month[both]).all()
    assert not (high.event & ~low.event).any()
    assert (high.month[~high.event] == 6 - k + 1).all()
    same = f.ramp_month(f.reached_quota(sales * factor, 20 * factor, bar), sustained=k)
    assert (same.month == low.month).all()
    assert (same.event == low.event).all()


def median_month(ramp):
    """Return the Kaplan-Meier median of ramp months."""
    months, size = ramp.month.astype(int), int(ramp.month.max()) + 1
    events, rest = (np.bincount(months[kind], minlength=size) for kind in (ramp.event, ~ramp.event))
    return f.survival_quantile(f.kaplan_meier(events, rest))


def test_x16_a_higher_bar_can_shorten_the_median():
    """Two leave after month 1; A gets to the low bar in month 1 and B in month 3: median 3. To the high bar A gets in 2."""
    sales = np.array([[0, 0, 0], [0, 0, 0], [5, 8, 8], [0, 0, 8]])
    observed = [1, 1, 3, 3]
    low = f.ramp_month(f.reached_quota(sales, 10, 0.5), observed=observed)
    high = f.ramp_month(f.reached_quota(sales, 10, 0.8), observed=observed)
    assert low.month.tolist() == [1, 1, 1, 3]
    assert (median_month(low), median_month(high)) == (3, 2)


def test_r15_the_naive_mean_forgets_those_not_there_yet():
    """Six events and four censored: the naive mean is 6.0, with no word of the four; nobody there is NaN."""
    months, event = [4, 5, 5, 6, 7, 9, 2, 3, 6, 8], [True] * 6 + [False] * 4
    assert f.naive_ramp_time(months, event) == 6.0
    ramp = f.RampMonths(np.array(months, dtype=float), np.array(event))
    assert median_month(ramp) == 6
    assert math.isnan(f.naive_ramp_time([3, 4], [False, False]))
    assert f.naive_ramp_time([[1, 3], [5, math.nan]], [[True, True], [True, False]]).tolist() == [2, 5]


def curve_of(month, event):
    """Return the Kaplan-Meier curve of whole months."""
    size = int(month.max()) + 1
    return f.kaplan_meier(*(np.bincount(month[kind].astype(int), minlength=size) for kind in (event, ~event)))


def test_censoring_only_open_runs_reads_long():
    """Ours is the curve of the same reps seen for ever; to censor open runs alone keeps failures and reads long."""
    rng = np.random.default_rng(11)
    reps, k = 40_000, 3
    hits, observed = rng.random((reps, 40)) < 0.5, rng.integers(1, 16, reps)
    truth, seen = f.ramp_month(hits, sustained=k), f.ramp_month(hits, sustained=k, observed=observed)
    curve = curve_of(seen.month, seen.event)
    actual = np.array([(truth.month > t).mean() for t in range(1, 11)])
    error = np.sqrt(0.25 / curve.at_risk[1:11] + 0.25 / reps)
    assert (np.abs(curve.survival[1:11] - actual) < 4 * error).all()
    known = np.where(np.arange(40) < observed[:, None], hits, np.nan)
    open_run = f.attainment_streak(known)
    wrong = curve_of(np.where(seen.event, seen.month, observed - open_run), seen.event)
    assert wrong.survival[10] > actual[-1] + 8 * error[-1]


def test_the_ramp_curve_pools_whole_months_of_those_present():
    """Partial months (NaN) and months without quota are left out; n falls with tenure; no reps is NaN."""
    curve = f.ramp_curve([[10, 60, math.nan], [30, 50, math.nan], [5, 80, math.nan]], [[100], [100], [0]])
    np.testing.assert_array_equal(curve.share, [0.2, 0.55, math.nan])
    assert curve.n.tolist() == [2, 2, 0]


def test_the_median_ramp_curve_is_a_reps_own():
    """The median is the nearest rank; with sums it would be the quota-weighted mean."""
    curve = f.ramp_curve([[10], [90], [1000]], [[100], [100], [1000]], stat="median")
    assert curve.share.tolist() == [0.9]
    assert f.ramp_curve([[10], [90]], 100, stat="median").share.tolist() == [0.1]
    assert np.isnan(f.ramp_curve(np.zeros((0, 2)), 100, stat="median").share).all()


def test_ramped_equivalents_add_up_shares():
    """A full rep, one at a quarter, one half there: 1.75; nobody is 0."""
    assert f.ramped_equivalents([1, 1, 0.5], [1, 0.25, 1]) == 1.75
    assert f.ramped_equivalents([], []) == 0.0
    assert f.ramped_equivalents([[1, 1], [0, 1]], 0.5).tolist() == [1, 0.5]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"sustained": 0}, "`sustained` must be a whole number >= 1; got 0"),
        ({"no_quota": "drop"}, "`no_quota` must be one of 'count', 'skip'; got 'drop'"),
        ({"early": "keep"}, "`early` must be one of 'exclude', 'truncate'"),
        ({"observed": -1}, "`observed` must be whole months >= 0; got -1"),
        ({"entry": 1.5}, "`entry` must be whole months >= 0; got 1.5"),
    ],
)
def test_what_is_no_ramp_is_refused(arguments, sentence):
    """Months and words that cannot be are refused with the rule."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        f.ramp_month([0, 1], **arguments)
