"""Calls beside bookings: what was said and what came, one row for each forecaster and period."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Self

import attrs
import numpy as np

from salesmetrics._histograms import all_in_place
from salesmetrics.answers import dated, rolled, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.calendars import Period, Periods
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, MergeError
from salesmetrics.labels import Labels
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally

__all__ = ["NEEDED", "Pairs", "Pools", "Spans", "chosen_spans", "rescaled", "run_of"]

NEEDED = "forecast accuracy, which reads complete periods"


@attrs.frozen(eq=False)
class Pools:
    """Pairs put together into the rows of an answer: the last axis runs over the pairs of a row, NaN where one is not used.

    Money in minor units. ``running`` is True where no period of the row is over.
    """

    labels: Labels
    forecast: FloatArray
    actual: FloatArray
    running: BoolArray

    @property
    def n(self) -> IntArray:
        """How many pairs each row has."""
        return np.asarray((~np.isnan(self.forecast)).sum(axis=-1), dtype=np.int64)


@attrs.frozen(eq=False)
class Spans:
    """The periods that pairs are made for: those of the calls that lie in a period asked for, or else it itself.

    ``cell`` is the position of the period asked for, ``rank`` the place in it, ``of_bookings`` the position among the periods
    of the bookings.
    """

    periods: tuple[Period, ...]
    cell: IntArray
    rank: IntArray
    cells: int
    of_bookings: IntArray

    @property
    def per(self) -> int:
        """The most periods that one period asked for holds."""
        return int(self.rank.max(initial=0)) + 1

    @property
    def in_order(self) -> bool:
        """True where the periods of each period asked for follow one another."""
        return bool((np.diff(self.cell) >= 0).all())

    def over(self, as_of: int) -> BoolArray:
        """Return True for the periods that are over on a day."""
        return np.array([period.end_day - 1 <= as_of for period in self.periods], dtype=bool)


@attrs.frozen(eq=False)
class Pairs:
    """What each forecaster said and booked, with axes forecaster, period, category and week; money in minor units.

    ``there`` is True where a forecaster called or booked anything in a period, ``known`` where there is a call that counts,
    ``complete`` where the period is over. ``history`` is what forecasters booked in each period of the bookings.
    """

    bookings: BookingTally
    calls: CallTally
    labels: Labels
    spans: Spans
    scale: int
    forecast: AnyArray
    known: BoolArray
    actual: IntArray
    history: IntArray
    there: BoolArray
    complete: BoolArray
    left_out: Mapping[str, int]
    deals_only: bool = False

    @classmethod
    def of(cls, bookings: BookingTally, calls: CallTally) -> Self:
        """Return the pairs of two tallies that are grouped alike."""
        _agree(bookings, calls)
        spans = _spans(calls, bookings.window.periods)
        labels, (history, count, ownerless), owner, line = _side_by_side(bookings, calls, spans)
        scale = max(bookings.scale, calls.scale)
        history = rescaled(history, bookings.scale, scale)
        shape = (len(labels), len(spans.periods), len(calls.categories), len(calls.weeks))
        used, cell = _places_of_calls(calls, owner, line, spans, shape[0])

        def placed_by(table: AnyArray) -> AnyArray:
            if cell is None:
                return table.reshape(*shape[:2], *table.shape[1:])
            out = np.zeros((shape[0] * shape[1], *table.shape[1:]), dtype=table.dtype)
            out[cell] = _some(table, used)
            return out.reshape(*shape[:2], *table.shape[1:])

        forecast, known = placed_by(rescaled(calls.amount, calls.scale, scale)), placed_by(calls.known)
        called = placed_by(calls.calls) > 0
        there = called | (_of_spans(count, spans) > 0)

        def wide(table: AnyArray) -> AnyArray:
            return np.broadcast_to(table[..., None, None], shape)

        return cls(
            bookings=bookings,
            calls=calls,
            labels=labels,
            spans=spans,
            scale=scale,
            forecast=forecast,
            known=known,
            actual=wide(_of_spans(history, spans)),
            history=history,
            there=wide(there),
            complete=wide(spans.over(_day(bookings))[None, :]),
            left_out=_causes(bookings, calls, spans, used, ownerless),
        )

    @property
    def used(self) -> BoolArray:
        """True where a forecaster has both a call and a complete period."""
        return self.known & self.complete

    @property
    def counts_left_out(self) -> dict[str, int]:
        """What was read and not used, by cause."""
        return {
            "no call by then": int((self.there & self.complete & ~self.known).sum()),
            "period not over": int((self.there & ~self.complete).sum()),
            **self.left_out,
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know."""
        return ("`where` picked among the deals only: the calls are whole.",) if self.deals_only else ()

    @property
    def said(self) -> str:
        """Which call counts, for which days, in words."""
        kinds, weeks = (", ".join(map(str, values)) for values in (self.calls.categories, self.calls.weeks))
        by_then = f"the end of week {weeks}" + ("" if self.calls.counted == "week" else " from the end")
        if self.calls.weeks == ("last",):
            by_then = "the end of the period"
        asked, spans = self.calls.window.periods, self.spans.periods
        lots = "1 period" if len(spans) == 1 else f"{len(spans)} periods"
        own = None if asked is not None and tuple(asked) == spans else f"calls for {lots}"
        return words(
            f"latest {kinds} call by {by_then}", own, dated(self.calls.window, "closed", self.bookings.as_of_day)
        )

    def only(self, kept: BoolArray) -> Self:
        """Return the pairs without the calls that are not kept."""
        return attrs.evolve(self, known=self.known & kept)

    def pooled(self) -> Pools:
        """Return the pairs of each group and period asked for together."""
        groups = self.places.labels
        over = np.zeros(self.spans.cells, dtype=bool)
        over[self.spans.cell[self.spans.over(_day(self.bookings))]] = True
        empty = np.bincount(self.spans.cell, minlength=self.spans.cells) == 0
        over |= empty
        running = np.broadcast_to(~over[:, None, None], (len(groups), self.spans.cells, *self.forecast.shape[2:]))
        return Pools(
            labels=self.calls.kinds(self.calls.window.cross(groups)),
            forecast=self.put(self.forecast, self.used),
            actual=self.put(self.actual, self.used),
            running=running.reshape(-1),
        )

    @property
    def places(self) -> _Places:
        """Where the pairs of each forecaster go."""
        return _Places.of(self.labels, self.calls.by)

    def put(self, values: AnyArray, kept: BoolArray) -> FloatArray:
        """Return values of pairs as rows of the answer, NaN where they are not kept; the last axis has a row's pairs."""
        table = self.spread(values, kept)
        return table.reshape(-1, table.shape[-2] * table.shape[-1])

    def spread(self, values: AnyArray, kept: BoolArray) -> FloatArray:
        """Return values with axes group, period asked for, category, week, forecaster and period; NaN where not kept."""
        place, spans = self.places, self.spans
        shape = (len(place.labels), place.width, spans.cells, spans.per, *values.shape[2:])
        shown = np.where(kept, values, np.nan)
        if math.prod(shape) == shown.size and place.in_order and spans.in_order:
            out = shown.reshape(shape)
        else:
            out = np.full(shape, np.nan)
            out[place.group[:, None], place.rank[:, None], spans.cell, spans.rank] = shown
        return np.ascontiguousarray(out.transpose(0, 2, 4, 5, 1, 3))


