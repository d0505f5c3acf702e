"""Pushes and pulls: changes of the expected close, counted and in days."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import date_of
from salesmetrics._histograms import summed
from salesmetrics._kernels import Addend, Axis, Range, row_cells, tabulate
from salesmetrics._threads import each_of
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import KeyColumn, LabelColumn, smallest_codes
from salesmetrics.grouping import Grouping, Window, group, window_of
from salesmetrics.labels import Labels, Levels
from salesmetrics.tally import Tally, added
from salesmetrics.trails import Trails, trails

__all__ = ["PushTally"]

By = str | tuple[str, ...] | list[str] | None


@attrs.frozen(eq=False, repr=False)
class PushTally(Tally):
    """Changes of the expected close to a later day (pushes) and an earlier one (pulls): how many, and by how many days.

    ``deals`` counts the deals that were read, ``pushed`` those with a push in the window.
    """

    what: ClassVar[str] = "pushes"

    by: tuple[str, ...]
    as_of_day: int | None
    deals: IntArray = added()
    pushed: IntArray = added()
    pushes: IntArray = added()
    pulls: IntArray = added()
    forward: IntArray = added()
    back: IntArray = added()

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory,
        *,
        by: By = None,
        window: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
    ) -> Self:
        """Return the tally of deals and their changes, under the labels the deals have now; ``by="id"`` is deal by deal."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        when = window_of(window)
        day = _check.optional_day(as_of, "as_of")
        known = next((d for d in (day, deals.as_of_day, history.as_of_day) if d is not None), None)
        paths = trails(deals, history, as_of=None if known is None else date_of(known))
        paths.history.column("expected_close", "pushes of the expected close")
        named = _with_ids(deals) if "id" in names else deals
        mask = named.mask(where)
        # labels that reps lend on a day are those of the day a deal was decided
        grouping = group(named, names, mask, reps, as_of=known)
        cells: AnyArray | None = None
        if grouping.axes or grouping.keep:
            cells = paths.of_book(row_cells(grouping.rows, grouping.axes, keep=grouping.keep))
        whose = () if cells is None else (Axis(cells, grouping.groups, edge="drop"),)
        seen = tabulate(len(paths), whose).count.astype(np.int64, copy=False)
        tables = _counted(paths, cells, grouping, when)
        present = grouping.present(seen)
        return cls(
            labels=grouping.labels(present),
            window=when,
            by=names,
            as_of_day=known,
            deals=np.repeat(seen[present].reshape(-1, 1), when.size, axis=1),
            **{name: table.reshape(len(seen), when.size)[present] for name, table in tables.items()},
        )

    @classmethod
    def empty(cls, *, by: By = None, window: object = None, as_of: object = None) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        when = window_of(window)
        labels = Labels(tuple(Levels(n, ()) for n in names), np.zeros((0, len(names)), dtype=np.int64))
        nothing = np.zeros((0 if names else 1, when.size), dtype=np.int64)
        return cls(
            labels=labels if names else Labels.single(),
            window=when,
            by=names,
            as_of_day=_check.optional_day(as_of, "as_of"),
            deals=nothing,
            pushed=nothing,
            pushes=nothing,
            pulls=nothing,
            forward=nothing,
            back=nothing,
        )


def _with_ids(deals: DealBook) -> DealBook:
    """Return the book with its ids as labels, so that they can be grouped by."""
    ids: KeyColumn = deals.column("id", "grouping by deal")
    distinct, codes = np.unique(ids.values, return_inverse=True)
    return deals.with_labels(
        {"id": LabelColumn(smallest_codes(codes.reshape(-1), len(distinct)), tuple(distinct.tolist()))}
    )


@attrs.frozen(eq=False)
class _Changes:
    """Changes from one expected close to another: whose, the group of the deal, the day, days later (earlier: below 0)."""

    owner: IntArray
    cell: AnyArray | None
    when: AnyArray
    days: AnyArray


def _counted(paths: Trails, cells: AnyArray | None, grouping: Grouping, window: Window) -> dict[str, IntArray]:
    """Return deals pushed, pushes, pulls and days of both of each group and period.

    A stretch of deals after the other: what is made of their changes stays small beside the history. A table of more cells
    than changes is made for longer ones.
    """
    grouping.check_size((grouping.groups,))
    grouping.check_size((grouping.groups, window.size, 2))
    bounds = paths.stretches(4 * grouping.groups * window.size)

    def part(at: int) -> dict[str, IntArray]:
        return _tables(_changed(paths, *bounds[at], cells), grouping.groups, window)

    found = each_of(part, len(bounds), len(paths.expected))
    return {name: summed([tables[name] for tables in found]) for name in found[0]}


def _tables(changes: _Changes, groups: int, window: Window) -> dict[str, IntArray]:
    """Return the tables of some of the deals."""
    axes, keep = window.axis(changes.when)
    if changes.cell is not None:
        axes = (Axis(changes.cell, groups, edge="drop"), *axes)
    rows, size = len(changes.when), np.abs(changes.days)
    kind = (changes.days < 0).astype(np.int8)
    both = tabulate(rows, (*axes, Axis(kind, 2)), keep=keep, sums=[Addend(size, int(size.max(initial=0)))])
    count, moved = (table.astype(np.int64, copy=False).reshape(-1, 2) for table in (both.count, both.sums[0]))
    fresh = np.zeros(rows, dtype=np.uint8)
    fresh[_first_pushes(changes, window)] = 1
    pushed = tabulate(rows, axes, keep=(*keep, Range(fresh, 1, 2))).count.astype(np.int64, copy=False)
    return {"pushed": pushed, "pushes": count[:, 0], "pulls": count[:, 1], "forward": moved[:, 0], "back": moved[:, 1]}


def _changed(paths: Trails, first: int, last: int, cells: AnyArray | None) -> _Changes:
    """Return the changes of a stretch of the deals: where the expected close is another than before, both being there."""
    start, stop = int(paths.starts[first]), int(paths.starts[last])
    expected, begins = paths.expected[start:stop], paths.starts[first : last + 1] - start
    other = np.zeros(len(expected), dtype=bool)
    old, new = expected[:-1], expected[1:]
    np.logical_and(old != new, (old >= 0) & (new >= 0), out=other[1:])
    other[begins[:-1]] = False
    at = np.flatnonzero(other)
    owner = np.searchsorted(begins, at, side="right") - 1
    days = expected.take(at) - expected.take(at - 1)
    return _Changes(
        owner, None if cells is None else cells[first:last].take(owner), paths.day[start:stop].take(at), days
    )


def _first_pushes(changes: _Changes, window: Window) -> IntArray:
    """Return the first push of each deal in each period; changes come in order of deal and day."""
    when, periods = changes.when, window.periods
    period = np.zeros(len(when), dtype=np.int64) if periods is None else periods.period_of(when).astype(np.int64)
    pushes = np.flatnonzero((changes.days > 0) & (period >= 0))
    deal, place = changes.owner[pushes], period[pushes]
    again = (deal[1:] == deal[:-1]) & (place[1:] == place[:-1])
    first: IntArray = pushes[np.concatenate((np.ones(min(1, len(pushes)), dtype=bool), ~again))]
    return first
