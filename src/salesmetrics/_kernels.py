"""Codes in, arrays out: count, exact sum, histogram; blocks and threads live here only.

A *cell* is the place in a table that a row adds to. It is the sum over the axes of a position times a stride; a row that an
axis does not want falls into one more cell behind the table, which is thrown away. Whole numbers only: every sum is the
same in any order of the rows, in any cut, on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray

BLOCK = 65_536
_THREADED_ROWS = 300_000
_THREADED_CELLS = 1 << 21
_INT64_MAX = 2**63 - 1
_LIMB = 36
LIMBS = 4


@attrs.frozen(eq=False)
class Axis:
    """One dimension of the table.

    ``values - minus - base`` is looked up in ``table`` (clipped at both ends) to give a position, -1 being "not wanted".
    Without a table the difference is the position itself and must lie in ``[0, size)``.
    """

    values: AnyArray
    size: int
    table: AnyArray | None = None
    base: int = 0
    minus: AnyArray | None = None


@attrs.frozen(eq=False)
class Range:
    """Keep the rows with ``low <= values < high``; None is no bound."""

    values: AnyArray
    low: int | None = None
    high: int | None = None


@attrs.frozen(eq=False)
class Addend:
    """A column to add up, with its largest absolute value, which bounds every sum."""

    values: IntArray
    largest: int


class CellOverflow(ArithmeticError):
    """A sum leaves int64; the cell says where."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


@attrs.frozen(eq=False)
class Tables:
    """What one pass gives: rows of each cell, and one exact sum of each cell for each column."""

    count: IntArray
    sums: tuple[IntArray, ...]


def cell_count(axes: Sequence[Axis]) -> int:
    """Return the number of cells, as a Python int that cannot overflow."""
    cells = 1
    for axis in axes:
        cells *= axis.size
    return cells


def tabulate(
    rows: int, axes: Sequence[Axis], *, keep: Sequence[Range] = (), sums: Sequence[Addend] = (), count: bool = True
) -> Tables:
    """Return the table of counts and of exact sums over the kept rows."""
    cells = cell_count(axes)
    plan = _strided(axes, cells)
    wide = tuple(column.largest * rows > _INT64_MAX for column in sums)
    work = partial(_pass, plan, cells, tuple(keep), tuple(column.values for column in sums), wide, count)
    counts, totals = _spread(work, rows, cells * (1 + len(sums)))
    return Tables(counts[:cells], tuple(_narrow(high[:cells], low) for high, low in totals))


def _strided(axes: Sequence[Axis], cells: int) -> tuple[tuple[Axis, int], ...]:
    """Return each axis with its stride, its lookup table already multiplied and unwanted places sent past the end."""
    plan = []
    stride = cells
    for axis in axes:
        stride //= max(axis.size, 1)
        table = axis.table
        if table is not None:
            wide = table.astype(np.int64)
            table = np.where(wide < 0, cells, wide * stride)
        plan.append((attrs.evolve(axis, table=table), stride))
    return tuple(plan)


