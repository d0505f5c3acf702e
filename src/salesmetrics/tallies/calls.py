"""Calls: which forecast counts, by group, forecaster, period, category and week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import locked
from salesmetrics._histograms import scatter
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.books.reps import RepBook
from salesmetrics.calendars import Period
from salesmetrics.calling import NEVER, SPAN, Bounds, CallReader, latest_calls
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn, smallest_codes
from salesmetrics.errors import InvalidArgumentError, nearest, show
from salesmetrics.grouping import day_column, group, window_of
from salesmetrics.labels import Labels, Levels
from salesmetrics.tally import Tally, added, owned

__all__ = ["SPAN", "CallTally"]

Week = int | str
_AXES = {
    "category": "several categories, category=('commit', 'best_case'),",
    "week": "several weeks, week=(1, 6, 'last'),",
    "period": "several periods, period=calendar.quarters(first, last),",
}


@attrs.frozen(eq=False, repr=False)
class CallTally(Tally):
    """The call that counts for each forecaster, period, category and week.

    A row is a forecaster of a group and a period that somebody called for, if it lies in a period asked for. The call that
    counts is the latest one given on or before the last day of the week; of several on one day the largest. ``given`` is its
    day, counted from 1970 and far below 0 where there is none; ``amount`` is then 0. ``calls`` counts the calls of a row, of
    any category and day. Parts merge in any cut: the later call wins.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> quarter = sm.Period("2026-01-01", "2026-04-01")
    >>> calls = sm.read_forecasts({"rep": ["Ana"] * 3, "start": ["2026-01-01"] * 3, "end": ["2026-04-01"] * 3,
    ...                            "given": ["2026-01-05", "2026-01-07", "2026-02-10"], "amount": [300, 240, 260]})
    >>> sm.CallTally.from_book(calls, period=quarter).amount.tolist()
    [[[24000]]]
    >>> both = sm.CallTally.from_book(calls, period=quarter, week=(1, "last"))
    >>> both.amount.tolist(), both.calls.tolist()
    ([[[24000, 26000]]], [3])
    """

    what: ClassVar[str] = "calls"
    causes: ClassVar[tuple[str, ...]] = (
        "call without an amount",
        "call for a period that only overlaps",
        "call without a rep",
    )

    by: tuple[str, ...]
    categories: tuple[Any, ...]
    weeks: tuple[Week, ...]
    counted: str
    many: tuple[str, ...]
    currency: str | None
    scale: int
    given: IntArray = owned()
    amount: IntArray = owned()
    calls: IntArray = added()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        forecasts: ForecastBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        category: object = None,
        week: object = None,
        weeks_left: object = None,
        where: object = None,
        reps: RepBook | None = None,
    ) -> Self:
        """Return the tally of a book of calls.

        Several categories, or several weeks, become a label of the rows. ``week`` is 1 by default: what was said at the
        start; a number from the start, or ``"last"``; ``weeks_left`` is a number from the end, 1 being the last week.
        """
        window, names = window_of(period), _names(by)
        counted, weeks, several_weeks = _weeks(week, weeks_left)
        kind: LabelColumn = forecasts.column("category", "forecast calls")
        categories, several = _categories(category, kind)
        grain = (*names, "rep") if "rep" in forecasts.columns and "rep" not in names else names
        grouping = group(forecasts, grain, where, reps)
        bounds = Bounds.of(*(day_column(forecasts, name, "forecast calls").days for name in ("start", "end")))
        reader = CallReader(forecasts, grouping, window, _codes(kind, categories), bounds)
        labels, found = latest_calls(reader, len(categories), _ends(weeks, counted, bounds.starts, bounds.ends).T)
        return cls(
            labels=labels,
            window=window,
            by=names,
            categories=categories,
            weeks=weeks,
            counted=counted,
            many=(*(("category",) if several else ()), *((counted,) if several_weeks else ())),
            currency=forecasts.currency,
            scale=forecasts.scale,
            given=found.given,
            amount=found.amount,
            calls=found.calls,
            left_out=reader.left_out,
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        category: object = None,
        week: object = None,
        weeks_left: object = None,
        per_rep: bool = True,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no calls: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        columns: dict[str, Column] = {
            name: DayColumn(np.zeros(0, dtype=np.int32)) for name in ("start", "end", "given")
        }
        columns["amount"] = MoneyColumn(np.zeros(0, dtype=np.int64), None, scale)
        for name in dict.fromkeys([*names, *(["rep"] if per_rep else []), "category"]):
            columns[name] = LabelColumn(np.zeros(0, dtype=np.int8), ())
        nobody = ForecastBook(columns=columns, rows=0, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, category=category, week=week, weeks_left=weeks_left)

    @property
    def grain(self) -> tuple[str, ...]:
        """The labels of a forecaster: those of ``by``, and the rep where calls are the reps'."""
        return tuple(name for name in self.labels.names if name != SPAN)

    @property
    def known(self) -> BoolArray:
        """True where there is a call that counts."""
        return self.given > NEVER

    def spans(self) -> tuple[Period, ...]:
        """Return the periods that somebody called for, in order."""
        values = self.labels.levels[-1].values
        there = np.zeros(len(values), dtype=bool)
        there[self.labels.codes[:, -1]] = True
        held = (values[code] for code in np.flatnonzero(there).tolist())
        return tuple(sorted(held, key=lambda period: (period.start, period.end)))

    def cutoffs(self, spans: Sequence[Period]) -> IntArray:
        """Return the first day after each week, by period and week; far below 0 where a period has no such week."""
        starts = np.array([period.start_day for period in spans], dtype=np.int64)
        ends = np.array([period.end_day for period in spans], dtype=np.int64)
        return _ends(self.weeks, self.counted, starts, ends)

    def kinds(self, labels: Labels) -> Labels:
        """Return each row with every category and week that is a label."""
        rows = labels.crossed(Levels("category", self.categories, ordered=True)) if "category" in self.many else labels
        return rows.crossed(Levels(self.counted, self.weeks, ordered=True)) if self.counted in self.many else rows

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return of every two calls the later, of two on one day the larger."""
        shape = (len(labels), *self.given.shape[1:])
        given, amount = _scattered(shape, mine, self.given), scatter(shape, mine, self.amount)
        their_given, their_amount = _scattered(shape, yours, other.given), scatter(shape, yours, other.amount)
        theirs = (their_given > given) | ((their_given == given) & (their_amount > amount))
        return {
            "given": locked(np.where(theirs, their_given, given)),
            "amount": locked(np.where(theirs, their_amount, amount)),
        }

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same calls."""
        return np.array_equal(self.given, other.given) and np.array_equal(self.amount, other.amount)


