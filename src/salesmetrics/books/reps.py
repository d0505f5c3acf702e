"""All reps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import InvalidDataError, show

__all__ = ["RepBook"]


@attrs.frozen(eq=False, repr=False)
class RepBook(Book):
    """Reps in columns, one row each; made by `read_reps`.

    Columns: ``id, name, team, manager, hired, role_start, left`` and any label columns. ``absences`` and ``ramps`` hold, for
    each row, the periods away and the share of full quota in each tenure month.
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
        ids: KeyColumn = self.column("id", "labels lent by reps")
        place = {key: at for at, key in enumerate(ids.values.tolist())}
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
        return [*super()._across(columns, rows), *rep_problems(columns)]

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
    hired, left = columns.get("hired"), columns.get("left")
    if isinstance(hired, DayColumn) and isinstance(left, DayColumn):
        rows = np.flatnonzero((left.days >= 0) & (hired.days >= 0) & (left.days < hired.days))
        if len(rows):
            values = list(left.take(rows).user())
            problems.append(Problem("SM-REP-03", "left", "not lie before `hired`", rows, values))
    cycle = manager_cycle(columns)
    if cycle:
        chain = " -> ".join(map(str, (*cycle, cycle[0])))
        hint = "someone in it reports to nobody: leave that manager empty."
        problems.append(Problem("SM-REP-04", "manager", "form no cycle", np.zeros(0, np.int64), [chain], hint, True))
    return problems


def manager_cycle(columns: Mapping[str, Column]) -> list[object]:
    """Return the reps of a cycle of managers, or none; an iterative walk with the set of those seen."""
    ids, manager = columns.get("id"), columns.get("manager")
    if not isinstance(ids, KeyColumn) or not isinstance(manager, LabelColumn):
        return []
    above = dict(zip(ids.values.tolist(), manager.user().tolist(), strict=True))
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
