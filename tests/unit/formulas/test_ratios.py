"""Attainment, coverage, win rate, size, cycle, velocity, weighted pipeline on arrays."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

COUNT = st.integers(0, 10**6)
MONEY = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (f.attainment, (1, 0)),
        (f.attainment, (1, math.nan)),
        (f.attainment, (1, -5)),
        (f.attainment_gap, (1, math.nan)),
        (f.team_attainment, ([1, 2], [0, math.nan])),
        (f.pipeline_coverage, (1, 0)),
        (f.pipeline_coverage, (1, math.nan)),
        (f.required_coverage, (0,)),
        (f.required_coverage, (math.nan,)),
        (f.win_rate, (0, 0)),
        (f.win_rate, (math.nan, 1)),
        (f.deal_size, (0, 0)),
        (f.cycle_length, ([0, 0],)),
        (f.cycle_length, (np.zeros(0, dtype=int),)),
        (f.velocity_from, (1, math.nan, 1, 1)),
        (f.velocity_from, (1, 1, 1, 0)),
        (f.velocity_from, (1, 1, 1, -3)),
    ],
)
def test_undefined_is_a_silent_nan(function, arguments):
    """What has no answer is NaN, a plain float, without a warning."""
    answer = function(*arguments)
    assert type(answer) is float
    assert math.isnan(answer)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (f.attainment, (1, 2)),
        (f.attainment_gap, (1, 2)),
        (f.pipeline_coverage, (1, 2)),
        (f.required_coverage, (0.5,)),
        (f.win_rate, (1, 2)),
        (f.deal_size, (1, 2)),
        (f.velocity_from, (1, 0.5, 2, 2)),
    ],
)
def test_one_number_in_gives_a_float_and_arrays_give_arrays(function, arguments):
    """The kind of the answer follows the kind of the question, and arguments broadcast."""
    assert type(function(*arguments)) is float
    many = function(np.asarray(arguments[0]) * np.ones((3, 1)), *arguments[1:])
    assert many.shape == (3, 1)
    assert many.dtype == np.float64
    assert (many == function(*arguments)).all()


def test_a_true_nought_is_nought():
    """Nothing booked against a quota, nothing won of some, nothing open: 0.0."""
    assert f.attainment(0, 10) == 0
    assert f.win_rate(0, 3) == 0
    assert f.velocity_from(0, 0.5, 10, 5) == 0
    assert f.cycle_length([4]) == 0
    assert f.weighted_pipeline([], []) == 0
    assert f.weighted_pipeline([math.nan], [0.5]) == 0


def test_attainment_may_be_negative_and_above_one():
    """Credits are not clipped, and the gap is B where the quota is 0."""
    assert f.attainment([-50, 300], 100).tolist() == [-0.5, 3.0]
    assert f.attainment_gap(70, 0) == 70


def test_x4_the_mean_of_reps_is_not_the_team():
    """50 of 100 and 300 of 200 have the mean 1 and the team 7/6."""
    assert f.team_attainment([50, 300], [100, 200], method="mean_of_reps") == 1
    assert f.team_attainment([50, 300], [100, 200]) == 350 / 300


def test_team_attainment_leaves_out_reps_without_quota():
    """Bookings of reps without a number are in neither sum; teams are rows."""
    assert f.team_attainment([[120, 150, 99], [1, 2, 3]], [[100, 300, math.nan], [0, 0, 6]]).tolist() == [0.675, 0.5]


def test_an_unknown_method_is_refused():
    """The refusal names the choices."""
    with pytest.raises(InvalidArgumentError, match=r"`method` must be one of 'mean_of_reps', 'pooled'; got 'mean'"):
        f.team_attainment([1], [1], method="mean")


@given(MONEY, st.integers(1, 10**12))
def test_one_division_is_correctly_rounded(above, below):
    """A quotient of whole numbers is the float nearest to the fraction, bit for bit."""
    exact = float(Fraction(above, below))
    assert f.attainment(above, below) == exact
    assert f.pipeline_coverage(above, below) == exact
    assert f.deal_size(above, below) == exact
    assert f.win_rate(above, below) == float(Fraction(above, above + below))


@given(st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=6))
def test_e1_e3_e4_a_win_rate_lies_in_0_1_and_pools_between_its_parts(parts):
    """The pooled rate lies between the least and the greatest, and moves the right way with one more deal."""
    won, lost = np.array(parts).T
    rates = f.win_rate(won, lost)
    pooled = f.win_rate(int(won.sum()), int(lost.sum()))
    if math.isnan(pooled):
        assert np.isnan(rates).all()
        return
    assert 0 <= np.nanmin(rates) <= pooled <= np.nanmax(rates) <= 1
    assert f.win_rate(int(won.sum()) + 1, int(lost.sum())) >= pooled >= f.win_rate(int(won.sum()), int(lost.sum()) + 1)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_g2_the_mean_cycle_is_that_of_the_rows(days):
    """A histogram gives the mean, the variance and the moments of the days themselves."""
    counts = np.bincount(days)
    assert f.cycle_length(counts) == sum(days) / len(days)
    assert min(days) <= f.cycle_length(counts) <= max(days)
    assert [int(x) for x in f.cycle_moments(counts)] == [len(days), sum(days), sum(d * d for d in days)]
    if len(days) > 1:
        assert f.sample_variance(*f.cycle_moments(counts)) == pytest.approx(np.var(days, ddof=1), rel=1e-12, abs=1e-12)


def test_cycle_moments_of_small_integers_do_not_wrap():
    """Counts of any whole type add up in int64."""
    counts = np.full((2, 300), 200, dtype=np.uint8)
    n, total, squares = f.cycle_moments(counts)
    assert n.dtype == total.dtype == squares.dtype == np.int64
    assert squares.tolist() == [200 * sum(d * d for d in range(300))] * 2


def test_nist_numacc4_keeps_its_digits():
    """The standard deviation of NIST's hardest series is 0.1 to fifteen digits in scaled integers."""
    values = [100_000_002] + [100_000_001, 100_000_003] * 500
    deviation = math.sqrt(f.sample_variance(len(values), sum(values), sum(v * v for v in values))) / 10
    assert deviation == pytest.approx(0.1, rel=1e-14)


