"""Wins per day that a deal was open."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["win_intensity"]


def win_intensity(won: npt.ArrayLike, deal_days: npt.ArrayLike) -> Any:
    """Wins for each day that one deal was open: wins / deal-days at risk.

    Parameters
    ----------
    won : array_like of int
        Deals won.
    deal_days : array_like of int
        Days on which deals were open, added up over the deals.

    Returns
    -------
    float or numpy.ndarray
        Count per day. NaN (``zero_denominator``) without a deal-day.

    Examples
    --------
    >>> from salesmetrics.formulas import win_intensity
    >>> win_intensity([3, 0, 1], [1_200, 800, 0])
    array([0.0025, 0.    ,    nan])
    """
    days = np.asarray(deal_days)
    with np.errstate(all="ignore"):
        rate = np.where(days > 0, np.asarray(won) / days, np.nan)
    return rate if rate.ndim else rate.item()
