"""Reps against their numbers: who is at quota, what share of them, and for how many periods in a row."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["at_quota_counts", "attainment_streak", "reached_quota", "share_at_quota"]

_CLOSE = 1e-9
_WRITTEN = 10**12


def reached_quota(booked: npt.ArrayLike, quota: npt.ArrayLike, threshold: npt.ArrayLike = 1.0) -> Any:
    """Whether a number is reached: B >= threshold x Q, as 1.0, 0.0 or NaN.

    Whole bookings against whole quotas compare exactly, the threshold being the decimal as written: 7 of 10 reaches 0.7.
    Where a side is a computed float (a prorated quota, a threshold of 5 / 6) a relative difference below 1e-9 counts as
    equal.

    Parameters
    ----------
    booked, quota : array_like
        Money in one unit, or counts. A missing quota is NaN.
    threshold : array_like, default 1.0
        Fraction of the quota; one for all, or one for each rep. All broadcast.

    Returns
    -------
    float or numpy.ndarray
        1.0 where it is reached, 0.0 where it is not. NaN (``no_quota``) where the quota is missing or not above 0, NaN
        where bookings or threshold are.

    Examples
    --------
    >>> from salesmetrics.formulas import reached_quota
    >>> reached_quota([100, 99, 5, 70], [100, 100, 0, 100])
    array([ 1.,  0., nan,  0.])
    >>> reached_quota([70, 70], 100, [1.0, 0.7])
    array([0., 1.])
    """
    left, right = np.asarray(booked), np.asarray(quota)
    exact = left.dtype.kind in "iu" and right.dtype.kind in "iu"
    above, below = left.astype(np.float64, copy=False), right.astype(np.float64, copy=False)
    share = np.asarray(threshold, dtype=np.float64)
    with np.errstate(all="ignore"):
        bar = np.multiply(below, share)
        near = np.abs(above - bar) < _CLOSE * np.maximum(np.abs(above), np.abs(bar))
        reached = np.asarray((above >= bar) | near)
        known = (below > 0) & ~np.isnan(above) & ~np.isnan(share)
    if exact and near.any():
        left, right, each = (np.broadcast_to(x, near.shape)[near] for x in (left, right, share))
        reached[near] = _at_least(left, right, each, np.unique(share))
    answer = np.where(known, reached, np.nan)
    return answer if answer.ndim else answer.item()


def at_quota_counts(booked: npt.ArrayLike, quota: npt.ArrayLike, threshold: npt.ArrayLike = 1.0) -> tuple[Any, Any]:
    """Reps at or above their threshold, and reps with a quota: what the share and its interval are made of.

    Parameters
    ----------
    booked, quota : array_like, shape (..., reps)
        Money in one unit. Reps without a quota above 0 are not counted.
    threshold : array_like, default 1.0
        Fraction of the quota; one for all, or one for each rep: a lower one for those who ramp.

    Returns
    -------
    attained, n : int or numpy.ndarray of int64
        Reps, one pair for each team.

    Examples
    --------
    >>> from salesmetrics.formulas import at_quota_counts, wilson
    >>> at_quota_counts([120, 70, 80, 5], [100, 100, 100, 0], [1.0, 0.7, 1.0, 1.0])
    (2, 3)
    >>> wilson(2, 3)
    (0.2076596, 0.9385081)
    """
    reached = np.atleast_1d(reached_quota(booked, quota, threshold))
    attained, n = np.count_nonzero(reached == 1, axis=-1), np.count_nonzero(~np.isnan(reached), axis=-1)
    return (attained, n) if np.ndim(n) else (int(attained), int(n))


def share_at_quota(booked: npt.ArrayLike, quota: npt.ArrayLike, threshold: npt.ArrayLike = 1.0) -> Any:
    """Share of the reps with a quota who are at or above their threshold.

    Parameters
    ----------
    booked, quota : array_like, shape (..., reps)
        Money in one unit. Reps without a quota above 0 are not counted.
    threshold : array_like, default 1.0
        Fraction of the quota; one for all, or one for each rep.

    Returns
    -------
    float or numpy.ndarray
        Fraction, one for each team. NaN (``no_quota``) where no rep has a quota above 0.

    Examples
    --------
    >>> from salesmetrics.formulas import share_at_quota
    >>> share_at_quota([120, 70, 80, 100], 100)
    0.5
    """
    attained, n = at_quota_counts(booked, quota, threshold)
    with np.errstate(all="ignore"):
        share = np.asarray(np.divide(attained, n))
    return share if share.ndim else share.item()


def attainment_streak(attained: npt.ArrayLike, *, which: str = "current", undefined: str = "skip") -> Any:
    """Periods at quota in a row.

    Parameters
    ----------
    attained : array_like, shape (..., periods)
        Complete periods in order of time: true or 1 at quota, false or 0 below, NaN without a quota; what
        ``reached_quota`` gives. A running period does not belong here.
    which : {"current", "longest"}
        The run that ends with the latest period, or the longest of all.
    undefined : {"skip", "break"}
        A period without a quota neither adds to a run nor ends it, or it ends it.

    Returns
    -------
    float or numpy.ndarray
        Count, one for each group. NaN (``no_rows``) where no period has a quota.

    Examples
    --------
    >>> from math import nan
    >>> from salesmetrics.formulas import attainment_streak
    >>> attainment_streak([1, 1, 1, 0, 1, nan, 1])
    2.0
    >>> attainment_streak([1, 1, 1, 0, 1, nan, 1], which="longest")
    3.0
    >>> attainment_streak([1, 1, 1, 0, 1, nan, 1], undefined="break")
    1.0
    """
    _check.one_of(which, ("current", "longest"), "which")
    _check.one_of(undefined, ("skip", "break"), "undefined")
    table: FloatArray = np.atleast_1d(np.asarray(attained, dtype=np.float64))
    missing, hit = np.isnan(table), table > 0
    ended = ~hit if undefined == "break" else ~hit & ~missing
    total = np.cumsum(hit, axis=-1)
    runs: IntArray = total - np.maximum.accumulate(np.where(ended, total, 0), axis=-1)
    length = (runs[..., -1:] if which == "current" else runs).max(axis=-1, initial=0)
    streak: AnyArray = np.where(np.all(missing, axis=-1), np.nan, length)
    return streak if streak.ndim else streak.item()


def _at_least(booked: AnyArray, quota: AnyArray, threshold: FloatArray, distinct: FloatArray) -> BoolArray:
    """Return whether whole bookings reach thresholds as written, where floats are too near to tell."""
    answer = np.ones(len(booked), dtype=bool)
    for share in distinct:
        written = Fraction(str(float(share))) if np.isfinite(share) else None
        rows = slice(None) if len(distinct) == 1 else np.flatnonzero(threshold == share)
        above, below = booked[rows], quota[rows]
        if written is None or written.denominator > _WRITTEN or not len(above):
            continue
        largest = max(abs(int(x)) for x in (above.min(), above.max(), below.min(), below.max()))
        fits = largest * max(written.denominator, abs(written.numerator)) < 2**63
        above, below = (x.astype(np.int64 if fits else object) for x in (above, below))
        answer[rows] = above * written.denominator >= below * written.numerator
    return answer
