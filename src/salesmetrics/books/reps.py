"""All reps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import AnyArray
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidDataError, nearest, show

__all__ = ["RepBook"]


@attrs.frozen(eq=False, repr=False)
class RepBook(Book):
    """Reps in columns, one row each; made by `read_reps`.

    Columns: ``id, name, team, manager, hired, role_start, left`` and any label columns. ``absences`` and ``ramps`` hold, for
    each row, the periods away and the share of full quota in each tenure month. With a column ``since`` there may be several
    rows for a rep, each with the team and manager from that day on: `on` gives the structure as it stood on a day.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> reps = sm.read_reps({"id": ["Ana", "Ben", "Ben", "Cy"], "manager": [None, "Ana", "Cy", "Ana"],
    ...                      "since": [None, None, "2026-04-01", None]})
    >>> reps.on("2026-01-31").under("Ana"), reps.on("2026-04-30").under("Cy")
    (('Ben', 'Cy'), ('Ben',))
    """

    kind: ClassVar[str] = "reps"
    absences: tuple[tuple[Period, ...], ...] = ()
    ramps: tuple[tuple[float, ...], ...] = ()

    @property
    def lendable(self) -> tuple[str, ...]:
        """The labels that reps lend to deals and quotas."""
        return tuple(name for name in self.label_names if name != "name") + (
            ("name",) if "name" in self.label_names else ()
        )

    def lend(self, name: str, owner: LabelColumn, on: int | None = None) -> LabelColumn:
        """Return, for each row of a column of reps, the label its rep has under a name."""
        column: LabelColumn = self.column(name, "a label lent by reps")
        table = self.lookup(name, owner, on)
        return LabelColumn(table[owner.codes].astype(column.codes.dtype), column.levels, column.ordered)

    def lookup(self, name: str, owner: LabelColumn, on: int | None = None) -> AnyArray:
        """Return the code of the lent label for each level of the owners, then -1 for the missing owner."""
        column: LabelColumn = self.column(name, "a label lent by reps")
        rows = self.rows_of(owner)
        codes = np.where(rows >= 0, column.codes.astype(np.int64)[rows] if len(column) else -1, -1)
        if on is not None and self.rows:
            codes = np.where(self.present(on)[rows], codes, -1)
        return codes

    def rows_of(self, owner: LabelColumn) -> AnyArray:
        """Return the row of each level of the owners, then -1 for the missing owner; every level must be known."""
        place = self.places()
        unknown = [level for level in owner.levels if level not in place]
        if unknown:
            raise InvalidDataError(
                f"`reps` must know every rep of the deals and quotas; got {len(unknown)} of {len(owner.levels)} unknown "
                f"(first: {show(unknown[0])}).",
                code="SM-REP-05",
                field="rep",
                values=unknown[:10],
                hint=f"add them to the rep book, or leave them out: where={{'rep': [...]}}. Reps: "
                f"{', '.join(show(k) for k in list(place)[:10])}.",
            )
        return np.array([*(place[level] for level in owner.levels), -1], dtype=np.int64)

    def places(self) -> dict[object, int]:
        """Return the row of each rep, who must have one only."""
        ids: KeyColumn = self.column("id", "labels lent by reps")
        place = {key: at for at, key in enumerate(ids.values.tolist())}
        if len(place) < self.rows:
            raise InvalidDataError(
                f"`reps` must have one row for each rep; got {self.rows} rows for {len(place)} reps.",
                code="SM-REP-06",
                field="reps",
                hint="reps.on('2026-10-31') gives the structure as it stood on a day.",
            )
        return place

    def on(self, day: object) -> Self:
        """Return the structure as it stood on a day: one row for each rep, the latest whose ``since`` is not after it.

        A row without ``since`` holds from the beginning; a rep whose rows all begin later is not there yet.
        """
        number = _check.day(day, "day")
        since = self.columns.get("since")
        if not isinstance(since, DayColumn):
            return self
        ids: KeyColumn = self.column("id", "the structure on a day")
        rows = np.flatnonzero(since.days <= number)
        order = rows[np.lexsort((since.days[rows], ids.values[rows]))]
        keys = ids.values[order]
        last = np.ones(len(order), dtype=bool)
        last[:-1] = keys[1:] != keys[:-1]
        book = self.take(np.sort(order[last]))
        return attrs.evolve(book, columns={name: c for name, c in book.columns.items() if name != "since"})

    def chain(self) -> dict[object, tuple[object, ...]]:
        """Return the way down to each rep: the manager at the top first, the rep last."""
        manager: LabelColumn = self.column("manager", "a hierarchy")
        above = dict(zip(self.places(), manager.user().tolist(), strict=True))
        ways: dict[object, tuple[object, ...]] = {}
        for rep in above:
            way = [rep]
            while (boss := above.get(way[-1])) is not None:
                way.append(boss)
            ways[rep] = tuple(reversed(way))
        return ways

    def under(self, manager: object) -> tuple[object, ...]:
        """Return everybody below a manager, at any depth, in the order of the rows."""
        found = tuple(rep for rep, way in self.chain().items() if manager in way[:-1])
        if not found and manager not in self.places():
            raise InvalidDataError(
                f"`manager` must be a rep or the manager of one; got {show(manager)}.",
                code="SM-REP-07",
                field="manager",
                values=[manager],
                hint=nearest(manager, [str(rep) for rep in self.places()]),
            )
        return found

    def with_levels(self) -> Self:
        """Return the book with label columns ``level_1`` (the top), ``level_2``, ...: who stands above each rep at each depth.

        A manager stands under its own name at its own depth, so ``by="level_2"`` adds up everything below and including each
        manager of the second level. Who stands higher has no label there: the missing row, so the rows add up to the whole.
        """
        ways = list(self.chain().values())
        depth = max((len(way) for way in ways), default=0)
        columns: dict[str, Column] = dict(self.columns)
        for level in range(depth):
            names = [way[level] if level < len(way) else None for way in ways]
            levels = tuple(
                sorted({name for name in names if name is not None}, key=lambda name: (str(type(name)), name))
            )
            place: dict[object, int] = {name: at for at, name in enumerate(levels)} | {None: -1}
            codes = np.array([place[name] for name in names], dtype=np.int64)
            columns[f"level_{level + 1}"] = LabelColumn(smallest_codes(codes, len(levels)), levels)
        return attrs.evolve(self, columns=columns)

    def with_cohorts(self, periods: Periods) -> Self:
        """Return the book with a label column ``cohort``: the period in which each rep's clock starts, in order of time.

        The clock starts at ``role_start``, else at ``hired``; who starts in none of the periods has no cohort.
        """
        start = np.full(self.rows, -1, dtype=np.int64)
        for name in ("hired", "role_start"):
            column = self.columns.get(name)
            if isinstance(column, DayColumn):
                start = np.where(column.days >= 0, column.days, start)
        codes = smallest_codes(periods.period_of(start), len(periods))
        cohort = LabelColumn(codes, tuple(str(period) for period in periods), ordered=True)
        return attrs.evolve(self, columns={**self.columns, "cohort": cohort})

    def present(self, day: int) -> AnyArray:
        """Return True for the reps employed on a day, as far as their dates tell."""
        here = np.ones(self.rows, dtype=bool)
        hired, left = self.columns.get("hired"), self.columns.get("left")
        if isinstance(hired, DayColumn):
            here &= hired.days <= day
        if isinstance(left, DayColumn):
            here &= (left.days < 0) | (left.days > day)
        return here

    def _taken(self, rows: AnyArray) -> dict[str, Any]:
        """Return absences and ramps of these rows."""
        picked = rows.tolist()
        return {
            "absences": tuple(self.absences[i] for i in picked) if self.absences else (),
            "ramps": tuple(self.ramps[i] for i in picked) if self.ramps else (),
        }

    def _joined(self, columns: Any, rows: int, rejects: Any, notes: Any, others: Any) -> Self:
        """Return the joined book with absences and ramps of all parts."""
        book = super()._joined(columns, rows, rejects, notes, others)
        parts = [self, *others]
        return attrs.evolve(
            book,
            absences=tuple(a for part in parts for a in (part.absences or ((),) * part.rows)),
            ramps=tuple(r for part in parts for r in (part.ramps or ((),) * part.rows)),
        )

    def _across(self, columns: Mapping[str, Column], rows: int) -> list[Problem]:
        """Return what is wrong between rows: an id stands once, managers form no cycle."""
        twice = doubled_reps(columns) if "since" in columns else super()._across(columns, rows)
        return [*twice, *rep_problems(columns)]

    def equals(self, other: object) -> bool:
        """Return True where both hold the same reps, absences and ramps."""
        if not super().equals(other) or not isinstance(other, RepBook):
            return False
        nothing: tuple[Any, ...] = ((),) * self.rows
        return (self.absences or nothing) == (other.absences or nothing) and (self.ramps or nothing) == (
            other.ramps or nothing
        )


def rep_problems(columns: Mapping[str, Column]) -> list[Problem]:
    """Return what is wrong between reps: someone who left before the start, managers in a cycle."""
    problems = []
    left = columns.get("left")
    for name in ("hired", "role_start"):
        first = columns.get(name)
        if isinstance(first, DayColumn) and isinstance(left, DayColumn):
            rows = np.flatnonzero((left.days >= 0) & (first.days >= 0) & (left.days < first.days))
            if len(rows):
                values = list(left.take(rows).user())
                problems.append(Problem("SM-REP-03", "left", f"not lie before `{name}`", rows, values))
                break
    cycle = manager_cycle(columns)
    if cycle:
        chain = " -> ".join(map(str, (*cycle, cycle[0])))
        hint = "someone in it reports to nobody: leave that manager empty."
        problems.append(Problem("SM-REP-04", "manager", "form no cycle", np.zeros(0, np.int64), [chain], hint, True))
    return problems


def doubled_reps(columns: Mapping[str, Column]) -> list[Problem]:
    """Return the problem of a rep with two rows from the same day on."""
    ids, since = columns["id"], columns["since"]
    assert isinstance(ids, KeyColumn)
    assert isinstance(since, DayColumn)
    order = np.lexsort((since.days, ids.values))
    keys, days = ids.values[order], since.days[order]
    again = np.flatnonzero((keys[1:] == keys[:-1]) & (days[1:] == days[:-1]))
    if not len(again):
        return []
    rows = np.unique(np.concatenate([order[again], order[again + 1]])).astype(np.int64)
    return [Problem("SM-KEY-04", "id", "stand once from any day on", rows, list(ids.values[rows]), "keep one of them.")]


def manager_cycle(columns: Mapping[str, Column]) -> list[object]:
    """Return the reps of a cycle of managers on some day, or none."""
    ids, manager, since = columns.get("id"), columns.get("manager"), columns.get("since")
    if not isinstance(ids, KeyColumn) or not isinstance(manager, LabelColumn):
        return []
    keys, bosses = ids.values.tolist(), manager.user().tolist()
    if not isinstance(since, DayColumn):
        return _cycle(dict(zip(keys, bosses, strict=True)))
    order = np.argsort(since.days, kind="stable").tolist()
    above: dict[object, object] = {}
    for at, row in enumerate(order):
        above[keys[row]] = bosses[row]
        last_of_day = at + 1 == len(order) or since.days[order[at + 1]] != since.days[row]
        if last_of_day and (cycle := _cycle(above)):
            return cycle
    return []


def _cycle(above: Mapping[object, object]) -> list[object]:
    """Return a cycle, or none; an iterative walk with the set of those seen."""
    done: set[object] = set()
    for start in above:
        path: dict[object, None] = {}
        at: object = start
        while at is not None and at in above and at not in done:
            if at in path:
                walked = list(path)
                return walked[walked.index(at) :]
            path[at] = None
            at = above[at]
        done.update(path)
    return []
