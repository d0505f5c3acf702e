"""Are groups alike? The log-rank test, from counts by whole day of age."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError

__all__ = ["LogRank", "logrank"]


@attrs.frozen(eq=False)
class LogRank:
    """What a log-rank test found.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN where nothing can be compared.
    degrees_of_freedom : int
        One fewer than the groups that could be compared, those that were at risk beside another one.
    p_value : float
        Chance of a chi-square at least as large if all groups were alike, two-sided; NaN where nothing can be compared.
    observed : numpy.ndarray of int64
        Events of each group.
    expected : numpy.ndarray of float64
        Events each group would have had at the pace of all groups together. Observed and expected have one sum.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    observed: IntArray = attrs.field(converter=_check.locked)
    expected: FloatArray = attrs.field(converter=_check.locked)


def logrank(events: npt.ArrayLike, censored: npt.ArrayLike, *, entered: npt.ArrayLike | None = None) -> LogRank:
    r"""Log-rank test of two or more groups: do their events come at one pace?

    At each age t with events, group i, of whose :math:`r_{it}` rows at risk :math:`d_{it}` have one, is expected to have
    :math:`d_t r_{it} / r_t`. The sums over the ages of observed less expected, z, have the covariance
    :math:`V_{ij} = \sum_t d_t \frac{r_t - d_t}{r_t - 1} \frac{r_{it}}{r_t} (\delta_{ij} - \frac{r_{jt}}{r_t})`, and
    :math:`z^T V^- z` is a chi-square with as many degrees of freedom as V has ranks.

    Parameters
    ----------
    events, censored : array_like of int, shape (groups, days)
        Rows of each age in whole days that had the event, and that were last seen without it. A row censored at t is at
        risk at t.
    entered : array_like of int, shape (groups, days), optional
        Rows that came under observation at each age (left truncation): at risk from that age on. None is all at 0.

    Returns
    -------
    LogRank
        Chi-square, degrees of freedom, two-sided p, observed and expected events. NaN without an event, and where no two
        groups were at risk at one time. The order of the groups changes no bit of the test.

    Examples
    --------
    Freireich's two arms, times to relapse in weeks:

    >>> import numpy as np
    >>> from salesmetrics.formulas import logrank
    >>> treated = [np.bincount(t, minlength=36) for t in ([6, 6, 6, 7, 10, 13, 16, 22, 23],
    ...            [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])]
    >>> control = np.bincount([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], minlength=36)
    >>> test = logrank([treated[0], control], [treated[1], np.zeros(36, dtype=int)])
    >>> round(test.statistic, 6), test.degrees_of_freedom, f"{test.p_value:.4e}"
    (16.792941, 1, '4.1688e-05')
    >>> test.observed, test.expected.round(2)
    (array([ 9, 21]), array([19.25, 10.75]))
    """
    happened, lost = _counts(events, "events"), _counts(censored, "censored")
    late = None if entered is None else _counts(entered, "entered")
    _same_shape(happened, lost, late)
    # one order of the groups for every order they come in: sums of floats depend on it
    first = np.zeros((len(happened), 1), dtype=np.int64)
    order = np.lexsort(np.concatenate([first, happened, lost, *([] if late is None else [late])], axis=1).T)
    at_risk = _at_risk(happened, lost, late)
    whole, ended = at_risk.sum(axis=0), happened.sum(axis=0)
    days = np.flatnonzero((whole > 0) & (ended > 0))
    risk, d, r = at_risk[:, days], ended[days], whole[days].astype(np.float64)
    expected = (risk * (d / r)).sum(axis=1)
    # events of a group less those expected, over one denominator: whole numbers above, so that like groups give 0
    excess = (happened[:, days] * whole[days] - risk * d)[order] / r
    statistic, degrees = _chi_square(excess.sum(axis=1), _covariance(risk[order] / r, d, r))
    return LogRank(statistic, degrees, _beyond(statistic, degrees), happened.sum(axis=1), expected)


def _covariance(share: FloatArray, ended: IntArray, whole: FloatArray) -> FloatArray:
    """Return the covariance of the sums, from each group's share of the rows at risk; a last row at risk adds nothing."""
    weight = np.divide(ended * (whole - ended), whole - 1, out=np.zeros(len(whole)), where=whole > 1)
    spread = -(share * weight) @ share.T
    spread[np.diag_indices(len(share))] = (share * weight * (1 - share)).sum(axis=1)
    return spread


def _chi_square(excess: FloatArray, covariance: FloatArray) -> tuple[float, int]:
    """Return the quadratic form with a generalised inverse, and the rank.

    The covariance is the Laplacian of a graph in which groups that were at risk together are joined: what it leaves without
    variance is one sum for each set of groups that hang together, and the excess has none of it.
    """
    kept = np.flatnonzero(np.diag(covariance) > 0)
    if len(kept) < 2:
        return np.nan, 0
    spread = covariance if len(kept) == len(covariance) else covariance[np.ix_(kept, kept)]
    over, of, filling = excess[kept], _sets(spread), np.trace(spread) / len(kept) ** 2
    # one set, as nearly always: a number instead of a table as large as the covariance
    filled = spread + (filling if not of.any() else np.where(of[:, None] == of, filling, 0.0))
    return float(over @ np.linalg.solve(filled, over)), len(kept) - int(of.max()) - 1


def _sets(spread: FloatArray) -> IntArray:
    """Return the set of groups that hang together to which each one belongs, from 0."""
    joined = spread != 0
    if joined.all(axis=0).any():
        return np.zeros(len(spread), dtype=np.int64)
    from scipy.sparse.csgraph import connected_components

    found: IntArray = connected_components(joined, directed=False)[1].astype(np.int64)
    return found


def _beyond(statistic: float, degrees: int) -> float:
    """Return the chance of a larger chi-square."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic)) if degrees else np.nan


def _at_risk(events: IntArray, censored: IntArray, entered: IntArray | None) -> IntArray:
    """Return the rows under observation at each age."""
    gone = events + censored
    if entered is not None:
        gone[:, :-1] -= entered[:, 1:]
    return gone[:, ::-1].cumsum(axis=1)[:, ::-1]


def _counts(values: npt.ArrayLike, argument: str) -> IntArray:
    """Return counts by group and day as int64, or refuse what cannot be."""
    counts = np.asarray(values)
    if counts.ndim != 2 or counts.dtype.kind not in "iu" or counts.min(initial=0) < 0:
        raise InvalidArgumentError(
            f"`{argument}` must hold counts >= 0, one row for each group and one column for each whole day; got shape "
            f"{counts.shape}, {counts.dtype}, least {counts.min(initial=0)}.",
            code="SM-FRM-20",
            field=argument,
        )
    return counts.astype(np.int64)


def _same_shape(events: AnyArray, censored: AnyArray, entered: AnyArray | None) -> None:
    """Refuse tables that are not of the same groups and days."""
    for name, table in (("censored", censored), ("entered", entered)):
        if table is not None and table.shape != events.shape:
            raise InvalidArgumentError(
                f"`{name}` must have the groups and days of `events`, {events.shape}; got {table.shape}.",
                code="SM-FRM-21",
                field=name,
                hint="numpy.bincount takes minlength=.",
            )
