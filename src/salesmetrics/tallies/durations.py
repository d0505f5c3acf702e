"""Durations: a count per whole day from creation to close, or to the day of the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Axis, Histogram, Range, capped, largest_difference, packed_cells, scatter
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.domain import OUTCOMES
from salesmetrics.grouping import Grouping, as_of_day, day_column, group, known_days, limit, taken, window_of
from salesmetrics.labels import Labels
from salesmetrics.tally import Tally, added, owned

__all__ = ["DurationTally"]

BASES = ("closed", "created")
_DENSE = 1 << 24
_BLOCK_CELLS = 1 << 18


@attrs.frozen(eq=False, repr=False)
class DurationTally(Tally):
    """How many deals of each outcome took how many whole days, by group and period.

    ``basis="closed"`` counts the deals closed in the period. ``basis="created"`` counts the cohort created in it as it stood
    at ``as_of``: open deals stand under the outcome ``open`` at their age on that day, which is what a curve with censoring
    needs. Held as one table of days where that is small, else as sorted (row, day, count); a row is a group, a period and an
    outcome.
    """

    what: ClassVar[str] = "durations"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    basis: str
    outcomes: tuple[str, ...]
    as_of_day: int | None
    dense: IntArray | None = owned()
    sparse: Histogram | None = owned()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        basis: str = "closed",
        outcomes: tuple[str, ...] = OUTCOMES,
    ) -> Self:
        """Return the tally of a book of deals; ``outcomes`` leaves out those that will not be asked for."""
        _check.one_of(basis, BASES, "basis")
        asked = {_check.one_of(o, OUTCOMES, "outcomes") for o in outcomes}
        chosen = tuple(o for o in OUTCOMES if o in asked and (basis == "created" or o != "open"))
        window = window_of(period)
        day = as_of_day(deals, as_of, needed="a cohort with open deals" if basis == "created" else None)
        created, closed = (day_column(deals, name, "durations") for name in ("created", "closed"))
        outcome: LabelColumn = deals.column("outcome", "durations")
        followed = basis == "created"
        state = outcome.codes
        if followed and day is not None and closed.last > day:
            state = state * (closed.days <= day)
        dates = created if followed else closed
        grouping = group(deals, by, where, reps)
        axes, keep = window.axis(dates, limit(dates, day))
        ends = [OUTCOMES.index(name) for name in chosen] or [len(OUTCOMES)]
        states = () if chosen == OUTCOMES else (Range(state, min(ends), max(ends) + 1),)
        kinds = _kinds(state, chosen)
        placed = not followed or window.periods is None
        undated, bare = _undated(
            grouping, kinds, axes if placed else None, (*states, *(keep if placed else ())), created
        )
        # a cohort holds nothing created after the day: its age would be negative, which is no place in a table
        keep = (*states, *keep, *known_days(created, day if followed else None))
        age = Axis(closed.days, 0, minus=created.days, cap=day if followed else None)
        labels, dense, sparse = _counted(grouping, (*axes, *kinds), keep, age, window.size * len(chosen), bare)
        return cls(
            labels=labels,
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            basis=basis,
            outcomes=chosen,
            as_of_day=day,
            dense=dense,
            sparse=sparse,
            left_out=np.array([undated], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        basis: str = "closed",
        outcomes: tuple[str, ...] = OUTCOMES,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        nobody = DealBook.empty((by,) if isinstance(by, str) else tuple(by or ()))
        return cls.from_book(nobody, by=by, period=period, as_of=as_of, basis=basis, outcomes=outcomes)

    @property
    def rows(self) -> int:
        """How many groups and periods there are."""
        return len(self.labels) * self.window.size

    def histogram(self) -> Histogram:
        """Return the counts as sorted (row, day, count)."""
        if self.sparse is not None:
            return self.sparse
        assert self.dense is not None
        row, day = np.nonzero(self.dense)
        return Histogram(row.astype(np.int64), day.astype(np.int64), self.dense[row, day].astype(np.int64))

    def blocks(self) -> Iterator[tuple[slice, IntArray]]:
        """Yield runs of rows with their counts of shape (rows, outcomes, days), few enough to stay in the cache."""
        kinds = max(len(self.outcomes), 1)
        if self.dense is not None:
            days = self.dense.shape[1]
        else:
            assert self.sparse is not None
            days = int(self.sparse.value.max()) + 1 if len(self.sparse.value) else 1
        step = max(_BLOCK_CELLS // (kinds * days), 1)
        for start in range(0, self.rows, step):
            stop = min(start + step, self.rows)
            yield slice(start, stop), self._table(start * kinds, stop * kinds, days).reshape(stop - start, kinds, days)

    def _table(self, start: int, stop: int, days: int) -> IntArray:
        """Return the counts of some rows as a table of days."""
        if self.dense is not None:
            return self.dense[start:stop]
        assert self.sparse is not None
        first, last = np.searchsorted(self.sparse.row, [start, stop])
        table = np.zeros((stop - start, days), dtype=np.int64)
        table[self.sparse.row[first:last] - start, self.sparse.value[first:last]] = self.sparse.count[first:last]
        return table

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the counts of both."""
        per = self.window.size * max(len(self.outcomes), 1)
        left, right = _spread(mine, per), _spread(yours, per)
        rows = len(labels) * per
        if self.dense is not None and other.dense is not None:
            days = max(self.dense.shape[1], other.dense.shape[1])
            if rows * days <= _DENSE:
                total = _padded(self.dense, left, rows, days) + _padded(other.dense, right, rows, days)
                return {"dense": total, "sparse": None}
        return {"dense": None, "sparse": self.histogram().merged(other.histogram(), left, right)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts, however they are held."""
        return self.histogram().equals(other.histogram())


def _spread(groups: AnyArray, per: int) -> AnyArray:
    """Return the places of rows from the places of their groups."""
    return (groups[:, None] * per + np.arange(per)).reshape(-1)


def _padded(table: IntArray, rows: AnyArray, height: int, days: int) -> IntArray:
    """Return a table with its rows at their new places and days up to a common last one."""
    wide = np.zeros((len(table), days), dtype=np.int64)
    wide[:, : table.shape[1]] = table
    return scatter((height, days), rows, wide)


def _kinds(state: AnyArray, chosen: tuple[str, ...]) -> tuple[Axis, ...]:
    """Return the axis of the outcome; none where there is one outcome, which a range picks."""
    if len(chosen) == 1:
        return ()
    if chosen == OUTCOMES:
        return (Axis(state, len(chosen)),)
    table = np.array([chosen.index(o) if o in chosen else -1 for o in OUTCOMES], dtype=np.int64)
    return (Axis(state, len(chosen), table=table),)


def _undated(
    grouping: Grouping,
    kinds: tuple[Axis, ...],
    axes: tuple[Axis, ...] | None,
    keep: tuple[Range, ...],
    created: DayColumn,
) -> tuple[int, IntArray]:
    """Return how many deals are left out for want of a creation day, and their groups where axes place them in a period."""
    nobody = np.zeros(0, dtype=np.int64)
    if not created.any_missing:
        return 0, nobody
    blank = Range(created.days, None, 0)
    table, _ = grouping.tabulate((*(axes or ()), *kinds), (*keep, blank))
    if axes is None:
        return int(table.sum()), nobody
    return int(table.sum()), grouping.present(table)


def _counted(
    grouping: Grouping, more: tuple[Axis, ...], keep: tuple[Range, ...], age: Axis, per: int, bare: IntArray
) -> tuple[Labels, IntArray | None, Histogram | None]:
    """Return the groups that occur, those of undated deals too, and the counts by row and day, dense where small."""
    assert age.minus is not None
    days = largest_difference(age.values, age.minus, age.cap) + 1
    rows = grouping.groups * per
    if rows * max(days, 1) <= min(_DENSE, max(1 << 20, 4 * grouping.rows)):
        table, _ = grouping.tabulate((*more, attrs.evolve(age, size=max(days, 1))), keep, short=True)
        present = np.union1d(grouping.present(table), bare)
        return grouping.labels(present), taken(table, present).reshape(len(present) * per, table.shape[-1]), None
    row, cell = packed_cells(grouping.rows, (*grouping.axes, *more), keep=(*grouping.keep, *keep))
    groups = np.union1d(cell // per, bare) if grouping.levels else np.zeros(1, dtype=np.int64)
    place = np.searchsorted(groups, cell // per) * per + cell % per
    took = capped(age.values[row], age.cap).astype(np.int64) - age.minus[row]
    return grouping.labels(groups), None, Histogram.of(place, took)
