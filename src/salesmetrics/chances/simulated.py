"""The law of a sum as a number of draws tells it."""

from __future__ import annotations

import numpy as np

from salesmetrics.arrays import FloatArray
from salesmetrics.chances.points import PointLaw
from salesmetrics.chances.stakes import Stakes

__all__ = ["simulated"]

_CELLS = 1 << 20
_ERRORS = 4.0


def simulated(stakes: Stakes, rng: np.random.Generator, draws: int, correlation: float) -> PointLaw:
    """Return the law of so many draws: ``bound`` is four standard errors of a chance at its largest.

    Draws are taken amount by amount, in their order, so that they are the same whatever the size of the blocks.
    """
    total = np.zeros(draws, dtype=np.int64)
    factor = rng.standard_normal(draws) if correlation else None
    rows = max(_CELLS // draws, 1)
    for start in range(0, stakes.size, rows):
        some = slice(start, start + rows)
        came = rng.random((len(stakes.amount[some]), draws)) < _chances(stakes.chance[some], factor, correlation)
        for amount, hits in zip(stakes.amount[some].tolist(), came, strict=True):
            np.add(total, amount, out=total, where=hits)
    value, count = np.unique(total * stakes.step + stakes.sure, return_counts=True)
    share = count / draws
    mean = float(np.sum(value * share))
    variance = float(np.sum((value - mean) ** 2 * share))
    law = PointLaw.of(value.astype(np.int64), share, mean, variance, 0, f"{draws:,} draws")
    return PointLaw(law.value, law.mass, law.up, law.down, mean, variance, _ERRORS * 0.5 / np.sqrt(draws), law.way)


def _chances(chance: FloatArray, factor: FloatArray | None, correlation: float) -> FloatArray:
    """Return the chance of each amount in each draw."""
    if factor is None:
        return chance[:, None]
    from scipy.special import ndtr, ndtri

    place = ndtri(chance)[:, None]
    found: FloatArray = ndtr((place - np.sqrt(correlation) * factor) / np.sqrt(1 - correlation))
    return found
