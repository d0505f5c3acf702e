"""What open deals are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from salesmetrics.errors import InvalidArgumentError, show

__all__ = ["weighted_pipeline"]


def weighted_pipeline(amount: npt.ArrayLike, probability: npt.ArrayLike, *, multiplier: float = 1.0) -> Any:
    """Expected amount of open deals: sum of a x p.

    Parameters
    ----------
    amount : array_like, shape (..., deals)
        Money; a deal without an amount is NaN and left out.
    probability : array_like, shape (..., deals)
        Fractions in [0, 1]: 0.4 and not 40.
    multiplier : float, default 1.0
        Confidence that each probability is multiplied by; the product is capped at 1.

    Returns
    -------
    float or numpy.ndarray
        Money, one for each group. 0.0 where there is no deal.

    Raises
    ------
    InvalidArgumentError
        A probability outside [0, 1], such as a percentage, or a ``multiplier`` that is no finite number from 0 on.

    Examples
    --------
    >>> from salesmetrics.formulas import weighted_pipeline
    >>> weighted_pipeline([100_000, 200_000, 150_000], [0.8, 0.5, 0.3])
    225000.0
    """
    money, p = np.asarray(amount, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    money, p = np.broadcast_arrays(np.atleast_1d(money), np.atleast_1d(p))
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        raise InvalidArgumentError(
            f"`probability` must lie in [0, 1] in every place; got {np.count_nonzero(wrong)} of {p.size} that do not "
            f"(first: {show(p[wrong][0])}).",
            code="SM-FRM-05",
            field="probability",
            rows=np.flatnonzero(wrong),
            values=p[wrong].tolist(),
            hint="fractions, never percent: 0.4 and not 40.",
        )
    if not (np.isfinite(multiplier) and multiplier >= 0):
        raise InvalidArgumentError(
            f"`multiplier` must be a finite number >= 0; got {show(multiplier)}.", code="SM-FRM-06", field="multiplier"
        )
    total = np.sum(money * np.minimum(p * multiplier, 1.0), axis=-1, where=~np.isnan(money))
    return total if np.ndim(total) else float(total)
