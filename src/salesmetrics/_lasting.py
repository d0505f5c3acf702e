"""How long rows that lie in runs lasted, from a day to a later one: counted once by kind, key and days, and read off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np

from salesmetrics._kernels import Axis, Range, packed_cells, tabulate
from salesmetrics.arrays import AnyArray, BoolArray, IntArray

__all__ = ["Lasting", "counted_days"]


@attrs.frozen(eq=False)
class Lasting:
    """What is known of the days between two arrays of days of some rows.

    ``kinds`` is what the rows of each slot are of, -1 where their days have not been counted; ``gaps`` are the keys whose rows
    lack a day. ``counts`` gives the rows by kind, key and days, or None where there would be too many cells; ``last`` is the
    last of the later days that were counted.
    """

    later: AnyArray
    earlier: AnyArray
    last: int
    kinds: IntArray
    gaps: BoolArray
    counts: Callable[[], IntArray | None]

    def is_of(self, axis: Axis) -> bool:
        """Whether an axis asks for these days, none of them cut short."""
        same = axis.values is self.later and axis.minus is self.earlier
        return same and axis.table is None and axis.edge is None and (axis.cap is None or axis.cap >= self.last)

    def table(
        self,
        edges: IntArray,
        axes: Sequence[Axis],
        keep: Sequence[Range],
        order: Sequence[int],
        slot: tuple[IntArray, int],
        key: tuple[IntArray, int],
    ) -> IntArray | None:
        """Return the rows by axes, or None where they were not counted that way.

        ``edges`` is where slots begin; ``keep`` are the ranges that look at keys; ``slot`` and ``key`` are the cell of each
        slot and key (-1: not wanted), and how many cells there are; ``order`` are the axes that make keys, those that make
        slots, and last the one of the days.
        """
        full = np.diff(edges) > 0
        kinds = range(int(self.kinds.max(initial=-1)) + 1)
        cells = [np.unique(slot[0][full & (self.kinds == kind)]).tolist() or [-1] for kind in kinds]
        others = _together(edges, full, full & (self.kinds < 0) & (slot[0] >= 0))
        if others is None or any(len(each) > 1 for each in cells) or (key[0][self.gaps] >= 0).any():
            return None
        counts = self.counts()
        days = axes[order[-1]].size
        if counts is None:
            return None
        out = np.zeros((key[1], slot[1], days), dtype=np.int32 if int(edges[-1]) < 2**31 else np.int64)
        wanted = np.argsort(key[0], kind="stable")[np.count_nonzero(key[0] < 0) :]
        places = key[0].take(wanted)
        starts = np.flatnonzero(np.append(True, np.diff(places) != 0)[: len(places)])
        for (cell,), of_kind in zip(cells, counts, strict=False):
            if cell >= 0 and len(starts):
                found = of_kind.take(wanted, axis=0)
                if len(starts) < len(wanted):
                    found = np.add.reduceat(found, starts, axis=0, dtype=out.dtype)
                out[places[starts], cell, : counts.shape[2]] += found[:, :days]
        table = out.reshape([axes[at].size for at in order]).transpose(np.argsort(order)).reshape(-1)
        _add_rows(table, axes, keep, *others)
        return table


def _together(edges: IntArray, full: BoolArray, wanted: BoolArray) -> tuple[int, int] | None:
    """Return where the rows of some slots begin and end; None where rows of others lie between, or they are most of all."""
    some = np.flatnonzero(wanted)
    if not len(some):
        return 0, 0
    first, last = int(some[0]), int(some[-1]) + 1
    start, stop = int(edges[first]), int(edges[last])
    if 2 * (stop - start) > int(edges[-1]) or not np.array_equal(full[first:last], wanted[first:last]):
        return None
    return start, stop


def _add_rows(table: IntArray, axes: Sequence[Axis], keep: Sequence[Range], start: int, stop: int) -> None:
    """Add some rows to a table, each at its place on all axes."""
    parts = [
        attrs.evolve(axis, values=axis.values[start:stop], minus=None if axis.minus is None else axis.minus[start:stop])
        for axis in axes
    ]
    rules = [attrs.evolve(rule, values=rule.values[start:stop]) for rule in keep]
    _, cell = packed_cells(stop - start, parts, keep=rules)
    np.add.at(table, cell, np.ones(len(cell), dtype=table.dtype))


def counted_days(later: AnyArray, earlier: AnyArray, key: AnyArray, keys: int, days: int) -> IntArray:
    """Return how many rows there are by key and days between two days, in a type that holds them; where both are known."""
    axes = [Axis(key, keys), Axis(later, days, minus=earlier)]
    known = [Range(later, 0, None), Range(earlier, 0, None)]
    counts: IntArray = tabulate(len(key), axes, keep=known).count.reshape(keys, days)
    return counts
