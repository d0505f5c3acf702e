"""Where a history and the deal book it belongs to contradict each other, or merely disagree."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.matching import matched
from salesmetrics.books.placing import places
from salesmetrics.books.standing import standing
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn
from salesmetrics.convert import Problem
from salesmetrics.errors import escape, nearest, show

__all__ = ["Differences", "contradictions", "differences"]

_COMPARED = ("stage", "outcome", "closed", "amount", "expected_close", "rep", "forecast_category")


def _frozen(ids: Mapping[str, AnyArray]) -> Mapping[str, AnyArray]:
    return MappingProxyType(dict(ids))


@attrs.frozen(eq=False, repr=False)
class Differences:
    """Deals whose last state in the history is not the one in the deal book, column by column.

    Attributes
    ----------
    ids : mapping of str to numpy.ndarray
        For each column that both have, the deals that differ in it.
    added : tuple of str
        What the history lacks, in words: deals without a history, and such as begin late.
    """

    ids: Mapping[str, AnyArray] = attrs.field(converter=_frozen)
    added: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.ids.values()))

    @property
    def counts(self) -> dict[str, int]:
        """How many deals differ, by column."""
        return {name: len(found) for name, found in self.ids.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each column in which deals differ, and for what the history lacks."""
        said = [
            f"deals whose last {name} is not the one in the deal book: {len(found):,}, first {show(found[0])}"
            for name, found in self.ids.items()
            if len(found)
        ]
        return (*self.added, *said)

    def __repr__(self) -> str:
        """Return a line for each column."""
        lines = [f"<Differences: {len(self):,}"]
        wide = max(map(len, self.ids), default=0)
        for name, found in self.ids.items():
            some = f"  {', '.join(show(key) for key in found[:3].tolist())}{', …' if len(found) > 3 else ''}"
            lines.append(f"  {name:{wide}}  {len(found):>6,}{some if len(found) else ''}")
        return "\n".join([*lines, *(f"  note: {escape(note)}" for note in self.added)]) + ">"


def differences(deals: DealBook, history: DealHistory) -> Differences:
    """Return where the last state of deals in their history is not the one in the deal book.

    An expected close is compared where both have one: many sources have one close date, which a decided deal no longer expects.
    """
    done = matched(deals, history)
    last = max([int(done.history.ended.max(initial=0)), deals.as_of_day or 0])
    (then,) = standing(history, [last], deals)
    ids: KeyColumn = deals.column("id", "a history")
    tracked = {*history.columns, "outcome", "closed"}
    found: dict[str, AnyArray] = {}
    for name in _COMPARED:
        if name in tracked and name in deals.columns and name in then.columns:
            apart = _apart(then.columns[name], deals.columns[name])
            if name == "expected_close":
                apart &= ~(then.columns[name].missing() | deals.columns[name].missing())
            found[name] = ids.values[np.flatnonzero(apart)]
    return Differences(found, done.notes)


def _apart(mine: Column, theirs: Column) -> BoolArray:
    """Return True where two columns of one kind hold different values."""
    gone = mine.missing(), theirs.missing()
    if isinstance(mine, LabelColumn) and isinstance(theirs, LabelColumn):
        both = mine.concat([theirs])
        apart = both.codes[: len(mine)] != both.codes[len(mine) :]
    else:
        apart = np.asarray(mine.user() != theirs.user(), dtype=bool)
    different: BoolArray = (apart & ~gone[0] & ~gone[1]) | (gone[0] != gone[1])
    return different


# --- before a history is built -------------------------------------------------------------------------------------------


def contradictions(columns: Mapping[str, Column], outcome: Column | None, deals: DealBook) -> list[Problem]:
    """Return the rows of deals that the book does not know, and those before the creation or after the close of their deal."""
    keys, date = columns["deal"], columns["date"]
    ids: KeyColumn = deals.column("id", "a history")
    assert isinstance(keys, KeyColumn)
    assert isinstance(date, DayColumn)
    row = places(ids, keys.values)
    known = np.ones(len(date), dtype=bool) if deals.as_of_day is None else date.days <= deals.as_of_day
    problems = []
    strange = np.flatnonzero((row < 0) & known)
    if len(strange):
        values = list(keys.values[strange])
        hint = nearest(values[0], ids.values[:10_000].tolist())
        problems.append(Problem("SM-STG-06", "deal", "be a deal of the book in every row", strange, values, hint))
    known &= row >= 0
    at = np.maximum(row, 0)
    early, late = np.zeros(len(date), dtype=bool), np.zeros(len(date), dtype=bool)
    created, closed, ends = (deals.columns.get(name) for name in ("created", "closed", "outcome"))
    if isinstance(created, DayColumn) and len(created):
        early = known & (date.days < created.days.take(at))
    if (
        isinstance(closed, DayColumn)
        and isinstance(ends, LabelColumn)
        and isinstance(outcome, LabelColumn)
        and len(ends)
    ):
        end = closed.days.take(at)
        late = known & (end >= 0) & (date.days > end) & (outcome.codes != ends.codes.take(at))
    for mask, column, rule in (
        (early, created, "not lie before the deal was created"),
        (late, closed, "not lie after the deal was closed, unless it stays what it was closed as"),
    ):
        rows = np.flatnonzero(mask)
        if len(rows) and isinstance(column, DayColumn):
            problems.append(_dated(rows, date, column.days.take(at.take(rows)), rule))
    return problems


def _dated(rows: IntArray, date: DayColumn, days: AnyArray, rule: str) -> Problem:
    """Return the problem of rows with days that the book contradicts."""
    values: list[object] = list(date.user()[rows])
    hint = f"the book says {date_of(int(days[0]))} for the first; on_error='drop' leaves such rows out; instants need the zone."
    return Problem("SM-STG-02", "date", rule, rows, values, hint)
