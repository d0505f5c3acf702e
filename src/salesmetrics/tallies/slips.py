"""Slippage: what became of the deals expected in a period, and of those expected after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import date_of
from salesmetrics._kernels import Addend, Axis, Range
from salesmetrics._threads import blocks_in_order, side_by_side
from salesmetrics._wide import LIMBS
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.calendars import Period
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn, smallest_codes
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, nearest, show
from salesmetrics.grouping import Grouping, Window, group, window_of
from salesmetrics.labels import Labels, Levels
from salesmetrics.states import MOVING, UNTOLD, Standing, alive, followed, silent_on, stood, untold
from salesmetrics.tally import Tally, added
from salesmetrics.trails import Trails, trails

__all__ = ["SlipTally"]

By = str | tuple[str, ...] | list[str] | None
KINDS = (
    "due_won",
    "due_lost",
    "due_no_decision",
    "due_out",
    "due_open",
    "later_won",
    "later_inside",
    "later_other",
    "closed_won",
    "closed_lost",
    "closed_no_decision",
)
_DUE, _LATER, _CLOSED = (KINDS.index(name) for name in ("due_won", "later_won", "closed_won"))
MEASURES = ("count", "amount")
AHEAD = "weeks_ahead"


@attrs.frozen(eq=False, repr=False)
class SlipTally(Tally):
    """Deals of each kind: how many, how many with an amount, sums of amounts and of their squares.

    The kinds are what became, by the last day of the period, of deals open on a day before and *due* in it (won, lost, closed
    without a decision, moved out, open without having moved out), of those due *later* (won in it, moved into it, other), and
    the deals *closed* in it. The first two count at the amount and under the labels of the day before. ``untold`` counts the
    deals of which one of ``silent`` was not known on that day, since the history does not track it and they have changed since.
    """

    what: ClassVar[str] = "slips"
    kinds: ClassVar[tuple[str, ...]] = KINDS
    silent: ClassVar[tuple[str, ...]] = UNTOLD

    by: tuple[str, ...]
    at_days: tuple[int, ...]
    category: tuple[object, ...] | None
    as_of_day: int
    negative: str
    currency: str | None
    scale: int
    count: IntArray = added()
    credits: IntArray = added(total=True)
    untold: IntArray = added(total=True)
    priced: IntArray | None = added(optional=True)
    amount: IntArray | None = added(optional=True)
    squares: IntArray | None = added(limbs=True, optional=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        history: DealHistory,
        *,
        period: object,
        by: By = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        at: object = None,
        category: str | Sequence[object] | None = None,
        measures: tuple[str, ...] = MEASURES,
        negative: str = "raise",
    ) -> Self:
        """Return the tally of deals and their changes; ``measures`` leaves out the amounts where only counts are asked."""
        _check.one_of(negative, ("raise", "exclude"), "negative")
        names = (by,) if isinstance(by, str) else tuple(by or ())
        window, days = _days(period, at)
        known = _known_until(deals, history, as_of)
        wanted = None if category is None else tuple((category,) if isinstance(category, str) else category)
        static = tuple(name for name in names if name != AHEAD)
        group(deals.take(np.zeros(0, dtype=np.int64)), static, None, reps)  # refuses what is not there
        paths = trails(deals, history, as_of=date_of(known))
        paths.history.column("expected_close", "slippage")
        if wanted is not None:
            paths.history.column("forecast_category", "`category`")
        mask = deals.mask(where)
        read = (*static, *(() if reps is None else ("rep",)), *(() if wanted is None else ("forecast_category",)))
        chosen = None if mask is None else np.flatnonzero(mask)
        taken = [day for day in days if day <= known]
        silent = _untold(paths, chosen, taken, {*read, *(("amount",) if "amount" in measures else ())})
        found = _Credits(negative)

        def counted(parts: list[tuple[_Cohorts, _Cohorts]], lost: IntArray) -> dict[str, Any]:
            rows = _together(parts, deals, names, lent=reps is not None)
            grouping = group(rows.book, names, None, reps)
            tables, credits = _tables(rows, grouping, window, measures, found)
            present = grouping.present(tables["count"])
            return {
                "labels": grouping.labels(present),
                "window": window,
                "by": names,
                "at_days": days,
                "category": wanted,
                "as_of_day": known,
                "negative": negative,
                "currency": deals.currency,
                "scale": deals.scale,
                "credits": np.array([credits], dtype=np.int64),
                "untold": lost,
                **{name: table[present] for name, table in tables.items()},
            }

        # a period after the other: the deals of all of them would take as much memory as the book
        total = None if taken else cls(**counted([], silent))
        for place, (each, day) in enumerate(zip(window.periods or (), days, strict=True)):
            if day <= known:
                parts = _cohorts(place, paths, chosen, each, day, min(each.end_day - 1, known), wanted, read)
                some = cls(**counted(parts, silent if total is None else np.zeros_like(silent)))
                total = some if total is None else total + some
        assert total is not None
        found.refuse()
        return total

    @classmethod
    def empty(
        cls,
        *,
        period: object,
        as_of: object,
        by: By = None,
        at: object = None,
        category: str | Sequence[object] | None = None,
        measures: tuple[str, ...] = MEASURES,
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        window, days = _days(period, at)
        wanted = None if category is None else tuple((category,) if isinstance(category, str) else category)
        labels = Labels(tuple(Levels(n, ()) for n in names), np.zeros((0, len(names)), dtype=np.int64))
        shape = (0 if names else 1, window.size, len(KINDS))
        tables: dict[str, AnyArray] = {"count": np.zeros(shape, dtype=np.int64)}
        if "amount" in measures:
            wide = np.zeros((*shape, LIMBS), dtype=np.int64)
            tables |= {"priced": tables["count"], "amount": tables["count"], "squares": wide}
        return cls(
            labels=labels if names else Labels.single(),
            window=window,
            by=names,
            at_days=days,
            category=wanted,
            as_of_day=_check.day(as_of, "as_of"),
            negative=negative,
            currency=currency,
            scale=scale,
            credits=np.zeros(1, dtype=np.int64),
            untold=np.zeros(len(UNTOLD), dtype=np.int64),
            **tables,
        )


# --- what is asked ---------------------------------------------------------------------------------------------------


def _days(period: object, at: object) -> tuple[Window, tuple[int, ...]]:
    """Return the periods, and the day on which the cohort of each is taken: the day before, or one that is given."""
    if period is None:
        raise InvalidArgumentError(
            "`period` must be given for slippage, which asks what was to close in it; got None.",
            code="SM-SLP-01",
            field="period",
            hint="calendar.quarter(2026, 3), calendar.quarters(start, end) or Period(start, end).",
        )
    window = window_of(period)
    assert window.periods is not None
    if at is None:
        return window, tuple(each.start_day - 1 for each in window.periods)
    if len(window.periods) != 1:
        raise InvalidArgumentError(
            f"`at` must be given with one period only; got {len(window.periods)} periods.",
            code="SM-SLP-02",
            field="at",
            values=[at],
            hint="without it each cohort is taken on the day before its period.",
        )
    day = _check.day(at, "at")
    if day >= window.periods[0].end_day:
        raise InvalidArgumentError(
            f"`at` must not lie after the period; got {date_of(day)}.", code="SM-SLP-03", field="at", values=[at]
        )
    return window, (day,)


def _known_until(deals: DealBook, history: DealHistory, as_of: object) -> int:
    """Return the last day whose events are known: the argument, else the books' own."""
    day = _check.optional_day(as_of, "as_of")
    found = next((known for known in (day, deals.as_of_day, history.as_of_day) if known is not None), None)
    if found is None:
        raise InvalidArgumentError(
            "`as_of` must be given for slippage, which needs periods that are over; got None, and the books have no day of "
            "their own.",
            code="SM-DAY-03",
            field="as_of",
            hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
        )
    return found


