"""Pace, run rate and linearity on arrays."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

MONEY = st.integers(0, 10**12)


def test_r4_pace_and_required_run_rate_at_half_time():
    """Half a period gone, 120,000 of 300,000: pace 240,000, and 4,000 a day are needed; none once it is met."""
    assert f.pace(120_000, 45 / 90) == 240_000
    assert f.pace_attainment(120_000, 300_000, 45 / 90) == 0.8
    assert f.required_run_rate(120_000, 300_000, 45) == 4_000
    assert f.required_run_rate(300_000, 300_000, 45) == 0.0


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (f.pace, (1, 0)),
        (f.pace, (1, -0.5)),
        (f.pace, (1, math.nan)),
        (f.pace, (math.nan, 0.5)),
        (f.pace, (1e300, 1e-300)),
        (f.pace_attainment, (1, 0, 0.5)),
        (f.pace_attainment, (1, math.nan, 0.5)),
        (f.pace_attainment, (1, 1, 0)),
        (f.required_run_rate, (1, 2, 0)),
        (f.required_run_rate, (1, 2, -3)),
        (f.required_run_rate, (1, math.nan, 5)),
        (f.required_run_rate, (math.nan, 2, 5)),
        (f.required_run_rate, (1, 2, math.nan)),
    ],
)
def test_undefined_is_a_silent_nan(function, arguments):
    """Not started, no quota, no day left while short: NaN, a plain float, without a warning."""
    answer = function(*arguments)
    assert type(answer) is float
    assert math.isnan(answer)


def test_a_number_gives_a_float_and_arrays_broadcast():
    """The kind of the answer follows the kind of the question."""
    assert type(f.pace(1, 0.5)) is type(f.required_run_rate(1, 2, 3)) is type(f.pace_attainment(1, 2, 0.5)) is float
    assert f.pace(np.ones((3, 1)), [0.5, 0.25]).tolist() == [[2, 4]] * 3
    assert f.required_run_rate(0, [[10], [20]], [5, 10]).tolist() == [[2, 1], [4, 2]]
    assert f.pace_attainment([10, 20], 40, 0.5).tolist() == [0.5, 1]


def test_a_met_quota_needs_nothing_even_with_no_day_left():
    """0.0 where the quota is met, whatever the days; a quota of 0 is met by nothing."""
    assert f.required_run_rate([5, 6, 0], [5, 5, 0], [0, -1, math.nan]).tolist() == [0, 0, 0]


@given(MONEY, MONEY, st.integers(1, 92))
def test_a_complete_period_is_its_own_pace_and_the_rate_closes_the_gap(booked, quota, days):
    """At share 1 the pace is B; the required rate is the exact gap over the days, correctly rounded."""
    assert f.pace(booked, 1) == booked
    assert f.required_run_rate(booked, quota, days) == float(Fraction(max(quota - booked, 0), days))


def test_linearity_is_the_mean_over_periods_of_different_lengths():
    """Periods of 2 and 4 days meet on one grid, with straight lines between days; the loop agrees."""
    curve = f.linearity_curve([[30, 40, 99, 99], [0, 10, 20, 40]], [2, 4], at=[0, 0.25, 0.5, 0.75, 1])
    assert curve.share.tolist() == [0, (0.375 + 0) / 2, (0.75 + 0.25) / 2, (0.875 + 0.5) / 2, 1]
    assert (curve.n, curve.left_out) == (2, 0)


def test_linearity_leaves_out_and_counts_periods_that_came_to_nothing():
    """A final of 0 or less, a missing day and a period without days are left out and counted."""
    curve = f.linearity_curve([[1, 4], [0, 0], [5, -1], [math.nan, 3], [7, 7]], [2, 2, 2, 2, 0], at=[0.5])
    assert curve.share.tolist() == [0.25]
    assert (curve.n, curve.left_out) == (1, 4)


@pytest.mark.parametrize("stat", ["mean", "median"])
def test_linearity_without_periods_is_nan(stat):
    """No period to read: NaN with n = 0."""
    curve = f.linearity_curve(np.zeros((0, 3)), at=[0.5], stat=stat)
    assert np.isnan(curve.share).all()
    assert (curve.n, curve.left_out) == (0, 0)
    groups = f.linearity_curve([[[0, 0]], [[1, 2]]], at=[0.5], stat=stat)
    assert groups.n.tolist() == [0, 1]
    assert np.isnan(groups.share[0, 0])
    assert groups.share[1, 0] == 0.5


def test_the_median_of_periods_is_one_of_them():
    """The median over periods is the nearest rank: of four the second."""
    table = [[1, 10], [2, 10], [9, 10], [8, 10]]
    assert f.linearity_curve(table, at=[0.5], stat="median").share.tolist() == [0.2]
    assert f.linearity_curve(table, at=[0.5]).share.tolist() == [pytest.approx(0.5, rel=1e-15)]


def test_the_grid_has_a_hundred_steps_and_cannot_be_written():
    """Without shares to read at there are 101, and the curve is locked; the caller's shares are copied."""
    mine = np.array([0.5, 1.0])
    curve = f.linearity_curve([[5, 10]], at=mine)
    mine[0] = 0.1
    assert curve.at.tolist() == [0.5, 1]
    assert f.linearity_curve([[5, 10]]).at.shape == (101,)
    with pytest.raises(ValueError, match="read-only"):
        curve.share[0] = 3


def test_a_steady_year_is_a_straight_line():
    """Equal bookings every day: the curve is the elapsed share itself, so its pace is the calendar's."""
    table = np.arange(1, 93) * np.ones((4, 1))
    curve = f.linearity_curve(table, [90, 91, 92, 92])
    np.testing.assert_allclose(curve.share, curve.at, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"at": [50]}, r"`at` must hold elapsed shares in \[0, 1\]; got \[50.0\].\s+Hint: fractions, never percent"),
        ({"at": [math.nan]}, "`at` must hold elapsed shares"),
        ({"days": [3]}, "`days` must be whole numbers from 0 to the 2 days of `cumulative`; got"),
        ({"days": [1.5]}, "`days` must be whole numbers"),
        ({"stat": "mode"}, "`stat` must be one of 'mean', 'median'; got 'mode'"),
    ],
)
def test_what_is_no_curve_is_refused(arguments, sentence):
    """Shares beyond [0, 1] and days that are not there are refused with the way out."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        f.linearity_curve([[1, 2]], **arguments)
