r"""How far forecasts were off: errors of calls against what was booked.

F is the forecast, A the actual and e = F - A the error: positive is over-forecast. The last axis of every array is the
rows, one for each forecaster and period; a row without F or A is NaN and left out. Sums of whole numbers below 2**53 are
exact. The functions ending in ``_from`` take the sums of a tally and give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray
from salesmetrics.errors import InvalidArgumentError

__all__ = [
    "ValueAdded",
    "accuracy_from",
    "ape",
    "bias",
    "bias_from",
    "forecast_accuracy",
    "forecast_value_added",
    "mae",
    "mape",
    "mase",
    "mean_error",
    "mean_error_from",
    "naive_error",
    "rmse",
    "rmse_from",
    "wape",
    "wape_from",
]

_DENOMINATORS = ("actual", "forecast", "max")
_EXACT = 2.0**53
_HUGE = 1e290
_PIECE = 1 << 15


@attrs.frozen(eq=False)
class ValueAdded:
    """What each step of making a forecast took off the error; positive is better.

    Attributes
    ----------
    steps : numpy.ndarray of float64, shape (..., steps - 1)
        Error of the step before, less the error of this one.
    net : float or numpy.ndarray
        Error of the first step, less the error of the last.
    """

    steps: FloatArray = attrs.field(converter=_check.locked)
    net: float | FloatArray


def ape(forecast: npt.ArrayLike, actual: npt.ArrayLike, *, denominator: str = "actual") -> Any:
    """Absolute percentage error of each row, as a fraction: abs(e) / abs(A).

    It is not symmetric: 50 for 100 is 0.5, and 100 for 50 is 1.

    Parameters
    ----------
    forecast, actual : array_like
        Money in one unit, or counts; they broadcast.
    denominator : {"actual", "forecast", "max"}
        abs(A), abs(F), or the larger of the two.

    Returns
    -------
    float or numpy.ndarray
        Fraction, one for each row. NaN (``zero_denominator``) where the denominator is 0, also when both are 0.

    Examples
    --------
    >>> from salesmetrics.formulas import ape
    >>> ape(100, 25), ape(100, 25, denominator="max")
    (3.0, 0.75)
    >>> ape([10, 90], [0, 100])
    array([nan, 0.1])
    """
    below, error = _denominator(forecast, actual, denominator), _error(forecast, actual)
    return _quotient(np.abs(error), below)


def mape(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Mean of the absolute percentage errors that are defined.

    Rows with an actual of 0 have none: count the NaN of ``ape`` and say so. The mean over groups' MAPEs is not the MAPE
    of totals.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN where no row has a defined error.

    Examples
    --------
    >>> from salesmetrics.formulas import mape
    >>> mape([10, 90], [0, 100])
    0.1
    """
    errors = np.atleast_1d(ape(forecast, actual))
    known = ~np.isnan(errors)
    return _quotient(_sum(errors, known), np.count_nonzero(known, axis=-1))


