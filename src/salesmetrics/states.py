"""How deals stood at the end of a day: from their trails, or from a book taken that day."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs
import numpy as np

from salesmetrics._kernels import Range, positions
from salesmetrics._threads import blocks_in_order
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.placing import places
from salesmetrics.columns import DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.trails import Trails

__all__ = [
    "MOVING",
    "UNTOLD",
    "Standing",
    "alive",
    "created_days",
    "days_where",
    "followed",
    "in_force",
    "narrowed",
    "paired",
    "silent_on",
    "snapshot",
    "stood",
    "untold",
]

MOVING = ("rep", "stage", "forecast_category", "source_currency")
UNTOLD = ("amount", "expected_close", "stage", "forecast_category", "rep")
"""What of a past day is known from the history only, but for deals that have not changed since; owners stand still."""


@attrs.frozen(eq=False)
class Standing:
    """Some deals at the end of one day, one place for each; what is not known is -1, an amount that is not known 0.

    ``labels`` holds those of the labels that change with time (the owner, the stage, ...) which are known day by day, or
    stand still.
    """

    there: BoolArray
    outcome: AnyArray
    minor: IntArray
    known: BoolArray
    expected: AnyArray
    closed: AnyArray
    labels: Mapping[str, LabelColumn]

    @property
    def opened(self) -> BoolArray:
        """True for the deals that are open."""
        found: BoolArray = self.there & (self.outcome == OPEN)
        return found


# --- from trails -----------------------------------------------------------------------------------------------------


def alive(deals: DealBook, rows: IntArray | None, first: int, last: int) -> IntArray:
    """Return the rows of the deals that may have been open at the end of a day from ``first`` to ``last``, or in between.

    A deal that has closed for the last time by ``first`` moves no more, and one created after ``last`` is not there yet.
    """
    keep = []
    closed, created = deals.columns.get("closed"), deals.columns.get("created")
    if rows is not None:
        if isinstance(closed, DayColumn):
            ended = closed.days.take(rows)
            rows = rows[(ended < 0) | (ended > first)]
        return rows[created.days.take(rows) <= last] if isinstance(created, DayColumn) else rows
    if isinstance(created, DayColumn) and created.last > last:
        keep.append(Range(created.days, None, last + 1))
    if isinstance(closed, DayColumn):
        # read without sign, a day that is missing (-1) lies after every other
        keep.append(Range(closed.days.view(np.uint32), first + 1, None))
    return positions(deals.rows, keep)


def followed(paths: Trails, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return those of some rows of the book that have a trail, and their trails."""
    if paths.in_place:
        return rows, rows
    spot = np.full(paths.deals.rows, -1, dtype=np.int64)
    spot[paths.row] = np.arange(len(paths))
    rows = rows[spot[rows] >= 0]
    return rows, spot[rows]


def stood(paths: Trails, places: IntArray, day: int, names: Collection[str] = MOVING) -> Standing:
    """Return how the deals of some trails stood at the end of a day, under those of these labels that there are.

    What the history does not track is known only for deals that have not changed since; their owners stand still.
    """
    return in_force(paths, places, paths.last_by(day, places), day, names)


def in_force(paths: Trails, places: IntArray, at: IntArray, day: int, names: Collection[str]) -> Standing:
    """Return how deals stood whose changes in force on a day are known, -1 for a deal that is not there."""
    there = at >= 0
    change = np.maximum(at, 0)
    rows = paths.rows_of(places)
    tracked = paths.history.columns
    # who has not changed since is asked only where the history is silent on something: each look-up reads all of memory
    asked = {"amount", "expected_close", *names} - {"rep", "source_currency"}
    silent = any(name not in tracked and name in paths.deals.columns for name in asked)
    still = paths.ended.take(places) <= day if silent else there
    outcome = paths.outcome.take(change)
    outcome *= there
    minor, known = _money(paths, change, rows, still)
    known = there if known is None else known & there
    minor *= known
    wanted = [name for name in MOVING if name in names]
    labels = {name: column for name in wanted if (column := _label(paths, name, change, rows, still)) is not None}
    return Standing(
        there=there,
        outcome=outcome,
        minor=minor,
        known=known,
        expected=days_where(there, _days(paths, change, rows, still)),
        closed=days_where(outcome > OPEN, paths.day.take(_closing(paths, places, change, outcome))),
        labels=labels,
    )


