"""Intervals of rates, means and quantiles.

Every function gives the two ends as a pair of numbers or arrays, and never looks at the data beyond counts and sums.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics import _check
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray
from salesmetrics.errors import InvalidArgumentError, show

__all__ = [
    "clopper_pearson",
    "effective_n",
    "quantile_interval_ranks",
    "sample_variance",
    "student_t_mean",
    "wilson",
]


def wilson(won: npt.ArrayLike, n: npt.ArrayLike, confidence_level: float = 0.95) -> tuple[Any, Any]:
    r"""Wilson's interval of a rate.

    The rates p0 for which a normal test of p = won / n does not reject:
    :math:`(p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}) / (1 + z^2/n)`.

    Parameters
    ----------
    won, n : array_like
        Wins and decided deals; not whole where they stand for weights: ``rate * n`` with ``n = effective_n(...)``.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.

    Returns
    -------
    low, high : float or numpy.ndarray
        Fractions in [0, 1]. The low end is exactly 0 with no wins, the high end exactly 1 with no losses; (0, 1) where
        n is 0 or either is NaN.

    Examples
    --------
    >>> from salesmetrics.formulas import wilson
    >>> wilson(3, 10)
    (0.1077912674063, 0.6032218525389)
    >>> wilson(0, 0)
    (0.0, 1.0)
    """
    from scipy.special import ndtri

    wins, rows, known = _rate(won, n)
    z = float(ndtri((1 + _check.fraction(confidence_level, "confidence_level", open_ends=True)) / 2))
    p = wins / rows
    shrink = 1 + z * z / rows
    centre = (p + z * z / (2 * rows)) / shrink
    half = z * np.sqrt(p * (1 - p) / rows + (z / rows) ** 2 / 4) / shrink
    return _pinned(centre - half, centre + half, wins, rows, known)


def clopper_pearson(won: npt.ArrayLike, n: npt.ArrayLike, confidence_level: float = 0.95) -> tuple[Any, Any]:
    """Clopper and Pearson's exact interval of a rate: never below its level, so wider than Wilson's.

    The rates p0 at which neither "so many wins or more" nor "so few or fewer" has a probability below half of 1 minus
    the level; its ends are quantiles of beta distributions, B(won, n - won + 1) and B(won + 1, n - won).

    Parameters
    ----------
    won, n : array_like
        Wins and decided deals.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.

    Returns
    -------
    low, high : float or numpy.ndarray
        Fractions in [0, 1]; (0, 1) where n is 0 or either is NaN.

    Examples
    --------
    >>> from salesmetrics.formulas import clopper_pearson
    >>> low, high = clopper_pearson(15, 148)
    >>> round(low, 6), round(high, 6)
    (0.057844, 0.16165)
    """
    from scipy.special import betaincinv

    wins, rows, known = _rate(won, n)
    tail = (1 - _check.fraction(confidence_level, "confidence_level", open_ends=True)) / 2
    low = betaincinv(np.where(wins > 0, wins, 1.0), rows - wins + 1, tail)
    high = betaincinv(wins + 1, np.where(wins < rows, rows - wins, 1.0), 1 - tail)
    return _pinned(low, high, wins, rows, known)


def effective_n(total: npt.ArrayLike, squares: npt.ArrayLike) -> Any:
    """Number of equal deals that would say as much about a rate by amount: (sum a)^2 / sum a^2.

    Parameters
    ----------
    total, squares : array_like
        Sum of the amounts of the decided deals, and sum of their squares.

    Returns
    -------
    float or numpy.ndarray
        Count, at most the number of deals; 0.0 where the amounts are all 0 or there are none.

    Examples
    --------
    >>> from salesmetrics.formulas import effective_n
    >>> effective_n(300 + 100 + 100, 300**2 + 100**2 + 100**2)
    2.272727272727273
    """
    money, square = np.asarray(total, dtype=np.float64), np.asarray(squares, dtype=np.float64)
    with np.errstate(all="ignore"):
        n = np.where(square > 0, money / square * money, 0.0)
    return n if n.ndim else n.item()


def sample_variance(count: npt.ArrayLike, total: npt.ArrayLike, squares: npt.ArrayLike) -> Any:
    """Variance of whole numbers from their count, sum and sum of squares: (n S2 - S1^2) / (n (n - 1)).

    The numerator is computed in whole numbers of any length and divided once, so nothing cancels.

    Parameters
    ----------
    count, total, squares : array_like of int
        Whole numbers; Python ints beyond int64 are welcome.

    Returns
    -------
    float or numpy.ndarray
        In the square of the unit. NaN where there are fewer than two rows.

    Examples
    --------
    >>> from salesmetrics.formulas import sample_variance
    >>> sample_variance(3, 30_000_006, 300_000_120_000_014)
    1.0
    """
    parts = np.broadcast_arrays(*(np.asarray(x, dtype=object) for x in (count, total, squares)))
    answer = np.full(parts[0].shape, np.nan)
    flat = answer.reshape(-1)
    for place, (n, s1, s2) in enumerate(zip(*(part.reshape(-1).tolist() for part in parts), strict=True)):
        if n > 1:
            flat[place] = (int(n) * int(s2) - int(s1) ** 2) / (int(n) * (int(n) - 1))
    return answer if answer.ndim else answer.item()


def student_t_mean(
    mean: npt.ArrayLike, n: npt.ArrayLike, variance: npt.ArrayLike, confidence_level: float = 0.95, *, least: int = 30
) -> tuple[Any, Any]:
    """Student's interval of a mean: mean -+ t sqrt(variance / n).

    Amounts and cycles are skewed, and with few rows the interval then covers less than it says (0.77 to 0.85 for 0.95
    below 30 rows): there is none there.

    Parameters
    ----------
    mean, n, variance : array_like
        Mean, number of rows and sample variance.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.
    least : int, default 30
        Rows below which no interval is given.

    Returns
    -------
    low, high : float or numpy.ndarray
        In the unit of the mean. NaN where n is below ``least`` or a part is NaN.

    Examples
    --------
    >>> from salesmetrics.formulas import student_t_mean
    >>> low, high = student_t_mean(100.0, 36, 144.0)
    >>> round(low, 4), round(high, 4)
    (95.9398, 104.0602)
    """
    from scipy.special import stdtrit

    centre, rows, spread = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (mean, n, variance)))
    level = _check.fraction(confidence_level, "confidence_level", open_ends=True)
    enough = rows >= max(least, 2)
    size = np.where(enough, rows, 2.0)
    sizes, place = np.unique(size, return_inverse=True)
    quantiles = stdtrit(sizes - 1, (1 + level) / 2)[place].reshape(size.shape)
    with np.errstate(all="ignore"):
        half = np.where(enough, quantiles * np.sqrt(spread / size), np.nan)
    return _pair(centre - half, centre + half)


def quantile_interval_ranks(n: npt.ArrayLike, q: float, confidence_level: float = 0.95) -> tuple[Any, Any]:
    """Ranks of the two observed values between which a quantile lies, whatever the distribution.

    The number of rows at or below the quantile is binomial (n, q). The low rank is the greatest l with
    P(fewer than l) at most half of 1 minus the level, the high rank the least u with P(u or more) at most that.

    Parameters
    ----------
    n : array_like of int
        Number of rows.
    q : float
        Share strictly between 0 and 1.
    confidence_level : float, default 0.95
        Strictly between 0 and 1.

    Returns
    -------
    low, high : int or numpy.ndarray of int64
        Ranks from 1 to n; both 0, which is no rank, where the rows are too few for the level.

    Examples
    --------
    >>> from salesmetrics.formulas import quantile_interval_ranks
    >>> quantile_interval_ranks([5, 6, 100], 0.5)
    (array([ 0,  1, 40]), array([ 0,  6, 61]))
    """
    rows = np.asarray(n, dtype=np.int64)
    share = _check.fraction(float(Fraction(str(q))), "q", open_ends=True)
    tail = (1 - _check.fraction(confidence_level, "confidence_level", open_ends=True)) / 2
    distinct, place = np.unique(rows, return_inverse=True)
    low = _binomial_quantile(distinct, share, tail)
    high = distinct + 1 - _binomial_quantile(distinct, 1 - share, tail)
    none = (low < 1) | (high > distinct)
    ends = [np.where(none, 0, end)[place].reshape(rows.shape) for end in (low, high)]
    return (ends[0], ends[1]) if rows.ndim else (int(ends[0]), int(ends[1]))


def _binomial_quantile(n: AnyArray, p: float, tail: float) -> AnyArray:
    """Return the greatest l with P(B < l) <= tail for B binomial (n, p), by halving."""
    from scipy.special import bdtr

    low, high = np.zeros_like(n), n.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        fits = bdtr((middle - 1).astype(np.float64), n, p) <= tail
        fits &= low < high
        low = np.where(fits, middle, low)
        high = np.where(fits | (low >= high), high, middle - 1)
    return low


def _rate(won: npt.ArrayLike, n: npt.ArrayLike) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return wins and rows as floats, 1 row and no win where there is nothing to say, and where there is something."""
    wins, rows = np.broadcast_arrays(np.asarray(won, dtype=np.float64), np.asarray(n, dtype=np.float64))
    wrong = (wins < 0) | (rows < 0) | (wins > rows * (1 + 1e-9))
    if wrong.any():
        raise InvalidArgumentError(
            f"`won` must lie between 0 and `n`; got {show(wins[wrong][0])} of {show(rows[wrong][0])}.",
            code="SM-FRM-07",
            field="won",
            rows=np.flatnonzero(wrong),
            values=wins[wrong].tolist(),
        )
    known = (rows > 0) & np.isfinite(wins) & np.isfinite(rows)
    rows = np.where(known, rows, 1.0)
    return np.where(known, np.minimum(wins, rows), 0.0), rows, known


def _pinned(low: FloatArray, high: FloatArray, wins: FloatArray, rows: FloatArray, known: BoolArray) -> tuple[Any, Any]:
    """Return the ends inside [0, 1], exactly 0 without wins, exactly 1 without losses, (0, 1) without rows."""
    low = np.where(known & (wins > 0), np.clip(low, 0.0, 1.0), 0.0)
    high = np.where(known & (wins < rows), np.clip(high, 0.0, 1.0), 1.0)
    return _pair(low, high)


def _pair(low: AnyArray, high: AnyArray) -> tuple[Any, Any]:
    """Return two Python floats for one group, else two arrays."""
    return (low, high) if np.ndim(low) else (float(low), float(high))
