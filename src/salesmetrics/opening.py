"""Deals open on a day, as they stood then: from a deal book, and from its history where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.matching import matched
from salesmetrics.books.placing import places
from salesmetrics.books.standing import kept_where
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.grouping import window_of
from salesmetrics.trails import Trails, trails
from salesmetrics.visits import Visits, asked, members

__all__ = ["Opened", "opened"]

_STATE = ("amount", "expected_close", "stage", "forecast_category")


@attrs.frozen(eq=False)
class Opened:
    """Open deals on a day: how they stood, and their trails where there is a history.

    ``known`` says of which deals a column is known as it stood; ``lost`` are deals of which not even the first day is known.
    """

    day: int
    deals: DealBook
    history: DealHistory | None
    mask: BoolArray | None
    book: DealBook
    known: Mapping[str, BoolArray]
    rows: IntArray
    trail: IntArray
    lost: BoolArray

    @property
    def size(self) -> int:
        """How many open deals there are."""
        return len(self.rows)

    def known_of(self, name: str) -> BoolArray:
        """Return where it is known how a column stood."""
        return self.known.get(name, np.ones(self.size, dtype=bool))

    @property
    def paths(self) -> Trails:
        """The changes of all deals, up to the day."""
        assert self.history is not None
        return trails(self.deals, self.history, as_of=date_of(self.day))

    @property
    def money(self) -> tuple[IntArray, BoolArray]:
        """Amounts in minor units, and where they are known."""
        column = self.book.columns.get("amount")
        if not isinstance(column, MoneyColumn):
            return np.zeros(self.size, dtype=np.int64), np.zeros(self.size, dtype=bool)
        known = ~column.missing() & self.known_of("amount")
        return column.minor * known, known

    @property
    def created(self) -> AnyArray:
        """The day of the creation of each open deal, -1 where it is not known."""
        column = self.book.columns.get("created")
        if isinstance(column, DayColumn):
            return column.days
        if self.history is None:
            return np.full(self.size, -1, dtype=np.int32)
        return np.where(self.lost, np.int32(-1), self.paths.born.take(self.trail))

    @cached_property
    def changes(self) -> tuple[IntArray, IntArray]:
        """The changes of the open deals, in order, and whose they are."""
        starts = self.paths.starts
        size = starts.take(self.trail + 1) - starts.take(self.trail)
        return members(starts, self.trail), np.repeat(np.arange(self.size), size)

    @cached_property
    def walked(self) -> Visits | None:
        """The visits of all deals to the stages; None without a history of stages in order."""
        if self.history is None:
            return None
        stage = self.paths.history.columns.get("stage")
        if not isinstance(stage, LabelColumn) or not stage.ordered:
            return None
        day = date_of(self.day)
        return asked(self.deals, self.history, None, None, None, day, (), window_of(None)).visits


def opened(
    deals: DealBook, history: DealHistory | None, day: int, where: object, block: tuple[int, int] | None = None
) -> Opened:
    """Return the deals that were open at the end of a day, in the order of the book; without a history, a block of them."""
    mask = deals.mask(where)
    if history is None:
        rows = deals.open_rows(day)
        rows = rows if mask is None else rows[mask[rows]]
        rows = rows if block is None else rows[block[0] : block[1]]
        nothing = np.zeros(0, dtype=np.int64)
        lost = np.zeros(len(rows), dtype=bool)
        return Opened(day, deals, None, mask, deals.take(rows), {}, rows, nothing, lost)
    paths = trails(deals, history, as_of=date_of(day))
    last = paths.starts[1:] - 1
    wanted = paths.outcome.take(last) == OPEN
    trail = np.flatnonzero(wanted if mask is None else wanted & paths.of_book(mask))
    trail = trail[np.argsort(paths.rows_of(trail), kind="stable")]
    rows = paths.rows_of(trail)
    first = np.append(history.born, -1).take(places(KeyColumn(history.ids), paths.history.ids.take(trail)))
    until = day if deals.as_of_day is None else deals.as_of_day
    silent = (first < 0) | ((first > until) & (deals.as_of_day is not None))
    whole = matched(deals, history).history
    changed = whole.ended[whole.born <= day].take(trail) > day
    columns, known = _columns(deals.take(rows), paths, last.take(trail), changed, ~silent & (first > day))
    book = attrs.evolve(deals, columns=columns, rows=len(rows))
    created = columns.get("created")
    lost = created.missing() if created is not None else np.ones(len(rows), dtype=bool)
    return Opened(day, deals, history, mask, book, known, rows, trail, lost & silent)


def _columns(
    now: DealBook, paths: Trails, at: IntArray, changed: BoolArray, unseen: BoolArray
) -> tuple[dict[str, Column], dict[str, BoolArray]]:
    """Return the columns of open deals as they stood, and where each is known.

    What the history tracks is as it says, but for deals that it does not see until later. What it does not track is as in the
    book, for deals that have not changed since; owners, who stand for those of any day, are as in the book.
    """
    columns: dict[str, Column] = dict(now.columns)
    known: dict[str, BoolArray] = {}
    for name in (*_STATE, "rep"):
        own, tracked = columns.get(name), paths.history.columns.get(name)
        if tracked is not None:
            columns[name], known[name] = tracked.take(at), ~unseen
        elif own is not None and name != "rep":
            columns[name], known[name] = kept_where(~changed, own), ~changed
    return columns, known
