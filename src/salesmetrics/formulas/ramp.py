"""How long new reps take: the first tenure month of a sustained run at the bar, and what is known where there is none."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["RampCurve", "RampMonths", "naive_ramp_time", "ramp_curve", "ramp_month", "ramped_equivalents"]


@attrs.frozen(eq=False)
class RampMonths:
    """When each rep got there, or until when it is known that he had not.

    Attributes
    ----------
    month : float or numpy.ndarray of float64, shape (...)
        Tenure month, the first being 1: of the event, or of the censoring where there is none. NaN for a rep who is left
        out.
    event : bool or numpy.ndarray of bool, shape (...)
        Whether the rep got there.
    """

    month: float | FloatArray
    event: bool | BoolArray


@attrs.frozen(eq=False)
class RampCurve:
    """Attainment of the full quota by tenure month, with the reps behind it.

    Attributes
    ----------
    share : numpy.ndarray of float64, shape (..., months)
        Fraction. NaN (``no_rows``) in months without a rep.
    n : numpy.ndarray of int64, shape (..., months)
        Reps in that month; it falls with tenure, for those who stay are the survivors.
    """

    share: FloatArray = attrs.field(converter=_check.locked)
    n: IntArray = attrs.field(converter=_check.locked)


def ramp_month(
    reached: npt.ArrayLike,
    *,
    sustained: int = 1,
    no_quota: str = "skip",
    observed: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    early: str = "exclude",
) -> RampMonths:
    r"""First tenure month from which k counted months in a row reach the bar, as time to event, for each rep.

    A month counts where it is observed and has a quota. Of a rep's counted months :math:`m_1 < m_2 < ... < m_N` the
    event is the first :math:`m_j` with :math:`m_j, ..., m_{j+k-1}` all at the bar. A rep without the event is censored
    at :math:`m_{N-k+1}`, the last month from which k counted months are observed, whether a run is open or not: to
    censor only the open runs would keep the failures of the last months and drop the successes. With N < k nothing is
    known, and the rep is censored at his entry, month 0. A rep is never dropped.

    A higher bar never brings a rep's own month forward; the median of a group it may, since others are censored.

    Parameters
    ----------
    reached : array_like, shape (..., months)
        Tenure months from the first: true or 1 at the bar, false or 0 below, NaN without a quota. It is what
        ``reached_quota(credited, full_quota, threshold)`` gives.
    sustained : int, default 1
        Months in a row, k.
    no_quota : {"skip", "count"}
        A month without a quota neither breaks nor extends a run, or counts as below the bar. The clock runs in both.
    observed : array_like of int, shape (...), optional
        The last whole tenure month that is observed, before the rep left, moved or the data end; later ones are not
        read. None is all of them.
    entry : array_like of int, shape (...), optional
        Tenure months that passed before the data begin; they are not read. None is 0.
    early : {"exclude", "truncate"}
        Reps with an entry above 0 are left out (NaN), or join at their entry: right only where it is known that none
        had got there before.

    Returns
    -------
    RampMonths
        Tenure months (count), and whether they are events.

    Examples
    --------
    >>> from math import nan
    >>> from salesmetrics.formulas import ramp_month, reached_quota
    >>> at_bar = reached_quota([0.3, 0.85, 0.6, 0.8, 0.9, 1.0], 1, 0.8)
    >>> [(r.month, r.event) for r in (ramp_month(at_bar, sustained=k) for k in (1, 2, 4))]
    [(2.0, True), (4.0, True), (3.0, False)]
    >>> ramp_month([0, 1, nan, 1, 0], sustained=2).month
    2.0
    """
    k = _check.count(sustained, "sustained", least=1)
    _check.one_of(no_quota, ("skip", "count"), "no_quota")
    _check.one_of(early, ("exclude", "truncate"), "early")
    table: FloatArray = np.atleast_1d(np.asarray(reached, dtype=np.float64))
    months = table.shape[-1]
    last, before = _months(observed, months, table, "observed"), _months(entry, 0, table, "entry")
    clock = np.arange(1, months + 1)
    counted = (clock > before[..., None]) & (clock <= last[..., None])
    if no_quota == "skip":
        counted &= ~np.isnan(table)
    ordinal = np.cumsum(counted, axis=-1)
    run: IntArray = ordinal - np.maximum.accumulate(np.where(counted & ~(table > 0), ordinal, 0), axis=-1)
    done = counted & (run >= k)
    event = np.asarray(done.any(axis=-1))
    seen = ordinal.max(axis=-1, initial=0)
    end = np.where(event, _at_first(done, ordinal), seen)
    started = np.asarray(ordinal >= (end - k + 1)[..., None])
    month = np.where(end >= k, _at_first(started, clock), before).astype(np.float64)
    if early == "exclude":
        month, event = np.where(before > 0, np.nan, month), np.asarray(event & (before == 0))
    return RampMonths(month, event) if month.ndim else RampMonths(month.item(), bool(event))


def naive_ramp_time(month: npt.ArrayLike, event: npt.ArrayLike) -> Any:
    """Mean month of those who got there: what is often reported, and too short, since it forgets all others.

    Parameters
    ----------
    month, event : array_like, shape (..., reps)
        As ``ramp_month`` gives them.

    Returns
    -------
    float or numpy.ndarray
        Tenure months (count), one for each group. NaN (``not_reached``) where nobody got there.

    Examples
    --------
    >>> from salesmetrics.formulas import naive_ramp_time
    >>> months = [4, 5, 5, 6, 7, 9, 2, 3, 6, 8]
    >>> naive_ramp_time(months, [True] * 6 + [False] * 4)
    6.0
    """
    there = np.atleast_1d(np.asarray(event, dtype=bool))
    months = np.where(there, np.asarray(month, dtype=np.float64), 0.0)
    with np.errstate(all="ignore"):
        return _scalar(np.asarray(months.sum(axis=-1) / np.count_nonzero(there, axis=-1)))


def ramp_curve(credited: npt.ArrayLike, quota: npt.ArrayLike, *, stat: str = "pooled") -> RampCurve:
    """Attainment of the full quota by tenure month: sum credited / sum full quota over the reps of that month.

    Parameters
    ----------
    credited : array_like, shape (..., reps, months)
        Money by tenure month from the first. NaN in a month for which the rep was not there from its first day to its
        last.
    quota : array_like
        Full quotas in the same unit; they broadcast. Months without a quota above 0 are left out.
    stat : {"pooled", "median"}
        The quotient of sums, or the nearest-rank median of the reps' quotients.

    Returns
    -------
    RampCurve
        Fraction and number of reps for each tenure month.

    Examples
    --------
    >>> from math import nan
    >>> from salesmetrics.formulas import ramp_curve
    >>> curve = ramp_curve([[10, 60, 90], [30, 50, nan]], 100)
    >>> curve.share, curve.n
    (array([0.2 , 0.55, 0.9 ]), array([2, 2, 1]))
    """
    _check.one_of(stat, ("pooled", "median"), "stat")
    above, below = np.broadcast_arrays(np.asarray(credited, dtype=np.float64), np.asarray(quota, dtype=np.float64))
    above, below = np.atleast_2d(above), np.atleast_2d(below)
    used = (below > 0) & ~np.isnan(above)
    n = np.count_nonzero(used, axis=-2)
    with np.errstate(all="ignore"):
        if stat == "pooled":
            share = np.where(used, above, 0.0).sum(axis=-2) / np.where(used, below, 0.0).sum(axis=-2)
        else:
            each = np.where(used, above / below, np.nan)
            nothing = np.full((*each.shape[:-2], 1, each.shape[-1]), np.nan)
            ranked = np.concatenate([nothing, np.sort(each, axis=-2)], axis=-2)
            share = np.take_along_axis(ranked, ((n + 1) // 2)[..., None, :], axis=-2)[..., 0, :]
    return RampCurve(share, n)


def ramped_equivalents(active: npt.ArrayLike, ramp: npt.ArrayLike) -> Any:
    """Full reps that a team comes to on a day: the sum of active share x ramp share.

    Parameters
    ----------
    active, ramp : array_like, shape (..., reps)
        Fractions on that day: how much of the rep is there, and how much of the full number is expected.

    Returns
    -------
    float or numpy.ndarray
        Count, one for each team; 0 without reps.

    Examples
    --------
    >>> from salesmetrics.formulas import ramped_equivalents
    >>> ramped_equivalents([1, 1, 0.5, 0], [1, 0.25, 1, 1])
    1.75
    """
    product = np.multiply(np.asarray(active, dtype=np.float64), np.asarray(ramp, dtype=np.float64))
    return _scalar(np.asarray(np.atleast_1d(product).sum(axis=-1)))


def _months(value: npt.ArrayLike | None, default: int, table: FloatArray, argument: str) -> IntArray:
    """Return a number of months for each rep, or refuse what is not."""
    given = np.asarray(default if value is None else value)
    if given.dtype.kind not in "iu" or given.min(initial=0) < 0:
        raise InvalidArgumentError(
            f"`{argument}` must be whole months >= 0; got {show(given.tolist())}.", code="SM-FRM-13", field=argument
        )
    return np.broadcast_to(given, table.shape[:-1]).astype(np.int64)


def _at_first(found: BoolArray, values: AnyArray) -> IntArray:
    """Return the value at the first place along the last axis where something is found, 0 where nowhere."""
    if not found.shape[-1]:
        return np.zeros(found.shape[:-1], dtype=np.int64)
    place = found.argmax(axis=-1)[..., None]
    hit = np.take_along_axis(np.where(found, np.broadcast_to(values, found.shape), 0), place, axis=-1)
    return hit[..., 0].astype(np.int64)


def _scalar(values: AnyArray) -> Any:
    """Return a Python float for the answer of one group, else the array."""
    return values if values.ndim else values.item()
