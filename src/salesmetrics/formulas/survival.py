"""Time to event on a grid of whole days: Kaplan-Meier and Aalen-Johansen for many groups at once.

A group is two rows of counts: ``events[t]`` things happened at age ``t``, and ``censored[t]`` were last seen at age
``t`` without it. Ages are whole days from 0; the last axis of every array is the age. A row censored at ``t`` is still
at risk at ``t`` (events come before censorings), and what is known ends with the longest age seen, the *follow-up*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics._threads import in_order
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError

__all__ = [
    "IncidenceCurve",
    "SurvivalCurve",
    "aalen_johansen",
    "conditional_mean",
    "conditional_quantile",
    "incidence_at",
    "kaplan_meier",
    "restricted_mean",
    "survival_at",
    "survival_quantile",
]

_BLOCK = 65_536
_CLOSE = 1e-9


@attrs.frozen(eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve for each group.

    Attributes
    ----------
    survival : numpy.ndarray of float64, shape (..., days)
        Share still without the event after each age, S(t). NaN in a group without rows.
    at_risk, events : numpy.ndarray of int64, shape (..., days)
        Rows still under observation at each age, and how many of them had the event at it.
    """

    survival: FloatArray = attrs.field(converter=_check.locked)
    at_risk: IntArray = attrs.field(converter=_check.locked)
    events: IntArray = attrs.field(converter=_check.locked)


@attrs.frozen(eq=False)
class IncidenceCurve:
    """Aalen-Johansen curves for each group: one for each of the ends that compete.

    Attributes
    ----------
    incidence : numpy.ndarray of float64, shape (..., causes, days)
        Share ended by each cause up to and including each age. NaN in a group without rows.
    survival, at_risk : numpy.ndarray, shape (..., days)
        Share not ended by any cause, and rows still under observation at each age.
    events : numpy.ndarray of int64, shape (..., causes, days)
        Ends by each cause at each age.
    """

    incidence: FloatArray = attrs.field(converter=_check.locked)
    survival: FloatArray = attrs.field(converter=_check.locked)
    at_risk: IntArray = attrs.field(converter=_check.locked)
    events: IntArray = attrs.field(converter=_check.locked)


def kaplan_meier(
    events: npt.ArrayLike, censored: npt.ArrayLike, *, entered: npt.ArrayLike | None = None
) -> SurvivalCurve:
    r"""Kaplan-Meier curves, one for each group.

    With :math:`d_t` events and :math:`r_t` rows at risk at age t, :math:`S(t) = \prod_{s \le t} (r_s - d_s) / r_s`.
    Before the first event S is 1; from the follow-up on it stays as it is.

    Parameters
    ----------
    events, censored : array_like of int, shape (..., days)
        Rows of each age in whole days that had the event, and that were last seen without it.
    entered : array_like of int, shape (..., days), optional
        Rows that came under observation at each age (left truncation): at risk from that age on. None is all at 0.

    Returns
    -------
    SurvivalCurve
        Survival (fraction), rows at risk and events. A group without rows has S = NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import kaplan_meier, survival_quantile
    >>> won = np.bincount([47, 56, 77, 80, 81])
    >>> still_open = np.bincount([37, 43, 60, 62, 71], minlength=82)
    >>> curve = kaplan_meier(won, still_open)
    >>> curve.survival[[46, 47, 56, 77, 81]]
    array([1.   , 0.875, 0.75 , 0.5  , 0.   ])
    >>> survival_quantile(curve)
    77.0
    """
    happened, lost = _counts(events, "events"), _counts(censored, "censored")
    _same_shape(happened, lost, happened.shape)
    survival, at_risk = _product_limit(happened, lost, _entries(entered, happened.shape))
    return SurvivalCurve(survival, at_risk, happened)


