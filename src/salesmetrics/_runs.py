"""Rows that lie in runs: what is the same all along a run is looked at once, and sums are added up run by run.

Sorted rows stand in *slots*, and in each slot by a *key*; the rows of one slot and key are a run. Of some arrays it is known
that they hold one value in a slot, or at a key wherever it occurs. A table whose axes and ranges read such arrays only is
made of the slots, the keys, and the lengths and sums of the runs: the same whole numbers, for a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Axis, Range, Tables, tabulate
from salesmetrics._lasting import Lasting
from salesmetrics._threads import in_order
from salesmetrics._wide import joined_halves
from salesmetrics.arrays import AnyArray, BoolArray, IntArray

__all__ = ["Known", "Laid"]

_BLOCK = 1 << 18
_COMPARED = 8
_COUNTED = 256
_LEAST = 1 << 12
_INT64_MAX = 2**63 - 1

Along = Literal["slot", "key"]


@attrs.frozen(eq=False)
class Known:
    """What an array of all rows holds in each slot, or at each key: one value, or values from ``least`` to ``most``."""

    rows: AnyArray
    along: Along
    least: AnyArray
    most: AnyArray

    @property
    def one(self) -> bool:
        """Whether it holds one value."""
        return self.least is self.most


@attrs.frozen(eq=False)
class Laid:
    """How rows lie in slots and runs, and what is known of arrays that hold them.

    ``edges`` is where each slot begins, and where the last one ends. ``runs`` tells where the runs stand, slot times the
    number of keys plus key; None where there is one for each slot and key, empty ones included. ``sums`` are arrays with what
    makes the sum of each run, ``squares`` arrays with what makes the sum of the squares, as upper and lower 32 bits.
    """

    edges: IntArray
    keys: int
    runs: IntArray | None
    lengths: Callable[[], IntArray]
    known: list[Known] = attrs.field(factory=list)
    sums: list[tuple[AnyArray, Callable[[], IntArray]]] = attrs.field(factory=list)
    squares: list[tuple[AnyArray, Callable[[], tuple[IntArray, IntArray]]]] = attrs.field(factory=list)
    lasting: list[Lasting] = attrs.field(factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.edges[-1])

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.edges) - 1

    def tabulate(self, axes: Sequence[Axis], keep: Sequence[Range], sums: Sequence[Addend]) -> Tables | None:
        """Return what `tabulate` gives of the rows, or None where nothing is gained by what is known of them."""
        asked = _Asked(self.slots, self.keys)
        for rule in keep:
            asked.keep(rule, self._known(rule.values))
        for at, axis in enumerate(axes):
            asked.cross(at, axis, self._known(axis.values))
        added = [self._sum(column) for column in sums]
        if not asked.left and not asked.strange and None not in added:
            return self._of_runs(axes, asked, [make() for make in added if make is not None])
        counted = None if asked.left or asked.keys.used or len(asked.strange) != 1 else self._by_slot(axes, asked)
        if counted is None and not sums:
            counted = self._by_days(axes, asked)
        if counted is not None and not sums:
            return Tables(counted, ())
        found = self._narrow(axes, asked, sums, count=counted is None)
        return found if counted is None or found is None else attrs.evolve(found, count=counted)

    def positions(self, rule: Range) -> IntArray | None:
        """Return the rows that a range keeps, in order, or None where it takes a look at them to know."""
        asked = _Asked(self.slots, self.keys)
        asked.keep(rule, self._known(rule.values))
        if asked.left or asked.keys.used:
            return None
        spans = zip(self.edges[:-1][asked.slots.cell >= 0], self.edges[1:][asked.slots.cell >= 0], strict=True)
        return np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(start, stop) for start, stop in spans)])

    def _known(self, values: AnyArray) -> Known | None:
        """Return what is known of an array."""
        return next((known for known in self.known if known.rows is values), None)

    def _sum(self, column: Addend) -> Callable[[], tuple[IntArray, ...]] | None:
        """Return what makes the sums of the runs; None where they are not known, or could leave int64.

        Sums of squares come in two: those of the upper and of the lower 32 bits of each square.
        """
        if column.times is column.values and column.minus is None:
            fits = column.largest <= _INT64_MAX and self.rows < 2**31
            return next((make for rows, make in self.squares if rows is column.values and fits), None)
        if column.times is not None or column.largest * max(self.rows, 1) > _INT64_MAX:
            return None
        more, less = (
            next((make for rows, make in self.sums if rows is of), None) for of in (column.values, column.minus)
        )
        if more is None or (less is None and column.minus is not None):
            return None
        return lambda: (more() if less is None else more() - less(),)

    # --- by runs -----------------------------------------------------------------------------------------------------

    def _of_runs(self, axes: Sequence[Axis], asked: _Asked, sums: Sequence[tuple[IntArray, ...]]) -> Tables:
        """Return the tables, made of what each run has."""
        order = [*asked.keys.axes, *asked.slots.axes]
        shape = [axes[at].size for at in order]

        def table(each: IntArray) -> IntArray:
            return self._added(each, asked.slots, asked.keys).reshape(shape).transpose(np.argsort(order)).reshape(-1)

        tables = [[table(part) for part in parts] for parts in sums]
        totals = tuple(parts[0] if len(parts) == 1 else joined_halves(*parts) for parts in tables)
        return Tables(table(self.lengths()), totals)

    def _added(self, each: IntArray, slots: _Cells, keys: _Cells) -> IntArray:
        """Return the sums of what each run has, of shape (cells of keys, cells of slots)."""
        out = np.zeros((keys.size, slots.size), dtype=np.int64)
        if self.runs is not None:
            slot, key = slots.cell.take(self.runs // self.keys), keys.cell.take(self.runs % self.keys)
            inside = np.flatnonzero((slot >= 0) & (key >= 0))
            np.add.at(out.reshape(-1), key.take(inside) * slots.size + slot.take(inside), each.take(inside))
            return out
        by_slot = np.zeros((slots.size, self.keys), dtype=np.int64)
        for cell, row in zip(slots.cell.tolist(), each.reshape(self.slots, self.keys), strict=True):
            if cell >= 0:
                by_slot[cell] += row
        wanted = np.argsort(keys.cell, kind="stable")[np.count_nonzero(keys.cell < 0) :]
        cells = keys.cell.take(wanted)
        starts = np.flatnonzero(np.append(True, np.diff(cells) != 0)[: len(cells)])
        found = by_slot.take(wanted, axis=1)
        if 0 < len(starts) < len(cells):
            found = np.add.reduceat(found, starts, axis=1)
        if len(starts) == len(out):
            return found.T
        out[cells[starts]] = found.T
        return out

    # --- by rows -----------------------------------------------------------------------------------------------------

    def _by_slot(self, axes: Sequence[Axis], asked: _Asked) -> IntArray | None:
        """Return the counts by one axis of few places that is told row by row, each slot by itself; None where it has many."""
        axis, slots = axes[asked.strange[0]], asked.slots
        plain = axis.table is None and axis.minus is None and axis.cap is None
        stretches = self._stretches(slots)
        rows = sum(stop - start for _, start, stop in stretches)
        if not plain or axis.size > _COUNTED or axis.values.dtype.itemsize > 2 or rows < _LEAST * len(stretches):
            return None

        def part(first: int, last: int) -> IntArray:
            out = np.zeros((axis.size, slots.size), dtype=np.int64)
            for cell, start, stop in stretches:
                for at in range(max(start, first), min(stop, last), _BLOCK):
                    out[:, cell] += _counted(axis, axis.values[at : min(at + _BLOCK, stop, last)])
            return out

        order = [asked.strange[0], *slots.axes]
        table = np.sum(in_order(part, self.rows), axis=0).reshape([axes[at].size for at in order])
        counts: IntArray = table.transpose(np.argsort(order)).reshape(-1)
        return counts

    def _by_days(self, axes: Sequence[Axis], asked: _Asked) -> IntArray | None:
        """Return the counts by days from one column to another, where these have been counted."""
        if asked.left or len(asked.strange) != 1:
            return None
        at, slots, keys = asked.strange[0], asked.slots, asked.keys
        found = next((each for each in self.lasting if each.is_of(axes[at])), None)
        if found is None:
            return None
        order = [*keys.axes, *slots.axes, at]
        keep = [rule for rule, inside in asked.rules if inside is None]
        return found.table(self.edges, axes, keep, order, (slots.cell, slots.size), (keys.cell, keys.size))

    def _stretches(self, slots: _Cells) -> list[tuple[int, int, int]]:
        """Return cell, start and stop of neighbouring rows of slots that fall into one cell."""
        full = np.flatnonzero(np.diff(self.edges))
        cells = slots.cell.take(full)
        new = np.flatnonzero(np.append(True, np.diff(cells) != 0)[: len(cells)])
        starts = self.edges.take(full.take(new))
        stops = np.append(starts[1:], self.rows)
        found = zip(cells.take(new).tolist(), starts.tolist(), stops[: len(starts)].tolist(), strict=True)
        return [stretch for stretch in found if stretch[0] >= 0]

    def _narrow(self, axes: Sequence[Axis], asked: _Asked, sums: Sequence[Addend], *, count: bool) -> Tables | None:
        """Return the tables of the rows between the first and the last slot that can count; None where these are all rows."""
        full = np.diff(self.edges) > 0
        wanted = np.flatnonzero(full & ~asked.outside)
        first, last = (int(wanted[0]), int(wanted[-1]) + 1) if len(wanted) else (0, 0)
        start, stop = int(self.edges[first]), int(self.edges[last])
        if stop - start == self.rows and count:
            return None
        keep = [
            rule for rule, inside in asked.rules if inside is None or not inside[first:last][full[first:last]].all()
        ]
        return tabulate(
            stop - start,
            [attrs.evolve(axis, values=axis.values[start:stop], minus=_cut(axis.minus, start, stop)) for axis in axes],
            keep=[attrs.evolve(rule, values=rule.values[start:stop]) for rule in keep],
            sums=[
                attrs.evolve(
                    column,
                    values=column.values[start:stop],
                    minus=_cut(column.minus, start, stop),
                    times=_cut(column.times, start, stop),
                )
                for column in sums
            ],
            count=count,
        )


@attrs.define(eq=False)
class _Cells:
    """The cell of each slot, or of each key, -1 where it is not wanted, and the axes that make it."""

    cell: IntArray
    axes: list[int] = attrs.field(factory=list)
    size: int = 1
    used: bool = False

    def drop(self, outside: BoolArray) -> None:
        """Leave some out."""
        self.used = True
        self.cell[outside] = -1

    def cross(self, at: int, axis: Axis, values: AnyArray) -> None:
        """Cross with an axis, whose values these are."""
        place = _positions(axis, values)
        outside = (self.cell < 0) | (place < 0)
        self.cell = self.cell * axis.size + place
        self.drop(outside)
        self.axes.append(at)
        self.size *= axis.size


class _Asked:
    """What axes and ranges make of slots and keys.

    ``strange`` are the axes, ``left`` the ranges that only rows can tell; ``rules`` are all ranges, each with the slots it
    keeps where it keeps whole slots; ``outside`` are the slots that none of the rows is wanted of.
    """

    def __init__(self, slots: int, keys: int) -> None:
        self.slots, self.keys = (_Cells(np.zeros(size, dtype=np.int64)) for size in (slots, keys))
        self.strange: list[int] = []
        self.left: list[Range] = []
        self.rules: list[tuple[Range, BoolArray | None]] = []
        self.outside = np.zeros(slots, dtype=bool)

    def keep(self, rule: Range, known: Known | None) -> None:
        """Take in a range."""
        if known is None:
            self.left.append(rule)
            self.rules.append((rule, None))
            return
        inside, touched = _inside(known, rule)
        side = self.slots if known.along == "slot" else self.keys
        if np.array_equal(inside, touched):
            side.drop(~inside)
        else:
            self.left.append(rule)
        if known.along == "slot":
            self.outside |= ~touched
        self.rules.append((rule, inside if known.along == "slot" else None))

    def cross(self, at: int, axis: Axis, known: Known | None) -> None:
        """Take in an axis."""
        if known is None or not known.one or axis.minus is not None or axis.cap is not None:
            self.strange.append(at)
        else:
            (self.slots if known.along == "slot" else self.keys).cross(at, axis, known.least)


def _positions(axis: Axis, values: AnyArray) -> IntArray:
    """Return where values stand on an axis, -1 for nowhere."""
    if axis.table is not None:
        return axis.table.take(values.astype(np.int64) - axis.base, mode="clip").astype(np.int64)
    place = values.astype(np.int64)
    return np.where(place < 0, axis.size - 1, place) if axis.edge == "last" else place


def _inside(known: Known, rule: Range) -> tuple[BoolArray, BoolArray]:
    """Return which slots or keys a range keeps as a whole, and of which it may keep some rows."""
    inside, touched = np.ones((2, len(known.least)), dtype=bool)
    if rule.low is not None:
        inside &= known.least >= rule.low
        touched &= known.most >= rule.low
    if rule.high is not None:
        inside &= known.most < rule.high
        touched &= known.least < rule.high
    return inside, touched


def _counted(axis: Axis, values: AnyArray) -> IntArray:
    """Return how many values stand at each place of an axis that has no table."""
    if axis.size <= _COMPARED:
        last = axis.size if axis.edge == "drop" else axis.size - 1  # what is nowhere else stands at the last place
        counts = [int(np.count_nonzero(values == place)) for place in range(last)]
        return np.array([*counts, len(values) - sum(counts)][: axis.size], dtype=np.int64)
    found = np.bincount(values.astype(np.intp) + 1, minlength=axis.size + 1)[: axis.size + 1].astype(np.int64)
    if axis.edge == "last":
        found[-1] += found[0]
    return found[1:]


def _cut(values: AnyArray | None, start: int, stop: int) -> AnyArray | None:
    """Return some of the values, where there are any."""
    return None if values is None else values[start:stop]
