"""Laws held as the sums there can be and the mass of each: by enumeration, or on a lattice."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.chances.laws import NEAR, quantile
from salesmetrics.chances.stakes import Stakes

__all__ = ["PointLaw", "SplitLaw", "halves", "lattice", "lattice_work", "points"]

_EPS = float(np.finfo(np.float64).eps)


def _rising(mass: FloatArray) -> FloatArray:
    """Return cumulative masses that end at 1 whatever was rounded on the way."""
    total = np.cumsum(mass)
    if len(total):
        total = np.minimum(total, 1.0)
        total[-1] = 1.0
    return total


@attrs.frozen(eq=False)
class PointLaw:
    """Sums in rising order, the mass of each, and cumulative masses from either side; ``folds`` amounts were added."""

    value: IntArray
    mass: FloatArray
    up: FloatArray
    down: FloatArray
    mean: float
    variance: float
    bound: float
    way: str

    @classmethod
    def of(cls, value: IntArray, mass: FloatArray, mean: float, variance: float, folds: int, way: str) -> PointLaw:
        """Return the law of sums and their masses."""
        there = mass > 0
        if not there.all():
            value, mass = value[there], mass[there]
        return cls(value, mass, _rising(mass), _rising(mass[::-1])[::-1], mean, variance, 2 * (folds + 1) * _EPS, way)

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the largest sum."""
        return int(self.value[0]), int(self.value[-1])

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value."""
        return np.concatenate([[0.0], self.up])[np.searchsorted(self.value, value, side="right")]

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value."""
        return np.concatenate([self.down, [0.0]])[np.searchsorted(self.value, value, side="left")]

    def quantile(self, share: float) -> float:
        """Return the least sum at which the law reaches a share."""
        at = int(np.searchsorted(self.up, share * (1.0 - NEAR), side="left"))
        return float(self.value[min(at, len(self.value) - 1)])


@attrs.frozen(eq=False)
class SplitLaw:
    """The sum of two independent parts, each held as points."""

    one: PointLaw
    other: PointLaw
    way: str = "enumerated in two halves"

    @property
    def mean(self) -> float:
        """The mean."""
        return self.one.mean + self.other.mean

    @property
    def variance(self) -> float:
        """The variance."""
        return self.one.variance + self.other.variance

    @property
    def bound(self) -> float:
        """The largest error of a chance: that of the parts, and of a sum of so many products."""
        return self.one.bound + self.other.bound + 2 * _EPS * (4 + len(self.one.mass).bit_length())

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the largest sum."""
        return self.one.ends[0] + self.other.ends[0], self.one.ends[1] + self.other.ends[1]

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value."""
        with np.errstate(under="ignore"):
            found = [float(np.sum(self.one.mass * self.other.at_most(int(v) - self.one.value))) for v in value]
        return np.minimum(np.array(found, dtype=np.float64), 1.0)

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value."""
        with np.errstate(under="ignore"):
            found = [float(np.sum(self.one.mass * self.other.at_least(int(v) - self.one.value))) for v in value]
        return np.minimum(np.array(found, dtype=np.float64), 1.0)

    def quantile(self, share: float) -> float:
        """Return the least sum at which the law reaches a share."""
        return quantile(self, share)


@np.errstate(under="ignore")  # what is next to nothing may become nothing
def points(stakes: Stakes) -> PointLaw:
    """Return the law with every sum there can be; equal sums become one, deal by deal."""
    value, mass = np.zeros(1, dtype=np.int64), np.ones(1)
    for amount, chance in zip(stakes.amount.tolist(), stakes.chance.tolist(), strict=True):
        both = np.concatenate([value, value + amount])
        weight = np.concatenate([mass * (1.0 - chance), mass * chance])
        order = np.argsort(both, kind="stable")  # two runs in order: merged, not sorted
        both, weight = both[order], weight[order]
        first = np.flatnonzero(np.diff(both, prepend=both[0] - 1))
        value, mass = both[first], np.add.reduceat(weight, first)
    return _placed(stakes, value, mass, "enumerated")


def halves(stakes: Stakes) -> SplitLaw:
    """Return the law as the sum of two halves, which are taken alternately so that both are as coarse."""
    odd = attrs.evolve(stakes, sure=0, amount=stakes.amount[1::2], chance=stakes.chance[1::2])
    even = attrs.evolve(stakes, amount=stakes.amount[::2], chance=stakes.chance[::2])
    return SplitLaw(points(even), points(odd))


@np.errstate(under="ignore")
def lattice(stakes: Stakes) -> PointLaw:
    """Return the law on every step from nothing to all, deal by deal, the small ones first."""
    mass = np.zeros(stakes.most + 1)
    came = np.empty(stakes.most + 1)
    mass[0], reach = 1.0, 1
    for amount, chance in zip(stakes.amount.tolist(), stakes.chance.tolist(), strict=True):
        np.multiply(mass[:reach], chance, out=came[:reach])
        mass[:reach] *= 1.0 - chance
        mass[amount : amount + reach] += came[:reach]
        reach += amount
    return _placed(stakes, np.arange(len(mass), dtype=np.int64), mass, "folded on the lattice of the amounts")


def lattice_work(stakes: Stakes) -> int:
    """Return how many additions `lattice` takes."""
    return int(np.cumsum(stakes.amount).sum()) + stakes.size


def _placed(stakes: Stakes, value: IntArray, mass: FloatArray, way: str) -> PointLaw:
    """Return the law in units, what is sure added."""
    mean = stakes.sure + stakes.step * stakes.mean
    variance = float(stakes.step) ** 2 * stakes.variance
    return PointLaw.of(value * stakes.step + stakes.sure, mass, mean, variance, stakes.size, way)
