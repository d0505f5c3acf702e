"""How big a deal is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["deal_size"]


def deal_size(amount: npt.ArrayLike, count: npt.ArrayLike) -> Any:
    """Mean amount of a deal: total amount over number of deals with an amount.

    Parameters
    ----------
    amount : array_like
        Total money.
    count : array_like
        Deals that made it; deals without an amount are not among them, deals of amount 0 are.

    Returns
    -------
    float or numpy.ndarray
        Money in the unit of the total. NaN (``no_rows``) where there is no deal.

    See Also
    --------
    value_quantile : the median and other quantiles.

    Examples
    --------
    >>> from salesmetrics.formulas import deal_size
    >>> deal_size(60_000 + 40_000, 2)
    50000.0
    """
    total, deals = np.asarray(amount, dtype=np.float64), np.asarray(count, dtype=np.float64)
    with np.errstate(all="ignore"):
        mean = np.where(deals > 0, total / deals, np.nan)
    return mean if mean.ndim else mean.item()
