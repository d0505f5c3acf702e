"""Reps at quota, shares of them, and streaks on arrays."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesmetrics import formulas as f
from salesmetrics.errors import InvalidArgumentError

WHOLE = st.integers(0, 10**15)
WRITTEN = st.sampled_from([0.0, 0.1, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.25, 2.5])


@given(WHOLE, st.integers(1, 10**15), WRITTEN)
@example(7, 10, 0.7)
@example(11 * 10**14, 10**15, 1.1)
@example(11 * 10**14 - 1, 10**15, 1.1)
@example(10**12 - 1, 10**12, 1.0)
def test_whole_numbers_reach_a_threshold_exactly(booked, quota, threshold):
    """Whole bookings against whole quotas are compared as fractions, the threshold being the decimal as written."""
    assert f.reached_quota(booked, quota, threshold) == (booked >= Fraction(str(threshold)) * quota)


@given(st.integers(1, 10**4), st.integers(1, 12), st.integers(1, 12))
def test_a_quotient_of_whole_numbers_is_reached_where_it_is_met(unit, above, below):
    """A threshold computed as a quotient, such as 5 / 6, counts as equal where it is equal."""
    assert f.reached_quota(above * unit, below * unit, above / below) == 1


def test_computed_floats_are_equal_within_a_billionth():
    """A prorated quota whose last bit is off is reached by the same money; a cent less of a million is not."""
    assert f.reached_quota(0.3, 0.1 + 0.2) == 1
    assert f.reached_quota([1e6 * (1 - 1e-10), 1e6 - 0.01], 1e6).tolist() == [1, 0]


def test_a_threshold_for_each_rep_and_numbers_beyond_int64_products():
    """Thresholds broadcast, and products that leave int64 are still exact."""
    big = 2**53 - 1
    answer = f.reached_quota([big, big - 1, 7, 6], [big, big, 10, 10], [1.0, 1.0, 0.7, 0.7])
    assert answer.tolist() == [1, 0, 1, 0]
    assert f.reached_quota(np.array([9 * 10**15]), np.array([10**16]), 0.9).tolist() == [1]
    assert f.reached_quota(np.array([9 * 10**15 - 1]), np.array([10**16]), 0.900000000001).tolist() == [0]


def test_without_a_quota_nobody_is_at_it():
    """No quota, a quota of 0, missing bookings: NaN, silently, and outside the counts."""
    assert np.isnan(f.reached_quota([1, 1, 1, math.nan], [0, -1, math.nan, 1])).all()
    assert np.isnan(f.reached_quota(1, 1, math.nan))
    assert f.at_quota_counts([1, 1, 2], [0, 5, 2]) == (1, 2)
    assert f.at_quota_counts([], []) == (0, 0)
    assert math.isnan(f.share_at_quota([], []))
    assert math.isnan(f.share_at_quota([1, 2], 0))


def test_ramping_reps_are_judged_by_their_own_threshold():
    """Two of four at 1.0; with the ramping two judged at 0.7, three."""
    booked, ramping = np.array([[120, 100, 70, 60]]), np.array([False, False, True, True])
    assert f.share_at_quota(booked, 100).tolist() == [0.5]
    attained, n = f.at_quota_counts(booked, 100, np.where(ramping, 0.7, 1.0))
    assert (attained.tolist(), n.tolist()) == ([3], [4])
    assert type(f.share_at_quota(booked[0], 100)) is float


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=8), WRITTEN, WRITTEN)
def test_c13_the_share_never_rises_with_the_threshold(reps, one, other):
    """A higher threshold never has more reps at it, and the share moves in steps of one rep."""
    booked, quota = np.array(reps).T
    low, high = sorted((one, other))
    (some, n), (fewer, same) = f.at_quota_counts(booked, quota, low), f.at_quota_counts(booked, quota, high)
    assert n == same == (quota > 0).sum()
    assert fewer <= some


def test_x4_the_mean_of_reps_is_not_the_team():
    """50 of 100 and 300 of 200 have the mean 1 and the team 7/6; yet half of them are at quota."""
    booked, quota = [50, 300], [100, 200]
    assert f.team_attainment(booked, quota, method="mean_of_reps") == 1
    assert f.team_attainment(booked, quota) == float(Fraction(7, 6))
    assert f.share_at_quota(booked, quota) == 0.5


def streak_by_hand(periods, which, undefined):
    """Count a streak by walking over the periods."""
    if all(p is None for p in periods):
        return None
    run = best = 0
    for period in periods:
        if period is None and undefined == "skip":
            continue
        run = run + 1 if period else 0
        best = max(best, run)
    return run if which == "current" else best


@pytest.mark.parametrize("which", ["current", "longest"])
@pytest.mark.parametrize("undefined", ["skip", "break"])
@given(rows=st.lists(st.lists(st.sampled_from([True, False, None]), min_size=6, max_size=6), min_size=1, max_size=5))
def test_streaks_are_those_of_a_walk(which, undefined, rows):
    """Every group's streak is what walking over its periods gives."""
    table = np.array(rows, dtype=float)
    expected = [streak_by_hand(row, which, undefined) for row in rows]
    np.testing.assert_array_equal(
        f.attainment_streak(table, which=which, undefined=undefined), np.array(expected, dtype=float)
    )


def test_a_streak_takes_flags_and_gives_a_float():
    """True and False do as well as 1 and 0; a true nought is 0.0; no period at all is NaN."""
    assert f.attainment_streak([True, False, True, True]) == 2.0
    assert type(f.attainment_streak([True])) is float
    assert f.attainment_streak([1, 0]) == 0.0
    assert math.isnan(f.attainment_streak([]))
    assert math.isnan(f.attainment_streak([math.nan], undefined="break"))
    assert f.attainment_streak(np.zeros((3, 0))).shape == (3,)
    assert f.attainment_streak(f.reached_quota([10, 12, 5, 9], [10, 10, 0, 9])) == 3


def test_streak_words_are_closed_lists():
    """A misspelt word is answered with the one that was meant."""
    with pytest.raises(InvalidArgumentError, match="`which` must be one of 'current', 'longest'; got 'curent'"):
        f.attainment_streak([1], which="curent")
    with pytest.raises(InvalidArgumentError, match="`undefined` must be one of 'break', 'skip'"):
        f.attainment_streak([1], undefined="drop")