# --- deals by kind ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Cohorts:
    """Deals of one period by kind: their rows, what is read of them on the day that counts, how long before they were due."""

    period: int
    rows: IntArray
    kind: AnyArray
    minor: IntArray
    known: BoolArray
    labels: Mapping[str, LabelColumn]
    ahead: AnyArray
    on: AnyArray

    @classmethod
    def of(
        cls, period: int, rows: IntArray, kind: AnyArray, state: Standing, when: tuple[Any, Any], some: IntArray
    ) -> _Cohorts:
        """Return some of the deals that stood so; ``when`` holds weeks ahead and days for each of them."""
        labels = {name: column.take(some) for name, column in state.labels.items()}
        ahead, on = (np.broadcast_to(values, rows.shape)[some].astype(np.int32) for values in when)
        return cls(period, rows[some], kind[some], state.minor[some], state.known[some], labels, ahead, on)


def _cohorts(
    place: int,
    paths: Trails,
    chosen: IntArray | None,
    period: Period,
    at: int,
    last: int,
    category: tuple[object, ...] | None,
    names: tuple[str, ...],
) -> list[tuple[_Cohorts, _Cohorts]]:
    """Return the deals open on a day by what became of them by the last day, and the deals closed in the period, in blocks."""
    rows, places = followed(paths, alive(paths.deals, chosen, min(at, period.start_day - 1), last))
    bounds = list(blocks_in_order(0, len(rows))) or [(0, 0)]
    return [
        _parted(place, paths, rows[start:stop], places[start:stop], period, at, last, category, names)
        for start, stop in bounds
    ]