def wape(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Absolute errors over absolute actuals, both summed first: sum abs(e) / sum abs(A).

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts. Rows in which errors of two reps already cancel hide them.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN (``zero_denominator``) where all actuals are 0.

    Examples
    --------
    >>> from salesmetrics.formulas import wape
    >>> wape([100, 50], [80, 70])
    0.266666666666666
    """
    return _in_pieces(_wape, forecast, actual)


def bias(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Signed error over absolute actuals, both summed first: sum e / sum abs(A); positive is over-forecast.

    Its size is never above ``wape``.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN (``zero_denominator``) where all actuals are 0.

    Examples
    --------
    >>> from salesmetrics.formulas import bias
    >>> bias([420, 480, 510], [445, 460, 500])
    0.00355871886120996
    """
    return _in_pieces(_bias, forecast, actual)


def mean_error(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Mean of e = F - A; positive is over-forecast.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the forecasts. NaN (``no_rows``) without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import mean_error
    >>> mean_error([100, 50], [80, 70])
    0.0
    """
    error, _, used = _rows(forecast, actual)
    return mean_error_from(_sum(error, used), np.count_nonzero(used, axis=-1))


def mae(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Mean of abs(e).

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the forecasts. NaN (``no_rows``) without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import mae
    >>> mae([100, 50], [80, 70])
    20.0
    """
    error, _, used = _rows(forecast, actual)
    return mean_error_from(_sum(np.abs(error), used), np.count_nonzero(used, axis=-1))


def rmse(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Root of the mean squared error: sqrt(mean e^2), never below ``mae``.

    The mean of the groups' is not that of the whole.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the forecasts. NaN (``no_rows``) without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import rmse
    >>> rmse([3, 4], [0, 0])
    3.53553390593273
    """
    error, _, used = _rows(forecast, actual)
    with np.errstate(all="ignore"):
        return rmse_from(_sum(np.square(error), used), np.count_nonzero(used, axis=-1))


def naive_error(series: npt.ArrayLike, season: int = 1) -> Any:
    """Mean absolute error of saying what was so a season ago: mean abs(A[t] - A[t - season]).

    Parameters
    ----------
    series : array_like, shape (..., periods)
        Actuals in order of time; a difference to or from a NaN is left out.
    season : int, default 1
        Periods to look back: 1, or 4 for quarters.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the series. NaN (``no_rows``) with fewer than ``season + 1`` actuals.

    Examples
    --------
    >>> from salesmetrics.formulas import naive_error
    >>> naive_error([445, 460, 525, 510, 540, 560])
    29.0
    """
    back = _check.count(season, "season", least=1)
    actual: FloatArray = np.atleast_1d(np.asarray(series, dtype=np.float64))
    return mae(actual[..., :-back], actual[..., back:])


def mase(
    forecast: npt.ArrayLike, actual: npt.ArrayLike, *, series: npt.ArrayLike | None = None, season: int = 1
) -> Any:
    """Mean absolute error, scaled by that of a naive forecast: below 1 is better than saying what was last time.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.
    series : array_like, shape (..., periods), optional
        Actuals in order of time that give the scale, ``naive_error(series, season)``; None is ``actual`` itself.
    season : int, default 1
        Periods to look back: 1, or 4 for quarters.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN without rows, with fewer than ``season + 1`` actuals in the series, and where it never moved.

    Examples
    --------
    >>> from salesmetrics.formulas import mase
    >>> mase([420, 480, 510, 550, 520, 580], [445, 460, 525, 510, 540, 560])
    0.804597701149425
    """
    return _quotient(mae(forecast, actual), naive_error(actual if series is None else series, season))


def forecast_accuracy(
    forecast: npt.ArrayLike,
    actual: npt.ArrayLike,
    *,
    variant: str = "actual",
    floor: float | None = None,
    aggregate: str = "pooled",
) -> Any:
    """What is left of 1 after the error: 1 - abs(e) / abs(A), pooled 1 - wape.

    Parameters
    ----------
    forecast, actual : array_like, shape (..., rows)
        Money in one unit, or counts.
    variant : {"actual", "forecast", "max", "ratio"}
        The error over abs(A), over abs(F), or over the larger of the two; or A / F, which is no accuracy but often
        called one.
    floor : float, optional
        The least that is returned, 0 as a rule; None lets bad forecasts be negative. With ``aggregate="mean"`` each row
        is floored.
    aggregate : {"pooled", "mean"}
        Numerators and denominators are summed first, or the rows' own accuracies are averaged where they are defined.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN (``zero_denominator``) where the denominator is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import forecast_accuracy
    >>> forecast_accuracy(100, 25), forecast_accuracy(100, 25, floor=0)
    (-2.0, 0.0)
    >>> forecast_accuracy(100, 25, variant="max"), forecast_accuracy(100, 25, variant="ratio")
    (0.25, 0.25)
    """
    _check.one_of(variant, (*_DENOMINATORS, "ratio"), "variant")
    mean = _check.one_of(aggregate, ("pooled", "mean"), "aggregate") == "mean"
    error, real, used = _rows(forecast, actual)
    if variant == "ratio":
        above, below = real, np.broadcast_to(np.asarray(forecast, dtype=np.float64), error.shape)
    else:
        above, below = np.abs(error), np.broadcast_to(_denominator(forecast, actual, variant), error.shape)
    if not mean:
        above, below = _sum(above, used), _sum(below, used)
    each = _ratio(above, below) if variant == "ratio" else accuracy_from(above, below)
    each = np.asarray(each if floor is None else np.maximum(each, floor))
    if mean:
        known = ~np.isnan(each)
        return _quotient(_sum(each, known), np.count_nonzero(known, axis=-1))
    return _scalar(each)


def forecast_value_added(errors: npt.ArrayLike) -> ValueAdded:
    """What each step of making a forecast took off the error of the step before.

    Parameters
    ----------
    errors : array_like, shape (..., steps)
        Error of each step, the naive one first: MAPE, WAPE or MAE, all of the same rows. ``mape``, ``wape`` and ``mae``
        of forecasts of shape (..., steps, rows) give them; leave out the rows that a step has no forecast of.

    Returns
    -------
    ValueAdded
        In the unit of the errors.

    Raises
    ------
    InvalidArgumentError
        ``errors`` are of fewer than two steps.

    Examples
    --------
    >>> from salesmetrics.formulas import forecast_value_added
    >>> added = forecast_value_added([0.146, 0.123, 0.136, 0.153])
    >>> added.steps.round(3), round(added.net, 3)
    (array([ 0.023, -0.013, -0.017]), -0.007)
    """
    table = np.asarray(errors, dtype=np.float64)
    if table.ndim < 1 or table.shape[-1] < 2:
        raise InvalidArgumentError(
            f"`errors` must be of two steps or more; got the shape {table.shape}.", code="SM-FRM-12", field="errors"
        )
    return ValueAdded(table[..., :-1] - table[..., 1:], _scalar(np.asarray(table[..., 0] - table[..., -1])))


def wape_from(abs_error: npt.ArrayLike, abs_actual: npt.ArrayLike) -> Any:
    """Share that absolute errors are of what came, from sum abs(e) and sum abs(A).

    Parameters
    ----------
    abs_error : array_like
        Sum of the absolute errors.
    abs_actual : array_like
        Sum of the absolute actuals.

    Returns
    -------
    float or numpy.ndarray
        NaN where nothing came.

    Examples
    --------
    >>> from salesmetrics.formulas import wape_from
    >>> wape_from([40, 5], [150, 0])
    array([0.26666667,        nan])
    """
    return _quotient(abs_error, abs_actual)


def bias_from(error: npt.ArrayLike, abs_actual: npt.ArrayLike) -> Any:
    """Share that signed errors are of what came, from sum e and sum abs(A).

    Parameters
    ----------
    error : array_like
        Sum of the signed errors, forecast less actual.
    abs_actual : array_like
        Sum of the absolute actuals.

    Returns
    -------
    float or numpy.ndarray
        Above 0 where calls were too high. NaN where nothing came.

    Examples
    --------
    >>> from salesmetrics.formulas import bias_from
    >>> bias_from(20_000, 3_040_000)
    0.00657894736842105
    """
    return _quotient(error, abs_actual)


def mean_error_from(error: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    """Mean of errors, from their sum and their number: ``mean_error``, ``mae`` or ``mape``, by what was added up.

    Parameters
    ----------
    error : array_like
        Sum e, sum abs(e), or the sum of the defined absolute percentage errors.
    n : array_like
        How many were added up.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the errors. NaN where there are none.

    Examples
    --------
    >>> from salesmetrics.formulas import mean_error_from
    >>> mean_error_from([-30, 0], [4, 0])
    array([-7.5,  nan])
    """
    return _quotient(error, n)


def rmse_from(squared_error: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    """Root of the mean squared error, from sum e^2 and the number of rows.

    Parameters
    ----------
    squared_error : array_like
        Sum of the squared errors; Python ints may be of any size.
    n : array_like
        How many were added up.

    Returns
    -------
    float or numpy.ndarray
        In the unit of the errors. NaN where there are none.

    Examples
    --------
    >>> from salesmetrics.formulas import rmse_from
    >>> rmse_from(10**30, 1)
    1000000000000000.0
    """
    return _scalar(np.asarray(np.sqrt(_ratio(squared_error, n))))


def accuracy_from(abs_error: npt.ArrayLike, base: npt.ArrayLike) -> Any:
    """What is left of 1 after the errors, from sum abs(e) and what they are measured by.

    Parameters
    ----------
    abs_error : array_like
        Sum of the absolute errors.
    base : array_like
        Sum of abs(A), of abs(F), or of the larger of the two.

    Returns
    -------
    float or numpy.ndarray
        Below 0 where the errors are larger than the base. NaN where the base is 0.

    Examples
    --------
    >>> from salesmetrics.formulas import accuracy_from
    >>> accuracy_from(40, 160)
    0.75
    """
    return _scalar(np.asarray(1.0 - _ratio(abs_error, base, positive=True)))


def _wape(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Return absolute errors over absolute actuals."""
    error, below, used = _rows(forecast, actual)
    return wape_from(_sum(np.abs(error), used), _sum(np.abs(below), used))


def _bias(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Return signed errors over absolute actuals."""
    error, below, used = _rows(forecast, actual)
    return bias_from(_sum(error, used), _sum(np.abs(below), used))


def _in_pieces(formula: Callable[[Any, Any], Any], forecast: npt.ArrayLike, actual: npt.ArrayLike) -> Any:
    """Return a formula's answer, some groups of rows at a time where they are many: what lies between stays in the cache."""
    said, real = np.asarray(forecast), np.asarray(actual)
    step = max(_PIECE * len(said) // said.size, 1) if said.ndim > 1 and said.size > _PIECE else 0
    if not step or said.shape != real.shape:
        return formula(said, real)
    return np.concatenate([formula(said[at : at + step], real[at : at + step]) for at in range(0, len(said), step)])


def _error(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> FloatArray:
    """Return F - A."""
    with np.errstate(all="ignore"):
        return np.asarray(np.subtract(np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)))


def _denominator(forecast: npt.ArrayLike, actual: npt.ArrayLike, denominator: str) -> FloatArray:
    """Return what a row's error is measured by."""
    _check.one_of(denominator, _DENOMINATORS, "denominator")
    said, real = np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if denominator == "max":
        return np.asarray(np.maximum(np.abs(said), np.abs(real)))
    return np.abs(real if denominator == "actual" else said)


def _rows(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the error and the actual of each row, and the rows that have both."""
    error = np.atleast_1d(_error(forecast, actual))
    real: FloatArray = np.broadcast_to(np.asarray(actual, dtype=np.float64), error.shape)
    return error, real, np.isfinite(error)


def _sum(values: AnyArray, used: BoolArray) -> FloatArray:
    """Return the sum of what is used, correctly rounded: the order of the rows does not show in it."""
    terms: FloatArray = values if used.all() else np.where(used, values, 0.0)
    largest = max(float(terms.max(initial=0.0)), -float(terms.min(initial=0.0)))
    whole = largest * terms.shape[-1] <= _EXACT and _whole(terms)
    if whole or not largest < _HUGE:
        return np.asarray(np.sum(terms, axis=-1))
    rows = terms.reshape(-1, terms.shape[-1]).tolist()
    return np.array([math.fsum(row) for row in rows], dtype=np.float64).reshape(terms.shape[:-1])


def _whole(terms: FloatArray) -> bool:
    """Return True where all are whole numbers; looked at in pieces, which stay in the cache."""
    flat = terms.reshape(-1)
    pieces = (flat[at : at + _PIECE] for at in range(0, len(flat), _PIECE))
    return all(bool((piece == np.rint(piece)).all()) for piece in pieces)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike, *, positive: bool = False) -> FloatArray:
    """Return a quotient, NaN where the denominator is 0."""
    over, under = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    with np.errstate(all="ignore"):
        share = over / under
    return np.where(np.isfinite(share) & ((under > 0) | (not positive)), share, np.nan)


def _quotient(above: npt.ArrayLike, below: npt.ArrayLike) -> Any:
    """Return a quotient, a Python float where there is one, NaN where the denominator is not above 0."""
    return _scalar(_ratio(above, below, positive=True))


def _scalar(values: AnyArray) -> Any:
    """Return a Python float for the answer of one group, else the array."""
    return values if values.ndim else values.item()
