"""Questions about forecasts: from books or tallies to pairs, and from pairs to the table of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.answers import blanked, major, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.asking import deal_book, one_currency
from salesmetrics.books import DealBook, ForecastBook, RepBook
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import LabelColumn
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, MergeError, nearest, show
from salesmetrics.grouping import as_of_day, day_column
from salesmetrics.pairing import NEEDED, Pairs, Pools, chosen_spans, rescaled, run_of
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.scans.requests import Loose
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally
from salesmetrics.tally import refuse_grouping

__all__ = ["Asked", "booked_until", "pairs_of", "pooled_answer", "spans_of"]

By = str | tuple[str, ...] | list[str] | None
_PIECE = 1 << 15


@attrs.frozen
class Asked:
    """What a question about forecasts is asked with: the arguments that every function of the family has."""

    period: object = None
    by: By = None
    where: object = None
    reps: RepBook | None = None
    as_of: object = None
    category: object = None
    week: object = None
    weeks_left: object = None


# --- from books to pairs ---------------------------------------------------------------------------------------------


def pairs_of(
    deals: DealBook | DealScan | BookingTally,
    forecasts: ForecastBook | CallTally,
    asked: Asked,
    more: Sequence[Period] = (),
) -> Pairs:
    """Return what was said beside what came; tallies are taken as they are.

    Bookings are counted in ``more`` periods too, where they do not overlap those of the calls.
    """
    if isinstance(deals, BookingTally):
        given = {"by": asked.by, "period": asked.period, "where": asked.where, "as_of": asked.as_of}
        refuse_grouping(deals, given)
        asked = attrs.evolve(asked, by=deals.by, period=deals.window.asked)
    calls = _calls(deals, forecasts, asked)
    bookings = deals if isinstance(deals, BookingTally) else _bookings(deal_book(deals), forecasts, calls, asked, more)
    one_currency(bookings.currency, calls.currency)
    pairs = Pairs.of(bookings, calls)
    only = asked.where is not None and not isinstance(asked.where, Mapping)
    return attrs.evolve(pairs, deals_only=only)


def _calls(deals: object, forecasts: ForecastBook | CallTally, asked: Asked) -> CallTally:
    """Return the tally of the calls, or the one that was given."""
    choice = {"category": asked.category, "week": asked.week, "weeks_left": asked.weeks_left}
    if isinstance(forecasts, CallTally):
        if not isinstance(deals, BookingTally):
            choice |= {"by": asked.by, "period": asked.period, "where": asked.where}
        refuse_grouping(forecasts, choice)
        return forecasts
    if not isinstance(forecasts, ForecastBook):
        raise InvalidTypeError(
            f"`forecasts` must be a ForecastBook or its tally; got {show(type(forecasts).__name__)}.",
            code="SM-BOK-12",
            field="forecasts",
            hint="sm.read_forecasts(frame) makes a book of a frame, a mapping, a CSV file or ForecastCall objects.",
        )
    where = asked.where if isinstance(asked.where, Mapping) and isinstance(deals, (Book, DealScan)) else None
    return CallTally.from_book(
        forecasts,
        by=asked.by,
        period=asked.period,
        where=None if where is None or not isinstance(deals, (Book, DealScan)) else _narrowed(where, forecasts, deals),
        reps=asked.reps,
        category=asked.category,
        week=asked.week,
        weeks_left=asked.weeks_left,
    )


def _bookings(deals: Any, forecasts: object, calls: CallTally, asked: Asked, more: Sequence[Period]) -> BookingTally:
    """Return the tally of the bookings in the periods that the calls were about, and in more where asked for."""
    spans = run_of(chosen_spans(calls)[0])
    spans = run_of([*spans, *(period for period in more if not any(period.overlaps(span) for span in spans))])
    return _tallied(deals, forecasts, calls, asked, spans)


def _tallied(deals: Any, forecasts: object, calls: CallTally, asked: Asked, periods: Periods) -> BookingTally:
    """Return the tally of the bookings in these periods."""
    where = asked.where
    if isinstance(where, Mapping) and isinstance(forecasts, Book):
        in_parts = isinstance(deals, DealScan)
        where = _loose(where, deals, forecasts) if in_parts else _narrowed(where, deals, forecasts)
    as_of_day(deals, asked.as_of, needed=NEEDED)
    return BookingTally.from_book(
        deals,
        by=calls.by,
        period=periods,
        where=where,
        reps=asked.reps,
        as_of=asked.as_of,
        per_rep="rep" in calls.grain,
    )


def booked_until(deals: object, forecasts: object, pairs: Pairs, asked: Asked, ends: IntArray) -> IntArray:
    """Return what each forecaster booked in each period before a day of it, in the minor units of the pairs."""
    if not isinstance(deals, (DealBook, DealScan)):
        raise MergeError(
            "`deals` must be a book for kind 'run_rate'; got its tally, which does not know the days inside a period.",
            code="SM-TLY-07",
            field="deals",
            hint="kind='last' and kind='seasonal' can be read from tallies.",
        )
    begun = [
        Period(period.start, _check.date_of(end))
        for period, end in zip(pairs.spans.periods, ends.tolist(), strict=True)
    ]
    tally = _tallied(deals, forecasts, pairs.calls, asked, Periods(begun))
    labels, mine, theirs = pairs.labels.union(tally.labels.onto(pairs.calls.grain)[0])
    out = np.zeros((len(labels), len(begun)), dtype=np.int64)
    row = tally.labels.onto(pairs.calls.grain)[1]
    np.add.at(out, theirs[row], rescaled(tally.amount, tally.scale, pairs.scale))
    return out[mine]


def spans_of(forecasts: object) -> tuple[Period, ...]:
    """Return the periods that a book of calls is about; none for a tally."""
    if not isinstance(forecasts, ForecastBook):
        return ()
    start, end = (day_column(forecasts, name, "forecast calls").days for name in ("start", "end"))
    bounds = np.unique((start.astype(np.int64) << 32) + end).tolist()
    return tuple(Period(_check.date_of(both >> 32), _check.date_of(both & 0xFFFFFFFF)) for both in bounds)


def _narrowed(where: Mapping[Any, Any], book: Book, other: Book | DealScan) -> BoolArray:
    """Return the rows of a book whose labels are wanted; both books must have the columns, and one of them each label.

    What labels a scan has is known when it is read: then those that only it can have are looked for.
    """
    keep = np.ones(book.rows, dtype=bool)
    for name, wanted in where.items():
        mine, theirs = _both_columns(name, book, other)
        labels = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset, np.ndarray)) else [wanted]
        known = {*mine.levels, *theirs.levels, None}
        unknown = [label for label in labels if label not in known and not isinstance(other, DealScan)]
        if unknown:
            raise InvalidArgumentError(
                f"`where` must name labels of {show(name)}; got {show(unknown[0])}.",
                code="SM-ARG-09",
                field="where",
                values=unknown,
                hint=nearest(unknown[0], known - {None}),
            )
        chosen = np.array([level in labels for level in (*mine.levels, None)], dtype=bool)
        keep &= chosen[mine.codes]
    return keep


def _both_columns(name: Any, book: Book | DealScan, other: Book | DealScan) -> tuple[LabelColumn, LabelColumn]:
    """Return the label columns of two books, which both must have."""
    mine, theirs = ((side.first if isinstance(side, DealScan) else side).columns.get(name) for side in (book, other))
    if not isinstance(mine, LabelColumn) or not isinstance(theirs, LabelColumn):
        raise InvalidArgumentError(
            f"`where` must name label columns that deals and forecasts both have; got {show(name)}.",
            code="SM-ARG-08",
            field="where",
            values=[name],
            hint=nearest(name, set(book.label_names) & set(other.label_names)),
        )
    return mine, theirs


def _loose(where: Mapping[Any, Any], deals: DealScan, forecasts: Book) -> Loose:
    """Return what is wanted of a scan: labels that the forecasts have need not be in any part."""
    strict = {}
    for name, wanted in where.items():
        theirs = _both_columns(name, deals, forecasts)[1]
        labels = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset, np.ndarray)) else [wanted]
        strict[name] = frozenset(labels) - {*theirs.levels, None}
    return Loose(where, strict)


# --- from pools to tables --------------------------------------------------------------------------------------------


def pooled_answer(
    name: str,
    unit: str,
    pairs: Pairs,
    pools: Pools,
    value: AnyArray,
    how: str,
    *,
    n: IntArray | None = None,
    low: AnyArray | None = None,
    high: AnyArray | None = None,
    parts: Mapping[str, tuple[AnyArray, str]] | None = None,
    left_out: Mapping[str, int] | None = None,
    notes: tuple[str, ...] = (),
    too_short: BoolArray | None = None,
) -> MetricTable:
    """Return the table of one number for each pool; values of money in major units."""
    paired = pools.n
    rows = paired if n is None else n
    none = paired == 0 if too_short is None else (paired == 0) | too_short
    reason = reasons(
        len(rows), ("period_running", pools.running), ("no_rows", none), ("zero_denominator", np.isnan(value))
    )
    more = {"forecast": (pools.forecast, "money"), "actual": (pools.actual, "money")}
    whole = {part: (major(_total(table), pairs.scale), kind) for part, (table, kind) in more.items()} | dict(
        parts or {}
    )
    return MetricTable(
        name=name,
        unit=unit,
        labels=pools.labels,
        value=blanked(value, reason),
        n=rows,
        reason_code=reason,
        low=low,
        high=high,
        parts={part: values for part, (values, _) in whole.items()},
        part_units={part: kind for part, (_, kind) in whole.items()},
        left_out={**pairs.counts_left_out, **(left_out or {})},
        definition=words(how, pairs.said),
        notes=(*pairs.notes, *notes),
        scale=pairs.scale,
        currency=pairs.calls.currency,
    )


def _total(table: FloatArray) -> FloatArray:
    """Return the sum of each row; some rows at a time, which stay in the cache."""
    step = max(1, _PIECE // max(table.shape[-1], 1))
    pieces = [np.nansum(table[at : at + step], axis=-1) for at in range(0, len(table), step)]
    return np.concatenate([np.zeros(0), *pieces])
