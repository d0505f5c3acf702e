"""What every law of a sum can be asked: the chance of at most and of at least so much, and quantiles."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np

from salesmetrics.arrays import FloatArray, IntArray

__all__ = ["NEAR", "Law", "NormalLaw", "quantile"]

NEAR = 1e-9
"""A computed chance this near below the one asked for, relatively, counts as equal."""


class Law(Protocol):
    """The law of a sum in whole units.

    ``bound`` is the largest error of a chance, ``way`` how it was worked out.
    """

    @property
    def mean(self) -> float:
        """The mean."""

    @property
    def variance(self) -> float:
        """The variance."""

    @property
    def bound(self) -> float:
        """The largest error of a chance."""

    @property
    def way(self) -> str:
        """How it was worked out, in words."""

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the largest sum there can be."""

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value, a whole number of units."""

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value, a whole number of units."""

    def quantile(self, share: float) -> float:
        """Return the least sum that is not exceeded with a chance of ``share`` or more, in units."""


def quantile(law: Law, share: float) -> float:
    """Return the least whole number at which a law reaches a share, by halving."""
    low, high = law.ends
    wanted = share * (1.0 - NEAR)
    if share <= 0.0:
        return float(low)
    while low < high:
        middle = (low + high) >> 1
        if float(law.at_most(np.array([middle]))[0]) >= wanted:
            high = middle
        else:
            low = middle + 1
    return float(low)


@attrs.frozen(eq=False)
class NormalLaw:
    """The normal law of a mean and a variance: it has no steps, so that ties have no chance."""

    mean: float
    variance: float
    ends: tuple[int, int]
    bound: float = np.nan
    way: str = "normal approximation"

    def _place(self, value: Any) -> FloatArray:
        """Return how many standard deviations above the mean a value lies."""
        apart = np.asarray(value, dtype=np.float64) - self.mean
        if self.variance > 0:
            return apart / np.sqrt(self.variance)  # type: ignore[no-any-return]
        return np.where(apart == 0, 0.0, np.copysign(np.inf, apart))

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value."""
        from scipy.special import ndtr

        place = self._place(value)
        with np.errstate(under="ignore"):
            return np.asarray(ndtr(place)) if self.variance > 0 else (place >= 0).astype(np.float64)

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value."""
        from scipy.special import ndtr

        place = self._place(value)
        with np.errstate(under="ignore"):
            return np.asarray(ndtr(-place)) if self.variance > 0 else (place <= 0).astype(np.float64)

    def quantile(self, share: float) -> float:
        """Return the value that is not exceeded with a chance of ``share``; the ends of the sum for 0 and 1."""
        from scipy.special import ndtri

        if share <= 0.0 or share >= 1.0:
            return float(self.ends[share >= 1.0])
        return self.mean + float(np.sqrt(self.variance)) * float(ndtri(share))
