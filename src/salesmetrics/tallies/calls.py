"""Calls: which forecast counts, by group, forecaster, period, category and week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._check import locked
from salesmetrics._kernels import Range, packed_cells, scatter
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.books.reps import RepBook
from salesmetrics.calendars import Periods
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, nearest, show
from salesmetrics.grouping import Grouping, day_column, group, window_of
from salesmetrics.labels import Labels, Levels
from salesmetrics.tally import Tally, added, owned

__all__ = ["CallTally"]

Week = int | str
_NEVER = -(2**62)
_AXES = {
    "category": "several categories, category=('commit', 'best_case'),",
    "week": "several weeks, week=(1, 6, 'last'),",
    "period": "several periods, period=calendar.quarters(first, last),",
}


def _locked_ints(values: AnyArray) -> IntArray:
    return locked(np.ascontiguousarray(values, dtype=np.int64))


@attrs.frozen(eq=False)
class CallTally(Tally):
    """The call that counts for each forecaster, period, category and week, and how many calls there were to choose from.

    The call that counts is the latest one given on or before the last day of the week; of several on one day the largest. A
    call belongs to a period if it has exactly its first and last day. ``given`` is the day of the call that counts, as its
    number since 1970, and is far below 0 where there is none; ``amount`` is then 0. Parts merge in any cut: the later call
    wins.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> from salesmetrics.tallies.calls import CallTally
    >>> quarter = sm.Period("2026-01-01", "2026-04-01")
    >>> calls = sm.read_forecasts({"rep": ["Ana"] * 3, "start": ["2026-01-01"] * 3, "end": ["2026-04-01"] * 3,
    ...                            "given": ["2026-01-05", "2026-01-07", "2026-02-10"], "amount": [300, 240, 260]})
    >>> CallTally.from_book(calls, period=quarter).amount.tolist()
    [[[[24000]]]]
    >>> both = CallTally.from_book(calls, period=quarter, week=(1, "last"))
    >>> both.amount.tolist(), both.calls.tolist()
    ([[[[24000, 26000]]]], [[[3]]])
    """

    what: ClassVar[str] = "calls"
    causes: ClassVar[tuple[str, ...]] = ("call without an amount", "call for a period that only overlaps")

    by: tuple[str, ...]
    categories: tuple[Any, ...]
    weeks: tuple[Week, ...]
    counted: str
    many: tuple[str, ...]
    currency: str | None
    scale: int
    calls: IntArray = added()
    left_out: IntArray = added(total=True)
    given: IntArray = attrs.field(converter=_locked_ints, metadata=owned().metadata)
    amount: IntArray = attrs.field(converter=_locked_ints, metadata=owned().metadata)

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
        start; a number from the start, or ``"last"``; ``weeks_left`` is a number from the end, 0 being the last week.
        """
        window = window_of(period)
        if window.periods is None:
            raise _no_period()
        counted, weeks, ends = _weeks(week, weeks_left, window.periods)
        names = _names(by)
        grain = (*names, "rep") if "rep" in forecasts.columns and "rep" not in names else names
        kind: LabelColumn = forecasts.column("category", "forecast calls")
        categories, several = _categories(category, kind)
        grouping = group(forecasts, grain, where, reps)
        chosen = _Chosen.of(forecasts, grouping, window.periods, _codes(kind, categories), len(categories))
        shape = (len(chosen.groups), window.size, len(categories), len(weeks))
        grouping.check_size(shape)
        given, amount = chosen.latest(shape, ends)
        return cls(
            labels=grouping.labels(chosen.groups),
            window=window,
            by=names,
            categories=categories,
            weeks=weeks,
            counted=counted,
            many=(*(("category",) if several else ()), *((counted,) if _is_several(week, weeks_left) else ())),
            currency=forecasts.currency,
            scale=forecasts.scale,
            calls=np.bincount(chosen.cell, minlength=int(np.prod(shape[:3]))).reshape(shape[:3]),
            left_out=np.array([chosen.blank, chosen.overlapping], dtype=np.int64),
            given=given,
            amount=amount,
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
        columns: dict[str, Column] = {name: DayColumn(np.zeros(0, dtype=np.int32)) for name in ("start", "end", "given")}
        columns["amount"] = MoneyColumn(np.zeros(0, dtype=np.int64), None, scale)
        for name in dict.fromkeys([*names, *(["rep"] if per_rep else []), "category"]):
            columns[name] = LabelColumn(np.zeros(0, dtype=np.int8), ())
        nobody = ForecastBook(columns=columns, rows=0, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, category=category, week=week, weeks_left=weeks_left)

    @property
    def cutoffs(self) -> IntArray:
        """The last day on which a call counts, by period and week."""
        assert self.window.periods is not None
        return _ends(self.weeks, self.counted, self.window.periods) - 1

    def cross(self, labels: Labels, *, periods: bool = True) -> Labels:
        """Return the rows of the answer: each group with every period, category and week that is a label."""
        rows = self.window.cross(labels) if periods else labels
        if "category" in self.many:
            rows = rows.crossed(Levels("category", self.categories, ordered=True))
        return rows.crossed(Levels(self.counted, self.weeks, ordered=True)) if self.counted in self.many else rows

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return of every two calls the later, of two on one day the larger."""
        shape = (len(labels), *self.given.shape[1:])
        given, amount = np.full(shape, _NEVER, dtype=np.int64), scatter(shape, mine, self.amount)
        given[mine] = self.given
        their_given, their_amount = np.full(shape, _NEVER, dtype=np.int64), scatter(shape, yours, other.amount)
        their_given[yours] = other.given
        theirs = (their_given > given) | ((their_given == given) & (their_amount > amount))
        return {"given": np.where(theirs, their_given, given), "amount": np.where(theirs, their_amount, amount)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same calls."""
        return np.array_equal(self.given, other.given) and np.array_equal(self.amount, other.amount)

    @property
    def known(self) -> BoolArray:
        """True where there is a call that counts."""
        return self.given > _NEVER


@attrs.frozen(eq=False)
class _Chosen:
    """The calls that can count, in order of cell, day and amount; a cell is a group, a period and a category."""

    groups: IntArray
    cell: IntArray
    given: IntArray
    amount: IntArray
    blank: int
    overlapping: int

    @classmethod
    def of(cls, forecasts: ForecastBook, grouping: Grouping, periods: Periods, kind: IntArray, kinds: int) -> Self:
        """Return the calls for these periods, of the categories whose position is in ``kind``."""
        start, end = (day_column(forecasts, name, "forecast calls").days for name in ("start", "end"))
        said = day_column(forecasts, "given", "forecast calls").days
        money: MoneyColumn = forecasts.column("amount", "forecast calls")
        rows, group_cell = packed_cells(
            grouping.rows, grouping.axes, keep=(*grouping.keep, Range(kind, 0), Range(said, 0))
        )
        place, beside = _matched(start[rows].astype(np.int64), end[rows].astype(np.int64), periods)
        known = np.ones(len(rows), dtype=bool) if money.known is None else money.known[rows].astype(bool)
        used = np.flatnonzero((place >= 0) & known)
        at, cells = rows[used], group_cell[used]
        groups = np.unique(cells) if grouping.levels else np.zeros(1, dtype=np.int64)
        cell = (np.searchsorted(groups, cells) * len(periods) + place[used]) * kinds + kind[at]
        given, amount = said[at].astype(np.int64), money.minor[at]
        order = np.lexsort((amount, given, cell))
        blank = int(((place >= 0) & ~known).sum())
        return cls(groups, cell[order], given[order], amount[order], blank, int(beside.sum()))

    def latest(self, shape: tuple[int, ...], ends: IntArray) -> tuple[IntArray, IntArray]:
        """Return day and amount of the last call before each end, ends by period and week."""
        given, amount = np.full(shape, _NEVER, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        flat_given, flat_amount = given.reshape(-1, shape[3]), amount.reshape(-1, shape[3])
        period = self.cell // shape[2] % shape[1]
        for week in range(shape[3]):
            early = np.flatnonzero(self.given < ends[period, week])
            cell = self.cell[early]
            last = early[np.flatnonzero(np.append(cell[1:] != cell[:-1], True))] if len(early) else early
            flat_given[self.cell[last], week] = self.given[last]
            flat_amount[self.cell[last], week] = self.amount[last]
        return given, amount


def _matched(start: IntArray, end: IntArray, periods: Periods) -> tuple[IntArray, BoolArray]:
    """Return the position of the period with exactly these bounds, -1 without, and where one is only overlapped."""
    starts, ends = periods.starts.astype(np.int64), periods.ends.astype(np.int64)
    if not len(starts):
        return np.full(len(start), -1, dtype=np.int64), np.zeros(len(start), dtype=bool)
    near = np.minimum(np.searchsorted(starts, start), len(starts) - 1)
    exact = (starts[near] == start) & (ends[near] == end)
    shared = np.searchsorted(starts, end, side="left") > np.searchsorted(ends, start, side="right")
    return np.where(exact, near, -1), shared & ~exact


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


# --- which category, which week --------------------------------------------------------------------------------------


def _categories(category: object, kind: LabelColumn) -> tuple[tuple[Any, ...], bool]:
    """Return the categories asked for, and whether they are several; each must be one of the book."""
    given = "commit" if category is None else category
    several = isinstance(given, (list, tuple))
    asked = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not asked or len(set(asked)) < len(asked):
        raise InvalidArgumentError(
            f"`category` must name categories, each once; got {show(category)}.",
            code="SM-ARG-06",
            field="category",
            values=[category],
        )
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


def _codes(kind: LabelColumn, categories: Sequence[Any]) -> IntArray:
    """Return for each row the position of its category among those asked for, -1 for the others."""
    place = {name: at for at, name in enumerate(categories)}
    lookup = np.array([*(place.get(level, -1) for level in kind.levels), -1], dtype=np.int64)
    return lookup[kind.codes]


def _is_several(week: object, weeks_left: object) -> bool:
    """Return True where several weeks are asked for."""
    return isinstance(week, (list, tuple)) or isinstance(weeks_left, (list, tuple))


def _weeks(week: object, weeks_left: object, periods: Periods) -> tuple[str, tuple[Week, ...], IntArray]:
    """Return how weeks are counted, those asked for, and the first day after each, by period and week."""
    if week is not None and weeks_left is not None:
        raise InvalidArgumentError(
            f"`weeks_left` must not be given together with `week`; got {show(weeks_left)} and {show(week)}.",
            code="SM-ARG-33",
            field="weeks_left",
            values=[weeks_left],
        )
    counted = "week" if weeks_left is None else "weeks_left"
    given = (1 if week is None else week) if weeks_left is None else weeks_left
    asked = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not asked or len(set(map(str, asked))) < len(asked):
        raise InvalidArgumentError(
            f"`{counted}` must name weeks, each once; got {show(given)}.",
            code="SM-ARG-06",
            field=counted,
            values=[given],
        )
    weeks = tuple(_one_week(number, counted) for number in asked)
    return counted, weeks, _ends(weeks, counted, periods)


def _one_week(number: object, counted: str) -> Week:
    """Return one week: a number from 1, or "last"; from the end a number from 0."""
    if counted == "week" and isinstance(number, str):
        return _check.one_of(number, ("last",), counted)
    if isinstance(number, float):
        raise InvalidTypeError(
            f"`{counted}` must be a whole number; got {show(number)}.", code="SM-ARG-03", field=counted, values=[number]
        )
    return _check.count(number, counted, least=1 if counted == "week" else 0)


def _ends(weeks: Sequence[Week], counted: str, periods: Periods) -> IntArray:
    """Return the first day after each week, by period and week; every period must have that many weeks."""
    ends = np.zeros((len(periods), len(weeks)), dtype=np.int64)
    for row, period in enumerate(periods):
        for column, week in enumerate(weeks):
            number = period.weeks if isinstance(week, str) else week if counted == "week" else period.weeks - week
            if isinstance(week, str) or number == period.weeks:
                ends[row, column] = period.end_day
            elif 1 <= number < period.weeks:
                ends[row, column] = period.start_day + 7 * number
            else:
                raise InvalidArgumentError(
                    f"`{counted}` must be a week of every period; got {show(week)}, and {period} has {period.weeks}.",
                    code="SM-PER-04",
                    field=counted,
                    values=[week],
                    hint="week='last' is the last one of any period.",
                )
    return ends


def _no_period() -> InvalidArgumentError:
    """Return the refusal of calls without a period."""
    return InvalidArgumentError(
        "`period` must be given where forecast calls are read; got None.",
        code="SM-ARG-24",
        field="period",
        hint="calendar.quarters(first, last): the periods the calls are about, with the same first and last days.",
    )
