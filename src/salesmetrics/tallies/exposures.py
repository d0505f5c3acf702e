"""Exposure: days on which deals were open, and the wins that came in them."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Axis, Range
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn
from salesmetrics.grouping import Grouping, Window, as_of_day, day_column, group, window_of
from salesmetrics.tally import Tally, added

__all__ = ["ExposureTally"]


@attrs.frozen(eq=False, repr=False)
class ExposureTally(Tally):
    """Deals that were open at some time of a period, the days on which they were, and how many of them were won in it.

    A deal is at risk on the days after its creation up to and including the day it closes or the day of the snapshot: all
    its days add up to its age. Days after the snapshot count nowhere.
    """

    what: ClassVar[str] = "exposures"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    as_of_day: int
    deals: IntArray = added()
    deal_days: IntArray = added()
    won: IntArray = added()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
    ) -> Self:
        """Return the tally of a book of deals."""
        window = window_of(period)
        day = as_of_day(deals, as_of, needed="the days on which deals were open")
        assert day is not None
        grouping = group(deals, by, where, reps, as_of=day)
        created, closed = (day_column(deals, name, "days on which deals were open") for name in ("created", "closed"))
        outcome: LabelColumn = deals.column("outcome", "wins")
        spans = _spans(window, day)
        known = Range(created.days, 0, day + 1)
        begun, (first,) = grouping.tabulate(
            (_placed(created.days, spans),), (known,), [Addend(created.days, max(created.last, 0))]
        )
        ended = (known, Range(closed.days, 0, day + 1), Range(outcome.codes, WON, None))
        place = _placed(closed.days, spans)
        gone, (last,) = grouping.tabulate((place,), ended, [Addend(closed.days, max(closed.last, 0))])
        won, _ = grouping.tabulate((place,), (*ended[:2], Range(outcome.codes, WON, WON + 1)))
        undated, bare = _undated(grouping, Range(created.days, None, 0) if created.any_missing else None)
        at_risk, days = _at_risk(spans, begun, first, gone, last)
        present = np.union1d(grouping.present(at_risk), bare if window.periods is None else bare[:0])
        chosen = np.ix_(present, _asked(window, spans))
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            as_of_day=day,
            deals=at_risk[chosen],
            deal_days=days[chosen],
            won=won[:, 1:][chosen],
            left_out=np.array([undated], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        nobody = DealBook.empty((by,) if isinstance(by, str) else tuple(by or ()))
        return cls.from_book(nobody, by=by, period=period, as_of=as_of)


def _spans(window: Window, as_of: int) -> IntArray:
    """Return the first days of the periods and of the gaps between them, and the day after the last, as far as is known."""
    if not window.periods:
        return np.array([0, as_of + 1], dtype=np.int64)
    edges = np.union1d(window.periods.starts, window.periods.ends).astype(np.int64)
    return np.minimum(edges, as_of + 1)


def _placed(days: IntArray, spans: IntArray) -> Axis:
    """Return the axis of the span in which each day lies, 0 being before the first; days after the last lie in none."""
    base = int(spans[0]) - 1
    table = np.full(int(spans[-1]) - base + 1, -1, dtype=np.int64)
    table[0] = 0
    for at, (start, end) in enumerate(zip(spans[:-1].tolist(), spans[1:].tolist(), strict=True), 1):
        table[start - base : end - base] = at
    return Axis(days, len(spans), table=table, base=base)


def _at_risk(
    spans: IntArray, begun: IntArray, first: IntArray, gone: IntArray, last: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the deals that were open at some time of each span, and their days in it."""
    opening = np.cumsum(begun[:, :-1] - gone[:, :-1], axis=1)
    length, end = np.diff(spans), spans[1:] - 1
    # who is there at the start is there on all days, who comes loses the days up to then, who goes those after it
    days = opening * length + begun[:, 1:] * end - first[:, 1:] - (gone[:, 1:] * end - last[:, 1:])
    known = length > 0
    return (opening + begun[:, 1:]) * known, days * known


def _asked(window: Window, spans: IntArray) -> IntArray:
    """Return the places of the periods among the spans."""
    if window.periods is None:
        return np.zeros(1, dtype=np.int64)
    edges = np.union1d(window.periods.starts, window.periods.ends)
    return np.searchsorted(edges, window.periods.starts).astype(np.int64)


def _undated(grouping: Grouping, blank: Range | None) -> tuple[int, IntArray]:
    """Return how many deals have no creation day, and their groups."""
    if blank is None:
        return 0, np.zeros(0, dtype=np.int64)
    table, _ = grouping.tabulate((), (blank,))
    return int(table.sum()), grouping.present(table)
