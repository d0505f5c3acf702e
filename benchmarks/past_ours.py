"""The jobs on histories through the library's public functions, on built books."""

from __future__ import annotations

import numpy as np

import salesmetrics as sm
from benchmarks.answers import Answer
from benchmarks.data import LONGEST, STAGES, date
from benchmarks.past_answers import BUCKETS, STATE, summed
from benchmarks.past_data import OPEN_STAGES, Past
from salesmetrics.columns import DayColumn, LabelColumn, MoneyColumn


class OursPast:
    """salesmetrics as a user calls it."""

    def __init__(self, past: Past) -> None:
        self.past = past

    def f(self) -> Answer:
        """Moves between stages, and how many visits of each stage lasted how many days: two tallies, one pass over the rows."""
        self.past.history.tied.pop("steps", None)  # what the history would keep of the round before
        return self.f_kept()

    def f_kept(self) -> Answer:
        """Return the same of a history that was asked before and keeps what it counted."""
        book, history = self.past.book, self.past.history
        moves = sm.MoveTally.from_book(book, history)
        dwells = sm.DwellTally.from_book(book, history, population="all")
        days = np.zeros((OPEN_STAGES, LONGEST + 1), dtype=np.int64)
        days[dwells.waits.row, dwells.waits.value] = dwells.waits.count
        return {"moves": moves.moves[0, 0, :OPEN_STAGES, : len(STAGES)], "days": days}

    def g(self) -> Answer:
        """Return the walk of a quarter from the history alone, and what was open on the day before it and on its last."""
        history, days = self.past.history, [date(day) for day in self.past.span]
        trend = sm.pipeline_trend(history, at=days)
        walk = sm.pipeline_walk(history, period=self.past.quarter)
        return _walk(walk) | {"open": trend.value, "deals": trend.n}

    def g_books(self) -> Answer:
        """Return the same from two books, as deals stood on the two days."""
        before, after = self.past.history.as_of([date(day) for day in self.past.span])
        ends = [sm.open_pipeline(book) for book in (before, after)]
        return _walk(sm.pipeline_walk(before, after, due=self.past.quarter)) | {
            "open": np.array([float(each.value[0]) for each in ends]),
            "deals": np.array([int(each.n[0]) for each in ends]),
        }

    def g2(self) -> Answer:
        """Return the walk of a quarter from the deals and their history."""
        return _walk(sm.pipeline_walk(self.past.book, self.past.history, period=self.past.quarter))

    def s(self) -> Answer:
        """Return the deals as they stood a quarter before the end, with their labels."""
        return _state(self.past.history.as_of(date(self.past.days[-1]), self.past.book))

    def s4(self) -> Answer:
        """Return a few sums of the deals as they stood at the end of four quarters."""
        books = self.past.history.as_of([date(day) for day in self.past.days], self.past.book)
        return {"sums": np.array([summed(_state(book)) for book in books])}


def _walk(table: sm.MetricTable) -> Answer:
    """Return the buckets that occur."""
    rows = [table[name] for name in BUCKETS]
    return {"amount": np.array([row.value for row in rows]), "count": np.array([row.n for row in rows])}


def _state(book: sm.DealBook) -> Answer:
    """Return the codes, days and minor units of a book."""
    found = {}
    for name in STATE:
        column = book.columns[name]
        if isinstance(column, LabelColumn):
            found[name] = column.codes
        elif isinstance(column, DayColumn):
            found[name] = column.days
        elif isinstance(column, MoneyColumn):
            found[name] = column.minor
    return found
