"""The deal book as it stood at the end of a day, from its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import attrs
import numpy as np

from salesmetrics._check import date_of, locked
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.filling import filled
from salesmetrics.books.history import DealHistory
from salesmetrics.books.matching import Matched, alone, matched
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn, ProbabilityColumn

__all__ = ["kept_where", "standing"]

_STATE = ("stage", "outcome", "amount", "expected_close", "closed", "probability", "forecast_category")


def standing(history: DealHistory, days: Sequence[int], deals: DealBook | None) -> tuple[DealBook, ...]:
    """Return the book as it stood at the end of each of these days."""
    if deals is None:
        return _alone(alone(history), days)
    return _tied(deals, matched(deals, history), days)


def _alone(history: DealHistory, days: Sequence[int]) -> tuple[DealBook, ...]:
    """Return the book of each day from the history only."""
    tracked = [name for name in history.columns if name not in ("deal", "date", "seq", "actor")]
    keys: KeyColumn = history.column("deal", "a history")

    def work(start: int, stop: int) -> Iterator[Mapping[str, Column]]:
        for day in days:
            kept, at, _ = history.in_force(day, start, stop)
            columns: dict[str, Column] = {name: history.columns[name].take(at) for name in tracked}
            columns["id"], columns["created"] = KeyColumn(keys.values.take(at)), DayColumn(history.born.take(kept))
            yield columns | {"closed": _closing_days(history, at, columns["outcome"])}

    found = filled(len(history.born), partial(_born, history.born, days), work)
    return tuple(
        DealBook(
            columns={name: columns[name] for name in _ordered(columns)},
            rows=len(columns["id"]),
            currency=history.currency,
            scale=history.scale,
            as_of_day=day,
            notes=history.notes,
            process=history.process,
        )
        for day, columns in zip(days, found, strict=True)
    )


def _born(born: AnyArray, days: Sequence[int], start: int, stop: int) -> list[int]:
    """Return how many deals of a range there are on each day."""
    return [int(np.count_nonzero(born[start:stop] <= day)) for day in days]


def _tied(deals: DealBook, done: Matched, days: Sequence[int]) -> tuple[DealBook, ...]:
    """Return the book of each day with the labels and creation days of the deal book, in its order of rows."""
    history = done.history
    tracked = [name for name in history.columns if name in _STATE or name == "rep"]
    names = list(dict.fromkeys([*deals.names, *tracked, "outcome", "closed"]))
    born = done.born if len(done.born) == deals.rows else _padded(done.born, deals.rows)
    counts = partial(_born, born, days)
    unchanged = [_unchanged(history, day) for day in days]
    # a column that nothing changes is shared where all deals are there
    shared = [
        [
            name
            for name in names
            if name not in (*tracked, "closed") and count == deals.rows and (name not in _STATE or still)
        ]
        for count, still in zip(counts(0, deals.rows), unchanged, strict=True)
    ]

    present = deals.columns.get("expected_close")
    mending = "expected_close" in tracked and present is not None and bool(present.missing().any())

    def in_force(day: int, start: int, stop: int) -> tuple[IntArray, IntArray, BoolArray]:
        if done.in_place:
            return history.in_force(day, start, stop)
        kept = np.flatnonzero(born[start:stop] <= day) + start
        trail = done.trail.take(kept)
        return kept, history.last_by(day, trail), history.ended.take(trail) <= day

    def work(start: int, stop: int) -> Iterator[Mapping[str, Column]]:
        for day, own, still in zip(days, shared, unchanged, strict=True):
            kept, at, same = in_force(day, start, stop)
            columns: dict[str, Column] = {name: history.columns[name].take(at) for name in tracked}
            columns["closed"] = _closing_days(history, at, columns["outcome"])
            for name in names:
                if name not in columns and name not in own:
                    now = deals.columns[name].take(kept)
                    columns[name] = now if still or name not in _STATE else kept_where(same, now)
            if mending:
                columns["expected_close"] = _still_expected(columns, deals.columns["expected_close"].take(kept), same)
            yield columns

    found = filled(deals.rows, counts, work)
    books = []
    for day, columns, own, still in zip(days, found, shared, unchanged, strict=True):
        whole = {name: deals.columns[name] if name in own else columns[name] for name in names}
        notes = [*deals.notes, *done.notes]
        lost = [name for name in deals.names if name in _STATE and name not in (*tracked, "closed")]
        if lost and not still:
            notes.append(f"{', '.join(lost)}: known for deals that have not changed since {date_of(day)} only")
        rows = len(columns["closed"])
        books.append(attrs.evolve(deals, columns=whole, rows=rows, as_of_day=day, rejects=(), notes=tuple(notes)))
    return tuple(books)


def _padded(born: AnyArray, rows: int) -> AnyArray:
    """Return creation days with a day that never comes for rows that have none."""
    return np.append(born, np.full(rows - len(born), np.iinfo(np.int32).max, dtype=np.int32))


def _unchanged(history: DealHistory, day: int) -> bool:
    """Return True where no deal that was there by a day has changed since."""
    return not bool(((history.born <= day) & (history.ended > day)).any())


def _closing_days(history: DealHistory, at: IntArray, outcome: Column) -> DayColumn:
    """Return the day on which each deal came to what it is in these rows, -1 where it is open; ``outcome`` is that of the rows.

    A move between two stages of one outcome, or a correction after the close, is no new closing.
    """
    date: DayColumn = history.column("date", "closing days")
    decided = outcome.codes > OPEN  # type: ignore[attr-defined]
    rows = at
    if history.corrected:
        told: LabelColumn = history.column("outcome", "closing days")
        rows = at.copy()
        moving = np.flatnonzero(decided)
        first = history.starts.take(np.searchsorted(history.starts, at.take(moving), side="right") - 1)
        while len(moving):
            here = rows.take(moving)
            more = (here > first) & (told.codes.take(np.maximum(here - 1, 0)) == told.codes.take(here))
            moving, first = moving[more], first[more]
            rows[moving] -= 1
    days = date.days.take(rows)
    np.subtract(days, (days + 1) * ~decided, out=days)
    return DayColumn(days)


def kept_where(same: BoolArray, column: Column) -> Column:
    """Return a column that is missing where a row is not to keep its value."""
    if isinstance(column, LabelColumn):
        return LabelColumn(np.where(same, column.codes, np.int8(-1)), column.levels, column.ordered)
    if isinstance(column, MoneyColumn):
        known = locked(same & ~column.missing())
        return MoneyColumn(column.minor * known, known, column.scale)
    if isinstance(column, DayColumn):
        return DayColumn(np.where(same, column.days, np.int32(-1)))
    if isinstance(column, ProbabilityColumn):
        return ProbabilityColumn(np.where(same, column.ppm, np.int32(-1)))
    return column


def _still_expected(columns: dict[str, Column], present: Column, same: BoolArray) -> Column:
    """Return the expected closes, none for decided deals that have none in the deal book and have not changed since.

    A source with one close date goes on tracking it after the close; in the deal book it is then the day of the close.
    """
    expected, outcome = columns["expected_close"], columns.get("outcome")
    if not isinstance(outcome, LabelColumn):
        return expected
    over = (outcome.codes > OPEN) & same & present.missing() & ~expected.missing()
    return kept_where(~over, expected) if over.any() else expected


def _ordered(columns: dict[str, Column]) -> list[str]:
    """Return the columns of a deal book in their usual order."""
    usual = ("id", "rep", "amount", "created", "expected_close", "closed", "stage", "outcome", "forecast_category")
    return [*(name for name in usual if name in columns), *(name for name in columns if name not in usual)]
