r"""Intervals of curves: Greenwood and the delta method on the log-log scale.

With :math:`\theta = \ln(-\ln S)` and :math:`se(\theta) = \sqrt{V} / (S\,|\ln S|)` the ends are
:math:`S^{\exp(\pm z\,se(\theta))}`: they lie in [0, 1] and contain S.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, FloatArray, IntArray

__all__ = [
    "greenwood_variance",
    "incidence_interval",
    "incidence_variance",
    "survival_interval",
    "survival_quantile_interval",
]

_BLOCK = 32_768
_CLOSE = 1e-9


class Curve(Protocol):
    """What is read of a curve: a ``SurvivalCurve`` or an ``IncidenceCurve``."""

    @property
    def survival(self) -> FloatArray:
        """Share without an event after each age."""

    @property
    def at_risk(self) -> IntArray:
        """Rows under observation at each age."""

    @property
    def events(self) -> IntArray:
        """Events at each age."""


class Incidence(Curve, Protocol):
    """What is read of curves of competing ends: an ``IncidenceCurve``."""

    @property
    def incidence(self) -> FloatArray:
        """Share taken by each cause up to each age."""


def greenwood_variance(curve: Curve) -> FloatArray:
    r"""Greenwood's variance of a Kaplan-Meier curve: :math:`S(t)^2 \sum_{s \le t} d_s / (r_s (r_s - d_s))`.

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.

    Returns
    -------
    numpy.ndarray
        Fraction squared. 0 before the first event; NaN where S is 0 and in a group without rows.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import greenwood_variance, kaplan_meier
    >>> curve = kaplan_meier([0, 1, 1], [0, 0, 2])
    >>> np.sqrt(greenwood_variance(curve))
    array([0.        , 0.21650635, 0.25      ])
    """
    log_variance = _log_variance(curve.at_risk, curve.events)
    return np.where(curve.survival > 0, np.square(curve.survival) * log_variance, np.nan)


def survival_interval(curve: Curve, confidence_level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Interval of a Kaplan-Meier curve at each age, on the log-log scale with Greenwood's variance.

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.

    Returns
    -------
    low, high : numpy.ndarray, shape (..., days)
        Fractions. NaN where S is 1 (nothing is known of the spread before the first event), where S is 0, and in a
        group without rows: none is honest there.

    Examples
    --------
    >>> from salesmetrics.formulas import kaplan_meier, survival_interval
    >>> curve = kaplan_meier([0, 1, 1], [0, 0, 2])
    >>> low, high = survival_interval(curve)
    >>> low.round(4), high.round(4)
    (array([   nan, 0.1279, 0.0578]), array([   nan, 0.9605, 0.8449]))
    """
    z, (share, risk, events) = _normal(confidence_level), _rows(curve)
    ends = np.empty((2, *share.shape))
    for block in _blocks(*share.shape):
        ends[:, block] = _log_log(share[block], _log_variance(risk[block], events[block]), z)
    low, high = ends.reshape(2, *curve.survival.shape)
    return low, high


def survival_quantile_interval(curve: Curve, q: float = 0.5, confidence_level: float = 0.95) -> tuple[Any, Any]:
    """Interval of the age by which a share q has had the event: where the ends of the curve cross 1 - q.

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.
    q : float, default 0.5
        Share strictly between 0 and 1; 1/2 for the median.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.

    Returns
    -------
    low, high : float or numpy.ndarray
        Days, one for each group: the first age at which the low end, and the high end, of the curve is at or below
        1 - q. An end that is not reached is infinite; both are NaN in a group without events.

    Examples
    --------
    >>> from salesmetrics.formulas import kaplan_meier, survival_quantile_interval
    >>> curve = kaplan_meier([0, 1, 1], [0, 0, 2])
    >>> survival_quantile_interval(curve)
    (1.0, inf)
    """
    bar = (1 - float(Fraction(str(_check.fraction(q, "q", open_ends=True))))) * (1 + _CLOSE)
    z, (share, risk, events) = _normal(confidence_level), _rows(curve)
    ends = np.full((2, len(share)), np.nan)
    for block in _blocks(*share.shape):
        some = events[block].any(axis=-1)
        crossed = _log_log(share[block], _log_variance(risk[block], events[block]), z) <= bar
        crossed[0] |= share[block] == 0
        ends[:, block] = np.where(some, np.where(crossed.any(axis=-1), crossed.argmax(axis=-1), np.inf), np.nan)
    low, high = ends.reshape(2, *curve.survival.shape[:-1])
    return (low, high) if low.ndim else (low.item(), high.item())


