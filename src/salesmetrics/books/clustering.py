"""A second copy of the columns that questions read most, sorted by outcome and by the day decided."""

from __future__ import annotations

from typing import Any, Self

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics._threads import blocks_in_order, in_order
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import Column, DayColumn, LabelColumn

__all__ = ["Cluster", "SortedDays"]

_BOUNDS = ("any_missing", "largest", "smallest", "last")
_MOSTLY = 0.7

Runs = list[tuple[int, int]]


@attrs.frozen(eq=False)
class SortedDays(DayColumn):
    """Days that ascend within each of a few runs, so that a period is found by its ends and not day by day."""

    ends: tuple[int, ...]

    def positions(self, base: int, table: AnyArray) -> AnyArray | None:
        """Return where each day stands in a table of positions (-1: nowhere), filled in run by run."""
        out = np.empty(len(self.days), dtype=np.int8 if int(table.max()) < 128 else np.int16)
        steps = (np.flatnonzero(np.diff(table)) + 1).astype(self.days.dtype)
        values = table[np.append(0, steps)]
        start = 0
        for end in self.ends:
            cuts = start + np.searchsorted(self.days[start:end], steps + self.days.dtype.type(base))
            for value, first, last in zip(values, [start, *cuts], [*cuts, end], strict=True):
                out[first:last] = value
            start = end
        return locked(out)


@attrs.frozen(eq=False)
class Cluster:
    """The rows of a book in the order of outcome, then of the day decided, and the columns that were read in that order.

    ``order`` is the row of the book at each place. ``index`` is the place where each key begins: 0 is no outcome, 1 is open,
    then for each further outcome a key for no day and one for each day from ``base`` on. Rows of one key keep their order.
    """

    order: IntArray
    index: IntArray
    base: int
    width: int
    _read: dict[str, Column] = attrs.field(factory=dict)

    @classmethod
    def of(cls, outcome: LabelColumn, closed: DayColumn) -> Self:
        """Return the order of a book's rows, by a counting sort."""
        from scipy.sparse import csr_array

        decided = max(len(outcome.levels) - 1, 0)
        base = int(closed.days.min(initial=2**31 - 1, where=closed.days >= 0))
        width = max(closed.last - base, -1) + 2
        rows = len(outcome)
        key = np.empty(rows, dtype=np.int32 if 2 + decided * width < 2**31 else np.int64)

        def part(start: int, stop: int) -> None:
            for at, end in blocks_in_order(start, stop):
                day = np.maximum(closed.days[at:end] - (base - 1), 0)
                kind = outcome.codes[at:end].astype(key.dtype)
                np.copyto(key[at:end], np.where(kind > 0, 2 + (kind - 1) * width + day, kind + 1), casting="unsafe")

        in_order(part, rows)
        whole = np.array([0, rows], dtype=key.dtype)
        data = np.arange(rows, dtype=np.int32 if rows < 2**31 else np.int64)
        found = csr_array((data, key, whole), shape=(1, 2 + decided * width)).tocsc()
        made = cls(locked(found.data), locked(found.indptr), base, width)
        made._read.update(outcome=made._outcomes(outcome), closed=made._days(closed))
        return made

    def _outcomes(self, outcome: LabelColumn) -> LabelColumn:
        """Return the outcomes in this order, which need not be looked up row by row."""
        edges = self.index[[0, 1, *range(2, len(self.index), self.width)]]
        codes = np.arange(-1, len(edges) - 2, dtype=outcome.codes.dtype)
        return attrs.evolve(outcome, codes=np.repeat(codes, np.diff(edges)))

    def _days(self, closed: DayColumn) -> DayColumn:
        """Return the days decided in this order."""
        first = int(self.index[2])
        days = np.append(-1, np.arange(self.base, self.base + self.width - 1)).astype(closed.days.dtype)
        counts = np.diff(self.index[2:]).reshape(-1, self.width)
        runs = [closed.days.take(self.order[:first]), *(np.repeat(days, each) for each in counts)]
        return attrs.evolve(closed, days=np.concatenate(runs))

    def column(self, name: str, column: Column) -> Column:
        """Return a column of the book in this order; it is kept."""
        found = self._read.get(name)
        if found is None:
            ordered = _with_arrays(column, lambda values: _gathered(values, self.order))
            found = self._read[name] = bounded(ordered, column)
        return found

    def decided(self, kinds: range, first: int | None, last: int | None) -> Runs:
        """Return where the deals stand that were decided with some outcomes on the days of a span, both ends included.

        Without a first day those without a day belong to it.
        """
        early = 0 if first is None else min(max(first - self.base + 1, 1), self.width)
        late = self.width if last is None else min(max(last - self.base + 2, 1), self.width)
        keys = (2 + (kind - 1) * self.width for kind in kinds)
        return [(int(self.index[key + early]), int(self.index[key + max(early, late)])) for key in keys]

    @property
    def levels(self) -> int:
        """How many outcomes there are."""
        return 1 + (len(self.index) - 3) // self.width

    @property
    def opened(self) -> Runs:
        """Where the open deals stand, in the order of the book."""
        return [(int(self.index[1]), int(self.index[2]))]

    @staticmethod
    def wanted(runs: Runs) -> Runs:
        """Return runs without empty ones, neighbours as one; one for all where they are most of what lies between."""
        found: Runs = []
        for start, stop in sorted(run for run in runs if run[0] < run[1]):
            if found and found[-1][1] == start:
                start = found.pop()[0]
            found.append((start, stop))
        between = found[-1][1] - found[0][0] if found else 0
        mostly = sum(stop - start for start, stop in found) > _MOSTLY * between
        return [(found[0][0], found[-1][1])] if mostly else found

    def rows(self, runs: Runs) -> IntArray:
        """Return the rows of the book that stand in these runs."""
        return _joined(self.order, runs)

    def part(self, name: str, column: Column, runs: Runs) -> Column:
        """Return a column where it stands in these runs: a view of one run, a copy of several."""
        whole = self.column(name, column)
        part = _with_arrays(whole, lambda values: _joined(values, runs))
        if name == "closed" and isinstance(part, DayColumn):
            part = SortedDays(part.days, tuple(self._ends(runs)))
        return bounded(part, whole)

    def _ends(self, runs: Runs) -> list[int]:
        """Return where days stop ascending, counted from the start of the first run."""
        decided = range(2 + self.width, len(self.index), max(self.width, 1))
        borders = [int(self.index[2]), *(int(self.index[key]) for key in decided)]
        ends, at = [], 0
        for start, stop in runs:
            ends += [at + border - start for border in borders if start < border < stop]
            at += stop - start
            ends.append(at)
        return ends


