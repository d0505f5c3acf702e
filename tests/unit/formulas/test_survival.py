"""Kaplan-Meier and Aalen-Johansen on a grid of days."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

ULP = 2.0**-52
END = 40
ROWS = st.lists(st.tuples(st.integers(0, END), st.sampled_from(["won", "lost", "open"])), min_size=1, max_size=30)


def histogram(days, length=END + 1):
    return np.bincount(np.array(days, dtype=np.int64), minlength=length)


def counted(rows):
    """Return events (won or lost) and censorings by day."""
    return histogram([t for t, end in rows if end != "open"]), histogram([t for t, end in rows if end == "open"])


def exact(rows):
    """Return S after each day as fractions, by a loop over the rows."""
    share, curve = Fraction(1), []
    for day in range(END + 1):
        risk = sum(t >= day for t, _ in rows)
        events = sum(t == day and end != "open" for t, end in rows)
        share *= Fraction(risk - events, risk) if risk else 1
        curve.append(share)
    return curve


def close(found, expected, m):
    return abs(found - float(expected)) <= (m + 4) * ULP * abs(float(expected))


@given(ROWS)
def test_h1_the_curve_is_the_product_of_the_definition(rows):
    """S never rises from 1, stays in [0, 1], steps only at events, and is the exact product within (m + 4) ulp."""
    events, censored = counted(rows)
    curve = f.kaplan_meier(events, censored)
    steps = np.diff(curve.survival, prepend=1.0)
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    assert (steps <= 0).all()
    assert (steps[events == 0] == 0).all()
    assert (steps[events > 0] < 0).all()
    for day, (found, expected) in enumerate(zip(curve.survival, exact(rows), strict=True)):
        assert close(found, expected, np.count_nonzero(events[: day + 1]))


@given(st.lists(st.integers(0, END), min_size=1, max_size=30))
def test_h2_without_censoring_it_is_the_empirical_distribution(days):
    """S is the share of rows above t."""
    curve = f.kaplan_meier(histogram(days), histogram([]))
    for t in range(END + 1):
        assert close(curve.survival[t], Fraction(sum(d > t for d in days), len(days)), len(set(days)))


@given(st.lists(st.integers(0, END), min_size=1, max_size=30))
def test_h3_all_censored_is_one(days):
    """Without an event S is exactly 1, no quantile is reached, and no interval is known."""
    curve = f.kaplan_meier(histogram([]), histogram(days))
    assert (curve.survival == 1).all()
    assert math.isnan(f.survival_quantile(curve))
    assert np.isnan(f.survival_interval(curve)).all()
    assert np.isnan(f.survival_quantile_interval(curve)).all()


@given(ROWS, st.integers(0, END))
def test_h4_one_more_censored_row_never_lowers_s(rows, day):
    """A row seen longer without the event can only raise the curve."""
    less, more = f.kaplan_meier(*counted(rows)), f.kaplan_meier(*counted([*rows, (day, "open")]))
    assert (more.survival >= less.survival - (len(rows) + 4) * ULP).all()


@given(ROWS, st.integers(2, 50))
def test_h5_copies_divide_the_variance(rows, k):
    """Copies of every row leave S alone and divide Greenwood's variance by their number."""
    events, censored = counted(rows)
    one, many = f.kaplan_meier(events, censored), f.kaplan_meier(k * events, k * censored)
    m = np.count_nonzero(events)
    assert all(close(a, b, m) for a, b in zip(many.survival, one.survival, strict=True))
    variances = [f.greenwood_variance(c) for c in (one, many)]
    np.testing.assert_allclose(variances[1] * k, variances[0], rtol=1e-13, atol=0)