def incidence_variance(curve: Incidence, cause: int | None = None) -> FloatArray:
    r"""Variance of Aalen-Johansen curves by the delta method.

    :math:`\sum_{s \le t} [(F(t) - F(s))^2 d_s / (r_s (r_s - d_s)) + S(s-)^2 d_{ks} (r_s - d_{ks}) / r_s^3
    - 2 (F(t) - F(s)) S(s-) d_{ks} / r_s^2]`, d being ends by any cause.

    Parameters
    ----------
    curve : IncidenceCurve
        Curves of any number of groups.
    cause : int, optional
        Only the curve of this cause, by its place; None is all of them.

    Returns
    -------
    numpy.ndarray, shape (..., causes, days), or (..., days) for one cause
        Fraction squared. NaN in a group without rows.

    Examples
    --------
    >>> from salesmetrics.formulas import aalen_johansen, incidence_variance
    >>> both = aalen_johansen([[0, 1, 0], [0, 0, 1]], [0, 0, 2])
    >>> incidence_variance(both, cause=0)
    array([0.      , 0.046875, 0.046875])
    """
    chosen = slice(None) if cause is None else slice(cause, cause + 1)
    taken, by_cause = curve.incidence[..., chosen, :], curve.events[..., chosen, :].astype(np.float64)
    risk = np.maximum(curve.at_risk, 1).astype(np.float64)[..., None, :]
    before = np.ones_like(taken)
    before[..., 1:] = curve.survival[..., None, :-1]
    any_ = _hazard_variance(curve.at_risk, curve.events.sum(axis=-2))[..., None, :]
    cross = before * by_cause / risk**2
    own = before * cross * (risk - by_cause) / risk
    squared, linear = np.cumsum(any_, axis=-1), np.cumsum(taken * any_ + cross, axis=-1)
    constant = np.cumsum(np.square(taken) * any_ + own + 2 * taken * cross, axis=-1)
    spread: FloatArray = np.square(taken) * squared - 2 * taken * linear + constant
    np.maximum(spread, 0.0, out=spread)
    return spread if cause is None else spread[..., 0, :]


def incidence_interval(
    curve: Incidence, confidence_level: float = 0.95, cause: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Interval of Aalen-Johansen curves at each age, on the log-log scale.

    Parameters
    ----------
    curve : IncidenceCurve
        Curves of any number of groups.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.
    cause : int, optional
        Only the curve of this cause, by its place; None is all of them.

    Returns
    -------
    low, high : numpy.ndarray, shape (..., causes, days), or (..., days) for one cause
        Fractions. NaN before the first end by the cause, where all rows have ended by it, and in a group without rows.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import aalen_johansen, incidence_interval
    >>> won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    >>> curve = aalen_johansen([won, lost], np.bincount([15, 40]))
    >>> low, high = incidence_interval(curve)
    >>> low[:, 30], high[:, 30]
    (array([0.05011479, 0.009677  ]), array([0.82362206, 0.68613628]))
    """
    share = curve.incidence if cause is None else curve.incidence[..., cause, :]
    with np.errstate(all="ignore"):
        log_variance = incidence_variance(curve, cause) / np.square(share)
    low, high = _log_log(share, log_variance, _normal(confidence_level))
    return low, high


def _rows(curve: Curve) -> tuple[FloatArray, IntArray, IntArray]:
    """Return survival, rows at risk and events as tables of one row for each group."""
    shape = (math.prod(curve.survival.shape[:-1]), curve.survival.shape[-1])
    return curve.survival.reshape(shape), curve.at_risk.reshape(shape), curve.events.reshape(shape)


def _blocks(rows: int, width: int) -> Iterator[slice]:
    """Yield slices of rows whose tables stay in the second cache."""
    step = max(1, _BLOCK // max(width, 1))
    for start in range(0, rows if width else 0, step):
        yield slice(start, start + step)


def _normal(confidence_level: float) -> float:
    """Return z of a two-sided level."""
    from scipy.special import ndtri

    return float(ndtri((1 + _check.fraction(confidence_level, "confidence_level", open_ends=True)) / 2))


def _hazard_variance(at_risk: AnyArray, events: AnyArray) -> FloatArray:
    """Return d / (r (r - d)) of each age; 0 where the last row at risk has the event, since nothing follows."""
    left = at_risk - events
    below = np.multiply(at_risk, left, dtype=np.float64)
    terms: FloatArray = np.divide(events, below, out=np.zeros(below.shape), where=below > 0)
    return terms


def _log_variance(at_risk: AnyArray, events: AnyArray) -> FloatArray:
    """Return the variance of ln S: the sum of d / (r (r - d)) up to each age."""
    terms = _hazard_variance(at_risk, events)
    np.cumsum(terms, axis=-1, out=terms)
    return terms


def _log_log(share: FloatArray, log_variance: FloatArray, z: float) -> FloatArray:
    """Return both ends, share ** exp(+-z se), where the share lies strictly inside (0, 1) and varies, else NaN."""
    inside = (share > 0) & (share < 1)
    ends = np.empty((2, *share.shape))
    with np.errstate(all="ignore"):
        log = np.where(inside, np.log(share), np.nan)
        power = np.exp(z * np.sqrt(log_variance) / -log)
        np.multiply(log, power, out=ends[0])
        np.divide(log, power, out=ends[1])
    np.exp(ends, out=ends)
    return ends
