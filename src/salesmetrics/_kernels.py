"""Codes in, arrays out: count and exact sum; blocks live here, threads in `_threads`.

A *cell* is the place in a table that a row adds to. It is the sum over the axes of a position times a stride; a row that an
axis does not want falls into one more cell behind the table, which is thrown away. Whole numbers only: every sum is the
same in any order of the rows, in any cut, on any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import attrs
import numpy as np

from salesmetrics._adding import Adder, Totals
from salesmetrics._threads import BLOCK, Blocks, blocks_in_order, in_order, thread_count
from salesmetrics._wide import DIGITS, joined, joined_halves, narrowed
from salesmetrics._workbench import Workbench
from salesmetrics.arrays import AnyArray, BoolArray, IntArray

_FOLDED = 1 << 16
_MOSTLY = 0.75
_INT64_MAX = 2**63 - 1


@attrs.frozen(eq=False)
class Axis:
    """One dimension of the table.

    ``values - minus - base`` is looked up in ``table`` (clipped at both ends) to give a position, -1 being "not wanted".
    Without a table the difference is the position itself and must lie in ``[0, size)``, or in ``[-1, size)`` with an
    ``edge``: -1 is then the last place, or not wanted (``"drop"``). With ``cap``, int32 values above it count as it, and so
    do negative ones.
    """

    values: AnyArray
    size: int
    table: AnyArray | None = None
    base: int = 0
    minus: AnyArray | None = None
    cap: int | None = None
    edge: Literal["last", "drop"] | None = None


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
    return Tables(*_spread(plan, tuple(keep), tuple(sums), rows, count=count))


@attrs.frozen(eq=False)
class _Plan:
    """The axes with their strides, how many cells they make, and the type that holds a cell while it is worked out.

    On an axis with an edge the place of -1 comes first while rows are added up, so that no row is looked up for its sake:
    ``shift`` is what moves all cells past it, and `asked` puts the table in the order that was asked for.
    """

    axes: tuple[tuple[Axis, int], ...]
    cells: int
    kind: type[np.signedinteger[Any]]
    shift: int = 0

    def asked(self, table: AnyArray) -> AnyArray:
        """Return a table (its last axis being cells) with the places of -1 put last or dropped."""
        table = table[..., : self.cells]
        if not self.shift:
            return table
        whole = table.reshape(*table.shape[:-1], *(axis.size + (axis.edge == "drop") for axis, _ in self.axes))
        for at, (axis, _) in enumerate(self.axes, table.ndim - 1):
            if axis.edge == "drop":
                whole = whole[(slice(None),) * at + (slice(1, None),)]
            elif axis.edge == "last":
                whole = np.roll(whole, -1, axis=at)
        return whole.reshape(*table.shape[:-1], -1)


def _planned(axes: Sequence[Axis]) -> _Plan:
    """Return each axis with its stride, its lookup table already multiplied and unwanted places sent past the end."""
    cells = 1
    for axis in axes:
        cells *= axis.size + (axis.edge == "drop")
    short = cells * (len(axes) + 1) < 2**31 and all(axis.values.dtype.itemsize <= 4 for axis in axes)
    kind = np.int32 if short else np.intp
    plan = []
    stride, shift = cells, 0
    for axis in axes:
        stride //= max(axis.size + (axis.edge == "drop"), 1)
        shift += stride if axis.edge else 0
        table, base = axis.table, axis.base
        if table is not None:
            wide = table.astype(np.int64)
            table = np.where(wide < 0, cells, wide * stride).astype(kind)
            if 0 < base <= _FOLDED:
                table, base = np.concatenate([np.full(base, table[0]), table]), 0
        plan.append((attrs.evolve(axis, table=table, base=base), stride))
    return _Plan(tuple(plan), cells, kind, shift)


def _looked_up(axis: Axis) -> Axis:
    """Return an axis with its edge in a table, for those who need the cell of each row as it is."""
    if axis.edge is None:
        return axis
    last = -1 if axis.edge == "drop" else axis.size - 1
    return attrs.evolve(axis, table=np.append(last, np.arange(axis.size)), base=-1, edge=None)


def _spread(
    plan: _Plan, keep: tuple[Range, ...], sums: tuple[Addend, ...], rows: int, *, count: bool
) -> tuple[IntArray, tuple[IntArray, ...]]:
    """Run a pass over all rows, on threads where that pays."""
    digits = tuple(_tables(column, rows) for column in sums)
    totals = Totals(plan.cells, rows, digits, count=count)
    blocks, bench = Blocks(rows), Workbench()
    workers = thread_count(rows) if totals.compiled else 1
    passes = [_Pass(plan, keep, sums, totals, min(blocks.size, max(rows, 1)), bench) for _ in range(workers)]
    if workers < 2:
        passes[0].over(blocks)
    else:
        with ThreadPoolExecutor(workers - 1) as pool:
            running = [pool.submit(other.over, blocks) for other in passes[1:]]
            passes[0].over(blocks)
            for future in running:
                future.result()
    totals.carry()
    bench.clear()
    return plan.asked(totals.counts) if count else totals.counts, tuple(
        _total(plan, column, t) for column, t in zip(sums, totals.sums, strict=True)
    )


def _total(plan: _Plan, column: Addend, tables: IntArray) -> IntArray:
    """Return the sum of one column from the tables that hold it."""
    table = plan.asked(tables)
    if column.times is not None:
        return joined(table) if len(table) == DIGITS else joined_halves(table[0], table[1])
    return table[0] if len(table) == 1 else narrowed(table[0], table[1])


class _Pass:
    """The buffers of one thread: cells and values of the kept rows are gathered until there are enough to be worth a call."""

    def __init__(
        self,
        plan: _Plan,
        keep: tuple[Range, ...],
        sums: tuple[Addend, ...],
        totals: Totals,
        block: int,
        bench: Workbench,
    ) -> None:
        room = totals.room(block)
        self.plan, self.keep, self.sums, self.totals = plan, keep, sums, totals
        self.adder = Adder(totals, room, bench)
        self.scratch = _Scratch(block, plan.kind, bench, less=any(a.base or a.minus is not None for a, _ in plan.axes))
        self.cell = bench.array(room, plan.kind)
        self.values = [bench.array(room if len(t) < DIGITS else 0, np.int64) for t in totals.sums]
        self.filled = 0

    def over(self, blocks: Iterable[tuple[int, int]]) -> None:
        """Add the rows of the blocks."""
        for at, end in blocks:
            mask = _mask(self.keep, at, end, self.scratch)
            kept = end - at if mask is None else int(np.count_nonzero(mask))
            if mask is None or kept > _MOSTLY * (end - at):
                chosen, kept = None, end - at
            else:
                chosen, mask = np.flatnonzero(mask), None
            if self.filled + kept > len(self.cell):
                self._flush()
            room = slice(self.filled, self.filled + kept)
            cell = _cells(self.plan, at, end, chosen, self.scratch, self.cell[room], mask)
            for i, (column, values) in enumerate(zip(self.sums, self.values, strict=True)):
                if len(self.totals.sums[i]) == DIGITS:
                    self.adder.add_products(i, cell, *_factors(column, at, end, chosen))
                else:
                    _read(column, at, end, chosen, values[room])
            self.filled += kept
        self._flush()

    def _flush(self) -> None:
        """Add what was gathered to the tables."""
        cell = self.cell[: self.filled]
        if self.totals.count:
            self.adder.count(cell)
        for i, (total, gathered) in enumerate(zip(self.totals.sums, self.values, strict=True)):
            if len(total) < DIGITS:
                self.adder.add(i, cell, gathered[: self.filled])
        self.totals.added(self.filled)
        self.filled = 0


def _tables(column: Addend, rows: int) -> int:
    """Return how many tables hold the sum of a column: one, two halves, or the digits of long products."""
    if column.times is not None and column.largest > _INT64_MAX:
        return DIGITS
    return 1 if column.times is None and column.largest * rows <= _INT64_MAX else 2


class _Scratch:
    """Buffers of one thread, made once."""

    __slots__ = ("cell", "difference", "mask", "other", "part")

    def __init__(
        self,
        size: int,
        kind: type[np.signedinteger[Any]] | None = None,
        bench: Workbench | None = None,
        *,
        less: bool = True,
    ) -> None:
        new: Any = np.empty if bench is None else bench.array
        room = 0 if kind is None else size  # without a kind, for masks only
        self.cell = new(room if bench is None else 0, kind)
        self.part = new(room, kind)
        self.difference = new(room if less else 0, kind)
        self.mask = new(size, bool)
        self.other = new(size, bool)


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
    plan: _Plan,
    at: int,
    end: int,
    chosen: AnyArray | None,
    scratch: _Scratch,
    cell: AnyArray,
    mask: BoolArray | None = None,
) -> AnyArray:
    """Put the cell of every chosen row of the block in its place; rows that a mask leaves out fall behind the table."""
    part, difference = scratch.part[: len(cell)], scratch.difference[: len(cell)]
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
    shift = plan.shift
    if looked_up and (looked_up > 1 or len(plan.axes) > 1):
        np.minimum(cell, plan.kind(plan.cells - shift), out=cell)
    if mask is not None:
        np.subtract(cell, plan.kind(plan.cells - shift), out=cell)
        np.multiply(cell, mask, out=cell)
        shift = plan.cells
    if shift:
        np.add(cell, plan.kind(shift), out=cell)
    return cell


def capped(values: AnyArray, cap: int | None) -> AnyArray:
    """Return int32 values, or the cap where they are above it or negative: read without sign, -1 is above everything."""
    return values if cap is None else np.minimum(values.view(np.uint32), np.uint32(cap)).view(np.int32)


def _read(column: Addend, at: int, end: int, chosen: AnyArray | None, out: IntArray) -> None:
    """Put what a column adds to the sums in its place, row by row."""
    plain = column.minus is None and column.times is None
    if plain and chosen is not None and column.values.dtype == out.dtype:
        np.take(column.values[at:end], chosen, out=out, mode="clip")
        return
    values = _pick(column.values, at, end, chosen)
    if column.minus is not None:
        values = np.subtract(values, _pick(column.minus, at, end, chosen), out=out, dtype=np.int64)
    if column.times is not None:
        times = values if column.times is column.values else _pick(column.times, at, end, chosen)
        np.multiply(values, times, out=out, dtype=np.int64)
    elif column.minus is None:
        np.copyto(out, values)


def _factors(column: Addend, at: int, end: int, chosen: AnyArray | None) -> tuple[AnyArray, AnyArray]:
    """Return the two factors of products that could leave int64."""
    values = _pick(column.values, at, end, chosen)
    if column.minus is not None:
        values = np.subtract(values, _pick(column.minus, at, end, chosen), dtype=np.int64)
    assert column.times is not None
    return values, values if column.times is column.values else _pick(column.times, at, end, chosen)


def looked_up(values: AnyArray, table: AnyArray, base: int) -> AnyArray:
    """Return ``table[value - base]`` for every value, clipped at both ends."""
    out = np.empty(len(values), dtype=table.dtype)

    def part(start: int, stop: int) -> None:
        for at, end in blocks_in_order(start, stop):
            np.take(table, values[at:end] - base, out=out[at:end], mode="clip")

    in_order(part, len(values))
    return out


def packed_cells(rows: int, axes: Sequence[Axis], *, keep: Sequence[Range] = ()) -> tuple[IntArray, IntArray]:
    """Return the positions of the kept rows and the cell of each, without a table."""
    plan = _planned([_looked_up(axis) for axis in axes])

    def part(start: int, stop: int) -> tuple[list[IntArray], list[IntArray]]:
        scratch = _Scratch(min(BLOCK, rows), plan.kind)
        found, places = [], []
        for at, end in blocks_in_order(start, stop):
            chosen = _chosen(tuple(keep), at, end, scratch)
            kept = end - at if chosen is None else len(chosen)
            cell = _cells(plan, at, end, chosen, scratch, scratch.cell[:kept])
            wanted = np.flatnonzero(cell < plan.cells)
            found.append(wanted + at if chosen is None else chosen.take(wanted) + at)
            places.append(cell.take(wanted).astype(np.int64, copy=False))
        return found, places

    parts = in_order(part, rows)
    nothing = [np.zeros(0, dtype=np.int64)]
    return (
        np.concatenate(nothing + [each for found, _ in parts for each in found]),
        np.concatenate(nothing + [each for _, places in parts for each in places]),
    )


def kept_cells(
    blocks: Iterable[tuple[int, int]], axes: Sequence[Axis], *, keep: Sequence[Range] = ()
) -> Iterator[tuple[IntArray, AnyArray]]:
    """Yield the positions of the kept rows of each block and the cell of each; the cells are overwritten by the next block."""
    plan, scratch = _planned([_looked_up(axis) for axis in axes]), _Scratch(0, np.intp)
    every = all(axis.table is None for axis, _ in plan.axes)
    for at, end in blocks:
        if end - at > len(scratch.cell):
            scratch = _Scratch(end - at, plan.kind)
        chosen = _chosen(tuple(keep), at, end, scratch)
        kept = end - at if chosen is None else len(chosen)
        cell = _cells(plan, at, end, chosen, scratch, scratch.cell[:kept])
        row = np.arange(at, end) if chosen is None else np.add(chosen, at, out=chosen)
        wanted = None if every else np.flatnonzero(cell < plan.cells)
        yield (row, cell) if wanted is None or len(wanted) == kept else (row.take(wanted), cell.take(wanted))


def row_cells(rows: int, axes: Sequence[Axis], *, keep: Sequence[Range] = ()) -> AnyArray:
    """Return the cell of every row, -1 for those that are not kept, int32."""
    plan = _planned([_looked_up(axis) for axis in axes])
    out = np.empty(rows, dtype=np.int32)

    def part(start: int, stop: int) -> None:
        scratch = _Scratch(min(BLOCK, rows), plan.kind)
        for at, end in blocks_in_order(start, stop):
            chosen = _chosen(tuple(keep), at, end, scratch)
            kept = end - at if chosen is None else len(chosen)
            cell = _cells(plan, at, end, chosen, scratch, scratch.cell[:kept])
            cell[cell >= plan.cells] = -1
            if chosen is None:
                out[at:end] = cell
            else:
                out[at:end] = -1
                out[at:end][chosen] = cell

    in_order(part, rows)
    return out


def positions(rows: int, keep: Sequence[Range]) -> IntArray:
    """Return the positions of the rows that every range keeps, in order."""

    def part(start: int, stop: int) -> list[IntArray]:
        scratch = _Scratch(min(BLOCK, rows))
        found = []
        for at, end in blocks_in_order(start, stop):
            chosen = _chosen(tuple(keep), at, end, scratch)
            found.append(np.arange(at, end) if chosen is None else chosen + at)
        return found

    parts = in_order(part, rows)
    return np.concatenate([np.zeros(0, dtype=np.int64), *(each for found in parts for each in found)])


def largest_difference(values: AnyArray, minus: AnyArray, cap: int | None = None) -> int:
    """Return the largest ``values - minus`` over the rows where ``minus`` is not negative, -1 where there is none."""

    def part(start: int, stop: int) -> int:
        largest = -1
        buffer = np.empty(min(BLOCK, len(values)), dtype=np.result_type(values.dtype, minus.dtype))
        for at, end in blocks_in_order(start, stop):
            block, less = capped(values[at:end], cap), minus[at:end]
            difference = np.subtract(block, less, out=buffer[: len(block)])
            if int(less.min()) < 0:
                difference = difference[less >= 0]
            if len(difference):
                largest = max(largest, int(difference.max()))
        return largest

    return max(in_order(part, len(values)))