def days_where(kept: BoolArray, days: AnyArray) -> AnyArray:
    """Return days, -1 where they are not to be kept; the days are overwritten. It takes a fifth of the time of ``where``."""
    days += np.int32(1)
    days *= kept
    days -= np.int32(1)
    return days


def untold(paths: Trails, places: IntArray, days: Collection[int], names: Collection[str]) -> IntArray:
    """Return of how many deals some column was not known on one of the days, for each of ``UNTOLD``.

    Columns are those of ``names`` that the deal book has and the history does not track.
    """
    counts = np.zeros(len(UNTOLD), dtype=np.int64)
    found = 0
    for at, stop in blocks_in_order(0, len(places)):
        born, ended = paths.born.take(places[at:stop]), paths.ended.take(places[at:stop])
        lost = np.zeros(stop - at, dtype=bool)
        for day in days:
            lost |= (born <= day) & (ended > day)
        found += int(np.count_nonzero(lost))
    counts[[UNTOLD.index(name) for name in silent_on(paths, names)]] = found
    return counts


def silent_on(paths: Trails, names: Collection[str]) -> list[str]:
    """Return which of some names are columns of the deal book that the history does not track."""
    return [n for n in UNTOLD if n in names and n in paths.deals.columns and n not in paths.history.columns]


def created_days(paths: Trails, places: IntArray) -> AnyArray:
    """Return the day each deal was created: that of the book, else that of its first change."""
    column = paths.deals.columns.get("created")
    if not isinstance(column, DayColumn):
        return paths.born.take(places)
    days = column.days.take(paths.rows_of(places))
    return np.where(days < 0, paths.born.take(places), days) if column.any_missing else days


def _money(paths: Trails, change: IntArray, rows: IntArray, still: BoolArray) -> tuple[IntArray, BoolArray | None]:
    """Return amounts in minor units and where they are known, None where all are."""
    column = paths.history.columns.get("amount")
    if isinstance(column, MoneyColumn):
        return column.minor.take(change), _known(column, change)
    column = paths.deals.column("amount", "money in deals")
    known = _known(column, rows)
    return column.minor.take(rows), still if known is None else known & still


def _known(column: MoneyColumn, at: IntArray) -> BoolArray | None:
    """Return True where there is an amount, None where there always is."""
    return None if column.known is None else column.known.take(at)


def _days(paths: Trails, change: IntArray, rows: IntArray, still: BoolArray) -> AnyArray:
    """Return the days on which deals were expected to close, -1 where there is none."""
    column = paths.history.columns.get("expected_close")
    if isinstance(column, DayColumn):
        return column.days.take(change)
    column = paths.deals.columns.get("expected_close")
    if not isinstance(column, DayColumn):
        return np.full(len(rows), -1, dtype=np.int32)
    return days_where(still, column.days.take(rows))


def _label(paths: Trails, name: str, change: IntArray, rows: IntArray, still: BoolArray) -> LabelColumn | None:
    """Return a label as it stood."""
    column = paths.history.columns.get(name)
    if isinstance(column, LabelColumn):
        return column.take(change)
    column = paths.deals.columns.get(name)
    if not isinstance(column, LabelColumn) or name == "source_currency":
        return None
    taken = column.take(rows)
    codes = taken.codes if name == "rep" else np.where(still, taken.codes, -1).astype(taken.codes.dtype)
    return attrs.evolve(taken, codes=codes)


def _closing(paths: Trails, places: IntArray, change: IntArray, outcome: AnyArray) -> IntArray:
    """Return the change by which each deal that is closed came to be so: a move from won to won closes nothing anew."""
    if not paths.history.corrected:
        return change
    first, low = change.copy(), paths.starts.take(places)
    walking = np.flatnonzero(outcome > OPEN)
    while len(walking):
        at = first[walking]
        more = (at > low[walking]) & (paths.outcome.take(np.maximum(at - 1, 0)) == outcome[walking])
        walking = walking[more]
        first[walking] -= 1
    return first


# --- from books ------------------------------------------------------------------------------------------------------


def narrowed(before: DealBook, after: DealBook, day: int) -> tuple[DealBook, DealBook]:
    """Return two books of the same deals without those that were over by a day in both: they move no more."""
    old, new = (book.column("id", "telling deals apart") for book in (before, after))
    early, late = _running(before, day), _running(after, day)
    if len(early) + len(late) > (before.rows + after.rows) // 2:
        return before, after
    mates = places(new, old.values.take(early)), places(old, new.values.take(late))
    return before.take(_either(before.rows, early, mates[1])), after.take(_either(after.rows, late, mates[0]))


