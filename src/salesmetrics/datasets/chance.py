"""Draws of whole numbers, and whole-number tables that turn them into choices and skewed sizes.

Only 64 random bits at a time are asked of numpy's generator, and all that follows is integer arithmetic: no logarithm,
no power and no rounding of floats, which differ in the last bit from one platform to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show

__all__ = ["Draws", "Words", "picker", "round_to", "skewed"]

ONE = 1 << 16
"""One, in the fixed point numbers of this package."""

# Where a lognormal of log-deviation 0.45 and median 1 has 0, 1, 2, 4 ... 1,024 parts of 1,024 below it, times 65,536.
# The two ends stand one part of 16,384 inside, so that no draw is without bound.
_PARTS = (0, 1, 2, 4, 8, 16, *range(32, 993, 32), 1008, 1016, 1020, 1022, 1023, 1024)
_SIZES = (
    11632, 16262, 17887, 19798, 22081, 24862, 28343, 32860, 36216, 39054, 41600, 43965, 46211, 48380, 50501,
    52597, 54685, 56782, 58901, 61057, 63264, 65536, 67890, 70343, 72918, 75640, 78540, 81659, 85047, 88776,
    92943, 97692, 103244, 109975, 118594, 130706, 151537, 172750, 194513, 216942, 240119, 264111, 369248,
)  # fmt: skip


@attrs.frozen(eq=False)
class Draws:
    """Random whole numbers from one generator."""

    generator: np.random.Generator

    @classmethod
    def of(cls, rng: object) -> Draws:
        """Return the draws of a seed or a generator; the legacy ``RandomState`` is refused."""
        if isinstance(rng, np.random.RandomState) or rng is np.random:
            raise InvalidTypeError(
                f"`rng` must be a seed or a numpy.random.Generator; got {show(rng)}.",
                code="SM-RNG-01",
                field="rng",
                values=[rng],
                hint="rng=7, or rng=numpy.random.default_rng(7).",
            )
        kept = rng is None or isinstance(rng, (int, np.integer, np.random.Generator, np.random.SeedSequence))
        if not kept or isinstance(rng, bool) or (isinstance(rng, (int, np.integer)) and rng < 0):
            raise InvalidArgumentError(
                f"`rng` must be a whole number >= 0 or a numpy.random.Generator; got {show(rng)}.",
                code="SM-RNG-02",
                field="rng",
                values=[rng],
            )
        return cls(np.random.default_rng(rng))  # type: ignore[arg-type]

    def raw(self, count: int) -> AnyArray:
        """Return numbers of 64 random bits."""
        return self.generator.integers(0, 0xFFFF_FFFF_FFFF_FFFF, size=count, dtype=np.uint64, endpoint=True)

    def below(self, count: int, bound: int) -> IntArray:
        """Return whole numbers from 0 up to, and without, a bound of at most 32 bits."""
        return (((self.raw(count) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)

    def order(self, count: int) -> IntArray:
        """Return the numbers from 0 in random order."""
        return np.argsort(self.raw(count), kind="stable").astype(np.int64)

    def rarely(self, count: int, per_mille: int) -> BoolArray:
        """Return True for about so many of a thousand."""
        return self.below(count, 1000) < per_mille

    def words(self, count: int) -> Words:
        """Return numbers of 16 random bits, as many at a time, to be taken one array after the other."""
        return Words(self, count)


@attrs.define(eq=False)
class Words:
    """Arrays of 16-bit draws; four are cut from each array of 64-bit draws."""

    draws: Draws
    count: int
    _left: int = 0
    _block: AnyArray = attrs.field(factory=lambda: np.zeros(0, dtype=np.uint64))

    def next(self) -> IntArray:
        """Return the next array of numbers from 0 to 65,535."""
        if not self._left:
            self._block, self._left = self.draws.raw(self.count), 4
        self._left -= 1
        shift = np.uint64(16 * self._left)
        return ((self._block >> shift) & np.uint64(0xFFFF)).astype(np.int64)


@cache
def skewed() -> IntArray:
    """Return the size, times 65,536, that belongs to each 16-bit draw: skewed to the right, with median 1."""
    at = np.array(_PARTS, dtype=np.int64) * (ONE // 1024)
    size = np.array(_SIZES, dtype=np.int64)
    draw = np.arange(ONE, dtype=np.int64)
    left = np.searchsorted(at, draw, side="right") - 1
    table = size[left] + (size[left + 1] - size[left]) * (draw - at[left]) // (at[left + 1] - at[left])
    return locked(table)


def picker(weights: Sequence[int]) -> IntArray:
    """Return the choice that belongs to each 16-bit draw, as often as its weight says."""
    upto = np.cumsum(np.array(weights, dtype=np.int64))
    bounds = upto * ONE // upto[-1]
    return np.repeat(np.arange(len(weights)), np.diff(bounds, prepend=0)).astype(np.int64)


def round_to(values: IntArray, step: int | IntArray) -> IntArray:
    """Return whole numbers rounded to the nearest multiple of a step, halves up."""
    return (values + step // 2) // step * step
