"""The deal book as it stood at the end of a day, from its history."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from salesmetrics._check import date_of, locked
from salesmetrics._threads import side_by_side
from salesmetrics.arrays import BoolArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.matching import Matched, matched, with_outcome
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn, ProbabilityColumn
from salesmetrics.errors import MissingColumnError

__all__ = ["kept_where", "standing"]

_STATE = ("stage", "outcome", "amount", "expected_close", "closed", "probability", "forecast_category")


def standing(history: DealHistory, days: Sequence[int], deals: DealBook | None) -> tuple[DealBook, ...]:
    """Return the book as it stood at the end of each of these days."""
    if deals is None:
        told = with_outcome(None, history)
        if told is None:
            raise MissingColumnError(
                f"`outcome` must be a column of the history; got {', '.join(history.names)}.",
                code="SM-HIS-02",
                field="outcome",
                hint="give the deal book: history.as_of(day, deals); or read_history(..., process=process).",
            )
        return tuple(_alone(told, day) for day in days)
    done = matched(deals, history)
    return tuple(_tied(deals, done, day) for day in days)


def _alone(history: DealHistory, day: int) -> DealBook:
    """Return the book of a day from the history only."""
    kept = np.flatnonzero(history.born <= day)
    at = history.last_by(day, kept)
    tracked = [name for name in history.columns if name not in ("deal", "date", "seq", "actor")]

    def column(name: str) -> Column:
        if name == "id":
            return KeyColumn(history.ids.take(kept))
        if name == "created":
            return DayColumn(history.born.take(kept))
        return _closing_days(history, at) if name == "closed" else history.columns[name].take(at)

    names = ["closed", "id", *tracked, "created"]
    columns = dict(zip(names, side_by_side(column, names, len(at)), strict=True))
    return DealBook(
        columns={name: columns[name] for name in _ordered(columns)},
        rows=len(kept),
        currency=history.currency,
        scale=history.scale,
        as_of_day=day,
        notes=history.notes,
        process=history.process,
    )


def _tied(deals: DealBook, done: Matched, day: int) -> DealBook:
    """Return the book of a day with the labels and creation days of the deal book, in its order of rows."""
    history = done.history
    there = np.flatnonzero(history.born <= day)
    kept = there if done.in_place else np.sort(done.row.take(there))
    trail = there if done.in_place else done.trail.take(kept)
    every = len(kept) == deals.rows
    at, same = history.last_by(day, trail), history.ended.take(trail) <= day
    tracked = [name for name in history.columns if name in _STATE or name == "rep"]
    names = list(dict.fromkeys([*deals.names, *tracked, "outcome", "closed"]))
    unchanged = bool(same.all())

    def column(name: str) -> Column:
        if name == "closed":
            return _closing_days(history, at)
        if name in tracked:
            return history.columns[name].take(at)
        own = deals.columns[name] if every else deals.columns[name].take(kept)
        return own if unchanged or name not in _STATE else kept_where(same, own)

    columns = dict(zip(names, side_by_side(column, names, len(at)), strict=True))
    if "expected_close" in tracked and "expected_close" in deals.columns:
        own = deals.columns["expected_close"]
        columns["expected_close"] = _still_expected(columns, own if every else own.take(kept), same)
    notes = [*deals.notes, *done.notes]
    lost = [name for name in deals.names if name in _STATE and name not in (*tracked, "closed")]
    if lost and not unchanged:
        notes.append(f"{', '.join(lost)}: known for deals that have not changed since {date_of(day)} only")
    return attrs.evolve(deals, columns=columns, rows=len(kept), as_of_day=day, rejects=(), notes=tuple(notes))


def _closing_days(history: DealHistory, at: IntArray) -> DayColumn:
    """Return the day on which each deal came to what it is in these rows, -1 where it is open.

    A move between two stages of one outcome, or a correction after the close, is no new closing.
    """
    outcome: LabelColumn = history.column("outcome", "closing days")
    date: DayColumn = history.column("date", "closing days")
    rows = at
    if history.corrected:
        rows = at.copy()
        moving = np.flatnonzero(outcome.codes.take(at) > OPEN)
        first = history.starts.take(np.searchsorted(history.starts, at.take(moving), side="right") - 1)
        while len(moving):
            here = rows.take(moving)
            more = (here > first) & (outcome.codes.take(np.maximum(here - 1, 0)) == outcome.codes.take(here))
            moving, first = moving[more], first[more]
            rows[moving] -= 1
    decided = outcome.codes.take(at) > OPEN
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
