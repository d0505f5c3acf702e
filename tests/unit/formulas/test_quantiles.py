"""Nearest-rank quantiles of counts, dense by day and in runs of distinct values."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

DAYS = st.lists(st.integers(0, 60), min_size=1, max_size=25)
Q = st.sampled_from([0.0, 0.07, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 0.99, 1.0]) | st.floats(0, 1)


def slow(days: list[int], q: float) -> int:
    """Return the least observed day by which a share q is counted, by the definition."""
    ordered = sorted(days)
    return next(d for i, d in enumerate(ordered, 1) if Fraction(i, len(ordered)) >= Fraction(str(q)))


@given(DAYS, Q)
def test_a_quantile_is_the_least_value_with_its_share(days, q):
    """Histogram, runs of values and the definition by a loop agree."""
    expected = slow(days, q)
    assert f.day_quantile(np.bincount(days), q) == expected
    values, counts = np.unique(days, return_counts=True)
    assert f.value_quantile(values, counts, q) == expected


@pytest.mark.parametrize("n", [100, 1000, 10**6, 10**12])
@pytest.mark.parametrize("hundredths", range(1, 100))
def test_q_is_the_decimal_as_written(n, hundredths):
    """Of 100 values the 7 % quantile is the 7th, and so for every hundredth."""
    assert f.quantile_rank(n, hundredths / 100) == n * hundredths // 100
    assert f.quantile_rank(n, Decimal(hundredths) / 100) == n * hundredths // 100


def test_a_long_decimal_is_compared_exactly_too():
    """Shares whose numerators leave int64 take Python's integers and give the same rank."""
    q = 0.12345678901234567
    n = np.array([[0, 3], [10**9, 10**17]])
    exact = [[math.ceil(Fraction(str(q)) * int(x)) for x in row] for row in n]
    assert f.quantile_rank(n, q).tolist() == exact
    assert f.quantile_rank(0, 0.5) == 0
    assert f.quantile_rank(5, 0) == 1
    assert f.quantile_rank(5, 1) == 5


@given(st.lists(DAYS | st.just([]), min_size=1, max_size=8), st.lists(Q, min_size=1, max_size=4))
def test_a13_groups_answer_as_they_do_alone(groups, shares):
    """Many groups at once, dense or in runs, are each group alone; an empty one is NaN."""
    table = np.array([np.bincount(days, minlength=61) if days else np.zeros(61, dtype=int) for days in groups])
    alone = np.array([[float(slow(days, q)) if days else math.nan for q in shares] for days in groups])
    np.testing.assert_array_equal(f.day_quantile(table, shares), alone)
    np.testing.assert_array_equal(f.day_quantile(table.astype(np.int32), shares[0]), alone[:, 0])
    parts = [np.unique(days, return_counts=True) for days in groups]
    values = np.concatenate([v for v, _ in parts]).astype(float)
    counts = np.concatenate([c for _, c in parts]).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum([len(v) for v, _ in parts])))
    np.testing.assert_array_equal(f.value_quantile(values, counts, shares, starts=starts), alone)


@given(DAYS, DAYS, Q, Q)
def test_g3_g4_g5_quantiles_are_monotone_and_move_with_the_days(one, two, q, p):
    """They never fall as q rises, lie between the parts' in a union, and shift by a shift."""
    low, high = sorted((q, p))
    days = np.bincount(one)
    assert f.day_quantile(days, low) <= f.day_quantile(days, high)
    parts = sorted((f.day_quantile(days, q), f.day_quantile(np.bincount(two), q)))
    assert parts[0] <= f.day_quantile(np.bincount(one + two), q) <= parts[1]
    assert f.day_quantile(np.bincount([d + 9 for d in one]), q) == f.day_quantile(days, q) + 9
    assert f.day_quantile(np.bincount([24 * d for d in one]), q) == 24 * f.day_quantile(days, q)


def test_x3_linear_quantiles_of_a_union_may_leave_the_parts():
    """{1} and {0, 3} at a quarter: 1 and 0.75, but 0.5 together."""
    linear = [f.day_quantile(np.bincount(days), 0.25, quantile_method="linear") for days in ([1], [0, 3], [0, 1, 3])]
    assert linear == [1, 0.75, 0.5]


@given(DAYS, st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_linear_is_numpys_default(days, shares):
    """The alternative is the line between the two nearest values."""
    expected = np.quantile(days, shares)
    assert f.day_quantile(np.bincount(days), shares, quantile_method="linear") == pytest.approx(expected, abs=1e-9)
    values, counts = np.unique(days, return_counts=True)
    found = f.value_quantile(values, counts, shares, quantile_method="linear")
    assert found == pytest.approx(expected, abs=1e-9)


def test_linear_without_rows_is_nan():
    """No rows have no line."""
    assert math.isnan(f.day_quantile([0, 0], 0.5, quantile_method="linear"))
    assert np.isnan(f.value_quantile([], [], [0.5, 0.9], quantile_method="linear")).all()


def test_ranks_outside_are_nan():
    """Rank 0 and rank n + 1 belong to no row."""
    assert np.isnan(f.day_at_rank([1, 1], [0, 3])).all()
    assert np.isnan(f.day_at_rank(np.zeros((2, 0), dtype=int), [1, 1])).all()
    assert np.isnan(f.value_at_rank([1.0], [2], [-1, 3])).all()


def test_leading_zero_counts_are_passed_over():
    """A value that occurs in no row is never a quantile."""
    assert f.day_quantile([0, 0, 3, 0], [0.0, 1.0]).tolist() == [2, 2]
    assert f.value_quantile([5.0, 6.0], [0, 1], 0.0) == 6


@pytest.mark.parametrize("counts", [[-1, 2], [0.5, 1.0], [math.nan], 3])
def test_counts_must_be_whole_and_not_negative(counts):
    """A histogram that cannot be one is refused."""
    with pytest.raises(InvalidArgumentError, match="`counts` must hold whole numbers >= 0; got shape"):
        f.day_quantile(counts, 0.5)


@pytest.mark.parametrize("q", [-0.1, 1.1, 50, math.nan])
def test_q_must_be_a_fraction(q):
    """Percent are refused."""
    with pytest.raises(InvalidArgumentError, match=r"`q` must lie in \[0, 1\]; got"):
        f.day_quantile([1], q)
    with pytest.raises(InvalidArgumentError, match=r"`q` must lie in \[0, 1\]; got"):
        f.day_quantile([1], [0.5, q], quantile_method="linear")


def test_ranks_and_starts_must_fit():
    """Groups that do not match are refused, not broadcast."""
    with pytest.raises(InvalidArgumentError, match=r"`rank` must have the groups \(2,\)"):
        f.day_at_rank([[1], [1]], [1, 1, 1])
    for starts in ([0, 1], [1, 2], [0, 2, 1, 2], []):
        with pytest.raises(InvalidArgumentError, match="`starts` must rise from 0 to the number of `values`, 2"):
            f.value_quantile([1, 2], [1, 1], 0.5, starts=starts)
    with pytest.raises(InvalidArgumentError, match="`quantile_method` must be one of 'linear', 'nearest_rank'"):
        f.value_quantile([1, 2], [1, 1], 0.5, quantile_method="higher")
