"""Ranges that were called, against what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import AnyArray, BoolArray
from salesmetrics.errors import InvalidArgumentError

__all__ = ["range_hit_rate", "range_hits"]

_CLOSE = 1e-9


def range_hits(low: npt.ArrayLike, high: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[Any, Any]:
    """Rows whose actual lay in the range that was called, and rows: what the rate and its interval are made of.

    Parameters
    ----------
    low, high : array_like, shape (..., rows)
        Ends of the ranges, both inside; in the unit of the actuals.
    actual : array_like, shape (..., rows)
        Whole numbers compare exactly; of others, a relative difference below 1e-9 counts as equal.

    Returns
    -------
    hits, n : int or numpy.ndarray of int64
        Rows; those with a NaN are left out.

    Examples
    --------
    >>> from salesmetrics.formulas import range_hits
    >>> range_hits([90, 100, 80], [110, 120, 95], [110, 99, 90])
    (2, 3)
    """
    ends = [np.atleast_1d(np.asarray(x)) for x in (low, high, actual)]
    _refuse_upside_down(ends[0], ends[1])
    inside = _not_above(ends[0], ends[2]) & _not_above(ends[2], ends[1])
    known = ~np.isnan(ends[0] + ends[1] + ends[2])
    hits, n = np.count_nonzero(inside & known, axis=-1), np.count_nonzero(known, axis=-1)
    return (hits, n) if np.ndim(n) else (int(hits), int(n))


def range_hit_rate(low: npt.ArrayLike, high: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Share of the rows whose actual lay in the range that was called.

    Parameters
    ----------
    low, high, actual : array_like, shape (..., rows)
        As in ``range_hits``.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN (``no_rows``) without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import range_hit_rate
    >>> range_hit_rate([90, 100], [110, 120], [110, 99])
    0.5
    """
    hits, n = range_hits(low, high, actual)
    with np.errstate(all="ignore"):
        share = np.asarray(np.divide(hits, n))
    return share if share.ndim else share.item()


def _not_above(left: AnyArray, right: AnyArray) -> BoolArray:
    """Return left <= right: exactly for whole numbers, else with a relative difference below 1e-9 counted as equal."""
    if left.dtype.kind in "iu" and right.dtype.kind in "iu":
        return np.asarray(np.less_equal(left, right))
    with np.errstate(all="ignore"):
        near = np.abs(left - right) < _CLOSE * np.maximum(np.abs(left), np.abs(right))
    return np.asarray(np.less_equal(left, right) | near)


def _refuse_upside_down(low: AnyArray, high: AnyArray) -> None:
    """Refuse ranges whose low end is above the high one."""
    wrong = np.argwhere(np.greater(low, high))
    if len(wrong):
        place = tuple(wrong[0])
        shown = tuple(np.broadcast_to(x, np.broadcast_shapes(low.shape, high.shape))[place].item() for x in (low, high))
        raise InvalidArgumentError(
            f"`low` must be <= `high` in every row; got {len(wrong)} that are not (first: {shown[0]} and {shown[1]}).",
            code="SM-FRM-11",
            field="low",
            values=list(shown),
        )
