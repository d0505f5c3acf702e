"""Laws of sums whose amounts have a common cause: independent laws for each state of it, weighed."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from salesmetrics.arrays import FloatArray, IntArray
from salesmetrics.chances.exact import Unreached
from salesmetrics.chances.laws import NEAR, Law, NormalLaw, quantile
from salesmetrics.chances.stakes import Stakes

__all__ = ["MixedLaw", "mixed", "normal"]

_REACH = 8.5
_FIRST = 34
_ROUNDS = 6
_PLACES = 41
_CLOSE = 1e-12


@attrs.frozen(eq=False)
class MixedLaw:
    """Several laws, and the weight of each; ``spread`` is how far the last refinement moved a chance."""

    weight: FloatArray
    laws: tuple[Law, ...]
    spread: float
    steps: bool

    @property
    def mean(self) -> float:
        """The mean."""
        with np.errstate(under="ignore"):
            return float(np.sum(self.weight * np.array([law.mean for law in self.laws])))

    @property
    def variance(self) -> float:
        """The variance: that within the states, and that between them."""
        means = np.array([law.mean for law in self.laws])
        within = np.array([law.variance for law in self.laws])
        middle = self.mean
        with np.errstate(under="ignore"):
            return float(np.sum(self.weight * (within + (means - middle) ** 2)))

    @property
    def bound(self) -> float:
        """The largest error of a chance: that of each state counts by its weight."""
        return self.spread + float(np.sum(self.weight * np.array([min(law.bound, 1.0) for law in self.laws])))

    @property
    def way(self) -> str:
        """How it was worked out, in words."""
        ways = dict.fromkeys(law.way.partition(" at ")[0] for law in self.laws)
        return f"{len(self.laws)} states of the common factor, each {' or '.join(ways)}"

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the largest sum."""
        low, high = zip(*(law.ends for law in self.laws), strict=True)
        return min(low), max(high)

    def at_most(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at most each value."""
        return self._weighed([law.at_most(value) for law in self.laws])

    def at_least(self, value: IntArray) -> FloatArray:
        """Return the chance of a sum of at least each value."""
        return self._weighed([law.at_least(value) for law in self.laws])

    def quantile(self, share: float) -> float:
        """Return the least sum at which the law reaches a share."""
        if self.steps:
            return quantile(self, share)
        if share <= 0.0 or share >= 1.0:
            return float(self.ends[share >= 1.0])
        low, high = (float(end) for end in self.ends)
        while high - low > NEAR * max(abs(low), abs(high), 1.0):
            middle = (low + high) / 2
            if self.at_most(np.array([middle]))[0] >= share:
                high = middle
            else:
                low = middle
        return high

    def _weighed(self, shares: list[FloatArray]) -> FloatArray:
        with np.errstate(under="ignore"):
            found: FloatArray = np.minimum(np.sum(self.weight[:, None] * np.stack(shares), axis=0), 1.0)
        return found


@np.errstate(under="ignore")
def mixed(
    stakes: Stakes, correlation: float, law: Callable[[Stakes], Law], tolerance: float, *, steps: bool = True
) -> MixedLaw:
    """Return the law of amounts that one normal factor z moves together, by the trapezoid rule over z.

    In the state z an amount comes with the chance Phi((Phi^-1(p) - sqrt(rho) z) / sqrt(1 - rho)). The rule converges faster
    than any power of its step, so that halving the step until nothing moves leaves an error below the last move. Raises where
    the laws of the states are not within the tolerance, or halving does not settle.
    """
    from scipy.special import ndtri

    place = ndtri(stakes.chance)

    def state(z: float) -> Law:
        alone = _state(stakes, place, correlation, z)
        try:
            return law(alone)
        except Unreached:  # mostly a state of no weight; what it may be wrong by counts in the bound
            return normal(alone, 1.0)

    grid = np.linspace(-_REACH, _REACH, _FIRST + 1)
    laws = [state(z) for z in grid]
    first = _weighed(grid, laws, 0.0, steps)
    if first.bound > tolerance:
        raise Unreached(first.bound, stakes.size, stakes.most + 1)
    low, high = first.ends
    sd, middle = np.sqrt(first.variance), first.mean
    probes = np.unique(np.clip(np.rint(middle + sd * np.linspace(-4, 4, _PLACES)), low, high).astype(np.int64))
    before = first.at_most(probes)
    for _ in range(_ROUNDS):
        between = (grid[1:] + grid[:-1]) / 2
        more = [state(z) for z in between]
        grid, laws = _interleaved(grid, between), _woven(laws, more)
        found = _weighed(grid, laws, 0.0, steps)
        now = found.at_most(probes)
        moved = float(np.abs(now - before).max())
        if moved <= _CLOSE:
            break
        before = now
    found = attrs.evolve(found, spread=moved)
    if found.bound > tolerance:
        raise Unreached(found.bound, stakes.size, stakes.most + 1)
    return found


def normal(stakes: Stakes, bound: float = np.nan) -> NormalLaw:
    """Return the normal law with the mean and the variance of a sum."""
    mean, variance = stakes.sure + stakes.step * stakes.mean, float(stakes.step) ** 2 * stakes.variance
    return NormalLaw(mean, variance, (stakes.sure, stakes.sure + stakes.step * stakes.most), bound)


@np.errstate(under="ignore")
def _state(stakes: Stakes, place: FloatArray, correlation: float, z: float) -> Stakes:
    """Return the stakes in one state of the factor; what has next to no chance left, or is next to sure, is settled."""
    from scipy.special import ndtr

    chance = ndtr((place - np.sqrt(correlation) * z) / np.sqrt(1 - correlation))
    chance = np.where(chance < 1e-18, 0.0, chance)
    return Stakes.of(stakes.amount * stakes.step, chance, stakes.sure)


def _weighed(grid: FloatArray, laws: list[Law], spread: float, steps: bool) -> MixedLaw:
    """Return the laws with the weights of the normal density, which add up to 1."""
    density = np.exp(-0.5 * grid * grid)
    return MixedLaw(density / density.sum(), tuple(laws), spread, steps)


def _interleaved(grid: FloatArray, between: FloatArray) -> FloatArray:
    out = np.empty(len(grid) + len(between))
    out[::2], out[1::2] = grid, between
    return out


def _woven(laws: list[Law], more: list[Law]) -> list[Law]:
    out: list[Law] = [laws[0]]
    for one, other in zip(more, laws[1:], strict=True):
        out += [one, other]
    return out
