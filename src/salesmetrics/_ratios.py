"""Whole numbers times fractions, each product rounded once, exactly, for many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Self

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["shared_out", "times"]

_BLOCK = 1 << 14
_NARROW = 1 << 60
_POWER = 59


def times(whole: IntArray, ratio: IntArray, ratios: Iterable[Fraction], limit: int) -> tuple[IntArray, BoolArray]:
    r"""Return whole numbers times fractions, each rounded once, half to even, and which came out above the limit.

    Parameters
    ----------
    whole : numpy.ndarray of int64
        The whole numbers, below ``2**53``.
    ratio : numpy.ndarray of int
        Which of the ratios each row is multiplied by.
    ratios : iterable of Fraction
        The ratios, above 0.
    limit : int
        The largest absolute product, below ``2**53``.

    Returns
    -------
    product : numpy.ndarray of int64
        The products, 0 where above the limit.
    above : numpy.ndarray of bool
        True where the product is above the limit.

    Notes
    -----
    A quotient :math:`q` from floats is off by three at most, so that the exact remainder :math:`m N - q D` fits in 64 bits
    though the products do not, and may be computed with wrapping integers. A denominator of more than 60 bits is first replaced
    by a power of two; the few rows whose rounding this could change are worked out in Python's whole numbers.

    Examples
    --------
    >>> product, above = times(np.array([5, 15, 4]), np.array([0, 0, 1]), [Fraction(1, 10), Fraction(2, 3)], 2**53 - 1)
    >>> product.tolist(), above.tolist()
    ([0, 2, 3], [False, False, False])
    """
    table = _Table.of(list(ratios))
    whole = np.ascontiguousarray(whole, dtype=np.int64)
    product = np.empty(len(whole), dtype=np.int64)
    above = np.zeros(len(whole), dtype=bool)
    for begin in range(0, len(whole), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        product[rows], above[rows] = table.times(whole[rows], ratio[rows], limit)
    return product, above


@attrs.frozen(eq=False)
class _Table:
    """Ratios in the form in which many rows are multiplied by them."""

    ratios: list[Fraction]
    factor: FloatArray
    numerator: AnyArray
    denominator: IntArray
    replaced: BoolArray | None

    @classmethod
    def of(cls, ratios: list[Fraction]) -> Self:
        """Return the table; numerators are held modulo 2**64."""
        wide = [ratio.denominator >= _NARROW for ratio in ratios]
        pairs = [
            (round(ratio * 2**_POWER), 2**_POWER) if far else (ratio.numerator, ratio.denominator)
            for ratio, far in zip(ratios, wide, strict=True)
        ]
        return cls(
            ratios,
            np.array([float(ratio) for ratio in ratios]),
            np.array([numerator % 2**64 for numerator, _ in pairs], dtype=np.uint64),
            np.array([denominator for _, denominator in pairs], dtype=np.int64),
            np.array(wide, dtype=bool) if any(wide) else None,
        )

    def times(self, number: IntArray, ratio: IntArray, limit: int) -> tuple[IntArray, BoolArray]:
        """Return the products of a block, and which are above the limit."""
        guess = number * self.factor[ratio]
        above = np.abs(guess) > limit + 8
        np.rint(guess, out=guess)
        guess[above] = 0.0
        whole = guess.astype(np.int64)
        denominator = self.denominator[ratio]
        rest = number.view(np.uint64) * self.numerator[ratio] - whole.view(np.uint64) * denominator.view(np.uint64)
        rest = rest.view(np.int64)
        rest[above] = 0
        step = rest // denominator
        whole += step
        rest -= step * denominator
        gap = 2 * rest - denominator
        if self.replaced is None:
            unsure = np.zeros(0, dtype=np.int64)
        else:
            unsure = np.flatnonzero(self.replaced[ratio] & ~above & (np.abs(gap) <= np.abs(number) + 2))
        whole += (gap > 0) | ((gap == 0) & (whole % 2 == 1))
        whole[unsure] = [
            round(int(m) * self.ratios[r]) for m, r in zip(number[unsure].tolist(), ratio[unsure].tolist(), strict=True)
        ]
        above |= np.abs(whole) > limit
        whole[above] = 0
        return whole, above


def shared_out(whole: IntArray, part: IntArray, total: IntArray) -> tuple[IntArray, IntArray]:
    """Return whole numbers times parts of a total, rounded down, and what is left of each, in units of one over the total.

    Parameters
    ----------
    whole : numpy.ndarray of int64
        Whole numbers of 0 or more, below ``2**53``.
    part, total : numpy.ndarray of int64
        Parts of 0 to the total, and totals below ``2**60``.

    Returns
    -------
    floor, rest : numpy.ndarray of int64
        ``whole * part // total`` and ``whole * part % total``, exactly.

    Examples
    --------
    >>> floor, rest = shared_out(np.array([100, 100]), np.array([1, 2]), np.array([3, 3]))
    >>> floor.tolist(), rest.tolist()
    ([33, 66], [1, 2])
    """
    floor = np.floor(whole * (part / total)).astype(np.int64)
    # the products do not fit in 64 bits, but their difference does: wrapping integers give it exactly
    rest: IntArray = (
        whole.view(np.uint64) * part.view(np.uint64) - floor.view(np.uint64) * total.view(np.uint64)
    ).view(np.int64)
    step = rest // total
    return floor + step, rest - step * total