def _parted(
    place: int,
    paths: Trails,
    rows: IntArray,
    places: IntArray,
    period: Period,
    at: int,
    last: int,
    category: tuple[object, ...] | None,
    names: tuple[str, ...],
) -> tuple[_Cohorts, _Cohorts]:
    """Return the same of some of the deals."""
    before, after = side_by_side(lambda day: stood(paths, places, day, names), (at, last), len(places))
    start, end = period.start_day, period.end_day
    due = before.opened & (before.expected >= start) & (before.expected < end)
    later = before.opened & (before.expected >= end)
    if category is not None:
        wanted = _categorized(before, category)
        due, later = due & wanted, later & wanted
    out = (after.outcome == OPEN) & (after.expected >= end)
    inside = (after.outcome == OPEN) & (after.expected >= start) & (after.expected < end)
    of_due = np.where(after.outcome > OPEN, after.outcome - 1, np.where(out, 3, 4))
    won = (after.outcome == WON) & (after.closed >= start)
    of_later = np.where(won, _LATER, np.where(inside, _LATER + 1, _LATER + 2))
    taken = np.flatnonzero(due | later)
    kind = np.where(due, of_due, of_later).astype(np.int8)
    ended = np.flatnonzero((after.outcome > OPEN) & (after.closed >= start) & (after.closed <= last))
    codes = (after.outcome - 1 + _CLOSED).astype(np.int8)
    return (
        _Cohorts.of(place, rows, kind, before, ((before.expected - at) // 7, at), taken),
        _Cohorts.of(place, rows, codes, after, (-1, after.closed), ended),
    )


def _untold(paths: Trails, chosen: IntArray | None, days: Sequence[int], names: set[str]) -> IntArray:
    """Return of how many deals that were open on one of the days some column was not known then."""
    if not days or not silent_on(paths, names):
        return np.zeros(len(UNTOLD), dtype=np.int64)
    return untold(paths, followed(paths, alive(paths.deals, chosen, min(days), max(days)))[1], days, names)


def _categorized(state: Standing, category: tuple[object, ...]) -> AnyArray:
    """Return True for the deals in some forecast categories."""
    column = state.labels["forecast_category"]
    for name in category:
        if column.levels and name is not None and name not in column.levels:
            raise InvalidArgumentError(
                f"`category` must name forecast categories; got {show(name)}.",
                code="SM-SLP-04",
                field="category",
                values=[name],
                hint=nearest(name, column.levels),
            )
    marks = np.array([*(level in category for level in column.levels), None in category], dtype=bool)
    return marks[column.codes]


# --- tables ----------------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class _Credits:
    """How many amounts below 0 there are in all periods, and the first of them."""

    negative: str
    count: int = 0
    values: list[float] = attrs.field(factory=list)

    def noted(self, money: MoneyColumn) -> int:
        """Return how many there are among these amounts."""
        here = np.flatnonzero(money.minor < 0)
        self.count += len(here)
        self.values += money.take(here[:10]).user().tolist()
        return len(here)

    def refuse(self) -> None:
        """Raise where there are some and they are not to be left out."""
        if self.count and self.negative == "raise":
            raise InvalidDataError(
                f"`amount` must be >= 0 in shares of amounts; got {self.count} deals that are not.",
                code="SM-AMT-08",
                field="amount",
                values=self.values[:10],
                hint="negative='exclude' leaves credits out and counts them.",
            )


@attrs.frozen(eq=False)
class _Rows:
    """The deals of all periods and kinds under the labels they had."""

    book: DealBook
    period: AnyArray
    kind: AnyArray


def _together(
    pairs: Sequence[tuple[_Cohorts, _Cohorts]], deals: DealBook, names: Sequence[str], *, lent: bool
) -> _Rows:
    """Return all rows as a book; how far ahead a deal was due has no meaning for deals that closed, which are left out."""
    weekly = AHEAD in names
    parts = [part for pair in pairs for part in (pair[:1] if weekly else pair)]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(p.rows for p in parts)])
    minor = np.concatenate([np.zeros(0, dtype=np.int64), *(p.minor for p in parts)])
    known = np.concatenate([np.zeros(0, dtype=bool), *(p.known for p in parts)])
    wanted = {name for name in (*names, *(("rep",) if lent else ())) if name in deals.label_names}
    columns: dict[str, Column] = {name: _label(name, deals, parts) for name in wanted}
    if lent:
        # the day whose structure counts, where reps change teams
        columns["closed"] = DayColumn(np.concatenate([np.zeros(0, dtype=np.int32), *(p.on for p in parts)]))
    if "amount" in deals.columns:
        columns["amount"] = MoneyColumn(minor, None if known.all() else known, deals.scale)
    if weekly:
        ahead = np.concatenate([np.zeros(0, dtype=np.int64), *(p.ahead for p in parts)])
        weeks, codes = np.unique(ahead, return_inverse=True)
        columns[AHEAD] = LabelColumn(smallest_codes(codes.reshape(-1), len(weeks)), tuple(weeks.tolist()))
    return _Rows(
        attrs.evolve(deals, columns=columns, rows=len(rows)),
        np.repeat(np.array([p.period for p in parts], dtype=np.int32), [len(p.rows) for p in parts]),
        np.concatenate([np.zeros(0, dtype=np.int8), *(p.kind for p in parts)]),
    )