@attrs.frozen(eq=False)
class _Places:
    """The groups of forecasters, and the place of each forecaster in its group."""

    labels: Labels
    group: IntArray
    rank: IntArray
    width: int

    @classmethod
    def of(cls, forecasters: Labels, by: tuple[str, ...]) -> Self:
        """Return the places of forecasters, in their order within each group."""
        labels, group = forecasters.onto(by)
        rank = _rank(group, len(labels))
        return cls(labels, group, rank, int(rank.max(initial=0)) + 1)

    @property
    def in_order(self) -> bool:
        """True where the forecasters of each group follow one another, group after group."""
        return bool((np.diff(self.group) >= 0).all())


def _rank(group: IntArray, groups: int) -> IntArray:
    """Return the place of each member in its group, in the order they stand."""
    order = np.argsort(group, kind="stable")
    rank = np.zeros(len(group), dtype=np.int64)
    if len(group):
        rank[order] = np.arange(len(group)) - np.searchsorted(group[order], np.arange(groups))[group[order]]
    return rank


# --- from tallies to pairs -------------------------------------------------------------------------------------------


def chosen_spans(calls: CallTally) -> tuple[list[Period], list[int]]:
    """Return the periods to pair, and the position of the period asked for in which each lies.

    Where somebody called for the very period that is asked for, it is that one alone.
    """
    held = calls.spans()
    if calls.window.periods is None:
        return list(held), [0] * len(held)
    periods, cells, exact = [], [], set(held)
    for at, asked in enumerate(calls.window.periods):
        inside = () if asked in exact else (s for s in held if asked.start <= s.start and s.end <= asked.end)
        found = list(inside) or [asked]
        periods += found
        cells += [at] * len(found)
    return periods, cells


