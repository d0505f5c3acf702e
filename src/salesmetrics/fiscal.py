"""Fiscal years, quarters, months, weeks and business days, made into periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate
from typing import Any

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.arrays import BoolArray, CodeArray, IntArray
from salesmetrics.calendars import DayLike, Period, Periods, day_numbers
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, show
from salesmetrics.keywords import names_keywords

__all__ = ["FiscalCalendar", "PeriodCodes"]

UNITS = ("year", "quarter", "month", "week")
PATTERNS = ("4-4-5", "4-5-4", "5-4-4")
_FIRST_YEAR, _LAST_YEAR = 1000, 9998
_FIRST_DAY = dt.date(_FIRST_YEAR - 2, 1, 1).toordinal() - _check.EPOCH  # before any start of the first year
_LAST_DAY = dt.date.max.toordinal() - _check.EPOCH
_MISSING = -5_000_000  # days; farther from 1970 than any date, nearer than NaT as `day_numbers` gives it
_MARK = {"quarter": "Q{}", "month": "M{:02d}", "week": "W{:02d}"}


@attrs.frozen(eq=False)
class PeriodCodes:
    """Days by fiscal period: a code for each day, and the periods that the codes point to.

    Attributes
    ----------
    codes : numpy.ndarray of int
        Position in `periods`, -1 where the day is missing.
    periods : Periods
        All periods from the one of the earliest day to the one of the latest.
    """

    codes: CodeArray
    periods: Periods


def _between(value: object, least: int, most: int, argument: str, meaning: str, hint: str | None = None) -> int:
    """Return a whole number that must lie between two others."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and least <= value <= most:
        return int(value)
    raise InvalidArgumentError(
        f"`{argument}` must be {meaning}, {least} to {most}; got {show(value)}.",
        code="SM-CAL-01",
        field=argument,
        values=[value],
        hint=hint,
    )


def _start_month(value: int) -> int:
    return _between(value, 1, 12, "start_month", "a month")


def _named_by(value: str) -> str:
    return _check.one_of(value, ("start", "end"), "named_by")


def _pattern(value: str | None) -> str | None:
    return None if value is None else _check.one_of(value, PATTERNS, "pattern")


def _year_end(value: str) -> str:
    return _check.one_of(value, ("last", "nearest"), "year_end")


def _weekday(value: int) -> int:
    return _between(value, 0, 6, "weekday", "a day of the week (Monday is 0, Sunday 6)")


def _extra_week(value: int) -> int:
    return _between(value, 1, 4, "extra_week", "a quarter")


def _holidays(value: Iterable[DayLike]) -> tuple[dt.date, ...]:
    """Return holidays sorted, each once."""
    given: object = value
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidTypeError(
            f"`holidays` must be several days; got {show(given)}.",
            code="SM-CAL-02",
            field="holidays",
            values=[given],
            hint="put a single one in a list.",
        )
    return tuple(_check.date_of(number) for number in sorted({_check.day(item, "holidays") for item in given}))


def _count_of(days: tuple[dt.date, ...]) -> str:
    return f"<{len(days)} days>"


def _weekmask(value: object) -> str:
    """Return the seven marks of the week, Monday first."""
    try:
        marks = np.busdaycalendar(weekmask=value).weekmask  # type: ignore[arg-type]  # any form that numpy takes
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"`weekmask` must mark at least one day of the week; got {show(value)}.",
            code="SM-CAL-03",
            field="weekmask",
            values=[value],
            hint="seven marks from Monday, such as '1111100', or names such as 'Mon Tue Wed'.",
        ) from error
    return "".join("1" if mark else "0" for mark in marks)