def _scattered(shape: tuple[int, ...], rows: AnyArray, given: IntArray) -> IntArray:
    """Return days at their new places, and no call elsewhere."""
    out = np.full(shape, NEVER, dtype=np.int64)
    out[rows] = given
    return out


# --- which category, which week --------------------------------------------------------------------------------------


def _names(by: object) -> tuple[str, ...]:
    """Return the labels asked for; what has an argument of its own is refused."""
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, (list, tuple)) else ()
    for name in names:
        if name in _AXES:
            raise InvalidArgumentError(
                f"`by` must name labels of deals and calls; got {show(name)}.",
                code="SM-ARG-34",
                field="by",
                values=[name],
                hint=f"{_AXES[name]} make it a label of the rows.",
            )
    return names


def _several(given: object, argument: str) -> tuple[tuple[Any, ...], bool]:
    """Return what is asked for as a tuple, and whether it came as several; each once, at least one."""
    several = isinstance(given, (list, tuple))
    asked = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not asked or len(set(map(str, asked))) < len(asked):
        raise InvalidArgumentError(
            f"`{argument}` must name at least one, each once; got {show(given)}.",
            code="SM-ARG-06",
            field=argument,
            values=[given],
        )
    return asked, several


def _categories(category: object, kind: LabelColumn) -> tuple[tuple[Any, ...], bool]:
    """Return the categories asked for, and whether they are several; each must be one of the book."""
    asked, several = _several("commit" if category is None else category, "category")
    for name in asked:
        if len(kind.levels) and name not in kind.levels:
            raise InvalidArgumentError(
                f"`category` must name categories of the forecasts; got {show(name)}.",
                code="SM-ARG-09",
                field="category",
                values=[name],
                hint=nearest(name, kind.levels),
            )
    return asked, several


def _codes(kind: LabelColumn, categories: Sequence[Any]) -> AnyArray:
    """Return for each row the position of its category among those asked for, -1 for the others."""
    place = {name: at for at, name in enumerate(categories)}
    lookup = np.array([*(place.get(level, -1) for level in kind.levels), -1])
    return smallest_codes(lookup, len(categories))[kind.codes]


def _weeks(week: object, weeks_left: object) -> tuple[str, tuple[Week, ...], bool]:
    """Return how weeks are counted, those asked for, and whether they are several."""
    if week is not None and weeks_left is not None:
        raise InvalidArgumentError(
            f"`weeks_left` must not be given together with `week`; got {show(weeks_left)} and {show(week)}.",
            code="SM-ARG-33",
            field="weeks_left",
            values=[weeks_left],
        )
    counted = "week" if weeks_left is None else "weeks_left"
    asked, several = _several((1 if week is None else week) if weeks_left is None else weeks_left, counted)
    return counted, tuple(_one_week(number, counted) for number in asked), several


def _one_week(number: object, counted: str) -> Week:
    """Return one week: a number from 1, or "last"."""
    if counted == "week" and isinstance(number, str):
        return _check.one_of(number, ("last",), counted)
    return _check.count(number, counted, least=1)


def _ends(weeks: Sequence[Week], counted: str, starts: IntArray, ends: IntArray) -> IntArray:
    """Return the first day after each week, by period and week; far below 0 where a period has no such week."""
    found = np.full((len(starts), len(weeks)), NEVER, dtype=np.int64)
    last = np.maximum((2 * (ends - starts) + 7) // 14, 1)  # as many weeks as a Period of these days has
    for column, week in enumerate(weeks):
        number = last if isinstance(week, str) else np.full_like(last, week) if counted == "week" else last + 1 - week
        begun = np.where((number >= 1) & (number < last), starts + 7 * number, NEVER)
        found[:, column] = np.where(number == last, ends, begun)
    return found