def _by_days(period: Period) -> tuple[dt.date, dt.date]:
    """Return what periods are sorted by, which is compared faster than periods are."""
    return period.start, period.end


def run_of(spans: Sequence[Period]) -> Periods:
    """Return periods of calls in order, or raise where two of them overlap."""
    for before, after in pairwise(sorted(spans, key=_by_days)):
        if before.overlaps(after):
            raise InvalidArgumentError(
                f"`period` must pick calls for periods that do not overlap; got calls for {before} and for {after}.",
                code="SM-FOR-02",
                field="period",
                values=[before, after],
                hint="ask for the very periods, period=calendar.quarters(first, last), or keep the calls apart with "
                "forecasts.filter(...).",
            )
    return Periods(spans)


def _spans(calls: CallTally, booked: Periods | None) -> Spans:
    """Return the periods to pair, each of which the bookings must have."""
    periods, cells = chosen_spans(calls)
    run_of(periods)
    of_bookings = _positions(periods, tuple(booked or ()))
    absent = [periods[at] for at in np.flatnonzero(of_bookings < 0).tolist()]
    if absent:
        raise MergeError(
            f"`deals` must be a tally whose periods are those of the calls; got one without {absent[0]}.",
            code="SM-TLY-06",
            field="deals",
            values=absent,
            hint="BookingTally.from_book(..., period=the periods that the calls are about).",
        )
    size = calls.window.size
    cell = np.array(cells, dtype=np.int64)
    return Spans(tuple(periods), cell, _rank(cell, size), size, of_bookings)


def _positions(periods: Sequence[Period], among: tuple[Period, ...]) -> IntArray:
    """Return where each period stands among others, -1 where it does not."""
    if tuple(periods) == among:
        return np.arange(len(among), dtype=np.int64)
    place = {period: at for at, period in enumerate(among)}
    return np.array([place.get(period, -1) for period in periods], dtype=np.int64)


def _of_spans(table: AnyArray, spans: Spans) -> AnyArray:
    """Return the columns of the periods that are paired, of a table by periods of the bookings."""
    if table.shape[1] == len(spans.of_bookings) and all_in_place(spans.of_bookings):
        return table
    return table[:, spans.of_bookings]


def _some(table: AnyArray, rows: IntArray | None) -> AnyArray:
    """Return some rows of a table, which rise; the table itself where they are all."""
    return table if rows is None or len(rows) == len(table) else table[rows]


