"""Which deals can count at all: slices of the sorted copy of a clustered book, or the deals open on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from salesmetrics.books.deals import NO_DECISION, WON, DealBook
from salesmetrics.books.laying import Spans
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import DayColumn, MoneyColumn
from salesmetrics.grouping import Window

__all__ = ["DECIDED", "gathered", "opened", "sliced"]

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
    spans = cluster.decided(outcomes, first, last)
    closed = deals.columns["closed"]
    if open_on is not None:
        later = isinstance(closed, DayColumn) and closed.last > open_on
        spans = [*cluster.opened, *spans, *(cluster.decided(DECIDED, open_on + 1, None) if later else [])]
    spans = cluster.wanted(spans)
    mask = where if where is None or isinstance(where, Mapping) else deals.mask(where)
    some = _part(deals, names, spans)
    return some, mask if mask is None or isinstance(mask, Mapping) else mask.take(cluster.rows(spans))


def gathered(
    deals: DealBook, by: object, where: object, reps: RepBook | None, *, needs: Iterable[str]
) -> tuple[DealBook, Any]:
    """Return all deals in the order of a clustered book, where the question is by its labels; else the book as it is.

    A mask in the order of the rows is not brought into another: that costs more than it saves.
    """
    cluster = deals.cluster
    names = None if cluster is None else _read(deals, by, where, reps, needs, credits=True)
    if cluster is None or names is None or not (where is None or isinstance(where, Mapping)):
        return deals, where
    asked = {by} if isinstance(by, str) else set(by) if isinstance(by, (list, tuple)) else set()
    if not asked & set(deals.label_names) <= set(cluster.labels):
        return deals, where
    return _part(deals, names, [(0, deals.rows)]), where


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


def _part(deals: DealBook, names: Iterable[str], spans: Spans) -> DealBook:
    """Return some columns of the deals in the order of a clustered book."""
    assert deals.cluster is not None
    columns, laid = deals.cluster.part(names, deals.columns, spans)
    some = attrs.evolve(deals, columns=columns, rows=laid.rows)
    some.lie(laid)
    return some


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
