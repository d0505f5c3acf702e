"""Intervals of rates, means and quantiles."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

SLACK = 1e-15

NEWCOMBE = [
    # wins, decided, Wilson as published, Wilson, Clopper-Pearson
    (81, 263, (0.2553, 0.3662), (0.255289, 0.366210), (0.252737, 0.367622)),
    (15, 148, (0.0624, 0.1605), (0.062386, 0.160487), (0.057844, 0.161650)),
    (0, 20, (0.0000, 0.1611), (0, 0.161125), (0, 0.168433)),
    (1, 29, (0.0061, 0.1718), (0.006113, 0.171755), (0.000873, 0.177644)),
    (29, 29, (0.8830, 1), (0.883030, 1), (0.880555, 1)),
]


@pytest.mark.parametrize(("won", "n", "published", "wilson", "exact"), NEWCOMBE)
def test_newcombes_table(won, n, published, wilson, exact):
    """Wilson and Clopper-Pearson give the ends of Newcombe's Table I."""
    assert f.wilson(won, n) == pytest.approx(published, abs=5e-5)
    assert f.wilson(won, n) == pytest.approx(wilson, abs=5e-7)
    assert f.clopper_pearson(won, n) == pytest.approx(exact, abs=5e-7)


@st.composite
def rates(draw):
    n = draw(st.integers(1, 10**6))
    return draw(st.integers(0, n)), n


LEVEL = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@given(rates(), LEVEL, st.sampled_from([f.wilson, f.clopper_pearson]))
def test_e6_an_interval_of_a_rate(rate, level, interval):
    """It contains the rate, lies in [0, 1], rises with wins, nests by level, and has pinned ends."""
    won, n = rate
    low, high = interval(won, n, level)
    assert 0 <= low <= won / n + SLACK
    assert won / n - SLACK <= high <= 1
    assert (low == 0.0) == (won == 0)
    assert (high == 1.0) == (won == n)
    wider = interval(won, n, 0.999)
    assert wider[0] <= low + SLACK
    assert wider[1] >= high - SLACK
    if won < n:
        more = interval(won + 1, n, level)
        assert more[0] >= low - SLACK
        assert more[1] >= high - SLACK


@given(rates(), LEVEL)
def test_e6_wilson_narrows_when_everything_doubles(rate, level):
    """Twice the wins and the losses say more."""
    one, two = f.wilson(*rate, level), f.wilson(2 * rate[0], 2 * rate[1], level)
    assert two[1] - two[0] <= one[1] - one[0] + SLACK


@pytest.mark.parametrize("interval", [f.wilson, f.clopper_pearson])
def test_e7_nothing_decided_is_0_1(interval):
    """No rows, or a rate that is undefined, leave the whole range, in arrays beside others too."""
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(math.nan, 0) == (0.0, 1.0)
    low, high = interval([0, math.nan, 3, 0, 5], [0, 4, 10, 5, 5])
    assert low[[0, 1, 3]].tolist() == [0, 0, 0]
    assert high[[0, 1, 4]].tolist() == [1, 1, 1]
    assert (low[2], high[2]) == interval(3, 10)


@pytest.mark.parametrize("interval", [f.wilson, f.clopper_pearson])
@pytest.mark.parametrize(("won", "n"), [(-1, 3), (4, 3), (1, -1)])
def test_wins_must_be_part_of_the_decided(interval, won, n):
    """More wins than deals are refused with both numbers."""
    with pytest.raises(InvalidArgumentError, match="`won` must lie between 0 and `n`; got"):
        interval(won, n)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan, "0.95"])
def test_a_level_is_a_fraction_inside_0_1(level):
    """Percent are refused everywhere."""
    for call in (
        lambda: f.wilson(1, 2, level),
        lambda: f.clopper_pearson(1, 2, level),
        lambda: f.student_t_mean(1, 40, 1, level),
        lambda: f.quantile_interval_ranks(10, 0.5, level),
        lambda: f.survival_interval(f.kaplan_meier([1], [0]), level),
    ):
        with pytest.raises(InvalidArgumentError, match="`confidence_level` must lie strictly between 0 and 1"):
            call()


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.integers(-10, 10))
def test_e5_effective_n_of_equal_amounts_is_their_number(amounts, k):
    """It is n when all amounts are equal, at most n otherwise, and ignores a factor 2^k."""
    total, squares = sum(amounts), sum(a * a for a in amounts)
    n = f.effective_n(total, squares)
    assert 1 - 1e-15 <= n <= len(amounts) * (1 + 1e-15)
    assert f.effective_n(total * 2.0**k, squares * 4.0**k) == n
    equal = f.effective_n(len(amounts) * amounts[0], len(amounts) * amounts[0] ** 2)
    assert equal == pytest.approx(len(amounts), rel=1e-15)


def test_effective_n_of_nothing_is_nought_and_its_interval_everything():
    """Amounts that sum to nothing have the rate NaN and the interval (0, 1)."""
    assert f.effective_n(0, 0) == 0
    assert f.wilson(math.nan * f.effective_n(0, 0), f.effective_n(0, 0)) == (0.0, 1.0)
    assert f.effective_n([10**12], [10**24])[0] == 1


def test_a_mean_has_no_interval_below_thirty_rows():
    """Thirty rows have one, 29 and NaN have none; two numbers for one group."""
    low, high = f.student_t_mean(10.0, [29, 30, 0, 30], [4.0, 4.0, math.nan, math.nan])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True, True]
    assert low[1] == pytest.approx(10 - 2.045230 * math.sqrt(4 / 30), abs=1e-6)
    assert high[1] + low[1] == pytest.approx(20)
    assert [type(end) for end in f.student_t_mean(10.0, 29, 4.0)] == [float, float]
    low, high = f.student_t_mean(10.0, [1, 2], 4.0, least=2)
    assert math.isnan(low[0])
    assert high[1] - 10 == pytest.approx(12.7062 * math.sqrt(2), abs=1e-3)


@given(st.integers(0, 80), st.sampled_from([0.05, 0.1, 0.25, 0.5, 0.75, 0.9]), LEVEL)
def test_ranks_of_a_quantile_are_the_tightest_that_keep_the_level(n, q, level):
    """Each tail holds at most half of what the level leaves, and one rank nearer would hold more."""
    low, high = f.quantile_interval_ranks(n, q, level)
    share, tail = Fraction(str(q)), (1 - Fraction(str(level))) / 2
    mass = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    below = max((r for r in range(n + 1) if sum(mass[:r]) <= tail), default=0)
    above = min((r for r in range(1, n + 2) if sum(mass[r:]) <= tail), default=0)
    assert (low, high) == ((below, above) if below >= 1 and above <= n else (0, 0))


def test_ranks_of_a_quantile_give_days():
    """The ranks are read off the histogram; too few rows have no interval."""
    counts = np.array([np.bincount(range(6), minlength=12), np.bincount(range(5), minlength=12)])
    low, high = f.quantile_interval_ranks(counts.sum(axis=1), 0.5)
    assert f.day_at_rank(counts, np.stack([low, high], axis=-1))[0].tolist() == [0, 5]
    assert np.isnan(f.day_at_rank(counts, np.stack([low, high], axis=-1))[1]).all()


def test_sample_variance_needs_two_rows():
    """One row has no spread; whole numbers of any length have an exact one."""
    assert math.isnan(f.sample_variance(1, 5, 25))
    assert math.isnan(f.sample_variance(0, 0, 0))
    big = 10**30
    squares = [big**2 + (big + 2) ** 2, 0]
    assert f.sample_variance([2, 0], [2 * big + 2, 0], squares)[0] == 2.0