def _side_by_side(
    bookings: BookingTally, calls: CallTally, spans: Spans
) -> tuple[Labels, tuple[IntArray, IntArray, IntArray], IntArray, IntArray]:
    """Return who called or booked there, and amounts, deals and deals of nobody by period.

    And the forecasters who called, and which of those each row of calls is of.
    """
    grain = calls.grain
    has_rep = np.ones(len(bookings.labels), dtype=bool)
    if "rep" in grain:
        at = bookings.labels.names.index("rep")
        has_rep = bookings.labels.codes[:, at] < len(bookings.labels.levels[at].values)
    kept = np.flatnonzero(has_rep)
    owners, row = bookings.labels.take(kept).onto(grain)
    said, line = calls.labels.onto(grain)
    labels, mine, theirs = owners.union(said)

    def added(table: IntArray) -> IntArray:
        own, place = _some(table, kept), mine[row]
        return own if len(own) == len(labels) and all_in_place(place) else rolled(place, len(labels), own)

    amount, count = added(bookings.amount), added(bookings.count)
    here = np.asarray(_of_spans(count, spans).any(axis=1))
    here[theirs] = True
    place, rows = np.cumsum(here) - 1, np.flatnonzero(here)
    amount, count, nobody = _some(amount, rows), _some(count, rows), bookings.count[~has_rep].sum(axis=0)
    return labels.take(rows), (amount, count, nobody), place[theirs], line


def _causes(
    bookings: BookingTally, calls: CallTally, spans: Spans, used: IntArray | None, ownerless: IntArray
) -> dict[str, int]:
    """Return what the two tallies hold and no pair can have, by cause."""
    return {
        **dict(zip(calls.causes, calls.left_out.tolist(), strict=True)),
        "call for a part of the period": int(calls.calls.sum() - _some(calls.calls, used).sum()),
        "deal without an amount": int(_of_spans(bookings.unpriced, spans).sum()),
        "deal without a rep": int(ownerless[spans.of_bookings].sum()),
    }


def _places_of_calls(
    calls: CallTally, owner: IntArray, line: IntArray, spans: Spans, forecasters: int
) -> tuple[IntArray | None, IntArray | None]:
    """Return which rows of calls are paired, and the place of each among forecasters and periods.

    None and None where those are all rows and all places in their order: rows of calls are sorted, and each is there once.
    """
    positions = _positions(calls.labels.levels[-1].values, spans.periods)
    size = len(spans.periods)
    rising = bool((np.diff(owner) > 0).all() and (np.diff(positions) > 0).all())
    if rising and (positions >= 0).all() and len(line) == forecasters * size:
        return None, None
    span = positions[calls.labels.codes[:, -1]]
    used = np.flatnonzero(span >= 0)
    return used, owner[line[used]] * size + span[used]


def _agree(bookings: BookingTally, calls: CallTally) -> None:
    """Raise where two tallies are not grouped alike, or bookings are coarser than the calls."""
    if bookings.by != calls.by:
        raise MergeError(
            "`forecasts` must be a tally with the same `by` as the deals; got another.",
            code="SM-TLY-06",
            field="forecasts",
            values=[calls.by],
        )
    if not set(calls.grain) <= set(bookings.labels.names):
        raise MergeError(
            "`deals` must be a tally kept rep by rep where the calls are the reps'; got one that is not.",
            code="SM-TLY-05",
            field="per_rep",
            hint="BookingTally.from_book(..., per_rep=True).",
        )


def _day(bookings: BookingTally) -> int:
    """Return the day of the bookings, which must be known."""
    if bookings.as_of_day is None:
        raise InvalidArgumentError(
            f"`as_of` must be given for {NEEDED}; got a tally made without.",
            code="SM-DAY-03",
            field="as_of",
            hint="BookingTally.from_book(..., as_of='2026-10-31').",
        )
    return bookings.as_of_day


def rescaled(minor: IntArray, scale: int, wanted: int) -> IntArray:
    """Return minor units in finer ones."""
    factor = 10 ** (wanted - scale)
    if factor == 1:
        return minor
    if minor.size and int(np.abs(minor).max()) * factor > 2**63 - 1:
        raise InvalidDataError(
            "a sum of money must stay within int64 minor units; got more in the scale of the other book.",
            code="SM-AMT-09",
            field="amount",
            hint="give deals and forecasts the same scale when they are read.",
        )
    scaled: IntArray = minor * factor
    return scaled