def _running(book: DealBook, day: int) -> IntArray:
    """Return the rows of deals that a book does not know to be over by a day."""
    ended: LabelColumn = book.column("outcome", "how deals stood")
    running = ended.codes == OPEN
    closed = book.columns.get("closed")
    if isinstance(closed, DayColumn):
        # read without sign, a day that is missing (-1) lies after every other
        running |= closed.days.view(np.uint32) > day
    return np.flatnonzero(running)


def _either(size: int, rows: IntArray, others: IntArray) -> IntArray:
    """Return the rows that are among either, in order; -1 is none."""
    flags = np.zeros(size, dtype=bool)
    flags[rows] = True
    flags[others[others >= 0]] = True
    return np.flatnonzero(flags)


def paired(before: DealBook, after: DealBook) -> tuple[DealBook, IntArray, IntArray]:
    """Return the deals of two books, as the later one describes them, and the row of each in both (-1: not in it)."""
    old: KeyColumn = before.column("id", "telling deals apart")
    new: KeyColumn = after.column("id", "telling deals apart")
    order = np.argsort(new.values, kind="stable")
    at = np.searchsorted(new.values, old.values, sorter=order) if len(order) else np.zeros(len(old), dtype=np.int64)
    match = order.take(np.minimum(at, max(len(order) - 1, 0))) if len(order) else np.zeros(len(old), dtype=np.int64)
    same = new.values.take(match) == old.values if len(order) else np.zeros(len(old), dtype=bool)
    gone = np.flatnonzero(~same)
    both = after.concat(attrs.evolve(before.take(gone), as_of_day=after.as_of_day))
    earlier = np.full(both.rows, -1, dtype=np.int64)
    earlier[match[same]] = np.flatnonzero(same)
    earlier[after.rows :] = gone
    later = np.arange(both.rows)
    later[after.rows :] = -1
    return both, earlier, later


def snapshot(book: DealBook, rows: IntArray, day: int, levels: Mapping[str, LabelColumn]) -> Standing:
    """Return how the deals of some rows (-1: none) of a book stood at the end of a day.

    ``levels`` gives label columns whose levels are those to use.
    """
    at = np.maximum(rows, 0)
    created = _book_days(book, "created", at)
    there = (rows >= 0) & (created <= day)
    closed = _book_days(book, "closed", at)
    ended: LabelColumn = book.column("outcome", "how deals stood")
    codes = ended.codes.take(at) if book.rows else np.zeros(len(at), dtype=np.int8)
    over = (closed >= 0) & (closed <= day) if "closed" in book.columns else codes > OPEN
    outcome = np.where(there & over, codes, OPEN).astype(np.int8)
    money: MoneyColumn = book.column("amount", "money in deals")
    known = there.copy()
    if money.known is not None:
        known &= money.known.take(at)
    minor = money.minor.take(at) if book.rows else np.zeros(len(at), dtype=np.int64)
    return Standing(
        there=there,
        outcome=outcome,
        minor=np.where(known, minor, 0),
        known=known,
        expected=np.where(there, _book_days(book, "expected_close", at), -1).astype(np.int32),
        closed=np.where(outcome > OPEN, closed, -1),
        labels={name: _relevelled(book, name, like, at) for name, like in levels.items()},
    )


def _book_days(book: DealBook, name: str, at: IntArray) -> AnyArray:
    """Return days of a book, -1 where there is none."""
    column = book.columns.get(name)
    known = isinstance(column, DayColumn) and book.rows
    return column.days.take(at) if known else np.full(len(at), -1, dtype=np.int32)  # type: ignore[union-attr]


def _relevelled(book: DealBook, name: str, like: LabelColumn, at: IntArray) -> LabelColumn:
    """Return a label column of a book under the levels of another."""
    column: LabelColumn = book.column(name)
    place = {level: i for i, level in enumerate(like.levels)}
    lookup = np.array([*(place.get(level, -1) for level in column.levels), -1], dtype=like.codes.dtype)
    codes = lookup[column.codes.take(at)] if book.rows else np.full(len(at), -1, dtype=like.codes.dtype)
    return LabelColumn(codes, like.levels, like.ordered)
