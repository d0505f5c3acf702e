"""What is reviewed: the books, the period and the day, checked once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Literal, TypeVar

import attrs

from salesmetrics import _check
from salesmetrics.asking import activity_book, deal_history, one_currency, rep_book
from salesmetrics.books import (
    ActivityBook,
    DealBook,
    DealHistory,
    ForecastBook,
    QuotaBook,
    RepBook,
    SplitBook,
)
from salesmetrics.calendars import Period
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.fiscal import FiscalCalendar
from salesmetrics.grouping import as_of_day
from salesmetrics.reviewing import neighbours
from salesmetrics.reviewing.rules import ReviewRules, checked

__all__ = ["BOOKS", "NO_GROUPS", "OVER", "Case"]

Kind = TypeVar("Kind")
By = str | tuple[str, ...] | list[str] | None
BOOKS = {
    "quotas": "the quotas",
    "reps": "the reps",
    "forecasts": "the forecast calls",
    "history": "the changes of the deals",
    "activities": "the activities",
}
"""The books beside the deals, in words."""
OVER = "the period is over."
NO_GROUPS = "no groups were asked for: give `by`."
"""Why some tables are not there though nothing is missing."""
_MADE_BY = {
    "deals": "sm.read_deals(frame) makes a book of a frame, a mapping, a CSV file or Deal objects.",
    "quotas": "sm.read_quotas(frame) makes a book of a frame, a mapping, a CSV file or Quota objects.",
    "forecasts": "sm.read_forecasts(frame) makes a book of a frame, a mapping, a CSV file or ForecastCall objects.",
    "splits": "sm.read_splits(frame) makes a book of a frame, a mapping, a CSV file or Split objects.",
    "calendar": "sm.FiscalCalendar(start_month=2).",
}
_MOST_PAST = 8


@attrs.frozen(eq=False)
class Case:
    """The books, the period, and the day up to which events count."""

    deals: DealBook
    quotas: QuotaBook | None
    reps: RepBook | None
    forecasts: ForecastBook | None
    history: DealHistory | None
    activities: ActivityBook | None
    splits: SplitBook | None
    calendar: FiscalCalendar | None
    period: Period
    day: dt.date
    by: tuple[str, ...]
    rules: ReviewRules

    @classmethod
    def of(
        cls,
        deals: object,
        quotas: object,
        books: Mapping[str, object],
        calendar: object,
        period: object,
        as_of: object,
        by: By,
        rules: object,
    ) -> Case:
        """Return the checked case; what is of the wrong kind, or does not fit together, is refused."""
        book = _kind(deals, DealBook, "deals")
        if book is None:
            raise _other(deals, "deals", "a DealBook")
        within = _period(period)
        case = cls(
            deals=book,
            quotas=_kind(quotas, QuotaBook, "quotas"),
            reps=_reps(books["reps"]),
            forecasts=_kind(books["forecasts"], ForecastBook, "forecasts"),
            history=None if books["history"] is None else deal_history(books["history"]),
            activities=None if books["activities"] is None else activity_book(books["activities"]),
            splits=_kind(books["splits"], SplitBook, "splits"),
            calendar=_kind(calendar, FiscalCalendar, "calendar"),
            period=within,
            day=_day(book, within, as_of),
            by=_check.name_list(by, "by"),
            rules=checked(rules),
        )
        case._fits()
        return case

    def _fits(self) -> None:
        """Raise where the books are not in one currency, reps are missing, or ``by`` names no label."""
        for other in (self.quotas, self.forecasts):
            if other is not None:
                one_currency(self.deals.currency, other.currency)
        owner = self.deals.columns.get("rep")
        if self.reps is not None and isinstance(owner, LabelColumn) and "id" in self.reps.columns:
            self.people.rows_of(owner)
        known = {*self.deals.label_names, *(() if self.reps is None else self.reps.lendable)}
        _check.names(list(self.by), sorted(known), "by")

    @cached_property
    def people(self) -> RepBook:
        """The reps, one row each, as the structure stands in the end."""
        assert self.reps is not None
        return self.reps.latest()

    @property
    def running(self) -> bool:
        """True while days of the period are still to come."""
        return self.day < self.period.last

    @property
    def gone(self) -> int:
        """The days of the period that are over."""
        return min((self.day - self.period.start).days + 1, self.period.days)

    @cached_property
    def before(self) -> Period:
        """The period before."""
        return neighbours.preceding(self.period, self.calendar)

    @cached_property
    def after(self) -> Period:
        """The period that follows."""
        return neighbours.following(self.period, self.calendar)

    @cached_property
    def past(self) -> Period:
        """The year up to the period, with which it is compared."""
        return neighbours.year_before(self.period.start, self.calendar)

    @cached_property
    def judged(self) -> Period:
        """The last year of periods that are over, of which the calls are judged."""
        return self.past if self.running else neighbours.year_before(self.period.end, self.calendar)

    @cached_property
    def required_basis(self) -> Literal["open_at", "closed"]:
        """Which deals the required coverage is learned from.

        Those open when the period before began, where the day on which closed ones were once expected is on file; else those
        closed in it.
        """
        expected, closed = self.deals.columns.get("expected_close"), self.deals.columns.get("closed")
        if isinstance(expected, DayColumn) and isinstance(closed, DayColumn):
            return "open_at" if ((expected.days >= 0) & (closed.days >= 0)).any() else "closed"
        return "closed"

    @cached_property
    def past_periods(self) -> list[Period]:
        """The periods before this one of which the deals are known whole, at most eight."""
        closed = self.deals.columns.get("closed")
        if not isinstance(closed, DayColumn) or closed.last < 0:
            return []
        days = closed.days[closed.days >= 0]
        return neighbours.run_before(self.period, self.calendar, _check.date_of(int(days.min())), _MOST_PAST)


def _period(period: object) -> Period:
    """Return the period, or raise."""
    if isinstance(period, Period):
        return period
    raise InvalidTypeError(
        f"`period` must be a Period; got {show(period)}.",
        code="SM-REV-04",
        field="period",
        values=[period],
        hint="calendar.quarter(2026, 3), or sm.Period('2026-07-01', '2026-10-01'); a review is of one period.",
    )


def _day(deals: DealBook, period: Period, as_of: object) -> dt.date:
    """Return the last known day: the one asked for, else the book's, but not beyond the period."""
    number = as_of_day(deals, as_of, needed="a review, which is of what is known on a day")
    assert number is not None
    day = _check.date_of(number if as_of is not None else min(number, period.end_day - 1))
    if day < period.start:
        raise InvalidArgumentError(
            f"`period` must have begun by {day}, the last known day; got {period!r}.",
            code="SM-REV-05",
            field="period",
            values=[period],
            hint="as_of= is the last day whose events are known.",
        )
    return day


def _reps(reps: object) -> RepBook | None:
    """Return the book of reps; one whose structure changes on days may have several rows for a rep."""
    if reps is None:
        return None
    if isinstance(reps, RepBook) and reps.dated:
        rep_book(reps.latest())
        return reps
    return rep_book(reps)


def _kind(value: object, kind: type[Kind], name: str) -> Kind | None:
    """Return a value of a kind, or None; raise for anything else."""
    if value is None or isinstance(value, kind):
        return value
    raise _other(value, name, f"a {kind.__name__}" if kind is DealBook else f"a {kind.__name__} or None")


def _other(value: object, name: str, what: str) -> InvalidTypeError:
    """Return the refusal of a value of another kind."""
    return InvalidTypeError(
        f"`{name}` must be {what}; got {show(None if value is None else type(value).__name__)}.",
        code="SM-REV-06",
        field=name,
        values=[value],
        hint=_MADE_BY[name],
    )