def _spread(
    work: Callable[[int, int], tuple[IntArray, list[tuple[IntArray, IntArray | None]]]], rows: int, cells: int
) -> tuple[IntArray, list[tuple[IntArray, IntArray | None]]]:
    """Run the pass over contiguous parts of the rows, on threads where that pays, and add the parts."""
    parts = min(os.cpu_count() or 1, 8)
    if rows < _THREADED_ROWS or cells > _THREADED_CELLS or parts < 2:
        return work(0, rows)
    edges = [rows * i // parts for i in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        done = list(pool.map(work, edges[:-1], edges[1:]))
    counts, totals = done[0]
    for more, others in done[1:]:
        counts += more
        for (high, low), (high2, low2) in zip(totals, others, strict=True):
            high += high2
            if low is not None and low2 is not None:
                low += low2
    return counts, totals


def _pass(
    plan: tuple[tuple[Axis, int], ...],
    cells: int,
    keep: tuple[Range, ...],
    sums: tuple[IntArray, ...],
    wide: tuple[bool, ...],
    count: bool,
    start: int,
    stop: int,
) -> tuple[IntArray, list[tuple[IntArray, IntArray | None]]]:
    """Add the rows from start to stop, block by block."""
    small = cells <= 8_192
    counts: IntArray = np.zeros(cells + 1, dtype=np.int64 if small else np.int32 if stop - start < 2**31 else np.int64)
    ones = np.ones(BLOCK, dtype=counts.dtype)
    totals: list[tuple[IntArray, IntArray | None]] = [
        (np.zeros(cells + 1, dtype=np.int64), np.zeros(cells + 1, dtype=np.int64) if two else None) for two in wide
    ]
    scratch = _Scratch()
    for at in range(start, stop, BLOCK):
        end = min(at + BLOCK, stop)
        chosen = _chosen(keep, at, end, scratch)
        cell = _cells(plan, cells, at, end, chosen, scratch)
        if count and small:
            counts += np.bincount(cell, minlength=cells + 1)
        elif count:
            np.add.at(counts, cell, ones[: len(cell)])
        for column, (total, low) in zip(sums, totals, strict=True):
            _add_block(total, low, cell, _pick(column, at, end, chosen))
    return counts.astype(np.int64, copy=False), totals


class _Scratch:
    """Buffers of one thread, made once."""

    __slots__ = ("cell", "difference", "mask", "other", "part")

    def __init__(self) -> None:
        self.cell = np.empty(BLOCK, dtype=np.intp)
        self.part = np.empty(BLOCK, dtype=np.intp)
        self.difference = np.empty(BLOCK, dtype=np.intp)
        self.mask = np.empty(BLOCK, dtype=bool)
        self.other = np.empty(BLOCK, dtype=bool)


def _chosen(keep: tuple[Range, ...], at: int, end: int, scratch: _Scratch) -> AnyArray | None:
    """Return the positions in the block that every range keeps, or None for all of them."""
    mask: BoolArray | None = None
    for rule in keep:
        values = rule.values[at:end]
        for bound, compare in ((rule.low, np.greater_equal), (rule.high, np.less)):
            if bound is None:
                continue
            if mask is None:
                mask = compare(values, bound, out=scratch.mask[: end - at])
            else:
                np.logical_and(mask, compare(values, bound, out=scratch.other[: end - at]), out=mask)
    if mask is None:
        return None
    chosen = np.flatnonzero(mask)
    return None if len(chosen) == end - at else chosen


def _pick(column: AnyArray, at: int, end: int, chosen: AnyArray | None) -> AnyArray:
    """Return the block of a column, the chosen rows only."""
    block = column[at:end]
    return block if chosen is None else block.take(chosen)


def _cells(
    plan: tuple[tuple[Axis, int], ...], cells: int, at: int, end: int, chosen: AnyArray | None, scratch: _Scratch
) -> AnyArray:
    """Return the cell of every chosen row of the block."""
    rows = end - at if chosen is None else len(chosen)
    cell = scratch.cell[:rows]
    part = scratch.part[:rows]
    looked_up = False
    first = True
    for axis, stride in plan:
        target = cell if first else part
        values = _pick(axis.values, at, end, chosen)
        if axis.minus is not None:
            values = np.subtract(values, _pick(axis.minus, at, end, chosen), out=scratch.difference[:rows])
        if axis.table is not None:
            if axis.base:
                values = np.subtract(values, axis.base, out=scratch.difference[:rows])
            np.take(axis.table, values, out=target, mode="clip")
            looked_up = True
        else:
            np.multiply(values, stride, out=target, casting="unsafe", dtype=np.intp)
        if not first:
            np.add(cell, part, out=cell)
        first = False
    if first:
        cell[:] = 0
    if looked_up:
        np.minimum(cell, cells, out=cell)
    return cell


def _add_block(total: IntArray, low: IntArray | None, cell: AnyArray, values: IntArray) -> None:
    """Add values to their cells; in two limbs of 32 bits where one could overflow."""
    if low is None:
        np.add.at(total, cell, values)
        return
    np.add.at(low, cell, values & 0xFFFFFFFF)
    np.add.at(total, cell, values >> 32)


def _narrow(total: IntArray, low: IntArray | None) -> IntArray:
    """Return two limbs as int64, or raise naming the first cell that does not fit."""
    if low is None:
        return total
    low = low[: len(total)]
    high = total + (low >> 32)
    unfit = np.flatnonzero((high >= 2**31) | (high < -(2**31)))
    if len(unfit):
        raise CellOverflow(int(unfit[0]))
    return (high << 32) + (low & 0xFFFFFFFF)


def checked_add(left: IntArray, right: IntArray) -> IntArray:
    """Return the sum, or raise naming the first place that leaves int64."""
    with np.errstate(over="ignore"):
        total = left + right
    wrapped = np.flatnonzero(((left ^ total) & (right ^ total)) < 0)
    if len(wrapped):
        raise CellOverflow(int(wrapped[0]))
    return total


# --- numbers wider than int64, held as LIMBS limbs of 36 bits, the last one signed -------------------------------------


def wide_sums(
    rows: int, axes: Sequence[Axis], left: IntArray, right: IntArray, *, keep: Sequence[Range] = ()
) -> IntArray:
    """Return the exact sum of ``left * right`` of each cell as limbs of shape (cells, LIMBS).

    ``left`` is cut in three limbs of 18 bits, ``right`` too, so that a block's partial sums stay below 2**63.
    """
    cells = cell_count(axes)
    plan = _strided(axes, cells)
    digits = np.zeros((6, cells + 1), dtype=np.int64)
    scratch = _Scratch()
    since = 0
    for at in range(0, rows, BLOCK):
        end = min(at + BLOCK, rows)
        chosen = _chosen(tuple(keep), at, end, scratch)
        cell = _cells(plan, cells, at, end, chosen, scratch)
        a, b = _pick(left, at, end, chosen), _pick(right, at, end, chosen)
        _add_products(digits, cell, _limbs18(a), _limbs18(b))
        since += len(cell)
        if since > 1 << 23:
            _carry18(digits)
            since = 0
    _carry18(digits)
    return _join(digits[:, :cells])


def _limbs18(values: IntArray) -> list[IntArray]:
    """Return the limbs of 18 bits from the lowest, the last one signed; limbs that are all zero are left off."""
    limbs = [values & 0x3FFFF]
    rest = values >> 18
    if rest.any():
        limbs += [rest & 0x3FFFF]
        rest = rest >> 18
        if rest.any():
            limbs += [rest]
    return limbs


def _add_products(digits: IntArray, cell: AnyArray, left: list[IntArray], right: list[IntArray]) -> None:
    """Add the products of limbs at their places."""
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            np.add.at(digits[i + j], cell, a * b)


def _carry18(digits: IntArray) -> None:
    """Bring every limb but the last into [0, 2**18)."""
    for i in range(len(digits) - 1):
        digits[i + 1] += digits[i] >> 18
        digits[i] &= 0x3FFFF


def _join(digits: IntArray) -> IntArray:
    """Return six limbs of 18 bits as LIMBS limbs of 36 bits."""
    out = np.zeros((digits.shape[1], LIMBS), dtype=np.int64)
    out[:, 0] = digits[0] | (digits[1] << 18)
    out[:, 1] = digits[2] | (digits[3] << 18)
    low = digits[4] + (digits[5] & 0x3FFFF) * (1 << 18)
    out[:, 2] = low
    out[:, 3] = digits[5] >> 18
    return carried(out)


def carried(limbs: IntArray) -> IntArray:
    """Return limbs in their one canonical form."""
    out = limbs.copy()
    for i in range(LIMBS - 1):
        out[..., i + 1] += out[..., i] >> _LIMB
        out[..., i] &= (1 << _LIMB) - 1
    return out


def wide_ints(limbs: IntArray) -> list[int]:
    """Return limbs as Python ints, one for each row of the flattened table."""
    flat = limbs.reshape(-1, LIMBS).tolist()
    return [a + (b << _LIMB) + (c << 2 * _LIMB) + (d << 3 * _LIMB) for a, b, c, d in flat]


def scatter(target_shape: tuple[int, ...], rows: AnyArray, values: IntArray) -> IntArray:
    """Return a zero table with the rows of values put at their places."""
    out = np.zeros(target_shape, dtype=values.dtype)
    out[rows] = values
    return out


def runs(packed: IntArray, weights: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """Return the distinct values of an array in order, with how often each occurs (or the sum of its weights)."""
    if not len(packed):
        return packed.astype(np.int64), np.zeros(0, dtype=np.int64)
    if weights is None:
        ordered = np.sort(packed)
        first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        return ordered[first].astype(np.int64), np.diff(np.append(first, len(ordered))).astype(np.int64)
    order = np.argsort(packed, kind="stable")
    ordered = packed[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return ordered[first].astype(np.int64), np.add.reduceat(weights[order], first)


def packed_cells(rows: int, axes: Sequence[Axis], *, keep: Sequence[Range] = ()) -> tuple[IntArray, IntArray]:
    """Return the positions of the kept rows and the cell of each, without a table."""
    cells = cell_count(axes)
    plan = _strided(axes, cells)
    scratch = _Scratch()
    positions, places = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for at in range(0, rows, BLOCK):
        end = min(at + BLOCK, rows)
        chosen = _chosen(tuple(keep), at, end, scratch)
        cell = _cells(plan, cells, at, end, chosen, scratch)
        where = np.arange(at, end) if chosen is None else chosen + at
        wanted = np.flatnonzero(cell < cells)
        positions.append(where[wanted])
        places.append(cell[wanted])
    return np.concatenate(positions), np.concatenate(places).astype(np.int64)


def positions(rows: int, keep: Sequence[Range]) -> IntArray:
    """Return the positions of the rows that every range keeps, in order."""
    scratch = _Scratch()
    found = [np.zeros(0, dtype=np.int64)]
    for at in range(0, rows, BLOCK):
        end = min(at + BLOCK, rows)
        chosen = _chosen(tuple(keep), at, end, scratch)
        found.append(np.arange(at, end) if chosen is None else chosen + at)
    return np.concatenate(found)


@attrs.frozen(eq=False)
class Histogram:
    """How often each value occurs in each row, held as sorted (row, value, count) without zeros."""

    row: IntArray
    value: IntArray
    count: IntArray

    @classmethod
    def of(cls, row: IntArray, value: IntArray, count: IntArray | None = None) -> Histogram:
        """Return the histogram of (row, value) pairs, which must not be negative."""
        if not len(row):
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing)
        bits = int(value.max()).bit_length()
        if int(row.max()).bit_length() + bits < 63:
            packed, total = runs((row.astype(np.int64) << bits) | value, count)
            return cls(packed >> bits, packed & ((1 << bits) - 1), total)
        distinct, place = np.unique(value, return_inverse=True)
        packed, total = runs(row.astype(np.int64) * len(distinct) + place, count)
        return cls(packed // len(distinct), distinct[packed % len(distinct)], total)

    def merged(self, other: Histogram, mine: IntArray, theirs: IntArray) -> Histogram:
        """Return both together, the rows of each moved to new places."""
        return Histogram.of(
            np.concatenate([mine[self.row], theirs[other.row]]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.count, other.count]),
        )

    def equals(self, other: Histogram) -> bool:
        """Return True where both hold the same counts."""
        return all(
            np.array_equal(a, b)
            for a, b in ((self.row, other.row), (self.value, other.value), (self.count, other.count))
        )


def largest_difference(values: AnyArray, minus: AnyArray) -> int:
    """Return the largest ``values - minus`` over the rows where ``minus`` is not negative, -1 where there is none."""
    largest = -1
    buffer = np.empty(BLOCK, dtype=np.int64)
    for at in range(0, len(values), BLOCK):
        block, less = values[at : at + BLOCK], minus[at : at + BLOCK]
        difference = np.subtract(block, less, out=buffer[: len(block)])
        if int(less.min()) < 0:
            difference = difference[less >= 0]
        if len(difference):
            largest = max(largest, int(difference.max()))
    return largest