def aalen_johansen(
    events: npt.ArrayLike, censored: npt.ArrayLike, *, entered: npt.ArrayLike | None = None
) -> IncidenceCurve:
    r"""Aalen-Johansen curves: the share that each of several competing ends has taken, for each group.

    :math:`F_k(t) = \sum_{s \le t} S(s-) d_{ks} / r_s`, where S is the Kaplan-Meier curve of any end. At every age S
    and the F of all causes add up to 1.

    Parameters
    ----------
    events : array_like of int, shape (..., causes, days)
        Rows of each age in whole days that ended, by cause.
    censored : array_like of int, shape (..., days)
        Rows last seen at each age without an end.
    entered : array_like of int, shape (..., days), optional
        As in ``kaplan_meier``.

    Returns
    -------
    IncidenceCurve
        Incidence of each cause (fraction), survival, rows at risk and events. A group without rows is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import aalen_johansen
    >>> won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    >>> curve = aalen_johansen([won, lost], np.bincount([15, 40]))
    >>> curve.incidence[:, [10, 20, 30]]
    array([[0.2       , 0.2       , 0.46666667],
           [0.        , 0.26666667, 0.26666667]])
    """
    by_cause, lost = _counts(events, "events", least=2), _counts(censored, "censored")
    _same_shape(by_cause, lost, (*by_cause.shape[:-2], by_cause.shape[-1]))
    survival, at_risk = _product_limit(by_cause.sum(axis=-2), lost, _entries(entered, lost.shape))
    days = at_risk.shape[-1]
    incidence = np.empty(by_cause.shape)
    share, risk = _rows(survival), _rows(at_risk)
    flat = incidence.reshape(len(share), by_cause.shape[-2], days)
    ended = by_cause.reshape(flat.shape)
    for block in _blocks(len(flat), days * by_cause.shape[-2]):
        each = _before(share[block])
        each /= np.maximum(risk[block], 1)
        np.multiply(each[:, None, :], ended[block], out=flat[block])
        np.cumsum(flat[block], axis=-1, out=flat[block])
    return IncidenceCurve(incidence, survival, at_risk, by_cause)


def survival_at(curve: SurvivalCurve, day: npt.ArrayLike) -> Any:
    """Share still without the event after an age, S(day).

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.
    day : int or array_like of int
        Age in whole days; one for all groups, or one for each.

    Returns
    -------
    float or numpy.ndarray
        Fraction, one for each group. NaN without rows, and NaN (``not_observed``) where the age lies beyond the
        follow-up while S is still above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import kaplan_meier, survival_at
    >>> ended, still_open = np.bincount([10, 20, 30], minlength=41), np.bincount([15, 40])
    >>> survival_at(kaplan_meier(ended, still_open), 20)
    0.5333333333333333
    """
    return _read(curve.survival, curve, _days(day, "day"))


def incidence_at(curve: IncidenceCurve, day: npt.ArrayLike) -> Any:
    """Share that each cause has taken up to and including an age, F(day).

    Parameters
    ----------
    curve : IncidenceCurve
        Curves of any number of groups.
    day : int or array_like of int
        Age in whole days; one for all groups, or one for each.

    Returns
    -------
    numpy.ndarray, shape (..., causes)
        Fraction, for each group and cause. NaN without rows, and NaN (``not_observed``) where the age lies beyond the
        follow-up while some rows have not ended.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import aalen_johansen, incidence_at
    >>> won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    >>> curve = aalen_johansen([won, lost], np.bincount([15, 40]))
    >>> incidence_at(curve, 25)
    array([0.2       , 0.26666667])
    """
    return _read(curve.incidence, curve, _days(day, "day"))


