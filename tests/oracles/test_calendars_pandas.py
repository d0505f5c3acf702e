"""Calendars beside pandas' periods and fiscal offsets, and numpy's business days."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from salesmetrics.calendars import Periods
from salesmetrics.fiscal import FiscalCalendar

pd = pytest.importorskip("pandas")

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@pytest.fixture(scope="module")
def every_day() -> np.ndarray:
    return np.arange("1960-01-01", "2061-01-01", dtype="datetime64[D]")


@pytest.mark.parametrize("start_month", range(1, 13))
@pytest.mark.parametrize("unit", ["year", "quarter", "month"])
def test_month_based_periods_are_those_of_pandas(every_day: np.ndarray, start_month: int, unit: str) -> None:
    """On each day of a century, years, quarters and months begin, end and are numbered as pandas' do."""
    end = MONTHS[(start_month - 2) % 12]
    theirs = pd.DatetimeIndex(every_day.astype("datetime64[ns]")).to_period(
        {"year": f"Y-{end}", "quarter": f"Q-{end}", "month": "M"}[unit]
    )
    found = FiscalCalendar(start_month, "end").period_of(every_day, unit)
    starts, ends = found.periods.starts[found.codes], found.periods.ends[found.codes]
    first = theirs.start_time.to_numpy().astype("datetime64[D]").astype(np.int64)
    last = theirs.end_time.to_numpy().astype("datetime64[D]").astype(np.int64)
    assert np.array_equal(starts, first)
    assert np.array_equal(ends, last + 1)
    if unit != "month":
        names = theirs.strftime("FY%F Q%q" if unit == "quarter" else "FY%Y").unique().tolist()
        assert list(found.periods.names) == names


@pytest.mark.parametrize("year_end", ["last", "nearest"])
@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("start_month", [1, 2, 4, 7, 9, 10])
def test_years_of_weeks_end_as_those_of_pandas(year_end: str, weekday: int, start_month: int) -> None:
    """Over eight decades, years of 52 and 53 weeks end on the days that FY5253 gives."""
    calendar = FiscalCalendar(start_month, "end", pattern="4-4-5", year_end=year_end, weekday=weekday)
    offset = pd.offsets.FY5253(weekday=weekday, startingMonth=(start_month - 2) % 12 + 1, variation=year_end)
    ours = [calendar.year(y) for y in range(1981, 2060)]
    stamp, theirs = pd.Timestamp(1980, 6, 1), []
    while stamp < pd.Timestamp(2062, 1, 1):
        stamp = stamp + offset
        theirs.append(stamp.date())
    assert [p.last for p in ours] == [d for d in theirs if ours[0].start <= d < ours[-1].end]
    assert {p.days for p in ours} == {364, 371}


@pytest.mark.parametrize("year_end", ["last", "nearest"])
@pytest.mark.parametrize("weekday", [0, 4, 5, 6])
@pytest.mark.parametrize("start_month", [1, 2, 9])
@pytest.mark.parametrize("extra_week", [1, 2, 3, 4])
def test_quarters_of_weeks_end_as_those_of_pandas(
    year_end: str, weekday: int, start_month: int, extra_week: int
) -> None:
    """Over three decades, quarters end on the days that FY5253Quarter gives, the long one included."""
    calendar = FiscalCalendar(
        start_month, "end", pattern="4-5-4", year_end=year_end, weekday=weekday, extra_week=extra_week
    )
    offset = pd.offsets.FY5253Quarter(
        weekday=weekday,
        startingMonth=(start_month - 2) % 12 + 1,
        variation=year_end,
        qtr_with_extra_week=extra_week,
    )
    ours = [calendar.quarter(y, q) for y in range(2001, 2031) for q in range(1, 5)]
    stamp, theirs = pd.Timestamp(ours[0].start) - pd.Timedelta(days=40), []
    while stamp < pd.Timestamp(ours[-1].end):
        stamp = stamp + offset
        theirs.append(stamp.date())
    assert [p.last for p in ours] == [d for d in theirs if ours[0].start <= d < ours[-1].end]
    assert 98 in {p.days for p in ours}


def test_frames_of_pandas_are_days(every_day: np.ndarray) -> None:
    """A Series, its NaT and a Timestamp are taken as they come."""
    run = FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    series = pd.Series(pd.to_datetime(["2026-01-01", None, "2026-12-31"]))
    assert run.period_of(series).tolist() == [0, -1, 3]
    assert run.period_of([pd.Timestamp("2026-04-01"), pd.NaT, None]).tolist() == [1, -1, -1]
    assert run.period_of(pd.Timestamp("2026-04-01")) == 1


def test_positions_are_those_of_pandas_cut(every_day: np.ndarray) -> None:
    """On boundaries of one's own, positions are those of `pandas.cut` closed on the left."""
    bounds = every_day[np.sort(np.random.default_rng(5).choice(len(every_day), 60, replace=False))]
    run = Periods.from_boundaries(bounds)
    cut = pd.cut(pd.Series(every_day), bins=pd.DatetimeIndex(bounds), right=False, labels=False)
    assert np.array_equal(run.period_of(every_day), cut.fillna(-1).to_numpy().astype(np.int64))


def test_weeks_are_counted_as_by_division(every_day: np.ndarray) -> None:
    """Weeks of a year of months are its days in sevens, the last one with the rest."""
    found = FiscalCalendar().period_of(every_day, "week")
    of_year = (every_day - every_day.astype("datetime64[Y]")).astype(np.int64)
    number = [int(name[-2:]) for name in found.periods.names]
    assert np.array_equal(np.array(number)[found.codes], np.minimum(of_year // 7 + 1, 52))


def test_business_days_are_those_of_numpy_and_pandas() -> None:
    """Counts with holidays are numpy's, and each is the length of pandas' range of custom business days."""
    rng = np.random.default_rng(11)
    days = np.arange("2020-01-01", "2031-01-01", dtype="datetime64[D]")
    holidays = rng.choice(days, 90, replace=False)
    calendar = FiscalCalendar(holidays=holidays, weekmask="Sun Mon Tue Wed Thu")
    starts = rng.choice(days, 5_000)
    ends = starts + rng.integers(0, 900, 5_000)
    ours = calendar.business_day_counts(starts, ends)
    assert ours.dtype == np.int64
    assert np.array_equal(ours, np.busday_count(starts, ends, weekmask="1111001", holidays=np.sort(holidays)))
    assert np.array_equal(calendar.is_business_day(days), np.is_busday(days, weekmask="1111001", holidays=holidays))
    offset = pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu", holidays=holidays)
    for start, end, count in list(zip(starts, ends, ours, strict=True))[:50]:
        assert len(pd.date_range(start, end, freq=offset, inclusive="left")) == count
        assert calendar.business_days(start, end) == count


def test_iso_years_are_years_of_weeks() -> None:
    """A calendar that ends on the Sunday nearest to 28 to 3 January counts weeks as ISO 8601 does."""
    calendar = FiscalCalendar(1, pattern="4-4-5", year_end="nearest", weekday=6)
    for number in range(0, 40_000, 3):
        day = dt.date(1960, 1, 1) + dt.timedelta(days=number)
        iso = day.isocalendar()
        assert calendar.containing(day, "week").name == f"FY{iso.year} W{iso.week:02d}"
