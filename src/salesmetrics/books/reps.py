"""All reps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import date_of
from salesmetrics.arrays import AnyArray
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, smallest_codes
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, nearest, show

__all__ = ["RepBook"]

_LAST_DAY = 1 << 20


@attrs.frozen(eq=False, repr=False)
class RepBook(Book):
    """Reps in columns, one row each; made by `read_reps`.

    Columns: ``id, name, team, manager, hired, role_start, left`` and any label columns. ``absences`` and ``ramps`` hold, for
    each row, the periods away and the share of full quota in each tenure month. With a column ``since`` there may be several
    rows for a rep, each with the team and manager from that day on: labels are then lent by the structure in force on each
    deal's own day, and `on` gives the structure as it stood on one day. ``unknown`` is the label of reps that are not in it.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> reps = sm.read_reps({"id": ["Ana", "Ben", "Ben", "Cy"], "manager": [None, "Ana", "Cy", "Ana"],
    ...                      "since": [None, None, "2026-04-01", None]})
    >>> reps.on("2026-01-31").under("Ana"), reps.on("2026-04-30").under("Cy")
    (('Ben', 'Cy'), ('Ben',))
    """

    kind: ClassVar[str] = "reps"
    _unlisted: ClassVar[tuple[str, ...]] = (
        *("chain", "lend", "lendable", "lookup", "places", "present", "rows_at", "rows_of", "unknown_code"),
    )
    absences: tuple[tuple[Period, ...], ...] = ()
    ramps: tuple[tuple[float, ...], ...] = ()
    unknown: str | None = None

    @property
    def dated(self) -> bool:
        """True where the structure changes on days: a rep may have several rows."""
        return isinstance(self.columns.get("since"), DayColumn)

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
        codes = np.append(column.codes.astype(np.int64), [self.unknown_code(name), -1])[rows]
        if on is not None and self.rows:
            codes = np.where(np.append(self.present(on), [True, True])[rows], codes, -1)
        return codes

    def unknown_code(self, name: str) -> int:
        """Return the code of the label of reps that are not in the book, -1 where there is none."""
        column: LabelColumn = self.column(name, "a label lent by reps")
        return column.levels.index(self.unknown) if self.unknown in column.levels else -1

    def rows_of(self, owner: LabelColumn) -> AnyArray:
        """Return the row of each level of the owners, then -1 for the missing owner; every level must be known.

        Where the book has a label for unknown reps, they stand in a row behind the last.
        """
        place = self.places()
        self._all_known(owner, place)
        return np.array([*(place.get(level, self.rows) for level in owner.levels), -1], dtype=np.int64)

    def _all_known(self, owner: LabelColumn, place: Mapping[object, object]) -> None:
        """Raise where owners are not in the book and it has no label for them."""
        unknown = [level for level in owner.levels if level not in place]
        if unknown and self.unknown is None:
            names = ", ".join(show(name) for name in unknown[:12]) + (", …" if len(unknown) > 12 else "")
            raise InvalidDataError(
                f"`reps` must know every rep of the deals and quotas; got {len(unknown)} of {len(owner.levels)} unknown: "
                f"{names}.",
                code="SM-REP-05",
                field="rep",
                values=unknown,
                hint="add them to the rep book, leave them out by where={'rep': [...]}, or read it with unknown='other'. Reps: "
                f"{', '.join(show(k) for k in list(place)[:10])}.",
            )

    def rows_at(self, owner: LabelColumn, days: AnyArray) -> AnyArray:
        """Return the row in force for each rep of a column on each day.

        -1 where there is no rep, or its rows all begin later; one behind the last for a rep that is not in the book.
        """
        ids: KeyColumn = self.column("id", "labels lent by reps")
        keys, code = np.unique(ids.values, return_inverse=True)
        place: dict[object, int] = {key: at for at, key in enumerate(keys.tolist())}
        self._all_known(owner, place)
        since: DayColumn = self.column("since", "the structure on a day")
        packed = code.reshape(-1).astype(np.int64) * (1 << 32) + since.days
        order = np.argsort(packed, kind="stable")
        who = np.array([*(place.get(level, -2) for level in owner.levels), -1], dtype=np.int64)[owner.codes]
        at = np.searchsorted(packed[order], who * (1 << 32) + days, side="right") - 1
        row = order[np.maximum(at, 0)] if self.rows else np.zeros(len(who), dtype=np.int64)
        found = (at >= 0) & (who >= 0)
        found[found] = code.reshape(-1)[row[found]] == who[found]
        rows: AnyArray = np.where(found, row, np.where(who == -2, self.rows, -1))
        return rows

    def latest(self) -> Self:
        """Return one row for each rep: the last of those that there are."""
        return self.on(date_of(_LAST_DAY)) if self.dated else self

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
        book = self.take(np.sort(self._in_force(number)))
        return attrs.evolve(book, columns={name: c for name, c in book.columns.items() if name != "since"})

    def _in_force(self, day: int) -> AnyArray:
        """Return the row of each rep that is there on a day."""
        ids: KeyColumn = self.column("id", "the structure on a day")
        since: DayColumn = self.column("since", "the structure on a day")
        rows = np.flatnonzero(since.days <= day)
        order = rows[np.lexsort((since.days[rows], ids.values[rows]))]
        keys = ids.values[order]
        last = np.ones(len(order), dtype=bool)
        last[:-1] = keys[1:] != keys[:-1]
        return order[last]

    def chain(self) -> dict[object, tuple[object, ...]]:
        """Return the way down to each rep: the manager at the top first, the rep last."""
        manager: LabelColumn = self.column("manager", "a hierarchy")
        return _ways(dict(zip(self.places(), manager.user().tolist(), strict=True)))

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
        manager of the second level. Who stands higher has no label there: the missing row, so the rows add up to the whole. In
        a book of several days there is a row for each day from which a rep has others above.
        """
        book, ways = self._dated_ways() if self.dated else (self, list(self.chain().values()))
        depth = max((len(way) for way in ways), default=0)
        columns: dict[str, Column] = dict(book.columns)
        for level in range(depth):
            names = [way[level] if level < len(way) else None for way in ways]
            levels = tuple(
                sorted({name for name in names if name is not None}, key=lambda name: (str(type(name)), name))
            )
            place: dict[object, int] = {name: at for at, name in enumerate(levels)} | {None: -1}
            codes = np.array([place[name] for name in names], dtype=np.int64)
            columns[f"level_{level + 1}"] = LabelColumn(smallest_codes(codes, len(levels)), levels)
        return attrs.evolve(book, columns=columns)

    def _dated_ways(self) -> tuple[Self, list[tuple[object, ...]]]:
        """Return a row for each rep and day from which its row or the way down to it is another, and those ways."""
        manager: LabelColumn = self.column("manager", "a hierarchy")
        since: DayColumn = self.column("since", "the structure on a day")
        keys, bosses = self["id"].tolist(), manager.user().tolist()
        rows, days, found = list[int](), list[int](), list[tuple[object, ...]]()
        last: dict[object, tuple[int, tuple[object, ...]]] = {}
        for day in np.unique(since.days).tolist():
            there = np.sort(self._in_force(day)).tolist()
            ways = _ways({keys[row]: bosses[row] for row in there})
            for row in there:
                state = row, ways[keys[row]]
                if last.get(keys[row]) != state:
                    last[keys[row]] = state
                    rows.append(row)
                    days.append(day)
                    found.append(state[1])
        book = self.take(np.array(rows, dtype=np.int64))
        changed = DayColumn(np.array(days, dtype=np.int32))
        return attrs.evolve(book, columns={**book.columns, "since": changed}), found

    def to_dict(self) -> dict[str, AnyArray]:
        """Return the columns in the user's terms; absences and ramps, where there are any, as texts that `read_reps` reads."""
        columns = super().to_dict()
        spans = [" ".join(f"{period.start}/{period.end}" for period in held) for held in self.absences]
        shares = [" ".join(np.format_float_positional(share, trim="-") for share in held) for held in self.ramps]
        for name, cells in (("absences", spans), ("ramp", shares)):
            if any(cells):
                columns[name] = _check.locked(np.fromiter((cell or None for cell in cells), object, len(cells)))
        return columns

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
        if self.unknown != other.unknown:
            return False
        nothing: tuple[Any, ...] = ((),) * self.rows
        return (self.absences or nothing) == (other.absences or nothing) and (self.ramps or nothing) == (
            other.ramps or nothing
        )


def with_level(columns: Mapping[str, Column], label: object) -> dict[str, Column]:
    """Return columns in which every column of texts knows one more label."""
    if not isinstance(label, str) or not label.strip():
        raise InvalidArgumentError(
            f"`unknown` must be a label; got {show(label)}.",
            code="SM-REP-09",
            field="unknown",
            values=[label],
            hint="unknown='other'.",
        )
    more: dict[str, Column] = dict(columns)
    for name, column in columns.items():
        if isinstance(column, LabelColumn) and all(isinstance(level, str) for level in column.levels):
            nobody = LabelColumn(np.zeros(0, dtype=np.int8), (label,))
            more[name] = column.concat([nobody])
    return more


def _ways(above: Mapping[object, object]) -> dict[object, tuple[object, ...]]:
    """Return the way down to each rep, from the manager of each."""
    ways: dict[object, tuple[object, ...]] = {}
    for rep in above:
        way = [rep]
        while (boss := above.get(way[-1])) is not None:
            way.append(boss)
        ways[rep] = tuple(reversed(way))
    return ways


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
