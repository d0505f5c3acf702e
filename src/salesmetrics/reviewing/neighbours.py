"""The periods around a period: the one before, the one after, the year before, and as many before as there are data."""

from __future__ import annotations

import calendar as months_of
import datetime as dt

from salesmetrics.calendars import Period
from salesmetrics.fiscal import UNITS, FiscalCalendar

__all__ = ["following", "preceding", "run_before", "year_before"]


def preceding(period: Period, calendar: FiscalCalendar | None) -> Period:
    """Return the period of the same kind that ends where this one begins.

    A year, quarter, month or week of the calendar is followed in the calendar; any other period goes by whole months where it
    has them, else by its days.
    """
    unit = _unit(period, calendar)
    if calendar is not None and unit is not None:
        return calendar.containing(period.start - dt.timedelta(days=1), unit)
    months = _whole_months(period)
    start = period.start - dt.timedelta(days=period.days) if months is None else _months_on(period.start, -months)
    return Period(start, period.start)


def following(period: Period, calendar: FiscalCalendar | None) -> Period:
    """Return the period of the same kind that begins where this one ends."""
    unit = _unit(period, calendar)
    if calendar is not None and unit is not None:
        return calendar.containing(period.end, unit)
    months = _whole_months(period)
    end = period.end + dt.timedelta(days=period.days) if months is None else _months_on(period.end, months)
    return Period(period.end, end)


def run_before(period: Period, calendar: FiscalCalendar | None, first: dt.date, most: int) -> list[Period]:
    """Return the periods before, at most so many, none of which begins before the first day."""
    found: list[Period] = []
    at = period
    while len(found) < most and at.start > first:
        at = preceding(at, calendar)
        if at.start >= first:
            found.insert(0, at)
    return found


def year_before(end: dt.date, calendar: FiscalCalendar | None) -> Period:
    """Return the year up to a day: whole months of the calendar, so that quarters which fit it are inside."""
    some = end - dt.timedelta(days=360)
    return Period((calendar or FiscalCalendar()).containing(some, "month").start, end)


def _unit(period: Period, calendar: FiscalCalendar | None) -> str | None:
    """Return which part of a fiscal year a period is, None where it is none."""
    if calendar is None:
        return None
    return next((unit for unit in UNITS if calendar.containing(period.start, unit) == period), None)


def _whole_months(period: Period) -> int | None:
    """Return how many months a period has, None where it is not made of whole ones."""
    if period.start.day != period.end.day or period.start.day > 28:
        return None
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


def _months_on(day: dt.date, months: int) -> dt.date:
    """Return the same day of another month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))
