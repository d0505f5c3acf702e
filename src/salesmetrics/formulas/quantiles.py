"""Quantiles of grouped counts: nearest rank, compared as whole numbers.

The nearest-rank quantile is the least observed value whose cumulative share is at least q (numpy's ``inverted_cdf``).
q is the decimal as written: of 100 values the 7 % quantile is the 7th, although ``0.07 * 100`` is above 7 in floats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["day_at_rank", "day_quantile", "quantile_rank", "value_at_rank", "value_quantile"]

_BLOCK = 131_072

Share: TypeAlias = float | Fraction | Decimal


def quantile_rank(n: npt.ArrayLike, q: Share | Sequence[Share] | FloatArray) -> Any:
    """Rank of the nearest-rank quantile: the least whole r >= 1 with r / n >= q, compared exactly.

    Parameters
    ----------
    n : array_like of int
        Number of values.
    q : float or sequence of float
        Shares in [0, 1], each the decimal as written; a sequence adds a last axis.

    Returns
    -------
    int or numpy.ndarray of int64
        Ranks from 1 to n; 0 where n is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import quantile_rank
    >>> quantile_rank(100, 0.07)
    7
    """
    rows = np.asarray(n, dtype=np.int64)
    if isinstance(q, (Sequence, np.ndarray)):
        several = np.empty((*rows.shape, len(q)), dtype=np.int64)
        for place, one in enumerate(q):
            several[..., place] = quantile_rank(rows, one)
        return several
    _check.fraction(float(q), "q")
    share = Fraction(str(q))
    num, den = share.numerator, share.denominator
    if num * int(rows.max(initial=0)) < 2**62 and den < 2**62:
        rank = np.maximum(-(-num * rows // den), 1)
    else:
        distinct, index = np.unique(rows, return_inverse=True)
        exact = [max(-(-num * int(each) // den), 1) for each in distinct]
        rank = np.array(exact, dtype=np.int64)[index].reshape(rows.shape)
    ranks = np.where(rows > 0, rank, 0)
    return ranks if ranks.ndim else ranks.item()


def day_quantile(
    counts: npt.ArrayLike, q: Share | Sequence[Share] | FloatArray, *, quantile_method: str = "nearest_rank"
) -> Any:
    """Quantile of whole days from a histogram: the least day by which a share q of the rows is counted.

    Parameters
    ----------
    counts : array_like of int, shape (..., days)
        Rows of exactly 0, 1, 2, ... days, along the last axis.
    q : float or sequence of float
        Shares in [0, 1]; a sequence adds a last axis.
    quantile_method : {"nearest_rank", "linear"}
        A value that was observed, or the line between the two nearest.

    Returns
    -------
    float or numpy.ndarray
        Days, one for each group. NaN (``no_rows``) where nothing is counted.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import day_quantile
    >>> day_quantile(np.bincount([3, 5, 8, 13]), [0.5, 0.9])
    array([ 5., 13.])
    """
    table = _table(counts)
    n = table.sum(axis=-1, dtype=np.int64)
    if _check.one_of(quantile_method, ("nearest_rank", "linear"), "quantile_method") == "linear":
        low, share = _linear_rank(n, q)
        below, above = day_at_rank(table, low), day_at_rank(table, np.minimum(low + 1, _aligned(n, low)))
        return _scalar(np.asarray(below + share * (above - below)))
    return day_at_rank(table, quantile_rank(n, q))


def day_at_rank(counts: npt.ArrayLike, rank: npt.ArrayLike) -> Any:
    """Days of the row with a rank, counted from the shortest.

    Parameters
    ----------
    counts : array_like of int, shape (..., days)
        Rows of exactly 0, 1, 2, ... days, along the last axis.
    rank : array_like of int, shape (...) or (..., k)
        Ranks from 1; one or k for each group.

    Returns
    -------
    float or numpy.ndarray
        Days, of the shape of ``rank``. NaN where no row has the rank.

    Examples
    --------
    >>> from salesmetrics.formulas import day_at_rank
    >>> day_at_rank([0, 2, 1], [1, 2, 3, 4])
    array([ 1.,  1.,  2., nan])
    """
    table, ranks = _table(counts), np.asarray(rank, dtype=np.int64)
    days, groups = table.shape[-1], table.shape[:-1]
    rows = table.reshape(math.prod(groups), days)
    wanted = _by_group(ranks, groups)
    answer = np.full(wanted.shape, np.nan)
    step = max(1, _BLOCK // max(days, 1))
    for start in range(0, len(rows) if days else 0, step):
        block = rows[start : start + step]
        offsets = np.arange(0, (len(block) + 1) * days, days)
        place = _places(block.reshape(-1), offsets, wanted[start : start + step])
        answer[start : start + step] = place - offsets[:-1, None]
    return _scalar(answer.reshape(ranks.shape))


def value_quantile(
    values: npt.ArrayLike,
    counts: npt.ArrayLike | None,
    q: Share | Sequence[Share] | FloatArray,
    *,
    starts: npt.ArrayLike | None = None,
    quantile_method: str = "nearest_rank",
) -> Any:
    """Quantile of any values from the distinct ones, in order, and how often each occurs.

    Parameters
    ----------
    values : array_like
        Distinct values in rising order; with ``starts``, in rising order inside each group.
    counts : array_like of int or None
        Rows of each value; None where each counts once, and equal values follow one another.
    q : float or sequence of float
        Shares in [0, 1]; a sequence adds a last axis.
    starts : array_like of int, optional
        Where each group starts in ``values``, and the end of the last: one more than the groups. None is one group.
    quantile_method : {"nearest_rank", "linear"}
        A value that was observed, or the line between the two nearest.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the values, one for each group. NaN (``no_rows``) in a group without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import value_quantile
    >>> value_quantile([100.0, 250.0, 900.0], [3, 1, 1], 0.5)
    100.0
    >>> value_quantile([100, 250, 900, 70], [3, 1, 1, 2], 0.8, starts=[0, 3, 3, 4])
    array([250.,  nan,  70.])
    """
    known, often = np.asarray(values), None if counts is None else _table(counts)
    n = np.diff(_rows_before(often, _offsets(known, often, starts)))
    n = n[0] if starts is None else n
    if _check.one_of(quantile_method, ("nearest_rank", "linear"), "quantile_method") == "linear":
        low, share = _linear_rank(n, q)
        below = value_at_rank(known, often, low, starts=starts)
        above = value_at_rank(known, often, np.minimum(low + 1, _aligned(n, low)), starts=starts)
        return _scalar(np.asarray(below + share * (above - below)))
    return value_at_rank(known, often, quantile_rank(n, q), starts=starts)


def value_at_rank(
    values: npt.ArrayLike, counts: npt.ArrayLike | None, rank: npt.ArrayLike, *, starts: npt.ArrayLike | None = None
) -> Any:
    """Value of the row with a rank, counted from the least.

    Parameters
    ----------
    values, counts : array_like
        Distinct values in rising order, by group where there are groups, and the rows of each; counts may be None where each
        counts once, and equal values follow one another.
    rank : array_like of int, shape (groups) or (groups, k)
        Ranks from 1; one or k for each group. Without ``starts``: of shape () or (k).
    starts : array_like of int, optional
        Where each group starts in ``values``, and the end of the last.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the values, of the shape of ``rank``. NaN where no row has the rank.

    Examples
    --------
    >>> from salesmetrics.formulas import value_at_rank
    >>> value_at_rank([100.0, 250.0], [3, 1], [1, 3, 4, 5])
    array([100., 100., 250.,  nan])
    """
    known, ranks = np.asarray(values), np.asarray(rank, dtype=np.int64)
    often = None if counts is None else _table(counts)
    offsets = _offsets(known, often, starts)
    place = _places(often, offsets, _by_group(ranks, () if starts is None else (len(offsets) - 1,)))
    there = ~np.isnan(place)
    found = np.full(place.shape, np.nan)
    found[there] = known[place[there].astype(np.int64)]
    return _scalar(found.reshape(ranks.shape))


def _table(counts: npt.ArrayLike) -> IntArray:
    """Return counts, or refuse what cannot be counts."""
    table = np.asarray(counts)
    table = table if table.size else table.astype(np.int64)
    if table.ndim < 1 or table.dtype.kind not in "iu" or table.min(initial=0) < 0:
        raise InvalidArgumentError(
            f"`counts` must hold whole numbers >= 0; got shape {table.shape}, {table.dtype}, "
            f"least {table.min(initial=0)}.",
            code="SM-FRM-01",
            field="counts",
        )
    return table


def _offsets(values: AnyArray, counts: IntArray | None, starts: npt.ArrayLike | None) -> IntArray:
    """Return where groups start and the last one ends, or refuse what does not cut the values into groups."""
    offsets = np.array([0, values.size]) if starts is None else np.asarray(starts, dtype=np.int64)
    ends_meet = offsets.ndim == 1 and offsets.size > 0 and offsets[0] == 0 and offsets[-1] == values.size
    counted = counts is None or values.shape == counts.shape
    if not counted or values.ndim != 1 or not ends_meet or (np.diff(offsets) < 0).any():
        raise InvalidArgumentError(
            f"`starts` must rise from 0 to the number of `values`, {values.size}, with one of `counts` for each value; "
            f"got {values.size if counts is None else counts.size} counts and the starts {show(offsets.tolist())}.",
            code="SM-FRM-04",
            field="starts",
        )
    return offsets


def _by_group(ranks: IntArray, groups: tuple[int, ...]) -> IntArray:
    """Return ranks as one row for each group, or refuse ranks of other groups."""
    if ranks.shape[: len(groups)] != groups or ranks.ndim > len(groups) + 1:
        raise InvalidArgumentError(
            f"`rank` must have the groups {groups} and at most one axis more; got the shape {ranks.shape}.",
            code="SM-FRM-04",
            field="rank",
        )
    each = ranks.shape[-1] if ranks.ndim > len(groups) else 1
    return ranks.reshape(math.prod(groups), each)


def _rows_before(counts: IntArray | None, offsets: IntArray) -> IntArray:
    """Return how many rows there are before each place; without counts a row for each."""
    if counts is None:
        return offsets
    total = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=total[1:])
    return total[offsets]


def _places(counts: IntArray | None, offsets: IntArray, ranks: IntArray) -> FloatArray:
    """Return where in the flat counts each rank of each group falls, by one cumulative sum; NaN where it does not."""
    before = _rows_before(counts, offsets)
    first = before[:-1, None]
    known = (ranks >= 1) & (ranks <= before[1:, None] - first)
    wanted = first + np.where(known, ranks, 1)
    place = wanted - 1 if counts is None else np.searchsorted(np.cumsum(counts, dtype=np.int64), wanted)
    return np.where(known, place, np.nan)


def _linear_rank(n: AnyArray, q: Share | Sequence[Share] | FloatArray) -> tuple[AnyArray, FloatArray]:
    """Return the lower rank and the share of the way to the next, of the quantile at (n - 1) q."""
    shares = np.asarray(q, dtype=np.float64)
    for one in shares.ravel():
        _check.fraction(float(one), "q")
    place = np.multiply.outer(np.maximum(np.asarray(n) - 1, 0), shares)
    low = np.floor(place)
    rank = np.where(_aligned(np.asarray(n), place) > 0, low + 1, 0).astype(np.int64)
    return rank, place - low


def _aligned(n: AnyArray, like: AnyArray) -> AnyArray:
    """Return n with the last axis that several q added."""
    n = np.asarray(n)
    return np.broadcast_to(n if n.ndim == np.ndim(like) else n[..., None], np.shape(like))


def _scalar(values: AnyArray) -> Any:
    """Return a Python float for the answer of one group, else the array."""
    return values if values.ndim else values.item()
