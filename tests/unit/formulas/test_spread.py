"""Gini and top share on arrays."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

AMOUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


def test_r6_gini_of_four_reps():
    """10, 20, 30, 40: 0.25."""
    assert f.gini([10, 20, 30, 40]) == 0.25
    assert f.gini([40, 10, 30, 20]) == 0.25


@given(AMOUNTS)
def test_gini_is_the_double_sum(amounts):
    """It is the sum over all pairs, over 2 n times the total; it lies in [0, 1), and does not see the order."""
    total, n = sum(amounts), len(amounts)
    answer = f.gini(amounts)
    if not total:
        assert math.isnan(answer)
        return
    exact = Fraction(sum(abs(a - b) for a in amounts for b in amounts), 2 * n * total)
    assert answer == pytest.approx(float(exact), rel=1e-14, abs=0)
    assert 0 <= answer <= (n - 1) / n
    assert f.gini(amounts[::-1]) == answer


@given(AMOUNTS, st.integers(1, 12), st.integers(-3, 3))
def test_gini_ignores_scale_and_copies(amounts, copies, power):
    """Amounts times 2^k change no bit, copies of everybody change nothing but the last bits."""
    answer = f.gini(amounts)
    np.testing.assert_array_equal(f.gini(np.array(amounts) * 2.0**power), answer)
    np.testing.assert_allclose(f.gini(amounts * copies), answer, rtol=1e-13)


def test_equal_amounts_are_even_exactly():
    """Equal amounts give 0.0 with no rounding left over, and so does one rep; one who has all gives (n - 1) / n."""
    assert f.gini([0.1] * 7) == 0.0
    assert f.gini([5]) == 0.0
    assert f.gini([0, 0, 0, 8]) == 0.75


@given(AMOUNTS, st.integers(1, 14))
def test_top_share_is_the_share_of_the_largest(amounts, top):
    """The k largest over all, correctly rounded; a bigger k never has less, and all have 1.0."""
    if not sum(amounts):
        assert math.isnan(f.top_share(amounts, top))
        return
    expected = float(Fraction(sum(sorted(amounts)[::-1][:top]), sum(amounts)))
    assert f.top_share(amounts, top) == expected
    assert f.top_share(amounts, top + 1) >= expected
    assert f.top_share(amounts, 1.0) == 1.0


@pytest.mark.parametrize(
    ("top", "n", "count"), [(0.07, 100, 7), (0.1 + 0.2, 10, 3), (0.2, 4, 1), (0.3, 4, 2), (1e-6, 3, 1), (1 / 3, 9, 3)]
)
def test_a_fraction_of_the_reps_is_rounded_up_but_not_for_a_billionth(top, n, count):
    """Rounding up is by the decimal as written: 7 % of 100 is 7, a tenth and two tenths of ten are 3."""
    assert f.top_share(np.ones(n), top) == count / n


def test_one_is_the_largest_alone_and_one_point_nought_is_all():
    """A whole number is a count, a float is a fraction."""
    assert f.top_share([1, 3], 1) == 0.75
    assert f.top_share([1, 3], 1.0) == 1.0
    assert f.top_share([1, 3], Fraction(1, 2)) == 0.75
    assert f.top_share([1, 3], np.int64(1)) == 0.75


@pytest.mark.parametrize("values", [[], [math.nan], [0, 0], [-1, 5], [math.inf, 1]])
def test_nothing_to_share_is_a_silent_nan(values):
    """No rows, a sum of 0 and a negative value: NaN, a plain float."""
    assert math.isnan(f.gini(values))
    assert type(f.gini(values)) is float
    assert math.isnan(f.top_share(values, 1))


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-2, 50) | st.just(math.nan)), max_size=20))
def test_groups_by_code_are_groups_alone(rows):
    """One group of a grouped answer is the answer for that group alone; -1 is no group and NaN no row."""
    codes = np.array([code for code, _ in rows], dtype=int)
    values = np.array([value for _, value in rows], dtype=float)
    for ask in (f.gini, lambda v, **k: f.top_share(v, 0.4, **k)):
        answer = ask(values, groups=codes, size=4)
        np.testing.assert_array_equal(answer, [ask(values[codes == code]) for code in range(4)])


def test_the_last_axis_is_the_reps_and_nan_is_no_rep():
    """Rows of different lengths are filled up with NaN."""
    table = [[10, 20, 30, 40], [5, math.nan, 5, math.nan], [math.nan] * 4]
    assert f.gini(table)[:2].tolist() == [0.25, 0.0]
    assert f.top_share(table, 1)[:2].tolist() == [0.4, 0.5]
    assert np.isnan(f.gini(table)[2])
    assert f.gini([], groups=np.zeros(0, dtype=int)).shape == (0,)


@pytest.mark.parametrize("top", [0, -1, 1.5, 0.0, True, "all", math.nan])
def test_what_is_neither_count_nor_fraction_is_refused(top):
    """A count below 1, a fraction outside (0, 1] and words are refused."""
    with pytest.raises(InvalidArgumentError, match="`top` must be a whole number >= 1 or a fraction in"):
        f.top_share([1, 2], top)


@pytest.mark.parametrize("groups", [[0], [0.0, 1.0], [[0, 1]]])
def test_groups_that_do_not_fit_are_refused(groups):
    """There is one whole code for each value."""
    with pytest.raises(InvalidArgumentError, match="`groups` must hold one whole number for each of the 2 values"):
        f.gini([1, 2], groups=groups)
