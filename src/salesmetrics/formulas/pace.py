"""Where a running period lands: pace, run rate, and how much of a period's bookings has closed by now."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["LinearityCurve", "linearity_curve", "pace", "pace_attainment", "required_run_rate"]

_GRID = 101


@attrs.frozen(eq=False)
class LinearityCurve:
    """How much of a period's bookings has closed by each share of the period, over past periods.

    Attributes
    ----------
    at : numpy.ndarray of float64, shape (k)
        Elapsed shares of a period, from 0 to 1.
    share : numpy.ndarray of float64, shape (..., k)
        Bookings so far over final bookings. NaN (``no_rows``) without a period to read.
    n, left_out : int or numpy.ndarray of int64, shape (...)
        Periods read, and periods left out because nothing above 0 was booked in the end or a day is missing.
    """

    at: FloatArray = attrs.field(converter=_check.locked)
    share: FloatArray = attrs.field(converter=_check.locked)
    n: int | IntArray
    left_out: int | IntArray


def pace(booked: npt.ArrayLike, elapsed_share: npt.ArrayLike) -> Any:
    """Bookings of the whole period if the rest goes as it went so far: B / elapsed share.

    Parameters
    ----------
    booked : array_like
        Bookings so far: money in one unit, or counts.
    elapsed_share : array_like
        Elapsed over all days, calendar or business days, or the value of a linearity curve; they broadcast.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the bookings; B itself at the elapsed share 1. NaN (``not_started``) where the share is not
        above 0.

    Examples
    --------
    >>> from salesmetrics.formulas import pace
    >>> pace(120_000, 45 / 90)
    240000.0
    >>> pace([120_000, 0, 50], [1, 0.5, 0])
    array([120000.,      0.,     nan])
    """
    above, share = np.asarray(booked, dtype=np.float64), np.asarray(elapsed_share, dtype=np.float64)
    with np.errstate(all="ignore"):
        landing = above / share
    return _scalar(np.where((share > 0) & np.isfinite(landing), landing, np.nan))


def pace_attainment(booked: npt.ArrayLike, quota: npt.ArrayLike, elapsed_share: npt.ArrayLike) -> Any:
    """Share of the number that the pace comes to: pace / Q.

    Parameters
    ----------
    booked, quota : array_like
        Money in one unit, or counts. A missing quota is NaN.
    elapsed_share : array_like
        As in ``pace``; all broadcast.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN (``no_quota``) where the quota is missing or not above 0, NaN (``not_started``) where the share
        is not above 0.

    Examples
    --------
    >>> from salesmetrics.formulas import pace_attainment
    >>> pace_attainment(120_000, 300_000, 45 / 90)
    0.8
    """
    landing, below = np.asarray(pace(booked, elapsed_share)), np.asarray(quota, dtype=np.float64)
    with np.errstate(all="ignore"):
        share = landing / below
    return _scalar(np.where((below > 0) & np.isfinite(share), share, np.nan))


def required_run_rate(booked: npt.ArrayLike, quota: npt.ArrayLike, remaining_days: npt.ArrayLike) -> Any:
    """Bookings that each remaining day must bring: max(Q - B, 0) / remaining days.

    Parameters
    ----------
    booked, quota : array_like
        Money in one unit, or counts. A missing quota is NaN.
    remaining_days : array_like
        Calendar or business days after the last known one; all broadcast.

    Returns
    -------
    float or numpy.ndarray
        Money/day. 0.0 where the quota is met, whatever the days; NaN (``period_over``) where it is not and no day is
        left; NaN (``no_quota``) where the quota is missing.

    Examples
    --------
    >>> from salesmetrics.formulas import required_run_rate
    >>> required_run_rate(120_000, 300_000, 45)
    4000.0
    >>> required_run_rate([300, 299], 300, 0)
    array([ 0., nan])
    """
    above, below = np.asarray(booked, dtype=np.float64), np.asarray(quota, dtype=np.float64)
    days = np.asarray(remaining_days, dtype=np.float64)
    with np.errstate(all="ignore"):
        short = below - above
        rate = np.where(days > 0, short / days, np.nan)
    return _scalar(np.where(short <= 0, 0.0, np.where(np.isfinite(rate), rate, np.nan)))


def linearity_curve(
    cumulative: npt.ArrayLike,
    days: npt.ArrayLike | None = None,
    *,
    at: npt.ArrayLike | None = None,
    stat: str = "mean",
) -> LinearityCurve:
    r"""Share of a period's bookings that has closed by each share of the period, over past complete periods.

    With :math:`B_p(d)` booked by the end of the d-th of :math:`D_p` days, :math:`B_p(0) = 0` and straight lines in
    between, a period has closed :math:`B_p(x D_p) / B_p(D_p)` at the elapsed share x; the curve is the mean, or the
    nearest-rank median, over periods. Periods of 90 and of 92 days so meet on one grid.

    Parameters
    ----------
    cumulative : array_like, shape (..., periods, days)
        Bookings by the end of each day, added up from the first day of the period.
    days : array_like of int, shape (..., periods), optional
        Days of each period; what stands behind them is not read. None is all of them.
    at : array_like, optional
        Elapsed shares in [0, 1] to read the curve at; None is 0, 0.01, ..., 1.
    stat : {"mean", "median"}
        Over periods.

    Returns
    -------
    LinearityCurve
        Fraction at each elapsed share, with the periods read and left out.

    Examples
    --------
    >>> from salesmetrics.formulas import linearity_curve, pace
    >>> curve = linearity_curve([[10, 10, 40], [0, 50, 100], [0, 0, 0]], at=[0, 1 / 3, 0.5, 1])
    >>> curve.share
    array([0.   , 0.125, 0.25 , 1.   ])
    >>> curve.n, curve.left_out
    (2, 1)
    >>> pace(30, curve.share[2])
    120.0
    """
    _check.one_of(stat, ("mean", "median"), "stat")
    grid = _grid(at)
    table, length = _table(cumulative, days)
    whole = np.take_along_axis(table, length[..., None], axis=-1)
    place = grid * length[..., None]
    low = np.floor(place).astype(np.int64)
    below = np.take_along_axis(table, low, axis=-1)
    above = np.take_along_axis(table, np.minimum(low + 1, length[..., None]), axis=-1)
    with np.errstate(all="ignore"):
        share = (below + (place - low) * (above - below)) / whole
    inside = np.arange(table.shape[-1]) <= length[..., None]
    used = (whole[..., 0] > 0) & np.all(np.isfinite(table) | ~inside, axis=-1)
    n = np.count_nonzero(used, axis=-1)
    left = used.shape[-1] - n
    counts = (n, left) if np.ndim(n) else (int(n), int(left))
    return LinearityCurve(grid, _over_periods(share, used, stat), *counts)


def _grid(at: npt.ArrayLike | None) -> FloatArray:
    """Return elapsed shares as a fresh row, or refuse what is not in [0, 1]."""
    grid = np.linspace(0, 1, _GRID) if at is None else np.atleast_1d(np.array(at, dtype=np.float64))
    if grid.ndim != 1 or not np.all((grid >= 0) & (grid <= 1)):
        raise InvalidArgumentError(
            f"`at` must hold elapsed shares in [0, 1]; got {show(grid.tolist())}.",
            code="SM-FRM-09",
            field="at",
            hint="fractions, never percent: 0.5 and not 50.",
        )
    return grid


def _table(cumulative: npt.ArrayLike, days: npt.ArrayLike | None) -> tuple[FloatArray, IntArray]:
    """Return bookings by the end of day 0, 1, 2, ... and the days of each period, or refuse days that do not fit."""
    given = np.atleast_2d(np.asarray(cumulative, dtype=np.float64))
    longest = given.shape[-1]
    length = np.asarray(longest if days is None else days)
    if length.dtype.kind not in "iu" or length.min(initial=0) < 0 or length.max(initial=0) > longest:
        raise InvalidArgumentError(
            f"`days` must be whole numbers from 0 to the {longest} days of `cumulative`; got {show(length.tolist())}.",
            code="SM-FRM-09",
            field="days",
        )
    table = np.zeros((*given.shape[:-1], longest + 1))
    table[..., 1:] = given
    return table, np.broadcast_to(length, given.shape[:-1]).astype(np.int64)


def _over_periods(share: FloatArray, used: BoolArray, stat: str) -> FloatArray:
    """Return the mean or the nearest-rank median over the periods in use."""
    n = np.count_nonzero(used, axis=-1)[..., None]
    if stat == "mean":
        with np.errstate(all="ignore"):
            mean: FloatArray = np.sum(np.where(used[..., None], share, 0.0), axis=-2) / n
        return mean
    ordered = np.sort(np.where(used[..., None], share, np.nan), axis=-2)
    nothing = np.full((*share.shape[:-2], 1, share.shape[-1]), np.nan)
    rank = np.broadcast_to(((n + 1) // 2)[..., None], nothing.shape)
    return np.take_along_axis(np.concatenate([nothing, ordered], axis=-2), rank, axis=-2)[..., 0, :]


def _scalar(values: AnyArray) -> Any:
    """Return a Python float for the answer of one number, else the array."""
    return values if values.ndim else values.item()