def survival_quantile(curve: SurvivalCurve, q: float | Fraction | Decimal = 0.5) -> Any:
    """Age by which a share q has had the event: the least t with S(t) <= 1 - q; the median for q = 1/2.

    The comparison is exact: q is the decimal as written, and where the float S lies within 1e-9 of 1 - q the product of
    counts is compared as whole numbers.

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.
    q : float, default 0.5
        Share strictly between 0 and 1.

    Returns
    -------
    float or numpy.ndarray
        Days, one for each group. NaN without rows, and NaN (``not_reached``) where S stays above 1 - q.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import kaplan_meier, survival_quantile
    >>> won, still_open = np.bincount([4, 4, 10, 14, 14, 15, 16, 17], minlength=20), np.bincount([18, 19])
    >>> survival_quantile(kaplan_meier(won, still_open))
    14.0
    """
    _check.fraction(float(q), "q", open_ends=True)
    target = 1 - Fraction(str(q))
    survival = _rows(curve.survival)
    if not survival.shape[-1]:
        return _scalar(np.full(curve.survival.shape[:-1], np.nan))
    bar = float(target)
    below = survival <= bar * (1 + _CLOSE)
    first = below.argmax(axis=-1)
    rows = np.arange(len(first))
    reached = below[rows, first]
    days = np.full(len(first), np.nan)
    days[reached] = first[reached]
    events, at_risk = curve.events.reshape(survival.shape), curve.at_risk.reshape(survival.shape)
    for row in np.flatnonzero(reached & (survival[rows, first] >= bar * (1 - _CLOSE))):
        days[row] = _exact_quantile(survival[row], events[row], at_risk[row], int(first[row]), target)
    return _scalar(days.reshape(curve.survival.shape[:-1]))


def restricted_mean(curve: SurvivalCurve, horizon: npt.ArrayLike) -> Any:
    r"""Mean of the time to the event, or to the horizon where that comes first: the integral of S from 0 to it.

    Added up as :math:`\sum_{t < h} t\,S(t-)\,d_t / r_t + h\,S(h-)`, which rounds once for each age with an event.

    Parameters
    ----------
    curve : SurvivalCurve
        Curves of any number of groups.
    horizon : int or array_like of int
        Age in whole days; one for all groups, or one for each.

    Returns
    -------
    float or numpy.ndarray
        Days, one for each group. NaN without rows, and NaN (``not_observed``) where the horizon lies beyond the
        follow-up while S is still above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import kaplan_meier, restricted_mean
    >>> ended, still_open = np.bincount([10, 20, 30], minlength=41), np.bincount([15, 40])
    >>> restricted_mean(kaplan_meier(ended, still_open), 30)
    23.33333333333333
    """
    days = curve.survival.shape[-1]
    until = np.broadcast_to(_days(horizon, "horizon"), curve.survival.shape[:-1])
    reach = min(int(until.max(initial=0)), days)
    share, last = curve.survival[..., :reach], np.minimum(until, reach)[..., None]
    ended = curve.events[..., :reach] / np.maximum(curve.at_risk[..., :reach], 1)
    ended *= _before(share)
    ended *= np.arange(reach)
    area = np.zeros((2, *until.shape, reach + 1))
    np.cumsum(ended, axis=-1, out=area[0, ..., 1:])
    area[1, ..., 1:] = share
    early, late = np.take_along_axis(area, np.broadcast_to(last, (2, *last.shape)), axis=-1)[..., 0]
    return _scalar(np.where(_observed(curve, until), early + last[..., 0] * late, np.nan))