def _label(name: str, deals: DealBook, parts: Sequence[_Cohorts]) -> LabelColumn:
    """Return a label of every row: as it stood where it moves, else the deal's own."""
    own: LabelColumn = deals.columns[name]  # type: ignore[assignment]
    moving = [p.labels[name] for p in parts if name in MOVING and name in p.labels]
    if len(moving) == len(parts) and moving:
        return attrs.evolve(moving[0], codes=np.concatenate([column.codes for column in moving]))
    return own.take(np.concatenate([np.zeros(0, dtype=np.int64), *(p.rows for p in parts)]))


def _tables(
    rows: _Rows, grouping: Grouping, window: Window, measures: tuple[str, ...], found: _Credits
) -> tuple[dict[str, AnyArray], int]:
    """Return counts, and where asked for sums of amounts, of each group, period and kind; and how many credits are out."""
    axes = (Axis(rows.period, window.size), Axis(rows.kind, len(KINDS)))
    count, _ = grouping.tabulate(axes, ())
    if "amount" not in measures:
        return {"count": count}, 0
    money: MoneyColumn = rows.book.column("amount", "a share of amounts")
    keep: tuple[Range, ...] = () if money.known is None else (Range(money.known, 1, None),)
    credits = found.noted(money)
    if credits:
        keep = (*keep, Range(money.minor, 0, None))
    sums = [Addend(money.minor, money.largest), Addend(money.minor, money.largest**2, times=money.minor)]
    priced, (amount, squares) = grouping.tabulate(axes, keep, sums)
    return {"count": count, "priced": priced, "amount": amount, "squares": squares}, credits
