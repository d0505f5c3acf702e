"""The share of decided deals that is won."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["win_rate"]


def win_rate(won: npt.ArrayLike, lost: npt.ArrayLike) -> Any:
    """Share of deals that is won: W / (W + L).

    The bases differ in who is counted. Closed: W and L are the deals won and lost in the period; it reads high when
    deal creation grows or wins close sooner than losses. Created: L is every deal of the cohort that is not won, open
    ones among them; it reads low while deals are open. ``aalen_johansen`` is free of both faults.

    Parameters
    ----------
    won, lost : array_like
        Counts, or sums of amounts for the rate by amount; they broadcast.

    Returns
    -------
    float or numpy.ndarray
        Fraction in [0, 1]. NaN (``no_rows``) where nothing is won or lost; 0.0 where all is lost.

    Raises
    ------
    InvalidArgumentError
        A count or an amount below 0.

    See Also
    --------
    wilson : its interval by count, or by amount with ``effective_n``.

    Examples
    --------
    >>> from salesmetrics.formulas import win_rate
    >>> win_rate(3, 7)
    0.3
    >>> win_rate([0, 0], [7, 0])
    array([ 0., nan])
    """
    wins = np.asarray(won, dtype=np.float64)
    losses = np.asarray(lost, dtype=np.float64)
    for argument, part in (("won", wins), ("lost", losses)):
        if (part < 0).any():
            raise InvalidArgumentError(
                f"`{argument}` must be >= 0 in every place; got {show(part[part < 0][0])}.",
                code="SM-FRM-08",
                field=argument,
                rows=np.flatnonzero(part < 0),
                values=part[part < 0].tolist(),
                hint="leave credits out of a rate by amount, and say how many there were.",
            )
    all_ = wins + losses
    with np.errstate(all="ignore"):
        rate = np.where(all_ > 0, wins / all_, np.nan)
    return rate if rate.ndim else rate.item()
