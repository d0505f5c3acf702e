"""Pushes and pulls: changes of the expected close, counted and in days."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import date_of
from salesmetrics._kernels import Addend, Axis, Range
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
_BLOCK = 1 << 18


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
        there = paths.row if mask is None else paths.row[mask[paths.row]]
        changes = _changed(paths, mask)
        rows = np.concatenate([there, changes.rows])
        wanted = [
            name for name in dict.fromkeys([*names, *(() if reps is None else ("rep",))]) if name in named.label_names
        ]
        # labels that reps lend on a day are those of the day a deal was decided
        wanted += ["closed"] if reps is not None and reps.dated and "closed" in named.columns else []
        read = attrs.evolve(named, columns={name: named.columns[name].take(rows) for name in wanted}, rows=len(rows))
        grouping = group(read, names, None, reps, as_of=known)
        seen, tables = _counted(grouping, changes, len(there), when)
        present = grouping.present(seen)
        shape = (len(present), when.size)
        return cls(
            labels=grouping.labels(present),
            window=when,
            by=names,
            as_of_day=known,
            deals=np.repeat(seen[present].reshape(-1, 1), when.size, axis=1),
            **{name: table[present].reshape(shape) for name, table in tables.items()},
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
    """Changes from one expected close to another: row of the deal, trail, day of the change, days later (earlier: below 0)."""

    rows: IntArray
    owner: IntArray
    when: AnyArray
    days: IntArray


def _changed(paths: Trails, mask: AnyArray | None) -> _Changes:
    """Return the changes of the deals that are read."""
    at = _changes(paths)
    owner = paths.owner.take(at)
    rows = paths.row.take(owner)
    if mask is not None:
        kept = np.flatnonzero(mask[rows])
        at, owner, rows = at[kept], owner[kept], rows[kept]
    days = paths.expected.take(at).astype(np.int64) - paths.expected.take(at - 1)
    return _Changes(rows, owner, paths.day.take(at), days)


def _counted(grouping: Grouping, changes: _Changes, deals: int, window: Window) -> tuple[IntArray, dict[str, AnyArray]]:
    """Return deals of each group, and deals pushed, pushes, pulls and days of both of each group and period.

    The rows that are grouped are the deals, then the changes.
    """

    def behind(values: AnyArray) -> AnyArray:
        """Return a column of the changes, behind as many zeros as there are deals."""
        return np.concatenate([np.zeros(deals, dtype=values.dtype), values])

    change = behind(np.ones(len(changes.rows), dtype=np.uint8))
    seen, _ = grouping.tabulate((), (Range(change, 0, 1),))
    axes, keep = window.axis(behind(changes.when))
    size = behind(np.abs(changes.days))
    kind = behind((changes.days < 0).astype(np.int8))
    own = (*keep, Range(change, 1, 2))
    count, (moved,) = grouping.tabulate((*axes, Axis(kind, 2)), own, [Addend(size, int(size.max(initial=0)))])
    fresh = np.zeros(len(changes.rows), dtype=np.uint8)
    fresh[_first_pushes(changes, window)] = 1
    pushed, _ = grouping.tabulate(axes, (*keep, Range(behind(fresh), 1, 2)))
    return seen, {
        "pushed": pushed,
        "pushes": count[..., 0],
        "pulls": count[..., 1],
        "forward": moved[..., 0],
        "back": moved[..., 1],
    }


def _changes(paths: Trails) -> IntArray:
    """Return the rows whose expected close is another than that of the row before, both being there, of the same deal."""
    expected, starts = paths.expected, paths.starts
    first = np.zeros(len(expected) + 1, dtype=bool)
    first[starts] = True
    found = [np.zeros(0, dtype=np.int64)]
    for at in range(1, len(expected), _BLOCK):
        end = min(at + _BLOCK, len(expected))
        old, new = expected[at - 1 : end - 1], expected[at:end]
        other = (old != new) & (old >= 0) & (new >= 0) & ~first[at:end]
        found.append(np.flatnonzero(other) + at)
    return np.concatenate(found)


def _first_pushes(changes: _Changes, window: Window) -> IntArray:
    """Return the first push of each deal in each period; changes come in order of deal and day."""
    when, periods = changes.when, window.periods
    period = np.zeros(len(when), dtype=np.int64) if periods is None else periods.period_of(when).astype(np.int64)
    pushes = np.flatnonzero((changes.days > 0) & (period >= 0))
    deal, place = changes.owner[pushes], period[pushes]
    again = (deal[1:] == deal[:-1]) & (place[1:] == place[:-1])
    first: IntArray = pushes[np.concatenate((np.ones(min(1, len(pushes)), dtype=bool), ~again))]
    return first