@given(ROWS)
def test_h6_another_unit_scales_the_axis_only(rows):
    """Days times 24 have the same steps, 24 times later, bit for bit."""
    events, censored = counted(rows)
    hours = [np.zeros(24 * END + 1, dtype=np.int64) for _ in range(2)]
    hours[0][::24], hours[1][::24] = events, censored
    day, hour = f.kaplan_meier(events, censored), f.kaplan_meier(*hours)
    assert hour.survival[::24].tobytes() == day.survival.tobytes()
    np.testing.assert_array_equal(f.survival_quantile(hour), 24 * f.survival_quantile(day))


def test_h7_a_row_censored_on_the_day_of_an_event_is_at_risk():
    """Events come before censorings."""
    assert f.kaplan_meier([0, 1], [0, 1]).survival.tolist() == [1, 0.5]


@given(st.lists(ROWS | st.just([]), min_size=1, max_size=6))
def test_h8_a13_groups_answer_as_they_do_alone_and_counts_pool(groups):
    """Many groups at once have the bits of each alone; longer tables change nothing; an empty group is NaN."""
    pairs = [counted(rows) for rows in groups]
    table = f.kaplan_meier(np.array([e for e, _ in pairs]), np.array([c for _, c in pairs]))
    longer = f.kaplan_meier(*(np.pad(np.array(part), ((0, 0), (0, 7))) for part in zip(*pairs, strict=True)))
    for row, (events, censored) in enumerate(pairs):
        alone = f.kaplan_meier(events, censored)
        assert table.survival[row].tobytes() == alone.survival.tobytes()
        for reading in (f.survival_quantile, lambda c: f.restricted_mean(c, 17), lambda c: f.survival_at(c, 17)):
            np.testing.assert_array_equal(reading(table)[row], reading(alone))
            np.testing.assert_array_equal(reading(longer)[row], reading(alone))
        if not groups[row]:
            assert np.isnan(table.survival[row]).all()


@given(ROWS, st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.75, 0.9]))
def test_h9_a_quantile_is_compared_exactly(rows, q):
    """It is the least day with S <= 1 - q in fractions, else NaN."""
    curve = f.kaplan_meier(*counted(rows))
    expected = next((t for t, share in enumerate(exact(rows)) if share <= 1 - Fraction(str(q))), math.nan)
    np.testing.assert_array_equal(f.survival_quantile(curve, q), expected)


def test_h9_the_median_of_a_product_that_floats_miss():
    """S(14) is exactly 1/2 although the float product is above it; so it is for ten thousand copies."""
    events, censored = histogram([4, 4, 10, 14, 14, 15, 16, 17]), histogram([18, 19])
    assert 0.8 * 0.875 * (5 / 7) > 0.5
    for k in (1, 10_000):
        assert f.survival_quantile(f.kaplan_meier(k * events, k * censored)) == 14


def test_h9_a_share_a_hair_above_a_half_is_not_a_half():
    """Of 2,000,000,001 rows, 1,000,000,000 events leave more than a half."""
    events, censored = np.array([0, 10**9, 0, 1]), np.array([0, 0, 0, 10**9])
    assert f.survival_quantile(f.kaplan_meier(events, censored)) == 3
    assert math.isnan(f.survival_quantile(f.kaplan_meier([0, 10**9, 0, 0], [0, 0, 0, 10**9 + 1])))
    assert f.survival_quantile(f.kaplan_meier([0, 10**9, 0, 0], [0, 0, 0, 10**9])) == 1


@given(ROWS, st.integers(0, END + 5))
def test_h10_restricted_mean(rows, horizon):
    """It is the integral of S: exact within (m + 4) ulp, at most the horizon, never falling as that rises."""
    curve = f.kaplan_meier(*counted(rows))
    found = f.restricted_mean(curve, horizon)
    whole = exact(rows)
    last = max(t for t, _ in rows)
    if horizon > last and whole[-1] > 0:
        assert math.isnan(found)
        return
    expected = sum((whole[t] for t in range(min(horizon, END + 1))), Fraction(0))
    m = np.count_nonzero(curve.events)
    assert close(found, expected, m + 4)
    assert found <= horizon
    before = f.restricted_mean(curve, max(horizon - 1, 0))
    assert found >= before


