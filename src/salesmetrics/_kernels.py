"""Codes in, arrays out: count, exact sum, histogram; blocks and threads live here only.

A *cell* is the place in a table that a row adds to. It is the sum over the axes of a position times a stride; a row that an
axis does not want falls into one more cell behind the table, which is thrown away. Whole numbers only: every sum is the
same in any order of the rows, in any cut, on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics._wide import DIGITS, add_products, carry18, joined, joined_halves, limbs18, narrowed
from salesmetrics.arrays import AnyArray, BoolArray, IntArray

BLOCK = 262_144
_THREADED_ROWS = 300_000
_FOLDED = 1 << 16
_MOSTLY = 0.75
_INT64_MAX = 2**63 - 1
_Part = TypeVar("_Part")
_Task = TypeVar("_Task")


@attrs.frozen(eq=False)
class Axis:
    """One dimension of the table.

    ``values - minus - base`` is looked up in ``table`` (clipped at both ends) to give a position, -1 being "not wanted".
    Without a table the difference is the position itself and must lie in ``[0, size)``. With ``cap``, int32 values above it
    count as it, and so do negative ones.
    """

    values: AnyArray
    size: int
    table: AnyArray | None = None
    base: int = 0
    minus: AnyArray | None = None
    cap: int | None = None


@attrs.frozen(eq=False)
class Range:
    """Keep the rows with ``low <= values < high``; None is no bound."""

    values: AnyArray
    low: int | None = None
    high: int | None = None


@attrs.frozen(eq=False)
class Addend:
    """A column to add up, less ``minus`` and times ``times`` where given, with a bound of what one row adds.

    ``largest`` bounds every sum. A column with ``times`` is summed in limbs, which cannot overflow.
    """

    values: IntArray
    largest: int
    minus: AnyArray | None = None
    times: IntArray | None = None


@attrs.frozen(eq=False)
class Tables:
    """What one pass gives: rows of each cell, and one exact sum of each cell for each column.

    The sum of a column with ``times`` has the shape (cells, LIMBS).
    """

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
    """Return the table of counts, in the smaller type that holds them, and of exact sums over the kept rows."""
    plan = _planned(axes)
    done = _spread(partial(_Pass, plan, tuple(keep), tuple(sums), rows, count), rows, plan.cells)
    return Tables(done.counts[: plan.cells], tuple(done.total(i) for i in range(len(sums))))


@attrs.frozen(eq=False)
class _Plan:
    """The axes with their strides, how many cells they make, and the type that holds a cell while it is worked out."""

    axes: tuple[tuple[Axis, int], ...]
    cells: int
    kind: type[np.signedinteger[Any]]


def _planned(axes: Sequence[Axis]) -> _Plan:
    """Return each axis with its stride, its lookup table already multiplied and unwanted places sent past the end."""
    cells = cell_count(axes)
    short = cells * (len(axes) + 1) < 2**31 and all(axis.values.dtype.itemsize <= 4 for axis in axes)
    kind = np.int32 if short else np.intp
    plan = []
    stride = cells
    for axis in axes:
        stride //= max(axis.size, 1)
        table, base = axis.table, axis.base
        if table is not None:
            wide = table.astype(np.int64)
            table = np.where(wide < 0, cells, wide * stride).astype(kind)
            if 0 < base <= _FOLDED:
                table, base = np.concatenate([np.full(base, table[0]), table]), 0
        plan.append((attrs.evolve(axis, table=table, base=base), stride))
    return _Plan(tuple(plan), cells, kind)


def _spread(make: Callable[[], _Pass], rows: int, cells: int) -> _Pass:
    """Run a pass over all rows, on threads with tables of their own where that pays, and add the tables."""
    mine = make()
    blocks = _Blocks(rows)
    threads = 1 if rows < max(_THREADED_ROWS, 2 * cells) else min(os.cpu_count() or 1, 8)
    if threads < 2:
        return mine.over(blocks)
    others = [make() for _ in range(threads - 1)]
    with ThreadPoolExecutor(threads - 1) as pool:
        running = [pool.submit(other.over, blocks) for other in others]
        mine.over(blocks)
        for future in running:
            mine.take_in(future.result())
    return mine


class _Blocks:
    """The blocks of the rows, each handed out once, to whichever thread asks next."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._starts = iter(range(0, rows, BLOCK))
        self._lock = Lock()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield bounds of blocks until none is left."""
        while True:
            with self._lock:
                at = next(self._starts, None)
            if at is None:
                return
            yield at, min(at + BLOCK, self._rows)


class _Pass:
    """The tables and buffers of one thread."""

    def __init__(self, plan: _Plan, keep: tuple[Range, ...], sums: tuple[Addend, ...], rows: int, count: bool) -> None:
        cells = plan.cells
        self.plan, self.keep, self.sums = plan, keep, sums
        self.small = cells <= 8_192
        self.counts: IntArray = np.zeros(
            cells + 1 if count else 1, dtype=np.int64 if self.small or rows >= 2**31 else np.int32
        )
        self.ones = np.ones(min(BLOCK, rows) if count and not self.small else 0, dtype=self.counts.dtype)
        self.totals = [np.zeros((_tables(column, rows), cells + 1), dtype=np.int64) for column in sums]
        self.scratch = _Scratch(min(BLOCK, rows), plan.kind)
        self.count = count
        self.since = 0

    def over(self, blocks: Iterable[tuple[int, int]]) -> _Pass:
        """Add the rows of the blocks."""
        for at, end in blocks:
            mask = _mask(self.keep, at, end, self.scratch)
            kept = end - at if mask is None else np.count_nonzero(mask)
            if mask is None or kept > _MOSTLY * (end - at):
                chosen = None
            else:
                chosen, mask = np.flatnonzero(mask), None
            cell = _cells(self.plan, at, end, chosen, self.scratch, mask)
            if self.count and self.small:
                self.counts += np.bincount(cell, minlength=len(self.counts))
            elif self.count:
                np.add.at(self.counts, cell, self.ones[: len(cell)])
            for column, total in zip(self.sums, self.totals, strict=True):
                _add_block(total, cell, column, at, end, chosen)
            self.since += len(cell)
            if self.since > 1 << 23:
                self._carry()
        self._carry()
        return self

    def _carry(self) -> None:
        """Bring long sums back into their limbs before one could overflow."""
        self.since = 0
        for total in self.totals:
            if len(total) == DIGITS:
                carry18(total)

    def take_in(self, other: _Pass) -> None:
        """Add the tables of another thread."""
        self.counts += other.counts
        for mine, theirs in zip(self.totals, other.totals, strict=True):
            mine += theirs
        self._carry()

    def total(self, at: int) -> IntArray:
        """Return the sum of one column."""
        table = self.totals[at][:, : self.plan.cells]
        if self.sums[at].times is not None:
            return joined(table) if len(table) == DIGITS else joined_halves(table[0], table[1])
        return table[0] if len(table) == 1 else narrowed(table[0], table[1])


def _tables(column: Addend, rows: int) -> int:
    """Return how many tables hold the sum of a column: one, two halves, or the digits of long products."""
    if column.times is not None and column.largest > _INT64_MAX:
        return DIGITS
    return 1 if column.times is None and column.largest * rows <= _INT64_MAX else 2


class _Scratch:
    """Buffers of one thread, made once."""

    __slots__ = ("cell", "difference", "mask", "other", "part", "place")

    def __init__(self, size: int, kind: type[np.signedinteger[Any]] = np.intp) -> None:
        self.place = np.empty(size, dtype=np.intp)
        self.cell = self.place if kind is np.intp else np.empty(size, dtype=kind)
        self.part = np.empty(size, dtype=kind)
        self.difference = np.empty(size, dtype=kind)
        self.mask = np.empty(size, dtype=bool)
        self.other = np.empty(size, dtype=bool)


def _mask(keep: tuple[Range, ...], at: int, end: int, scratch: _Scratch) -> BoolArray | None:
    """Return True for the rows of the block that every range keeps, or None for all of them."""
    mask: BoolArray | None = None
    for rule in keep:
        values = rule.values[at:end]
        one = rule.low is not None and rule.high == rule.low + 1
        lower, upper = (np.equal, None) if one else (np.greater_equal, rule.high)
        for bound, compare in ((rule.low, lower), (upper, np.less)):
            if bound is None:
                continue
            if mask is None:
                mask = compare(values, bound, out=scratch.mask[: end - at])
            else:
                np.logical_and(mask, compare(values, bound, out=scratch.other[: end - at]), out=mask)
    return None if mask is None or mask.all() else mask


def _chosen(keep: tuple[Range, ...], at: int, end: int, scratch: _Scratch) -> AnyArray | None:
    """Return the positions in the block that every range keeps, or None for all of them."""
    mask = _mask(keep, at, end, scratch)
    return None if mask is None else np.flatnonzero(mask)


def _pick(column: AnyArray, at: int, end: int, chosen: AnyArray | None) -> AnyArray:
    """Return the block of a column, the chosen rows only."""
    block = column[at:end]
    return block if chosen is None else block.take(chosen)


def _cells(
    plan: _Plan, at: int, end: int, chosen: AnyArray | None, scratch: _Scratch, mask: BoolArray | None = None
) -> AnyArray:
    """Return the cell of every chosen row of the block; rows that a mask leaves out fall behind the table."""
    rows = end - at if chosen is None else len(chosen)
    cell, part, difference = scratch.cell[:rows], scratch.part[:rows], scratch.difference[:rows]
    looked_up = 0
    for i, (axis, stride) in enumerate(plan.axes):
        target = part if i else cell
        values = capped(_pick(axis.values, at, end, chosen), axis.cap)
        if axis.minus is not None:
            values = np.subtract(values, _pick(axis.minus, at, end, chosen), out=difference, casting="unsafe")
        if axis.table is not None:
            if axis.base:
                values = np.subtract(values, axis.base, out=difference, casting="unsafe", dtype=plan.kind)
            np.take(axis.table, values, out=target, mode="clip")
            looked_up += 1
        elif stride != 1:
            np.multiply(values, stride, out=target, casting="unsafe", dtype=plan.kind)
        elif i:
            target = values
        else:
            np.copyto(target, values, casting="unsafe")
        if i:
            np.add(cell, target, out=cell, casting="unsafe", dtype=plan.kind)
    if not plan.axes:
        cell[:] = 0
    if looked_up and (looked_up > 1 or len(plan.axes) > 1):
        np.minimum(cell, plan.kind(plan.cells), out=cell)
    if mask is not None:
        np.subtract(cell, plan.kind(plan.cells), out=cell)
        np.multiply(cell, mask, out=cell)
        np.add(cell, plan.kind(plan.cells), out=cell)
    place = scratch.place[:rows]
    if plan.kind is not np.intp:
        np.copyto(place, cell)
    return place


def capped(values: AnyArray, cap: int | None) -> AnyArray:
    """Return int32 values, or the cap where they are above it or negative: read without sign, -1 is above everything."""
    return values if cap is None else np.minimum(values.view(np.uint32), np.uint32(cap)).view(np.int32)


def _add_block(total: IntArray, cell: AnyArray, column: Addend, at: int, end: int, chosen: AnyArray | None) -> None:
    """Add values to their cells: in two halves where one table could overflow, in digits where a product could."""
    values = _pick(column.values, at, end, chosen)
    if column.minus is not None:
        values = np.subtract(values, _pick(column.minus, at, end, chosen), dtype=np.int64)
    if column.times is not None:
        times = values if column.times is column.values else _pick(column.times, at, end, chosen)
        if len(total) == DIGITS:
            add_products(total, cell, limbs18(values), limbs18(times))
            return
        values = np.multiply(values, times, dtype=np.int64)
    if len(total) == 1:
        np.add.at(total[0], cell, values)
        return
    np.add.at(total[1], cell, values & 0xFFFFFFFF)
    np.add.at(total[0], cell, values >> 32)


def scatter(target_shape: tuple[int, ...], rows: AnyArray, values: IntArray) -> IntArray:
    """Return a zero table with the rows of values put at their places."""
    out = np.zeros(target_shape, dtype=values.dtype)
    out[rows] = values
    return out


def side_by_side(work: Callable[[_Task], _Part], tasks: Sequence[_Task], rows: int) -> list[_Part]:
    """Return what the work gives for each task, on two threads where the rows are many."""
    if rows < _THREADED_ROWS // 4 or (os.cpu_count() or 1) < 2:
        return [work(task) for task in tasks]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, tasks))


def rolled(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table with its rows added up into the rows they belong to, from the first to the last."""
    if size == len(rows) and bool((rows == np.arange(size)).all()):
        return table.copy()
    per = int(np.prod(table.shape[1:], dtype=np.int64))
    out = np.zeros(size * per, dtype=table.dtype)
    cells = (rows[:, None] * per + np.arange(per)).reshape(-1)
    np.add.at(out, cells, np.ascontiguousarray(table).reshape(-1))
    return out.reshape(size, *table.shape[1:])


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
    plan = _planned(axes)

    def part(start: int, stop: int) -> tuple[list[IntArray], list[IntArray]]:
        scratch = _Scratch(min(BLOCK, rows), plan.kind)
        found, places = [], []
        for at in range(start, stop, BLOCK):
            end = min(at + BLOCK, stop)
            chosen = _chosen(tuple(keep), at, end, scratch)
            cell = _cells(plan, at, end, chosen, scratch)
            wanted = np.flatnonzero(cell < plan.cells)
            found.append(wanted + at if chosen is None else chosen.take(wanted) + at)
            places.append(cell.take(wanted))
        return found, places

    parts = _in_order(part, rows)
    nothing = [np.zeros(0, dtype=np.int64)]
    return (
        np.concatenate(nothing + [each for found, _ in parts for each in found]),
        np.concatenate(nothing + [each for _, places in parts for each in places]),
    )


