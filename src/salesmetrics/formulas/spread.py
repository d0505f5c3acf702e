"""How evenly a total is spread: Gini's coefficient and the share of the largest."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["gini", "top_share"]

_CLOSE = 1e-9

Top: TypeAlias = int | float | Fraction | Decimal


def gini(values: npt.ArrayLike, *, groups: npt.ArrayLike | None = None, size: int | None = None) -> Any:
    r"""Gini's coefficient: 0 where all have the same, (n - 1) / n where one has everything.

    :math:`\sum_{ij} |x_i - x_j| / (2 n \sum_i x_i)`, added up from the values in order as
    :math:`\sum_{i \le n/2} (n + 1 - 2i)(x_{(n+1-i)} - x_{(i)}) / (n \sum_i x_i)`: no term is negative, equal values
    give 0 exactly, and the order of the rows does not matter.

    Parameters
    ----------
    values : array_like, shape (..., n)
        Bookings of each rep, say, in one unit; NaN is no row.
    groups : array_like of int, optional
        Group of each value, from 0; -1 is none. The values are then one row, and there is one answer for each group.
    size : int, optional
        Number of groups; None is one more than the largest.

    Returns
    -------
    float or numpy.ndarray
        Fraction in [0, 1). NaN (``no_rows``) without values; NaN (``negative_base``) where one is negative or their sum
        is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import gini
    >>> gini([10, 20, 30, 40])
    0.25
    >>> gini([10, 5, 20, 30, 5, 40, -1], groups=[0, 1, 0, 0, 1, 0, 2])
    array([0.25, 0.  ,  nan])
    """
    rows = _in_order(values, groups, size)
    weight = rows.n[rows.group] - 1 - 2 * rows.rank
    lower = np.flatnonzero(weight > 0)
    partner = rows.start[rows.group[lower]] + rows.n[rows.group[lower]] - 1 - rows.rank[lower]
    with np.errstate(all="ignore"):
        apart = weight[lower] * (rows.value[partner] - rows.value[lower])
        share = _added(rows, apart, lower) / (rows.n * rows.total)
    return _answer(rows, share)


def top_share(values: npt.ArrayLike, top: Top, *, groups: npt.ArrayLike | None = None, size: int | None = None) -> Any:
    """Share of the total that the largest have.

    Parameters
    ----------
    values : array_like, shape (..., n)
        Bookings of each rep, say, in one unit; NaN is no row.
    top : int or float
        How many: a whole number >= 1, or (written as a float) a fraction of them in (0, 1], rounded up; 1 is the
        largest alone, 1.0 is all. A relative difference below 1e-9 is not rounded up.
    groups : array_like of int, optional
        Group of each value, from 0; -1 is none. The values are then one row, and there is one answer for each group.
    size : int, optional
        Number of groups; None is one more than the largest.

    Returns
    -------
    float or numpy.ndarray
        Fraction in (0, 1]. NaN (``no_rows``) without values; NaN (``negative_base``) where one is negative or their sum
        is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import top_share
    >>> top_share([10, 20, 30, 40], 1)
    0.4
    >>> top_share([10, 20, 30, 40], 0.3)
    0.7
    """
    rows = _in_order(values, groups, size)
    largest = np.flatnonzero(rows.rank >= (rows.n - _how_many(top, rows.n))[rows.group])
    with np.errstate(all="ignore"):
        share = _added(rows, rows.value[largest], largest) / rows.total
    return _answer(rows, share)


@attrs.frozen(eq=False)
class _Rows:
    """Values in rising order inside their groups, and where each group stands."""

    shape: tuple[int, ...]
    value: FloatArray
    group: IntArray
    rank: IntArray
    start: IntArray
    n: IntArray
    total: FloatArray


def _in_order(values: npt.ArrayLike, groups: npt.ArrayLike | None, size: int | None) -> _Rows:
    """Return the values that are there, in rising order inside their groups."""
    given = np.asarray(values, dtype=np.float64)
    if groups is None:
        table = np.sort(np.atleast_1d(given), axis=-1)
        there, shape = ~np.isnan(table), table.shape[:-1]
        ordered, n = table[there], np.count_nonzero(there, axis=-1).reshape(-1)
    else:
        codes = _codes(groups, given)
        kept = np.flatnonzero((codes >= 0) & ~np.isnan(given))
        ordered, codes = given[kept], codes[kept]
        ordered = ordered[np.lexsort((ordered, codes))]
        count = int(np.max(groups, initial=-1)) + 1 if size is None else size
        n, shape = np.bincount(codes, minlength=count), (count,)
    n = n.astype(np.int64)
    start = np.cumsum(n) - n
    group = np.repeat(np.arange(len(n)), n)
    rank = np.arange(len(ordered)) - start[group]
    total = np.bincount(group, weights=ordered, minlength=len(n)).astype(np.float64)
    return _Rows(shape, ordered, group, rank, start, n, total)


def _codes(groups: npt.ArrayLike, values: FloatArray) -> IntArray:
    """Return the group of each value, or refuse what does not fit them."""
    codes = np.asarray(groups)
    if codes.shape != values.shape or codes.ndim != 1 or codes.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"`groups` must hold one whole number for each of the {values.size} values; got {codes.dtype} of shape "
            f"{codes.shape}.",
            code="SM-FRM-10",
            field="groups",
        )
    return codes.astype(np.int64)


def _added(rows: _Rows, terms: FloatArray, places: IntArray) -> FloatArray:
    """Return the sum of terms by group, in the order of the values."""
    return np.bincount(rows.group[places], weights=terms, minlength=len(rows.n)).astype(np.float64)


def _how_many(top: Top, n: IntArray) -> IntArray:
    """Return how many rows of each group are meant, or refuse what is neither a count nor a fraction."""
    if isinstance(top, (int, np.integer)) and not isinstance(top, bool) and top >= 1:
        return np.minimum(n, int(top))
    if isinstance(top, (float, np.floating, Fraction, Decimal)) and 0 < top <= 1:
        exact = float(top) * n
        whole = np.rint(exact)
        near = np.abs(exact - whole) < _CLOSE * exact
        many: IntArray = np.where(near, whole, np.ceil(exact)).astype(np.int64)
        return many
    raise InvalidArgumentError(
        f"`top` must be a whole number >= 1 or a fraction in (0, 1]; got {show(top)}.",
        code="SM-FRM-10",
        field="top",
        values=[top],
        hint="fractions, never percent: 0.2 and not 20.0." if isinstance(top, float) and top > 1 else None,
    )


def _answer(rows: _Rows, share: FloatArray) -> Any:
    """Return one number for each group, NaN where a value is negative or there is nothing to share."""
    negative = np.bincount(rows.group[rows.value < 0], minlength=len(rows.n)) > 0
    known = ~negative & (rows.total > 0) & np.isfinite(share)
    answer: AnyArray = np.where(known, share, np.nan).reshape(rows.shape)
    return answer if answer.ndim else answer.item()
