"""Rows that a deal book knows of and a history does not: creations, and closes."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.placing import all_in_order, places, rows_at, taken
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES

__all__ = ["completed"]

_NAMES = {"source_currency": "currency"}
"""What a deal book calls a column of a history, where that is another name."""


def completed(
    deals: DealBook, history: DealHistory, row: IntArray | None, notes: list[str], *, closings: bool
) -> tuple[DealHistory, IntArray | None]:
    """Return the history with the rows that are missing, and the row of the book for each of its deals (None: all in order)."""
    added = _Additions(deals, history)
    untold = np.ones(0 if row is None else deals.rows, dtype=bool)
    untold[slice(None) if row is None else row] = False
    silent = np.flatnonzero(untold)
    added.untold(silent)
    since = added.closed_before(row)
    late = added.late(row, since)
    if closings:
        added.closings(row)
    if len(silent):
        notes.append(f"deals without a history, in their present stage since they were created: {len(silent):,}")
    if late:
        notes.append(f"deals created before their history begins, in an unknown stage until then: {late:,}")
    if len(since):
        notes.append(f"deals closed before their history begins, as it finds them: {len(since):,}")
    if not added.rows:
        return history, row
    history = added.joined()
    ids: KeyColumn = deals.column("id", "a history")
    row = places(ids, history.ids)
    return history, None if len(row) == deals.rows and all_in_order(row) else row


class _Additions:
    """Rows that a book knows of and a history does not."""

    def __init__(self, deals: DealBook, history: DealHistory) -> None:
        self.deals, self.history = deals, history
        self.parts: list[tuple[IntArray, AnyArray, AnyArray, AnyArray]] = []
        # rows of the history that were in force before their own day, and since when
        self.first = np.zeros(0, dtype=np.int64)
        self.since = np.zeros(0, dtype=np.int32)
        self.closed = self._days("closed")
        outcome = deals.columns.get("outcome")
        self.outcome = outcome.codes if isinstance(outcome, LabelColumn) else np.zeros(deals.rows, dtype=np.int8)

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(len(part[0]) for part in self.parts) + len(self.first)

    def _days(self, name: str) -> AnyArray:
        column = self.deals.columns.get(name)
        return column.days if isinstance(column, DayColumn) else np.full(self.deals.rows, -1, dtype=np.int32)

    def _add(self, rows: IntArray, days: AnyArray, *, state: bool, stage: bool, decided: bool) -> None:
        """Add a row for each of these deals: in its present state or an unknown one, open or as it was decided."""
        outcome = self.outcome.take(rows) if decided else np.zeros(len(rows), dtype=np.int8)
        known = np.full(len(rows), (2 if stage else 1) if state else 0, dtype=np.int8)
        if len(rows):
            self.parts.append((rows, days, outcome, known))

    def untold(self, rows: IntArray) -> None:
        """Add the creation of deals without any row, and their close."""
        decided = self.outcome.take(rows) > OPEN
        # a deal whose creation is not known exists on every day, as in a deal book alone, whatever the other deals are
        created = np.maximum(self._days("created").take(rows), 0)
        once = decided & (created == self.closed.take(rows))
        at = np.flatnonzero(~decided), np.flatnonzero(decided & ~once), np.flatnonzero(once)
        still, ended, same = (rows.take(some) for some in at)
        self._add(still, created.take(at[0]), state=True, stage=True, decided=False)
        self._add(ended, created.take(at[1]), state=True, stage=False, decided=False)
        self._add(ended, self.closed.take(ended), state=True, stage=True, decided=True)
        self._add(same, created.take(at[2]), state=True, stage=True, decided=True)

    def closed_before(self, row: IntArray | None) -> IntArray:
        """Add the close of deals whose first row finds them closed already; return which ones of the history they are."""
        told = self.history.columns.get("outcome")
        end = taken(self.closed, row)
        trails = np.flatnonzero((self.history.born > end) & (end >= 0))
        if isinstance(told, LabelColumn) and len(trails):
            first = told.codes.take(self.history.starts.take(trails))
            trails = trails[(first > OPEN) & (first == self.outcome.take(rows_at(row, trails)))]
        self.first, self.since = self.history.starts.take(trails), end.take(trails)
        return trails

    def late(self, row: IntArray | None, closed: IntArray) -> int:
        """Add the creation of deals whose first row comes after it; return how many there are."""
        begin = taken(self._days("created"), row)
        first = self.history.born
        if len(closed):
            first = first.copy()
            first[closed] = self.since
        rows = rows_at(row, np.flatnonzero((first > begin) & (begin >= 0)))
        self._add(rows, self._days("created").take(rows), state=False, stage=False, decided=False)
        return len(rows)

    def closings(self, row: IntArray | None) -> None:
        """Add the close of decided deals that have no row on that day or after."""
        end = taken(self.closed, row)
        rows = rows_at(row, np.flatnonzero((end > self.history.ended) & (taken(self.outcome, row) > OPEN)))
        self._add(rows, self.closed.take(rows), state=True, stage=True, decided=True)

    def joined(self) -> DealHistory:
        """Return the history with these rows in their places."""
        nothing = np.zeros(0, dtype=np.int64)
        rows, days, outcome, known = (
            np.concatenate([nothing, *part]) for part in (zip(*self.parts, strict=True) if self.parts else [()] * 4)
        )
        columns: dict[str, Column] = {}
        for name, column in self.history.columns.items():
            if name == "deal":
                more: Column = self.deals.columns["id"].take(rows)
            elif name == "date":
                more = DayColumn(days.astype(np.int32))
            elif name == "outcome":
                more = LabelColumn(outcome.astype(np.int8), OUTCOMES, ordered=True)
            else:
                more = _blanked(
                    column, self.deals.columns.get(_NAMES.get(name, name)), rows, known < (2 if name == "stage" else 1)
                )
            since = DayColumn(self.since) if name == "date" else column.take(self.first)
            columns[name] = column.concat([more, since])
        return attrs.evolve(self.history, columns=columns, rows=self.history.rows + self.rows)


def _blanked(column: Column, present: Column | None, rows: IntArray, unknown: AnyArray) -> Column:
    """Return the present values of deals in the form of a column of the history, missing where they are not known."""
    own = present.take(rows) if type(present) is type(column) else None
    if isinstance(column, LabelColumn):
        if not isinstance(own, LabelColumn):
            return LabelColumn(np.full(len(rows), -1, dtype=np.int8), column.levels, column.ordered)
        return LabelColumn(np.where(unknown, -1, own.codes), own.levels, own.ordered)
    if isinstance(column, MoneyColumn):
        if not isinstance(own, MoneyColumn):
            return MoneyColumn(
                np.zeros(len(rows), dtype=np.int64), locked(np.zeros(len(rows), dtype=bool)), column.scale
            )
        held = locked(~(own.missing() | unknown))
        return MoneyColumn(own.minor * held, held, column.scale)
    if isinstance(column, DayColumn):
        held_days = own.days if isinstance(own, DayColumn) else np.full(len(rows), -1, dtype=np.int32)
        return DayColumn(np.where(unknown, np.int32(-1), held_days))
    return KeyColumn(np.zeros(len(rows), dtype=np.int64))  # the order within the day
