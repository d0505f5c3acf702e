"""The days of the sample company: its quarters, the ends of months and quarters, and how busy each day is."""

from __future__ import annotations

from functools import cached_property

import attrs
import numpy as np

from salesmetrics._check import date_of
from salesmetrics.arrays import IntArray
from salesmetrics.calendars import Periods
from salesmetrics.datasets.settings import LONGEST_CYCLE
from salesmetrics.fiscal import FiscalCalendar

__all__ = ["Days"]

_WEEKDAYS = np.array([100, 104, 104, 100, 92, 3, 2], dtype=np.int64)
_MONTHS = np.array([104, 100, 102, 102, 104, 100, 90, 90, 108, 110, 108, 82], dtype=np.int64)  # January first
_MARGIN = 400


@attrs.frozen(eq=False)
class Days:
    """First day, last known day, and what is known of each day between and for some time after."""

    start: int
    as_of: int
    calendar: FiscalCalendar

    @property
    def count(self) -> int:
        """Days from the first one to the last known one."""
        return self.as_of - self.start + 1

    @cached_property
    def quarters(self) -> Periods:
        """Fiscal quarters from the first day to the end of the fiscal year in which the day after the last one lies."""
        year = self.calendar.containing(date_of(self.as_of + 1), "year")
        return self.calendar.quarters(date_of(self.start), year.end)

    @cached_property
    def far(self) -> IntArray:
        """Every day on which something can happen, or be expected, and those of the quarters."""
        first = min(self.start, int(self.quarters.starts[0]))
        return np.arange(first, self.as_of + LONGEST_CYCLE + _MARGIN, dtype=np.int64)

    @cached_property
    def _long_quarters(self) -> Periods:
        return self.calendar.quarters(date_of(int(self.far[0])), date_of(int(self.far[-1]) + 1))

    @cached_property
    def _quarter(self) -> IntArray:
        return self._long_quarters.period_of(self.far).astype(np.int64)

    @cached_property
    def quarter_end(self) -> IntArray:
        """The last day of the quarter of each far day."""
        return self._long_quarters.ends.astype(np.int64)[self._quarter] - 1

    @cached_property
    def quarter_start(self) -> IntArray:
        """The first day of the quarter of each far day."""
        return self._long_quarters.starts.astype(np.int64)[self._quarter]

    @cached_property
    def closing_year(self) -> IntArray:
        """1 where the quarter of a far day is the last one of a fiscal year, else 0."""
        last = np.array([str(name).endswith("Q4") for name in self._long_quarters.names], dtype=np.int64)
        return last[self._quarter]

    @cached_property
    def month_end(self) -> IntArray:
        """The last day of the calendar month of each far day."""
        months = self.far.astype("datetime64[D]").astype("datetime64[M]")
        return (months + 1).astype("datetime64[D]").astype(np.int64) - 1

    @cached_property
    def weekend(self) -> IntArray:
        """Days since Friday on a weekend, else 0."""
        weekday = (self.far + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        return np.where(weekday > 4, weekday - 4, 0)

    def at(self, table: IntArray, day: IntArray) -> IntArray:
        """Return what a table of far days holds for some of them."""
        found: IntArray = np.take(table, day - self.far[0], mode="clip")
        return found

    def traffic(self) -> IntArray:
        """Return how many deals are created on each known day, in proportion: growth, months, weekdays, year ends."""
        day = np.arange(self.start, self.as_of + 1, dtype=np.int64)
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        early = np.minimum(day - self.at(self.quarter_start, day), 90)
        growth = 1000 + 160 * (day - self.start) // 365
        traffic: IntArray = growth * _MONTHS[month] * _WEEKDAYS[(day + 3) % 7] * (112 - early // 5)
        return traffic
