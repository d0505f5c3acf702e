"""Slippage: shares of what was expected to close, array in and array out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["pull_in", "push_out", "slip_rate"]


def slip_rate(slipped: npt.ArrayLike, due: npt.ArrayLike) -> Any:
    """Share of what was expected to close that did not: slipped / due.

    Parameters
    ----------
    slipped : array_like
        Deals (or amounts) of the cohort that had not closed by the end.
    due : array_like
        Deals (or amounts) of the cohort; or those closed in the period, and then the ratio may exceed 1.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN where nothing was due.

    Examples
    --------
    >>> from salesmetrics.formulas import slip_rate
    >>> slip_rate(6, 10)
    0.6
    """
    return _share(slipped, due)


def push_out(moved: npt.ArrayLike, due: npt.ArrayLike) -> Any:
    """Share of what was expected to close that was moved out of the period: moved / due.

    Parameters
    ----------
    moved : array_like
        Deals (or amounts) of the cohort that are open at the end and expected after it.
    due : array_like
        Deals (or amounts) of the cohort.

    Returns
    -------
    float or numpy.ndarray
        Fraction, not above the slip rate. NaN where nothing was due.

    Examples
    --------
    >>> from salesmetrics.formulas import push_out
    >>> push_out([4, 0], [10, 0]).tolist()
    [0.4, nan]
    """
    return _share(moved, due)


def pull_in(came: npt.ArrayLike, later: npt.ArrayLike) -> Any:
    """Share of what was expected later that came forward: (won in the period + moved into it) / later.

    Parameters
    ----------
    came : array_like
        Deals (or amounts) expected after the period that were won in it, or are open at its end with a date inside it.
    later : array_like
        Deals (or amounts) expected after the period.

    Returns
    -------
    float or numpy.ndarray
        Fraction. NaN where nothing was expected later.

    Examples
    --------
    >>> from salesmetrics.formulas import pull_in
    >>> pull_in(2, 8)
    0.25
    """
    return _share(came, later)


def _share(part: npt.ArrayLike, whole: npt.ArrayLike) -> Any:
    """Return part / whole, NaN where the whole is not above 0."""
    above, below = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    with np.errstate(all="ignore"):
        share = above / below
    share = np.where((below > 0) & np.isfinite(share), share, np.nan)
    return share if share.ndim else share.item()