def conditional_mean(curve: IncidenceCurve, horizon: npt.ArrayLike) -> Any:
    r"""Mean age at the end, among those that a cause takes by the horizon: :math:`\sum_{t \le h} t\,dF(t) / F(h)`.

    Parameters
    ----------
    curve : IncidenceCurve
        Curves of any number of groups.
    horizon : int or array_like of int
        Age in whole days; one for all groups, or one for each.

    Returns
    -------
    numpy.ndarray, shape (..., causes)
        Days, for each group and cause. NaN without rows, where F(horizon) is 0, and where it is not observed.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import aalen_johansen, conditional_mean
    >>> won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    >>> curve = aalen_johansen([won, lost], np.bincount([15, 40]))
    >>> conditional_mean(curve, 30)
    array([21.42857143, 20.        ])
    """
    taken = _read(curve.incidence, curve, _days(horizon, "horizon"))
    step = np.diff(curve.incidence, axis=-1, prepend=0.0)
    step *= np.arange(step.shape[-1])
    moment = _read(np.cumsum(step, axis=-1), curve, _days(horizon, "horizon"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(taken) > 0, moment / np.asarray(taken), np.nan)


def conditional_quantile(curve: IncidenceCurve, horizon: npt.ArrayLike, q: float = 0.5) -> Any:
    """Age by which a share q of those that a cause takes by the horizon are taken.

    The least t with F(t) >= q F(horizon), the median for q = 1/2. Both sides are computed floats: a relative difference
    below 1e-9 counts as equal.

    Parameters
    ----------
    curve : IncidenceCurve
        Curves of any number of groups.
    horizon : int or array_like of int
        Age in whole days; one for all groups, or one for each.
    q : float, default 0.5
        Share strictly between 0 and 1.

    Returns
    -------
    numpy.ndarray, shape (..., causes)
        Days, for each group and cause. NaN without rows, where F(horizon) is 0, and where it is not observed.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import aalen_johansen, conditional_quantile
    >>> won, lost = np.bincount([10, 30], minlength=41), np.bincount([20], minlength=41)
    >>> curve = aalen_johansen([won, lost], np.bincount([15, 40]))
    >>> conditional_quantile(curve, 30)
    array([30., 20.])
    """
    share = _check.fraction(float(q), "q", open_ends=True)
    taken = np.asarray(_read(curve.incidence, curve, _days(horizon, "horizon")))
    short = curve.incidence < (taken * share * (1 - _CLOSE))[..., None]
    return np.where(taken > 0, np.count_nonzero(short, axis=-1), np.nan)


def _counts(values: npt.ArrayLike, argument: str, least: int = 1) -> IntArray:
    """Return counts as int64, a copy of what may still change, or refuse what cannot be counts."""
    counts = np.asarray(values)
    if counts.ndim < least or counts.dtype.kind not in "iu" or counts.min(initial=0) < 0:
        raise InvalidArgumentError(
            f"`{argument}` must hold counts >= 0 of each whole day along its last axis; got shape {counts.shape}, "
            f"{counts.dtype}, least {counts.min(initial=0)}.",
            code="SM-FRM-01",
            field=argument,
        )
    final = counts.flags.owndata and not counts.flags.writeable
    return counts.astype(np.int64, copy=not final)


def _same_shape(events: AnyArray, censored: AnyArray, shape: tuple[int, ...]) -> None:
    """Refuse events and censorings that are not of the same groups and days."""
    if censored.shape != shape:
        raise InvalidArgumentError(
            f"`censored` must have the groups and days of `events`, {shape}; got {censored.shape}.",
            code="SM-FRM-02",
            field="censored",
            hint="numpy.bincount takes minlength=.",
        )


def _days(value: npt.ArrayLike, argument: str) -> IntArray:
    """Return ages in whole days, or refuse what is not."""
    days = np.asarray(value)
    if days.dtype.kind not in "iu" or days.min(initial=0) < 0:
        raise InvalidArgumentError(f"`{argument}` must be whole days >= 0; got {value!r}.", code="SM-FRM-03")
    return days.astype(np.int64, copy=False)


def _rows(values: AnyArray) -> AnyArray:
    """Return the table of one row for each group."""
    return values.reshape(math.prod(values.shape[:-1]), values.shape[-1])


def _blocks(rows: int, width: int, first: int = 0) -> Iterator[slice]:
    """Yield slices of rows whose tables stay in the second cache."""
    step = max(1, _BLOCK // max(width, 1))
    for start in range(first, rows, step):
        yield slice(start, min(start + step, rows))


def _entries(entered: npt.ArrayLike | None, shape: tuple[int, ...]) -> IntArray | None:
    """Return the rows that come under observation at each age, or None where all are from the start."""
    if entered is None:
        return None
    counts = _counts(entered, "entered")
    _same_shape(counts, counts, shape)
    return counts


def _product_limit(
    events: IntArray, censored: IntArray, entered: IntArray | None = None
) -> tuple[FloatArray, IntArray]:
    """Return S and the rows at risk; each factor is (r - d) / r, which keeps more digits than 1 - d / r."""
    days = events.shape[-1]
    survival, at_risk = np.empty(events.shape), np.empty(events.shape, dtype=np.int64)
    happened, lost, flat, risk = _rows(events), _rows(censored), _rows(survival), _rows(at_risk)
    late = None if entered is None else _rows(entered)

    def part(start: int, stop: int) -> None:
        for block in _blocks(stop, days, start):
            gone = happened[block] + lost[block]
            if late is not None:
                # a row is at risk from its entry on: those who enter later than an age are not yet at risk at it
                gone[:, :-1] -= late[block][:, 1:]
            np.cumsum(gone[:, ::-1], axis=-1, out=risk[block][:, ::-1])
            some = np.maximum(risk[block], 1, out=gone)
            np.divide(some - happened[block], some, out=flat[block])
            np.cumprod(flat[block], axis=-1, out=flat[block])

    in_order(part, len(flat), each=max(days, 1))
    if days:
        flat[~(risk > 0).any(axis=-1)] = np.nan
    return survival, at_risk


def _before(survival: FloatArray) -> FloatArray:
    """Return S(t-): S of the day before, 1 before day 0, NaN without rows."""
    before = np.empty_like(survival)
    before[..., 1:] = survival[..., :-1]
    before[..., :1] = np.where(np.isnan(survival[..., :1]), np.nan, 1.0)
    return before


def _observed(curve: SurvivalCurve | IncidenceCurve, day: IntArray) -> BoolArray:
    """Return True where the age is inside the follow-up, or everything has ended."""
    if not curve.survival.shape[-1]:
        return np.zeros(curve.survival.shape[:-1], dtype=bool)
    follow_up = curve.at_risk.shape[-1] - 1 - np.argmax(curve.at_risk[..., ::-1] > 0, axis=-1)
    known: BoolArray = np.logical_or(day <= follow_up, curve.survival[..., -1] == 0)
    return known


def _read(values: FloatArray, curve: SurvivalCurve | IncidenceCurve, day: IntArray) -> Any:
    """Return the value of each curve at an age, NaN where it is not observed."""
    groups = curve.survival.shape[:-1]
    day = np.broadcast_to(day, groups)
    known = _observed(curve, day)
    causes = values.ndim - curve.survival.ndim
    place = np.clip(day, 0, max(values.shape[-1] - 1, 0)).reshape(groups + (1,) * (causes + 1))
    if not values.shape[-1]:
        return _scalar(np.full(values.shape[:-1], np.nan))
    found = np.take_along_axis(values, np.broadcast_to(place, (*values.shape[:-1], 1)), axis=-1)[..., 0]
    return _scalar(np.where(known.reshape(groups + (1,) * causes), found, np.nan))


def _exact_quantile(survival: FloatArray, events: IntArray, at_risk: IntArray, first: int, target: Fraction) -> float:
    """Return the least day from ``first`` on with S <= target, in whole numbers where the float is too near."""
    bar = float(target)
    for day in first + np.flatnonzero((events[first:] > 0) | (np.arange(first, len(events)) == first)):
        if survival[day] < bar * (1 - _CLOSE):
            return float(day)
        above, below = _telescoped(events[: day + 1], at_risk[: day + 1])
        if above * target.denominator <= below * target.numerator:
            return float(day)
    return math.nan


def _telescoped(events: IntArray, at_risk: IntArray) -> tuple[int, int]:
    """Return S of the last day as a quotient of whole numbers; between censorings neighbouring factors cancel."""
    steps = np.flatnonzero(events)
    start = at_risk[steps]
    end = start - events[steps]
    breaks = np.flatnonzero(start[1:] != end[:-1])
    starts = start[np.concatenate(([0], breaks + 1))] if len(steps) else start
    ends = end[np.concatenate((breaks, [len(steps) - 1]))] if len(steps) else end
    return math.prod(ends.tolist()), math.prod(starts.tolist())


def _scalar(values: AnyArray) -> Any:
    """Return a Python float for the answer of one group, else the array."""
    return values if values.ndim else values.item()
