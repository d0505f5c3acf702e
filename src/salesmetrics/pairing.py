"""Calls beside bookings: what was said and what came, one row for each forecaster and period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import attrs
import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, MergeError
from salesmetrics.labels import Labels
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally

__all__ = ["Pairs", "Pools"]


@attrs.frozen(eq=False)
class Pools:
    """Pairs put together into the rows of an answer: the last axis runs over the pairs of a row, NaN where one is not used.

    Money in minor units. ``forecast`` and ``actual`` are there for the pairs with both; ``series`` is what the same forecasters
    booked in every complete period, in order of forecaster, then period. ``running`` is True where every period is.
    """

    labels: Labels
    forecast: FloatArray
    actual: FloatArray
    series: FloatArray
    running: BoolArray

    @property
    def n(self) -> IntArray:
        """How many pairs each row has."""
        return (~np.isnan(self.forecast)).sum(axis=-1).astype(np.int64)


@attrs.frozen(eq=False)
class Pairs:
    """What each forecaster said and booked, with axes forecaster, period, category and week; money in minor units.

    ``there`` is True where a forecaster called or booked anything in a period, ``known`` where there is a call that counts,
    ``complete`` where the period is over.
    """

    bookings: BookingTally
    calls: CallTally
    labels: Labels
    scale: int
    forecast: IntArray
    known: BoolArray
    actual: IntArray
    there: BoolArray
    complete: BoolArray

    @classmethod
    def of(cls, bookings: BookingTally, calls: CallTally) -> Self:
        """Return the pairs of two tallies that are grouped alike."""
        _agree(bookings, calls)
        scale = max(bookings.scale, calls.scale)
        grain, rows = bookings.labels.onto(calls.labels.names)
        labels, mine, theirs = grain.union(calls.labels)
        shape = (len(labels), calls.window.size, len(calls.categories), len(calls.weeks))
        place = mine[rows]
        actual, count = np.zeros(shape[:2], dtype=np.int64), np.zeros(shape[:2], dtype=np.int64)
        np.add.at(actual, place, _rescaled(bookings.amount, bookings.scale, scale))
        np.add.at(count, place, bookings.count)
        forecast, known = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
        forecast[theirs], known[theirs] = _rescaled(calls.amount, calls.scale, scale), calls.known
        called = np.zeros(shape[:2], dtype=bool)
        called[theirs] = (calls.calls > 0).any(axis=2)
        complete = _complete(bookings)
        return cls(
            bookings=bookings,
            calls=calls,
            labels=labels,
            scale=scale,
            forecast=forecast,
            known=known,
            actual=np.broadcast_to(actual[:, :, None, None], shape),
            there=np.broadcast_to(((count > 0) | called)[:, :, None, None], shape),
            complete=np.broadcast_to(complete[None, :, None, None], shape),
        )

    @property
    def used(self) -> BoolArray:
        """True where a forecaster has both a call and a complete period."""
        return self.known & self.complete

    @property
    def left_out(self) -> dict[str, int]:
        """What was read and not used, by cause."""
        return {
            "no call by then": int((self.there & self.complete & ~self.known).sum()),
            "period not over": int((self.there & ~self.complete).sum()),
            **dict(zip(self.calls.causes, self.calls.left_out.tolist(), strict=True)),
            "deal without an amount": int(self.bookings.unpriced.sum()),
        }

    def where(self, kept: BoolArray) -> Pairs:
        """Return the pairs with those calls only."""
        return attrs.evolve(self, known=self.known & kept)

    def pooled(self, by: Sequence[str], *, periods: bool) -> Pools:
        """Return the pairs of each group together; with ``periods`` those of all periods, else each period by itself."""
        labels, rows = self.labels.onto(by)
        used = self.used
        # the forecasters whose errors count are those whose series does
        heard = np.broadcast_to(used.any(axis=1, keepdims=True), used.shape) if periods else used
        running = self.complete[:1].any(axis=1) if periods else self.complete[0]
        running = ~np.broadcast_to(running, (len(labels), *running.shape[-3 + periods :]))
        place = _Places.of(rows, len(labels), periods)
        return Pools(
            labels=self.calls.cross(labels, periods=not periods),
            forecast=place.put(self.forecast, used),
            actual=place.put(self.actual, used),
            series=place.put(self.actual, heard & self.complete),
            running=running.reshape(-1),
        )


@attrs.frozen(eq=False)
class _Places:
    """Where the pairs of each forecaster go: the group, and the place in it."""

    group: IntArray
    rank: IntArray
    groups: int
    width: int
    periods: bool

    @classmethod
    def of(cls, rows: IntArray, groups: int, periods: bool) -> Self:
        """Return the places of forecasters, in their order within each group."""
        order = np.argsort(rows, kind="stable")
        first = np.searchsorted(rows[order], np.arange(groups))
        rank = np.empty(len(rows), dtype=np.int64)
        rank[order] = np.arange(len(rows)) - first[rows[order]] if len(rows) else 0
        return cls(rows, rank, groups, int(rank.max(initial=-1)) + 1, periods)

    def put(self, values: AnyArray, kept: BoolArray) -> FloatArray:
        """Return values as rows of the answer with the pairs along the last axis, NaN where they are not kept."""
        _, periods, kinds, weeks = values.shape
        out = np.full((self.groups, self.width, periods, kinds, weeks), np.nan)
        out[self.group, self.rank] = np.where(kept, values, np.nan)
        if self.periods:
            return np.ascontiguousarray(out.transpose(0, 3, 4, 1, 2)).reshape(-1, self.width * periods)
        return np.ascontiguousarray(out.transpose(0, 2, 3, 4, 1)).reshape(-1, self.width)


def _agree(bookings: BookingTally, calls: CallTally) -> None:
    """Raise where two tallies are not grouped alike, or bookings are coarser than the calls."""
    if (bookings.by, bookings.window) != (calls.by, calls.window):
        raise MergeError(
            "`forecasts` must be a tally with the same `by` and `period` as the deals; got others.",
            code="SM-TLY-06",
            field="forecasts",
            values=[calls.by],
        )
    if not set(calls.labels.names) <= set(bookings.labels.names):
        raise MergeError(
            "`deals` must be a tally kept rep by rep where the calls are the reps'; got one that is not.",
            code="SM-TLY-05",
            field="per_rep",
            hint="BookingTally.from_book(..., per_rep=True).",
        )


def _complete(bookings: BookingTally) -> BoolArray:
    """Return True for the periods that are over on the day of the bookings, which must be known."""
    if bookings.as_of_day is None:
        raise InvalidArgumentError(
            "`as_of` must be given for forecast accuracy, which reads complete periods; got None, and the book has no day "
            "of its own.",
            code="SM-DAY-03",
            field="as_of",
            hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
        )
    assert bookings.window.periods is not None
    complete: BoolArray = bookings.window.periods.ends.astype(np.int64) - 1 <= bookings.as_of_day
    return complete


def _rescaled(minor: IntArray, scale: int, wanted: int) -> IntArray:
    """Return minor units in finer ones."""
    factor = 10 ** (wanted - scale)
    if minor.size and int(np.abs(minor).max()) * factor > 2**63 - 1:
        raise InvalidDataError(
            "a sum of money must stay within int64 minor units; got more in the scale of the other book.",
            code="SM-AMT-09",
            field="amount",
            hint="give deals and forecasts the same scale when they are read.",
        )
    scaled: IntArray = minor * factor
    return scaled
