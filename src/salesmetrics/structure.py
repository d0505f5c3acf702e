"""Which structure counts for a row: teams and managers as they stood on the row's own day."""

from __future__ import annotations

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.quotas import QuotaBook
from salesmetrics.books.reps import RepBook
from salesmetrics.books.table import Book
from salesmetrics.columns import DayColumn, LabelColumn, smallest_codes

__all__ = ["by_structure", "lent_on_own_day", "own_days"]

LATEST = 1 << 20
"""The day of a row that has none: the latest structure counts."""


def own_days(book: Book, as_of: int | None = None) -> IntArray:
    """Return the day whose structure counts for each row.

    A deal's is the day it was decided, while it is open the day of the snapshot; a quota's the day from which it is in effect;
    a call's the first of its period; a change's its date. None is later than ``as_of``: what comes after is not known yet.
    """
    latest = LATEST if as_of is None else as_of
    for name in ("closed", "effective_from", "start", "date"):
        column = book.columns.get(name)
        if isinstance(column, DayColumn):
            open_day = latest if book.as_of_day is None or name != "closed" else book.as_of_day
            days: IntArray = np.minimum(np.where(column.days < 0, open_day, column.days), latest).astype(np.int64)
            return days
    return np.full(book.rows, latest if book.as_of_day is None else min(book.as_of_day, latest), dtype=np.int64)


def lent_on_own_day(book: Book, reps: RepBook, name: str, as_of: int | None = None) -> LabelColumn:
    """Return the label that each row's rep had on the row's own day."""
    owner: LabelColumn = book.column("rep", "labels lent by reps")
    lender: LabelColumn = reps.column(name, "a label lent by reps")
    rows = reps.rows_at(owner, own_days(book, as_of))
    codes = np.append(lender.codes.astype(np.int64), [reps.unknown_code(name), -1])[rows]
    return LabelColumn(smallest_codes(codes, len(lender.levels)), lender.levels, lender.ordered)


def by_structure(quotas: QuotaBook, reps: RepBook, where: object) -> tuple[QuotaBook, object]:
    """Return quotas cut at the days on which their rep's row changes, and the mask of the rows that ``where`` keeps.

    A quota inside which its rep moves becomes a quota that changes on that day, to the same amount: each part then counts for
    the team of its days.
    """
    since = reps.columns.get("since")
    if not isinstance(since, DayColumn) or "rep" not in quotas.columns:
        return quotas, where
    owner: LabelColumn = quotas.column("rep", "quotas rep by rep")
    place = {key: at for at, key in enumerate(owner.levels)}
    who = np.array([place.get(key, -2) for key in reps["id"].tolist()], dtype=np.int64)
    parts = quotas.segments()
    mask = quotas.mask(where)
    rows, days = [np.arange(quotas.rows)], [_in_effect(quotas)]
    for code in np.unique(who[who >= 0]).tolist():
        changes = np.unique(since.days[who == code])
        mine = np.flatnonzero(owner.codes[parts.row] == code)
        inside = (parts.start[mine, None] < changes) & (changes < parts.until[mine, None])
        part, change = np.nonzero(inside)
        rows.append(parts.row[mine[part]])
        days.append(changes[change])
    taken: AnyArray = np.concatenate(rows)
    if len(taken) == quotas.rows:
        return quotas, where
    book = quotas.take(taken)
    effective = DayColumn(np.concatenate(days).astype(np.int32))
    cut = attrs.evolve(book, columns={**book.columns, "effective_from": effective})
    return cut, None if mask is None else mask[taken]


def _in_effect(quotas: QuotaBook) -> IntArray:
    """Return the day from which each quota is in effect: its start, unless it says a later one."""
    start: DayColumn = quotas.column("start", "a quota's period")
    since = quotas.columns.get("effective_from")
    stated = since.days if isinstance(since, DayColumn) else start.days
    return np.maximum(stated, start.days).astype(np.int64)