def bounded(part: Column, whole: Column) -> Column:
    """Return some rows of a column that take over what was worked out of all: bounds of all are bounds of a part."""
    for name in _BOUNDS:
        if hasattr(type(whole), name):
            object.__setattr__(part, name, getattr(whole, name))
    return part


def _with_arrays(column: Column, change: Any) -> Column:
    """Return a column with each of its arrays changed in the same way."""
    fields: Any = attrs.fields(type(column))  # type: ignore[arg-type]
    held = {field.alias: getattr(column, field.name) for field in fields}
    arrays = {name: locked(change(values)) for name, values in held.items() if isinstance(values, np.ndarray)}
    changed: Column = attrs.evolve(column, **arrays)  # type: ignore[misc]
    return changed


def _gathered(values: AnyArray, order: IntArray) -> AnyArray:
    """Return the values in an order, on threads where that pays."""
    out = np.empty(len(order), dtype=values.dtype)

    def part(start: int, stop: int) -> None:
        for at, end in blocks_in_order(start, stop):
            np.take(values, order[at:end], out=out[at:end], mode="clip")

    in_order(part, len(order))
    return out


def _joined(values: AnyArray, runs: Runs) -> AnyArray:
    """Return the values in runs, without a copy where there is one run."""
    parts = [values[start:stop] for start, stop in runs]
    return parts[0] if len(parts) == 1 else np.concatenate([values[:0], *parts])