FACTOR = st.floats(1e-3, 1e6)


@given(st.tuples(FACTOR, FACTOR, FACTOR, FACTOR), st.tuples(FACTOR, FACTOR, FACTOR, FACTOR))
def test_velocity_parts_sum_to_the_change(before, after):
    """The parts leave no remainder, and swapping the two states negates them."""
    there, back = f.velocity_change(before, after), f.velocity_change(after, before)
    scale = max(f.velocity_from(*before), f.velocity_from(*after))
    total = there.count + there.win_rate + there.deal_size + there.cycle_length
    largest = max(abs(there.count), abs(there.win_rate), abs(there.deal_size), abs(there.cycle_length), scale)
    assert total == pytest.approx(there.change, abs=1e-12 * largest)
    assert back.count == pytest.approx(-there.count, rel=1e-9, abs=1e-12 * largest)


def test_velocity_change_where_nothing_or_too_little_changes():
    """Equal velocities with moved factors balance; an undefined factor makes the parts NaN and keeps the change."""
    same = f.velocity_change((10, 0.5, 100, 10), (20, 0.25, 100, 10))
    assert same.change == 0
    assert same.count == pytest.approx(50 * math.log(2))
    assert same.win_rate == pytest.approx(-50 * math.log(2))
    still = f.velocity_change((10, 0.5, 100, 10), (10, 0.5, 100, 10))
    assert (still.change, still.count, still.cycle_length) == (0, 0, 0)
    none = f.velocity_change(([10, 0], 0.5, 100, 10), ([0, 10], 0.5, 100, 10))
    assert none.change.tolist() == [-50, 50]
    assert np.isnan([none.count, none.win_rate, none.deal_size, none.cycle_length]).all()


@given(st.integers(-20, 20))
def test_g1_velocity_has_degree_one_in_amount_and_minus_one_in_time(k):
    """A factor 2^k passes through bit for bit."""
    base = f.velocity_from(7, 0.3, 123.45, 37)
    assert f.velocity_from(7, 0.3, 123.45 * 2.0**k, 37) == base * 2.0**k
    assert f.velocity_from(7, 0.3, 123.45, 37 * 2.0**k) == base / 2.0**k


def test_x14_velocity_does_not_add_up_over_segments():
    """Two segments of 10 a day pool to 25.7."""
    assert f.velocity_from(10, 0.5, 100, 50) == 10
    assert f.velocity_from(10, 0.1, 1000, 100) == pytest.approx(10)
    assert f.velocity_from(20, 6 / 20, (500 + 1000) / 6, (5 * 50 + 100) / 6) == pytest.approx(25.7, abs=0.05)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 100)), max_size=20))
def test_f9_weighted_lies_between_nothing_and_everything(deals):
    """It is the whole at p = 1, nothing at p = 0, and between them otherwise."""
    amount, hundredths = [a for a, _ in deals], np.array([p for _, p in deals], dtype=float)
    assert f.weighted_pipeline(amount, np.ones(len(deals))) == sum(amount)
    assert f.weighted_pipeline(amount, np.zeros(len(deals))) == 0
    assert 0 <= f.weighted_pipeline(amount, hundredths / 100) <= sum(amount)


@pytest.mark.parametrize("multiplier", [-1.0, math.nan, math.inf])
def test_a_multiplier_must_be_finite_and_not_negative(multiplier):
    """A multiplier that is no number is refused with its value."""
    with pytest.raises(InvalidArgumentError, match="`multiplier` must be a finite number >= 0; got"):
        f.weighted_pipeline([1], [0.5], multiplier=multiplier)


def test_a_missing_probability_is_refused():
    """NaN is not in [0, 1]."""
    with pytest.raises(InvalidArgumentError, match=r"got 1 of 2 that do not \(first: nan\)"):
        f.weighted_pipeline([1, 2], [0.5, math.nan])


def test_n16_a_rate_of_credits_is_refused():
    """Amounts that net to less than nothing have no rate."""
    for won, lost in (([5.0, -1.0], 0), (1, -2)):
        with pytest.raises(InvalidArgumentError, match="must be >= 0 in every place; got -"):
            f.win_rate(won, lost)


def test_a_quotient_too_large_for_a_float_is_undefined():
    """Nothing is ever infinite."""
    assert math.isnan(f.pipeline_coverage(1e300, 1e-300))
    assert math.isnan(f.required_coverage(5e-324))


def test_arguments_stay_as_they_were():
    """Formulas work on locked arrays and give arrays of their own."""
    counts = np.bincount([3, 5, 8])
    copy = counts.copy()
    counts.setflags(write=False)
    booked = np.array([1.0, 2.0])
    booked.setflags(write=False)
    f.cycle_length(counts)
    f.day_quantile(counts, 0.5)
    assert (counts == copy).all()
    counts.setflags(write=True)
    curve = f.kaplan_meier(counts, counts)
    counts[3] = 7
    assert (curve.events == copy).all()
    assert not curve.survival.flags.writeable
    answer = f.attainment(booked, booked)
    answer[0] = 99
    assert booked.tolist() == [1.0, 2.0]
