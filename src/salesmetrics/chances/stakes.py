"""What a law is made of: amounts and the chance of each, what is sure put apart, in one fixed order."""

from __future__ import annotations

from functools import cached_property
from typing import Self

import attrs
import numpy as np

from salesmetrics.arrays import FloatArray, IntArray

__all__ = ["Stakes"]


@attrs.frozen(eq=False)
class Stakes:
    """Amounts in steps of ``step`` units, ascending, each of which comes with a chance strictly between 0 and 1.

    ``sure`` is what comes anyway, in units.
    """

    sure: int
    step: int
    amount: IntArray
    chance: FloatArray

    @classmethod
    def of(cls, amount: IntArray, chance: FloatArray, sure: int = 0) -> Self:
        """Return amounts (whole units, none negative) and their chances, whatever their order."""
        certain = chance >= 1.0
        if certain.any():
            sure += int(amount[certain].sum())
        open_ = (chance > 0.0) & ~certain & (amount > 0)
        if not open_.all():
            amount, chance = amount[open_], chance[open_]
        if len(amount) > 1 and not _ordered(amount, chance):
            # runs of equal chances, each in order, are merged and not sorted
            runs = bool((np.diff(chance) >= 0).all())
            order = np.argsort(amount, kind="stable") if runs else np.lexsort((chance, amount))
            amount, chance = amount[order], chance[order]
        step = _step(amount)
        return cls(sure, step, amount // step if step > 1 else amount, chance)

    @property
    def size(self) -> int:
        """How many amounts are open."""
        return len(self.amount)

    @property
    def most(self) -> int:
        """The sum of all of them, in steps."""
        return int(self.amount.sum())

    @property
    def mean(self) -> float:
        """The mean of their sum, in steps."""
        return float(np.sum(self.amount * self.chance))

    @cached_property
    def spread(self) -> FloatArray:
        """The variance of each coin, p (1 - p)."""
        return self.chance * (1.0 - self.chance)

    @property
    def variance(self) -> float:
        """The variance of their sum, in squared steps."""
        size = self.amount.astype(np.float64)
        return float(np.sum(self.spread * size * size))

    def taken(self, start: int, stop: int) -> Self:
        """Return some of them, without what is sure."""
        return attrs.evolve(self, sure=0, amount=self.amount[start:stop], chance=self.chance[start:stop])


def _ordered(amount: IntArray, chance: FloatArray) -> bool:
    """Return True where amounts ascend, and chances among equal amounts."""
    rise = np.diff(amount)
    return bool((rise >= 0).all()) and bool((np.diff(chance)[rise == 0] >= 0).all())


def _step(amount: IntArray) -> int:
    """Return the largest whole number that divides all amounts."""
    step = 0
    for start in range(0, len(amount), 4096):  # one is mostly reached at once
        step = int(np.gcd(step, np.gcd.reduce(amount[start : start + 4096])))
        if step == 1:
            break
    return max(step, 1)