@attrs.frozen
class FiscalCalendar:
    """Fiscal years and their parts, by months or by whole weeks.

    Parameters
    ----------
    start_month : int
        First month of the fiscal year.
    named_by : {"start", "end"}
        Whether a fiscal year bears the number of the calendar year in which it starts or ends. A year of whole weeks is
        named by the months it stands for: one that stands for 2025 is FY2025 though it may end on 3 January 2026.
    pattern : {"4-4-5", "4-5-4", "5-4-4"}, optional
        Weeks of the three months of a quarter, in a year of 52 or 53 whole weeks. None: a year of calendar months.
    year_end : {"last", "nearest"}
        A year of weeks ends on the last `weekday` of the month before `start_month`, or on the one nearest to that
        month's last day, which may lie in the next month.
    weekday : int
        Day of the week on which a year of weeks ends; Monday is 0.
    extra_week : int
        Quarter that gets the 53rd week; its last month is a week longer.
    holidays : iterable of days
        Days that are not business days.
    weekmask : str
        Business days of the week from Monday, as numpy takes them.

    Notes
    -----
    The weeks of a year of calendar months are counted in sevens from its first day; the 52nd has eight days, nine in a
    leap year. For the public holidays of a place, pass the keys of a mapping of the package ``holidays``.

    Examples
    --------
    >>> from salesmetrics.fiscal import FiscalCalendar
    >>> calendar = FiscalCalendar(start_month=2, named_by="start")
    >>> calendar.quarter(2026, 3)
    Period('2026-08-01', '2026-11-01', name='FY2026 Q3')
    >>> calendar.quarters("2025-02-01", "2025-08-01").names
    ('FY2025 Q1', 'FY2025 Q2')
    >>> retail = FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest")
    >>> retail.year(2023), retail.year(2023).weeks
    (Period('2023-01-29', '2024-02-04', name='FY2023'), 53)
    """

    start_month: int = attrs.field(default=1, converter=_start_month)
    named_by: str = attrs.field(default="start", converter=_named_by)
    pattern: str | None = attrs.field(default=None, converter=_pattern, kw_only=True)
    year_end: str = attrs.field(default="last", converter=_year_end, kw_only=True)
    weekday: int = attrs.field(default=5, converter=_weekday, kw_only=True)
    extra_week: int = attrs.field(default=4, converter=_extra_week, kw_only=True)
    holidays: tuple[dt.date, ...] = attrs.field(default=(), converter=_holidays, kw_only=True, repr=_count_of)
    weekmask: str = attrs.field(default="1111100", converter=_weekmask, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.pattern is not None:
            return
        for argument, default in (("year_end", "last"), ("weekday", 5), ("extra_week", 4)):
            if getattr(self, argument) != default:
                raise InvalidArgumentError(
                    f"`{argument}` must be left out for a year of calendar months; got {getattr(self, argument)!r}.",
                    code="SM-CAL-04",
                    field=argument,
                    values=[getattr(self, argument)],
                    hint="give `pattern`, such as '4-4-5', for a year of whole weeks.",
                )

    @names_keywords
    def year(self, year: int) -> Period:
        """Fiscal year of this number.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> FiscalCalendar(start_month=7, named_by="end").year(2026)
        Period('2025-07-01', '2026-07-01', name='FY2026')
        """
        return self._part(year, "year", 1)

    @names_keywords
    def quarter(self, year: int, quarter: int) -> Period:
        """Quarter 1 to 4 of a fiscal year."""
        return self._part(year, "quarter", quarter)

    @names_keywords
    def month(self, year: int, month: int) -> Period:
        """Month 1 to 12 of a fiscal year, counted from its first.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> FiscalCalendar(start_month=7).month(2025, 12)
        Period('2026-06-01', '2026-07-01', name='FY2025 M12')
        """
        return self._part(year, "month", month)

    @names_keywords
    def week(self, year: int, week: int) -> Period:
        """Week of a fiscal year, from 1."""
        return self._part(year, "week", week)

    @names_keywords
    def years(self, start: DayLike, end: DayLike) -> Periods:
        """Fiscal years that have a day from `start` up to, and without, `end`."""
        return self._cover(start, end, "year")

    @names_keywords
    def quarters(self, start: DayLike, end: DayLike) -> Periods:
        """Fiscal quarters that have a day from `start` up to, and without, `end`."""
        return self._cover(start, end, "quarter")

    @names_keywords
    def months(self, start: DayLike, end: DayLike) -> Periods:
        """Fiscal months that have a day from `start` up to, and without, `end`."""
        return self._cover(start, end, "month")

    @names_keywords
    def weeks(self, start: DayLike, end: DayLike) -> Periods:
        """Weeks of fiscal years that have a day from `start` up to, and without, `end`."""
        return self._cover(start, end, "week")

    def containing(self, day: DayLike, unit: str = "quarter") -> Period:
        """Year, quarter, month or week that has a day.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> FiscalCalendar(start_month=2).containing("2027-01-31")
        Period('2026-11-01', '2027-02-01', name='FY2026 Q4')
        """
        _check.one_of(unit, UNITS, "unit")
        number = _check.day(day, "day")
        return self._range(number, number, unit, ("day", "day"))[0]

    def period_of(self, days: object, unit: str = "quarter") -> PeriodCodes:
        """Fiscal period of each day, as codes into periods.

        Parameters
        ----------
        days : array of datetime64, of whole numbers, or days
            As `Periods.period_of` takes them.
        unit : {"year", "quarter", "month", "week"}
            Which periods.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> found = FiscalCalendar(start_month=2).period_of(["2026-01-31", None, "2026-05-01"])
        >>> found.codes
        array([ 0, -1,  2])
        >>> found.periods.names
        ('FY2025 Q4', 'FY2026 Q1', 'FY2026 Q2')
        """
        _check.one_of(unit, UNITS, "unit")
        numbers, whole = day_numbers(days, "days")
        least = 0 if whole else _MISSING
        known = numbers if numbers.size and numbers.min() >= least else numbers[numbers >= least]
        if not known.size:
            return PeriodCodes(_check.locked(np.full(numbers.shape, -1, dtype=np.intp)), Periods(()))
        periods = self._range(int(known.min()), int(known.max()), unit, ("days", "days"))
        return PeriodCodes(_check.locked(periods.period_of(days)), periods)

    @cached_property
    def busday(self) -> np.busdaycalendar:
        """Business days in the form that numpy's functions take."""
        return np.busdaycalendar(weekmask=self.weekmask, holidays=[np.datetime64(day, "D") for day in self.holidays])

    def is_business_day(self, days: object) -> BoolArray:
        """Whether each day is a business day; a missing day is not."""
        return np.is_busday(_dates(days, "days"), busdaycal=self.busday)

    def business_days(self, start: DayLike, end: DayLike) -> int:
        """Count business days from `start` up to, and without, `end`.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> FiscalCalendar(holidays=["2026-12-25"]).business_days("2026-12-21", "2026-12-28")
        4
        """
        return int(self.business_day_counts([_date64(start, "start")], [_date64(end, "end")])[0])

    def business_day_counts(self, starts: object, ends: object) -> IntArray:
        """Count business days from each start up to, and without, each end.

        Parameters
        ----------
        starts, ends : array of datetime64, of whole numbers, or days
            They broadcast. No day may be missing, and no end before its start.

        Examples
        --------
        >>> from salesmetrics.fiscal import FiscalCalendar
        >>> FiscalCalendar().business_day_counts("2026-07-01", ["2026-07-01", "2026-08-01", "2026-10-01"])
        array([ 0, 23, 66])
        """
        first, after = np.broadcast_arrays(_dates(starts, "starts"), _dates(ends, "ends"))
        for wrong, rule in (
            (np.isnat(first) | np.isnat(after), "no missing day"),
            (after < first, "no end before its start"),
        ):
            if wrong.any():
                rows = np.flatnonzero(wrong)
                raise InvalidArgumentError(
                    f"`starts` and `ends` must have {rule}; got {len(rows)} of {wrong.size} rows that do "
                    f"(first: row {rows[0]} = {first.reshape(-1)[rows[0]]} to {after.reshape(-1)[rows[0]]}).",
                    code="SM-CAL-05",
                    field="ends",
                    row=int(rows[0]),
                    rows=rows,
                )
        return np.busday_count(first, after, busdaycal=self.busday)

    def _first_day(self, year: int) -> int:
        """Return the first day of a fiscal year."""
        shift = self.named_by == "end" and self.start_month > 1
        first = dt.date(year - shift, self.start_month, 1).toordinal() - _check.EPOCH
        if self.pattern is None:
            return first
        latest = first - 1 if self.year_end == "last" else first + 2  # the last day on which the year before may end
        return latest - (latest + 3 - self.weekday) % 7 + 1  # 1970-01-01 was a Thursday

    def _year_of(self, day: int, argument: str) -> int:
        """Return the number of the fiscal year that has a day."""
        if _FIRST_DAY <= day <= _LAST_DAY:
            year = min(_check.date_of(day).year + 2, _LAST_YEAR + 1)
            while self._first_day(year) > day:
                year -= 1
            if _FIRST_YEAR <= year <= _LAST_YEAR:
                return year
        got = np.datetime64(day, "D")
        raise InvalidArgumentError(
            f"`{argument}` must lie in fiscal years {_FIRST_YEAR} to {_LAST_YEAR}; got {got}.",
            code="SM-CAL-06",
            field=argument,
            values=[got],
        )

    def _cuts(self, year: int, unit: str) -> list[int]:
        """Return the first days of the parts of a fiscal year, and the first day of the next year."""
        first, end = self._first_day(year), self._first_day(year + 1)
        if unit == "year":
            return [first, end]
        weeks = (end - first) // 7
        if unit == "week":
            return [*range(first, first + 7 * weeks, 7), end]
        months = self._months(first) if self.pattern is None else self._week_months(first, weeks)
        return [*months[:: 3 if unit == "quarter" else 1], end]

    @staticmethod
    def _months(first: int) -> list[int]:
        """Return the first days of twelve calendar months."""
        start = _check.date_of(first)
        months = [start.month - 1 + k for k in range(12)]
        return [dt.date(start.year + m // 12, m % 12 + 1, 1).toordinal() - _check.EPOCH for m in months]

    def _week_months(self, first: int, weeks: int) -> list[int]:
        """Return the first days of twelve months of whole weeks."""
        lengths = [int(n) for n in str(self.pattern).split("-")] * 4
        lengths[3 * self.extra_week - 1] += weeks - 52
        return [first + 7 * n for n in accumulate(lengths[:-1], initial=0)]

    def _parts(self, year: int, unit: str) -> list[Period]:
        """Return the parts of a fiscal year."""
        dates = [_check.date_of(day) for day in self._cuts(year, unit)]
        mark = f" {_MARK[unit]}" if unit in _MARK else ""
        names = [f"FY{year}{mark.format(k)}" for k in range(1, len(dates))]
        return [Period(a, b, name) for a, b, name in zip(dates[:-1], dates[1:], names, strict=True)]

    def _part(self, year: int, unit: str, number: int) -> Period:
        """Return one part of a fiscal year."""
        of_year = _between(year, _FIRST_YEAR, _LAST_YEAR, "year", "a year")
        parts = self._parts(of_year, unit)
        hint = self._long_years(of_year) if unit == "week" and number == 53 > len(parts) else None
        return parts[_between(number, 1, len(parts), unit, f"a {unit} of FY{of_year}", hint) - 1]

    def _long_years(self, year: int) -> str:
        """Return the hint that names the years with 53 weeks nearest to one without."""
        if self.pattern is None:
            return "a year of calendar months has 52 weeks, the last one of 8 or 9 days."
        near = range(max(year - 7, _FIRST_YEAR), min(year + 7, _LAST_YEAR) + 1)
        long = [f"FY{y}" for y in near if self._first_day(y + 1) - self._first_day(y) == 371]
        return f"years with 53 weeks near it: {', '.join(long)}."

    def _cover(self, start: DayLike, end: DayLike, unit: str) -> Periods:
        """Return the periods that have a day of a span."""
        span = Period(start, end)
        return self._range(span.start_day, span.end_day - 1, unit, ("start", "end"))

    def _range(self, first: int, last: int, unit: str, arguments: tuple[str, str]) -> Periods:
        """Return the periods from the one of a first day to the one of a last day."""
        years = range(self._year_of(first, arguments[0]), self._year_of(last, arguments[1]) + 1)
        found = [part for year in years for part in self._parts(year, unit)]
        return Periods([p for p in found if p.end_day > first and p.start_day <= last])


def _date64(value: DayLike, argument: str) -> np.datetime64:
    return np.datetime64(_check.day(value, argument), "D")


def _dates(days: object, argument: str) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Return days as ``datetime64[D]``, NaT where missing."""
    numbers, whole = day_numbers(days, argument)
    out = np.asarray(numbers.astype("datetime64[D]"))
    out[numbers < (0 if whole else _MISSING)] = np.datetime64("NaT")
    return out
