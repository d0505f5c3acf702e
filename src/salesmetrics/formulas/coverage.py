"""Open pipeline against what is still to be booked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["pipeline_coverage", "required_coverage"]


def pipeline_coverage(open_amount: npt.ArrayLike, target: npt.ArrayLike) -> Any:
    """Open pipeline over the target it has to fill.

    Parameters
    ----------
    open_amount : array_like
        Money of the open deals due in the period, raw or weighted by probability.
    target : array_like
        Money in the same unit: what is left of the quota, Q - B, or the full quota Q; missing is NaN.

    Returns
    -------
    float or numpy.ndarray
        Fraction, 3.0 being "3x"; never infinite. NaN where the target is missing or not above 0: ``target_met`` where
        it is what is left of a quota, ``no_quota`` where it is the quota itself.

    Examples
    --------
    >>> from salesmetrics.formulas import pipeline_coverage
    >>> pipeline_coverage(7_500_000, 2_000_000)
    3.75
    >>> pipeline_coverage(300, 100 - 120)
    nan
    """
    above, below = np.asarray(open_amount, dtype=np.float64), np.asarray(target, dtype=np.float64)
    with np.errstate(all="ignore"):
        share = above / below
    share = np.where((below > 0) & np.isfinite(share), share, np.nan)
    return share if share.ndim else share.item()


def required_coverage(win_rate: npt.ArrayLike) -> Any:
    """Coverage at which the expected wins just fill the target: 1 / win rate.

    It is enough *on average* and so near a coin flip: with equal independent deals won one time in three, three times
    coverage makes the number with probability 0.62 (9 deals), 0.57 (30), 0.54 (90) and 0.52 (300).

    Parameters
    ----------
    win_rate : array_like
        Fraction in [0, 1]; the fitting one is the share, by amount, of deals open at the start that are won in time.

    Returns
    -------
    float or numpy.ndarray
        Fraction, at least 1. NaN where the win rate is 0 or NaN.

    Examples
    --------
    >>> from salesmetrics.formulas import required_coverage
    >>> required_coverage(0.22)
    4.545454545454546
    """
    rate = np.asarray(win_rate, dtype=np.float64)
    with np.errstate(all="ignore"):
        times = 1.0 / rate
    times = np.where((rate > 0) & np.isfinite(times), times, np.nan)
    return times if times.ndim else times.item()