@given(st.lists(st.integers(0, END), min_size=1, max_size=30))
def test_h10_without_censoring_it_is_the_mean(days):
    """Past the last event the restricted mean is the plain mean."""
    curve = f.kaplan_meier(histogram(days), histogram([]))
    assert close(f.restricted_mean(curve, END + 100), Fraction(sum(days), len(days)), len(set(days)) + 4)


def test_restricted_mean_with_a_horizon_for_each_group():
    """Horizons may differ by group."""
    curve = f.kaplan_meier([[0, 1, 1], [0, 0, 2]], [[0, 0, 0], [0, 0, 0]])
    assert f.restricted_mean(curve, [1, 5]).tolist() == [1, 2]
    assert f.survival_at(curve, [1, 5]).tolist() == [0.5, 0]


@given(ROWS, st.sampled_from([0.8, 0.95]))
def test_h12_the_interval_lies_in_0_1_and_contains_s(rows, level):
    """At S = 1 and at S = 0 there is none; elsewhere it contains S, and the median's ends are where it crosses 1/2."""
    curve = f.kaplan_meier(*counted(rows))
    low, high = f.survival_interval(curve, level)
    share = curve.survival
    known = (share < 1) & (share > 0)
    assert np.isnan(low[~known]).all()
    assert np.isnan(high[~known]).all()
    assert ((low[known] >= 0) & (low[known] <= share[known])).all()
    assert ((high[known] <= 1) & (high[known] >= share[known])).all()
    ends = f.survival_quantile_interval(curve, 0.5, level)
    for end, line in zip(ends, (np.where(share == 0, 0, low), high), strict=True):
        crossed = np.flatnonzero(line <= 0.5)
        expected = crossed[0] if len(crossed) else math.inf if curve.events.any() else math.nan
        np.testing.assert_array_equal(end, expected)
    median = f.survival_quantile(curve)
    assert math.isnan(median) or ends[0] <= median <= ends[1]


def test_a_single_event_says_nothing_of_its_spread():
    """One row that ends has S = 0 without an interval, and a median that may be any later day."""
    curve = f.kaplan_meier([0, 1, 0], [0, 0, 0])
    assert np.isnan(f.survival_interval(curve)).all()
    assert f.survival_quantile_interval(curve) == (1, math.inf)


