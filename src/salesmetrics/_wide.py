"""Whole numbers wider than int64: sums in two halves, and limbs of 36 bits of which the last is signed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from salesmetrics.arrays import AnyArray, FloatArray, IntArray

_LIMB = 36
LIMBS = 4
DIGITS = 6


class CellOverflow(ArithmeticError):
    """A sum leaves int64; the cell says where."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


def narrowed(total: IntArray, low: IntArray) -> IntArray:
    """Return two halves as int64, or raise naming the first cell that does not fit."""
    high = total + (low >> 32)
    unfit = np.flatnonzero((high >= 2**31) | (high < -(2**31)))
    if len(unfit):
        raise CellOverflow(int(unfit[0]))
    return (high << 32) + (low & 0xFFFFFFFF)


def checked_add(left: IntArray, right: IntArray) -> IntArray:
    """Return the sum, or raise naming the first place that leaves int64."""
    with np.errstate(over="ignore"):
        total = left + right
    if _far_from_ends(left) and _far_from_ends(right):
        return total
    wrapped = np.flatnonzero(((left ^ total) & (right ^ total)) < 0)
    if len(wrapped):
        raise CellOverflow(int(wrapped[0]))
    return total


def _far_from_ends(values: IntArray) -> bool:
    """Return True where twice any of the values fits into int64: two reductions, much cheaper than a test of every sum."""
    return not values.size or (int(values.max()) < 2**62 and int(values.min()) >= -(2**62))


def fits_in(total: IntArray, more: IntArray) -> bool:
    """Return True where a table can be added to another in place without leaving int64."""
    mine = total.flags.owndata and total.shape == more.shape and total.dtype == more.dtype
    return mine and _far_from_ends(total) and _far_from_ends(more)


def add_in(total: IntArray, more: IntArray, *, limbs: bool = False) -> None:
    """Add a table that fits to another, which stays locked for everybody else; limbs come back into their one form."""
    total.flags.writeable = True
    total += more
    if limbs:
        total[...] = carried(total)
    total.flags.writeable = False


def limbs18(values: IntArray) -> list[IntArray]:
    """Return the limbs of 18 bits from the lowest, the last one signed; limbs that are all zero are left off."""
    limbs = [values & 0x3FFFF]
    rest = values >> 18
    if rest.any():
        limbs += [rest & 0x3FFFF]
        rest = rest >> 18
        if rest.any():
            limbs += [rest]
    return limbs


def add_products(digits: IntArray, cell: AnyArray, left: list[IntArray], right: list[IntArray]) -> None:
    """Add the products of limbs at their places."""
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            np.add.at(digits[i + j], cell, a * b)


def carry18(digits: IntArray) -> None:
    """Bring every limb but the last into [0, 2**18)."""
    for i in range(len(digits) - 1):
        digits[i + 1] += digits[i] >> 18
        digits[i] &= 0x3FFFF


def joined(digits: IntArray) -> IntArray:
    """Return six limbs of 18 bits as LIMBS limbs of 36 bits."""
    out = np.zeros((digits.shape[1], LIMBS), dtype=np.int64)
    out[:, 0] = digits[0] | (digits[1] << 18)
    out[:, 1] = digits[2] | (digits[3] << 18)
    low = digits[4] + (digits[5] & 0x3FFFF) * (1 << 18)
    out[:, 2] = low
    out[:, 3] = digits[5] >> 18
    return carried(out)


def joined_halves(high: IntArray, low: IntArray) -> IntArray:
    """Return sums of upper and lower 32 bits as LIMBS limbs of 36 bits."""
    out = np.zeros((len(high), LIMBS), dtype=np.int64)
    some = np.flatnonzero(high | low)
    high, low = high.take(some), low.take(some)
    limbs = np.zeros((len(some), LIMBS), dtype=np.int64)
    limbs[:, 0] = (low & ((1 << _LIMB) - 1)) + ((high & 15) << 32)
    limbs[:, 1] = (low >> _LIMB) + (high >> 4)
    out[some] = carried(limbs)
    return out


def carried(limbs: IntArray) -> IntArray:
    """Return limbs in their one canonical form."""
    out = limbs.copy()
    for i in range(LIMBS - 1):
        out[..., i + 1] += out[..., i] >> _LIMB
        out[..., i] &= (1 << _LIMB) - 1
    return out


def limbs_of(numbers: Sequence[int]) -> IntArray:
    """Return Python ints as limbs, one row for each."""
    mask = (1 << _LIMB) - 1
    rows = [[n & mask, n >> _LIMB & mask, n >> 2 * _LIMB & mask, n >> 3 * _LIMB] for n in numbers]
    return np.array(rows, dtype=np.int64).reshape(len(rows), LIMBS)


def wide_ints(limbs: IntArray) -> list[int]:
    """Return limbs as Python ints, one for each row of the flattened table."""
    flat = limbs.reshape(-1, LIMBS).tolist()
    return [a + (b << _LIMB) + (c << 2 * _LIMB) + (d << 3 * _LIMB) for a, b, c, d in flat]


def wide_variance(n: IntArray, total: IntArray, squares: IntArray) -> FloatArray:
    """Return ``(n * squares - total**2) / (n * (n - 1))``, the top exact in digits of 24 bits; NaN where n < 2.

    ``squares`` are limbs in their canonical form; n is below 2**31.
    """
    low, half = (1 << 24) - 1, (1 << 12) - 1
    one, two, three, four = (squares[:, i] for i in range(LIMBS))
    digits = [
        one & low,
        one >> 24 | (two & half) << 12,
        two >> 12,
        three & low,
        three >> 24 | (four & half) << 12,
        four >> 12,
    ]
    a, b, c = total & low, (total >> 24) & low, total >> 48
    taken = [a * a, 2 * a * b, 2 * a * c + b * b, 2 * b * c, c * c, np.zeros_like(a)]
    top = [n * digit - less for digit, less in zip(digits, taken, strict=True)]
    for i in range(len(top) - 1):
        top[i + 1] += top[i] >> 24
        top[i] &= low
    whole = np.zeros(len(n), dtype=np.float64)
    for digit in reversed(top):
        whole = whole * 2.0**24 + digit
    below = n.astype(np.float64) * (n - 1)
    with np.errstate(all="ignore"):
        return np.where(n > 1, whole / below, np.nan)