def positions(rows: int, keep: Sequence[Range]) -> IntArray:
    """Return the positions of the rows that every range keeps, in order."""

    def part(start: int, stop: int) -> list[IntArray]:
        scratch = _Scratch(min(BLOCK, rows))
        found = []
        for at in range(start, stop, BLOCK):
            end = min(at + BLOCK, stop)
            chosen = _chosen(tuple(keep), at, end, scratch)
            found.append(np.arange(at, end) if chosen is None else chosen + at)
        return found

    parts = _in_order(part, rows)
    return np.concatenate([np.zeros(0, dtype=np.int64), *(each for found in parts for each in found)])


def _in_order(work: Callable[[int, int], _Part], rows: int) -> list[_Part]:
    """Return what the work gives for contiguous parts of the rows, in order, on threads where that pays."""
    threads = 1 if rows < _THREADED_ROWS else min(os.cpu_count() or 1, 8)
    if threads < 2:
        return [work(0, rows)]
    edges = [rows * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, edges[:-1], edges[1:]))


@attrs.frozen(eq=False)
class Histogram:
    """How often each value occurs in each row, held as sorted (row, value, count) without zeros."""

    row: IntArray = attrs.field(converter=locked)
    value: IntArray = attrs.field(converter=locked)
    count: IntArray = attrs.field(converter=locked)

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


def largest_difference(values: AnyArray, minus: AnyArray, cap: int | None = None) -> int:
    """Return the largest ``values - minus`` over the rows where ``minus`` is not negative, -1 where there is none."""

    def part(start: int, stop: int) -> int:
        largest = -1
        buffer = np.empty(min(BLOCK, len(values)), dtype=np.result_type(values.dtype, minus.dtype))
        for at in range(start, stop, BLOCK):
            block, less = capped(values[at : min(at + BLOCK, stop)], cap), minus[at : min(at + BLOCK, stop)]
            difference = np.subtract(block, less, out=buffer[: len(block)])
            if int(less.min()) < 0:
                difference = difference[less >= 0]
            if len(difference):
                largest = max(largest, int(difference.max()))
        return largest

    return max(_in_order(part, len(values)))
