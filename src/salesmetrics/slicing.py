"""Which deals can count at all: slices of the sorted copy of a clustered book, or the deals open on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from salesmetrics.books.deals import NO_DECISION, WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import DayColumn, MoneyColumn
from salesmetrics.grouping import Window

__all__ = ["DECIDED", "opened", "sliced"]

DECIDED = range(WON, NO_DECISION + 1)


def sliced(
    deals: DealBook,
    by: object,
    where: object,
    reps: RepBook | None,
    window: Window,
    as_of: int | None,
    *,
    needs: Iterable[str],
    outcomes: range = DECIDED,
    open_on: int | None = None,
    credits: bool = True,
) -> tuple[DealBook, Any]:
    """Return the deals decided in a window, those open on a day too where one is given, and ``where`` for them.

    They are more than those that count, so that whoever asks looks at outcomes and days as ever; they bear no more columns
    than are read, and stand in another order. A book that is not clustered, and one that lacks what is asked for, comes back
    as it is, and so does one with negative amounts where ``credits`` says that they may be refused: what is wrong is said of
    the rows of the whole book.
    """
    cluster = deals.cluster
    names = None if cluster is None else _read(deals, by, where, reps, needs, credits)
    if cluster is None or names is None or cluster.levels <= outcomes[-1] or not window.size:
        return deals, where  # no period at all has no first day
    first = None if window.periods is None else int(window.periods.starts.min())
    last = None if window.periods is None else int(window.periods.ends.max()) - 1
    last = as_of if last is None else last if as_of is None else min(last, as_of)
    runs = cluster.decided(outcomes, first, last)
    closed = deals.columns["closed"]
    if open_on is not None:
        later = isinstance(closed, DayColumn) and closed.last > open_on
        runs = [*cluster.opened, *runs, *(cluster.decided(DECIDED, open_on + 1, None) if later else [])]
    runs = cluster.wanted(runs)
    mask = where if where is None or isinstance(where, Mapping) else deals.mask(where)
    columns = {name: cluster.part(name, deals.columns[name], runs) for name in names}
    rows = sum(stop - start for start, stop in runs)
    some = attrs.evolve(deals, columns=columns, rows=rows)
    return some, mask if mask is None or isinstance(mask, Mapping) else mask.take(cluster.rows(runs))


def opened(
    deals: DealBook,
    by: object,
    where: object,
    reps: RepBook | None,
    day: int,
    *,
    needs: Iterable[str],
    credits: bool,
) -> tuple[DealBook, Any]:
    """Return the deals open on a day that ``where`` keeps, in a book of their own, or the book as it is as `sliced` does."""
    names = _read(deals, by, where, reps, needs, credits)
    if names is None:
        return deals, where
    found = deals.open_deals(day)
    return found.read(deals, names, found.chosen(deals, where)), None


def _read(
    deals: DealBook, by: object, where: object, reps: RepBook | None, needs: Iterable[str], credits: bool
) -> tuple[str, ...] | None:
    """Return the columns of the book that a question reads, or None where something may be wrong with it."""
    money = deals.columns.get("amount")
    if not credits and isinstance(money, MoneyColumn) and money.smallest < 0:
        return None
    asked = [by] if isinstance(by, str) else [] if by is None else by
    if not isinstance(asked, (list, tuple)) or not all(isinstance(name, str) for name in asked):
        return None
    labels, held = set(deals.label_names), set(deals.columns)
    lent = set(reps.lendable) if reps is not None and "rep" in held else set()
    keys = set(where) if isinstance(where, Mapping) else set()
    if not (set(asked) <= labels | lent and keys <= labels and set(needs) <= held):
        return None
    read = {*asked, *keys, *needs, "outcome", "closed", *(() if set(asked) <= labels else ("rep",))}
    return tuple(name for name in deals.columns if name in read)
