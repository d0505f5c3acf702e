"""How long a deal takes, from a histogram of whole days."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.arrays import IntArray

__all__ = ["cycle_length", "cycle_moments"]


def cycle_length(counts: npt.ArrayLike) -> Any:
    """Mean number of days from creation to close: total days over deals.

    It speaks of closed deals only and so reads short while the slow ones are open; ``kaplan_meier`` does not.

    Parameters
    ----------
    counts : array_like of int, shape (..., days)
        Deals that took exactly 0, 1, 2, ... days, along the last axis.

    Returns
    -------
    float or numpy.ndarray
        Days, one for each group. NaN (``no_rows``) where there is no deal; closed on the day of creation is 0 days.

    See Also
    --------
    day_quantile : the median and other quantiles.
    sample_variance : the spread, from ``cycle_moments``.

    Examples
    --------
    >>> import numpy as np
    >>> from salesmetrics.formulas import cycle_length
    >>> cycle_length(np.bincount([45, 54, 39]))
    46.0
    """
    deals, days, _ = cycle_moments(counts)
    with np.errstate(all="ignore"):
        mean = np.where(deals > 0, days / deals, np.nan)
    return mean if mean.ndim else mean.item()


def cycle_moments(counts: npt.ArrayLike) -> tuple[IntArray, IntArray, IntArray]:
    """Count, sum and sum of squares of whole days, exactly.

    Parameters
    ----------
    counts : array_like of int, shape (..., days)
        Deals that took exactly 0, 1, 2, ... days, along the last axis.

    Returns
    -------
    tuple of three numpy.ndarray of int64
        Deals, days and days squared of each group. 0 where there is no deal.

    Examples
    --------
    >>> from salesmetrics.formulas import cycle_moments
    >>> [int(part) for part in cycle_moments([0, 1, 2])]
    [3, 5, 9]
    """
    table = np.asarray(counts)
    days = np.arange(table.shape[-1], dtype=np.int64)
    powers = np.stack([np.ones_like(days), days, days * days], axis=-1)
    parts = table.astype(np.int64, copy=False) @ powers
    return parts[..., 0], parts[..., 1], parts[..., 2]