def test_freireichs_arm():
    """The 6-MP arm: at risk, events, S, Greenwood's error, median, restricted means."""
    events = histogram([6, 6, 6, 7, 10, 13, 16, 22, 23])
    censored = histogram([6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    curve = f.kaplan_meier(events, censored)
    days = [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk[days].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.events[days].tolist() == [3, 1, 1, 1, 1, 1, 1]
    shares = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]
    errors = [0.076360, 0.086935, 0.096350, 0.106815, 0.114054, 0.128234, 0.134591]
    assert curve.survival[days] == pytest.approx(shares, abs=5e-7)
    found = np.sqrt(f.greenwood_variance(curve))
    assert found[days] == pytest.approx(errors, abs=5e-7)
    assert f.survival_quantile(curve) == 23
    assert f.restricted_mean(curve, 20) == pytest.approx(28768 / 1785, rel=1e-14)
    assert f.restricted_mean(curve, 35) == pytest.approx(13856 / 595, rel=1e-14)


def test_the_maintained_arm_of_aml():
    """S and errors to eleven digits of R's survival package, median and restricted means."""
    events = histogram([9, 13, 18, 23, 31, 34, 48], 162)
    curve = f.kaplan_meier(events, histogram([13, 28, 45, 161], 162))
    days = [9, 13, 18, 23, 31, 34, 48]
    assert curve.at_risk[days].tolist() == [11, 10, 8, 7, 5, 4, 2]
    shares = [
        0.90909090909, 0.81818181818, 0.71590909091, 0.61363636364, 0.49090909091, 0.36818181818, 0.18409090909,
    ]  # fmt: skip
    errors = [
        0.086678417204, 0.11629129983, 0.13966497056, 0.15263233103, 0.16419326722, 0.16266888583, 0.15349274579,
    ]  # fmt: skip
    assert curve.survival[days] == pytest.approx(shares, abs=5e-12)
    found = np.sqrt(f.greenwood_variance(curve))
    assert found[days] == pytest.approx(errors, abs=5e-12)
    assert f.survival_quantile(curve) == 31
    means = [f.restricted_mean(curve, h) for h in (20, 48, 161)]
    assert means == pytest.approx([799 / 44, 14011 / 440, 5791 / 110], rel=1e-14)


@given(ROWS)
def test_competing_ends_share_out_every_row(rows):
    """Won, lost and still open add up to 1 at every age, and F is the exact sum within 1e-12."""
    won, lost = (histogram([t for t, end in rows if end == cause]) for cause in ("won", "lost"))
    censored = counted(rows)[1]
    curve = f.aalen_johansen([won, lost], censored)
    np.testing.assert_allclose(curve.incidence.sum(axis=0) + curve.survival, 1, rtol=0, atol=1e-12)
    assert curve.survival.tobytes() == f.kaplan_meier(won + lost, censored).survival.tobytes()
    share, taken = exact(rows), Fraction(0)
    for day in range(END + 1):
        risk = sum(t >= day for t, _ in rows)
        taken += (share[day - 1] if day else 1) * Fraction(int(won[day]), risk) if risk else 0
        assert abs(curve.incidence[0, day] - float(taken)) <= 1e-12
    assert (np.diff(curve.incidence) >= 0).all()
    low, high = f.incidence_interval(curve)
    known = ~np.isnan(low)
    assert (low[known] <= curve.incidence[known]).all()
    assert (high[known] >= curve.incidence[known]).all()


@given(ROWS, st.integers(0, END))
def test_one_cause_alone_is_one_minus_s(rows, horizon):
    """With a single cause F is 1 - S, and its variance is Greenwood's."""
    events, censored = counted(rows)
    one, curve = f.aalen_johansen([events], censored), f.kaplan_meier(events, censored)
    np.testing.assert_allclose(one.incidence[0], 1 - curve.survival, rtol=0, atol=1e-12)
    mine = f.incidence_variance(one)[0]
    greenwood = f.greenwood_variance(curve)
    defined = curve.survival > 0
    np.testing.assert_allclose(mine[defined], greenwood[defined], rtol=0, atol=1e-12)
    taken = f.incidence_at(one, horizon)[0]
    if taken > 0:
        plain = [t for t, end in rows if end != "open" and t <= horizon]
        assert min(plain) - 1e-9 <= f.conditional_mean(one, horizon)[0] <= max(plain) + 1e-9
        assert f.conditional_quantile(one, horizon)[0] in plain


def test_beyond_the_follow_up_nothing_is_observed():
    """Past the last age seen a rate is NaN while rows have not ended, and known when all have."""
    both = f.aalen_johansen([[0, 1, 0], [0, 0, 1]], [0, 0, 1])
    assert f.incidence_at(both, 2).tolist() == pytest.approx([1 / 3, 1 / 3])
    assert np.isnan(f.incidence_at(both, 3)).all()
    assert np.isnan(f.conditional_mean(both, 3)).all()
    assert np.isnan(f.conditional_quantile(both, 3)).all()
    done = f.aalen_johansen([[0, 1, 0], [0, 0, 1]], [0, 1, 0])
    assert f.incidence_at(done, 99).tolist() == pytest.approx([1 / 3, 2 / 3])
    assert f.conditional_mean(done, 99).tolist() == pytest.approx([1, 2])


def test_a_median_among_the_won():
    """The least age with half of the wins by the horizon; no wins have none."""
    both = f.aalen_johansen([[0, 1, 1, 0], [0, 0, 0, 0]], [0, 0, 0, 2])
    assert f.conditional_quantile(both, 3)[0] == 1
    assert math.isnan(f.conditional_quantile(both, 3)[1])
    assert f.conditional_quantile(both, 3, 0.75)[0] == 2


def test_x1_a_pooled_curve_need_not_lie_between_its_parts():
    """Two groups with S(2) = 1/2 each pool to 3/8."""
    a, b = ([0, 1, 0], [0, 1, 0]), ([0, 0, 1], [0, 0, 1])
    curves = f.kaplan_meier([a[0], b[0], [0, 1, 1]], [a[1], b[1], [0, 1, 1]])
    assert curves.survival[:, 2].tolist() == [0.5, 0.5, 0.375]


def test_x2_a_longer_duration_may_lower_s():
    """Closed at 1 and open at 1 leave a half at 2; the closed one lasting to 2 leaves nothing."""
    assert f.kaplan_meier([0, 1, 0], [0, 1, 0]).survival[2] == 0.5
    assert f.kaplan_meier([0, 0, 1], [0, 1, 0]).survival[2] == 0


def test_x13_the_median_of_closed_deals_is_not_the_median_time_to_close():
    """Closed after 10 and 20 days with three open: 15 by the closed ones, not reached in truth."""
    closed, still_open = histogram([10, 20], 51), histogram([30, 40, 50], 51)
    assert f.day_quantile(closed, 0.5, quantile_method="linear") == 15
    assert math.isnan(f.survival_quantile(f.kaplan_meier(closed, still_open)))


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 5), (3, 0, 4)])
def test_no_days_and_no_groups(shape):
    """Empty tables answer with NaN, or with no groups, and no error."""
    empty = np.zeros(shape, dtype=np.int64)
    curve = f.kaplan_meier(empty, empty)
    causes = f.aalen_johansen(np.zeros((*shape[:-1], 2, shape[-1]), dtype=int), empty)
    assert curve.survival.shape == shape
    for answer in (
        f.survival_quantile(curve),
        f.restricted_mean(curve, 3),
        f.survival_at(curve, 0),
        *f.survival_quantile_interval(curve),
        f.day_quantile(empty, 0.5),
        f.cycle_length(empty),
    ):
        assert np.shape(answer) == shape[:-1]
        assert np.isnan(answer).all()
    assert f.survival_interval(curve)[0].shape == shape
    for answer in (f.incidence_at(causes, 0), f.conditional_mean(causes, 2), f.conditional_quantile(causes, 2)):
        assert answer.shape == (*shape[:-1], 2)
        assert np.isnan(answer).all()


def test_counts_that_are_not_counts_are_refused():
    """Negative or broken counts, other groups, ages and shares are refused with their values."""
    with pytest.raises(InvalidArgumentError, match="`events` must hold counts >= 0 of each whole day"):
        f.kaplan_meier([-1, 2], [0, 0])
    with pytest.raises(InvalidArgumentError, match="`censored` must hold counts >= 0 of each whole day"):
        f.kaplan_meier([1, 2], [0.5, 0])
    with pytest.raises(InvalidArgumentError, match=r"`censored` must have the groups and days of `events`, \(2,\)"):
        f.kaplan_meier([1, 2], [0, 0, 0])
    with pytest.raises(InvalidArgumentError, match="`events` must hold counts >= 0"):
        f.aalen_johansen([1, 2], [0, 0])
    curve = f.kaplan_meier([1, 2], [0, 0])
    for day in (-1, 1.5):
        with pytest.raises(InvalidArgumentError, match="`horizon` must be whole days >= 0; got"):
            f.restricted_mean(curve, day)
    for q in (0, 1, 50):
        with pytest.raises(InvalidArgumentError, match="`q` must lie strictly between 0 and 1; got"):
            f.survival_quantile(curve, q)
