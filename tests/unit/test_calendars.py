"""Periods, runs of periods and fiscal calendars."""

from __future__ import annotations

import datetime as dt
import itertools
import pickle

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError
from salesmetrics.fiscal import UNITS, FiscalCalendar

EPOCH = dt.date(1970, 1, 1)
Q3 = Period("2026-08-01", "2026-11-01", name="FY2026 Q3")

EDGES = [dt.date(y, m, d) for y in (1969, 1970, 2023, 2024, 2026, 2028) for m, d in ((1, 1), (1, 31), (2, 1), (12, 31))]
days = st.one_of(
    st.sampled_from([*EDGES, dt.date(2024, 2, 29), dt.date(2028, 2, 29)]),
    st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)),
)


@st.composite
def calendars(draw: st.DrawFn) -> FiscalCalendar:
    month, named = draw(st.integers(1, 12)), draw(st.sampled_from(["start", "end"]))
    pattern = draw(st.sampled_from([None, "4-4-5", "4-5-4", "5-4-4"]))
    if pattern is None:
        return FiscalCalendar(month, named)
    return FiscalCalendar(
        month,
        named,
        pattern=pattern,
        year_end=draw(st.sampled_from(["last", "nearest"])),
        weekday=draw(st.integers(0, 6)),
        extra_week=draw(st.integers(1, 4)),
    )


@st.composite
def gappy(draw: st.DrawFn) -> Periods:
    cuts = sorted(draw(st.sets(days, min_size=2, max_size=12)))
    pairs = [Period(a, b) for a, b in itertools.pairwise(cuts)]
    return Periods(draw(st.permutations([p for p in pairs if draw(st.booleans())])))


# one period


def test_period_is_half_open() -> None:
    """A period has its first day and not its end."""
    assert dt.date(2026, 8, 1) in Q3
    assert "2026-10-31" in Q3
    assert np.datetime64("2026-11-01") not in Q3
    assert "2026-07-31" not in Q3
    assert (Q3.days, Q3.last) == (92, dt.date(2026, 10, 31))


@pytest.mark.parametrize("kind", [str, np.datetime64, lambda text: dt.date.fromisoformat(text)])
def test_period_takes_every_form_of_day(kind: object) -> None:
    """Dates, ISO texts and datetime64 make the same period, held as dates."""
    period = Period(kind("2026-08-01"), kind("2026-11-01"))  # type: ignore[operator]
    assert period == Q3
    assert type(period.start) is dt.date
    assert type(period.end) is dt.date


def test_day_numbers_count_from_1970() -> None:
    """Day numbers are those of numpy."""
    assert Q3.start_day == np.datetime64("2026-08-01").astype(int)
    assert Q3.end_day == np.datetime64("2026-11-01").astype(int)
    assert Period("1969-12-31", "1970-01-02").start_day == -1


def test_name_is_a_label_only() -> None:
    """Periods of the same days are equal, hash alike and sort by their days, whatever they are called."""
    plain = Period("2026-08-01", "2026-11-01")
    assert plain == Q3
    assert hash(plain) == hash(Q3)
    assert len({plain, Q3}) == 1
    assert sorted([Period("2026-08-02", "2026-08-03"), Period("2026-08-01", "2026-12-01"), Q3])[0] is Q3
    assert (str(plain), str(Q3)) == ("2026-08-01..2026-11-01", "FY2026 Q3")
    assert repr(Q3) == "Period('2026-08-01', '2026-11-01', name='FY2026 Q3')"
    assert repr(plain) == "Period('2026-08-01', '2026-11-01')"


def test_period_is_frozen_and_survives_pickling() -> None:
    """A period cannot be changed, and comes back from a pickle with its name."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Q3.start = dt.date(2026, 1, 1)  # type: ignore[misc]
    copy = pickle.loads(pickle.dumps(Q3))
    assert (copy, copy.name) == (Q3, Q3.name)


@pytest.mark.parametrize("end", ["2026-08-01", "2026-07-01"])
def test_period_that_ends_before_it_starts_is_refused(end: str) -> None:
    """A period has at least one day."""
    with pytest.raises(InvalidArgumentError, match=rf"`end` must be after `start`, 2026-08-01; got {end}\.") as info:
        Period("2026-08-01", end)
    assert info.value.code == "SM-PER-01"
    assert (info.value.hint is not None) == (end == "2026-08-01")


@pytest.mark.parametrize("bad", ["2026-02-30", "26-01-01", "2026-01-01T00:00", 20260101, None, np.datetime64("NaT")])
def test_period_of_no_days_is_refused(bad: object) -> None:
    """What is not a day is refused by the name of the argument."""
    with pytest.raises(InvalidArgumentError, match="`start` must be a day"):
        Period(bad, "2027-01-01")  # type: ignore[arg-type]


def test_period_of_an_instant_is_refused() -> None:
    """An instant is not a day."""
    with pytest.raises(InvalidTypeError, match="`end` must be a day; got the instant"):
        Period("2026-01-01", dt.datetime(2026, 2, 1, 12))


def test_blank_name_is_refused() -> None:
    """A name is a text with something in it."""
    with pytest.raises(InvalidArgumentError, match="`name` must be a text that is not blank, or None; got ' '"):
        Period("2026-01-01", "2026-02-01", name=" ")


@pytest.mark.parametrize(("length", "weeks"), [(1, 1), (3, 1), (10, 1), (11, 2), (28, 4), (31, 4), (90, 13), (92, 13)])
def test_weeks_are_the_nearest_whole_number(length: int, weeks: int) -> None:
    """A quarter of 90 to 92 days has 13 weeks, and the shortest period has one."""
    assert Period("2026-01-01", dt.date(2026, 1, 1) + dt.timedelta(days=length)).weeks == weeks


def test_last_week_takes_what_is_left() -> None:
    """Week 13 of a quarter of 92 days has 8 days."""
    assert [Q3.week_of(d) for d in ("2026-08-01", "2026-08-07", "2026-08-08", "2026-10-31")] == [1, 1, 2, 13]
    assert Q3.week(13) == Period("2026-10-24", "2026-11-01")
    with pytest.raises(InvalidArgumentError, match=r"`day` must lie in FY2026 Q3 \(2026-08-01..2026-11-01\)"):
        Q3.week_of("2026-11-01")
    with pytest.raises(InvalidArgumentError, match=r"must be a week of .*, 1 to 13; got 14"):
        Q3.week(14)


@given(days, st.integers(1, 400))
def test_weeks_partition_a_period(start: dt.date, length: int) -> None:
    """The weeks of a period adjoin, cover it, and each has the days that say they lie in it."""
    period = Period(start, start + dt.timedelta(days=length))
    weeks = [period.week(k) for k in range(1, period.weeks + 1)]
    assert (weeks[0].start, weeks[-1].end) == (period.start, period.end)
    assert all(a.end == b.start for a, b in itertools.pairwise(weeks))
    assert all(period.week_of(w.start) == period.week_of(w.last) == k for k, w in enumerate(weeks, 1))


# several periods


def test_periods_are_sorted_and_immutable() -> None:
    """Periods stand in order of time whatever the order given; equality and hash go by their days."""
    quarters = FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    assert Periods(reversed(list(quarters))) == quarters
    assert hash(Periods(list(quarters))) == hash(quarters)
    assert quarters != list(quarters)
    assert quarters[1:3] == Periods(list(quarters)[1:3])
    assert quarters[-1].name == "FY2026 Q4"
    assert quarters.index(quarters[2]) == 2
    assert quarters.gapless
    assert not Periods([quarters[0], quarters[2]]).gapless
    with pytest.raises(ValueError, match="read-only"):
        quarters.starts[0] = 0
    copy = pickle.loads(pickle.dumps(quarters))
    assert copy == quarters
    assert copy.names == quarters.names


def test_repr_of_many_periods_is_short() -> None:
    """A long run of periods shows its first, its last and how many there are."""
    weeks = FiscalCalendar().weeks("2026-01-01", "2027-01-01")
    assert repr(weeks) == (
        "Periods([Period('2026-01-01', '2026-01-08', name='FY2026 W01'), ..., "
        "Period('2026-12-24', '2027-01-01', name='FY2026 W52')])  # 52 periods"
    )


def test_overlap_is_refused_with_both_names() -> None:
    """Two periods that share a day are refused, by name and by the days shared."""
    july = Period("2026-07-01", "2026-08-02", name="July")
    with pytest.raises(InvalidArgumentError, match="share the day 2026-08-01") as info:
        Periods([Q3, july])
    assert info.value.values == [july, Q3]
    assert info.value.code == "SM-PER-06"
    assert "July" in str(info.value)
    assert "FY2026 Q3" in str(info.value)
    with pytest.raises(InvalidArgumentError, match="share the 92 days 2026-08-01 to 2026-10-31"):
        Periods([Q3, Q3])


@given(st.lists(st.tuples(days, st.integers(1, 900)), min_size=2, max_size=5))
def test_overlap_refusal_agrees_with_all_pairs(drawn: list[tuple[dt.date, int]]) -> None:
    """Periods are refused exactly when some pair shares a day, in any order (law D5)."""
    found = [Period(start, start + dt.timedelta(days=n)) for start, n in drawn]
    pairs = list(itertools.combinations(found, 2))
    assert all(a.overlaps(b) == b.overlaps(a) == (max(a.start, b.start) < min(a.end, b.end)) for a, b in pairs)
    for order in (found, found[::-1]):
        if any(a.overlaps(b) for a, b in pairs):
            with pytest.raises(InvalidArgumentError, match="must not overlap"):
                Periods(order)
        else:
            assert len(Periods(order)) == len(found)


@pytest.mark.parametrize("bad", [Q3, 5, None])
def test_one_period_is_not_several(bad: object) -> None:
    """A single period is refused with the way to make it several."""
    with pytest.raises(InvalidTypeError, match="`periods` must be several Period") as info:
        Periods(bad)  # type: ignore[arg-type]
    assert (info.value.hint is not None) == (bad is Q3)


def test_days_are_not_periods() -> None:
    """Days in place of periods are refused with the name of the method that takes them."""
    with pytest.raises(InvalidTypeError, match="from_boundaries takes days"):
        Periods(["2026-01-01", "2026-02-01"])  # type: ignore[list-item]


def test_own_boundaries() -> None:
    """Boundaries of one's own make adjoining periods; disorder and a wrong number of names are refused."""
    made = Periods.from_boundaries(["2026-01-01", dt.date(2026, 2, 14), np.datetime64("2026-04-01")], names=["a", "b"])
    assert made.names == ("a", "b")
    assert made[1] == Period("2026-02-14", "2026-04-01")
    with pytest.raises(InvalidArgumentError, match="got 2026-01-01 after 2026-02-01"):
        Periods.from_boundaries(["2026-02-01", "2026-01-01"])
    with pytest.raises(InvalidArgumentError, match="got 2026-02-01 after 2026-02-01"):
        Periods.from_boundaries(["2026-02-01", "2026-02-01"])
    with pytest.raises(InvalidArgumentError, match="got one day"):
        Periods.from_boundaries(["2026-02-01"])
    with pytest.raises(InvalidArgumentError, match="one name for each of the 1 periods"):
        Periods.from_boundaries(["2026-02-01", "2026-03-01"], names="x")


def test_day_in_periods() -> None:
    """`in` answers for a period and for a day."""
    run = Periods([Q3, Period("2027-01-01", "2027-02-01")])
    assert Q3 in run
    assert "2026-10-31" in run
    assert "2026-12-01" not in run
    assert Period("2026-08-01", "2026-11-02") not in run


@given(gappy(), st.lists(days, max_size=30))
def test_period_of_agrees_with_the_definition(periods: Periods, drawn: list[dt.date]) -> None:
    """Each day lies in the one period whose bounds enclose it, or in none (law D1)."""
    expected = [next((k for k, p in enumerate(periods) if p.start <= d < p.end), -1) for d in drawn]
    array = np.array(drawn, dtype="datetime64[D]")
    assert periods.period_of(array).tolist() == expected
    assert periods.period_of(drawn).tolist() == expected
    for unit in ("s", "ms", "us"):
        assert periods.period_of(array.astype(f"datetime64[{unit}]")).tolist() == expected
    known = [-1 if d < EPOCH else e for d, e in zip(drawn, expected, strict=True)]
    for kind in (np.int32, np.int64):
        assert periods.period_of(array.astype(np.int64).astype(kind)).tolist() == known


@given(gappy(), st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 50_000), max_size=30))
def test_lookup_is_safe_for_any_day(periods: Periods, drawn: list[int]) -> None:
    """A clipped read of the table gives the period of any int32 day, and none for a missing one."""
    base, table = periods.lookup()
    assert table[0] == table[-1] == -1
    assert base >= -1
    numbers = np.array(drawn, dtype=np.int32)
    got = table.take(numbers - np.int32(base), mode="clip")
    bounds = [(p.start_day, p.end_day) for p in periods]
    expected = [next((k for k, (a, b) in enumerate(bounds) if d >= 0 and a <= d < b), -1) for d in drawn]
    assert got.tolist() == expected
    assert periods.period_of(numbers).tolist() == expected


def test_missing_days_are_in_no_period() -> None:
    """NaT, None and the -1 of a book are in no period, even of one that has the last day of 1969."""
    all_time = Periods([Period("1900-01-01", "2100-01-01")])
    assert all_time.period_of(np.array(["NaT", "1969-12-31"], dtype="datetime64[D]")).tolist() == [-1, 0]
    assert all_time.period_of([None, dt.date(1969, 12, 31)]).tolist() == [-1, 0]
    assert all_time.period_of(np.array([-1, 0])).tolist() == [-1, 0]
    before = Periods([Period("1960-01-01", "1965-01-01")])
    assert before.period_of(np.array([-3000, -1, 0])).tolist() == [-1, -1, -1]
    assert before.period_of("1960-01-01") == 0


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.uint32, np.int64, np.uint64])
def test_every_whole_number_type_is_a_day(kind: type) -> None:
    """Whole numbers of any type are days; the greatest one wraps nowhere."""
    run = Periods.from_boundaries(["1970-01-02", "1970-01-05", "2100-01-01"])
    assert run.period_of(np.array([0, 1, 4, 100], dtype=kind)).tolist() == [-1, 0, 1, 1]
    greatest = np.iinfo(kind).max
    assert run.period_of(np.array([greatest], dtype=kind)).tolist() == [1 if greatest < run.ends[-1] else -1]


def test_shape_is_kept() -> None:
    """Positions have the shape of the days; one day gives an array without axes that indexes."""
    run = FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    square = np.array([["2026-01-01", "2026-04-01"], ["2026-12-31", "NaT"]], dtype="datetime64[D]")
    assert run.period_of(square).tolist() == [[0, 1], [3, -1]]
    assert run.period_of(square.T).tolist() == [[0, 3], [1, -1]]
    one = run.period_of("2026-04-01")
    assert one.shape == ()
    assert run[one].name == "FY2026 Q2"
    assert run.period_of([]).shape == (0,)
    assert Periods([]).period_of(["2026-01-01"]).tolist() == [-1]
    assert Periods([]).lookup()[1].tolist() == [-1]


@pytest.mark.parametrize(
    "bad",
    [
        np.array([1.0, 2.0]),
        np.array([True, False]),
        np.array(["2026-01", "2026-02"], dtype="datetime64[M]"),
        np.array(["NaT", "NaT"], dtype="datetime64"),
        np.array([1, 2], dtype="timedelta64[D]"),
    ],
)
def test_what_is_not_a_day_is_refused(bad: object) -> None:
    """Floats, flags, months and spans are not days."""
    with pytest.raises(InvalidTypeError, match="`days` must be days"):
        Periods([Q3]).period_of(bad)


def test_instants_are_refused_with_the_first_row() -> None:
    """An instant inside a day is refused, with how many there are and the first."""
    instants = np.array(["2026-08-01T00", "2026-08-01T05", "NaT"], dtype="datetime64[h]")
    with pytest.raises(InvalidTypeError, match=r"got 1 instants that are not midnight \(first: row 1 = ") as info:
        Periods([Q3]).period_of(instants)
    assert info.value.row == 1


def test_many_periods_have_wide_positions() -> None:
    """More than 32,767 periods do not wrap around."""
    run = Periods.from_boundaries([dt.date(1970, 1, 1) + dt.timedelta(days=k) for k in range(40_001)])
    assert run.lookup()[1].dtype == np.int32
    assert run.period_of(np.array([39_999, 40_000])).tolist() == [39_999, -1]


# fiscal calendars


def test_calendar_year() -> None:
    """The plain calendar is that of the year from January."""
    calendar = FiscalCalendar()
    assert calendar.year(2024) == Period("2024-01-01", "2025-01-01")
    assert calendar.quarter(2024, 1) == Period("2024-01-01", "2024-04-01")
    assert calendar.month(2024, 2) == Period("2024-02-01", "2024-03-01")
    assert calendar.week(2024, 52) == Period("2024-12-23", "2025-01-01")
    assert calendar.week(2024, 52).days == 9


@pytest.mark.parametrize(("named_by", "start"), [("start", "2026-02-01"), ("end", "2025-02-01")])
def test_naming_of_years(named_by: str, start: str) -> None:
    """A year is named by the calendar year in which it starts or ends."""
    year = FiscalCalendar(start_month=2, named_by=named_by).year(2026)
    assert str(year.start) == start
    assert year.name == "FY2026"


@pytest.mark.parametrize("named_by", ["start", "end"])
def test_year_from_january_has_one_name(named_by: str) -> None:
    """A year from January starts and ends in the year it is named by, also when its last week runs over."""
    assert FiscalCalendar(1, named_by).year(2026).start == dt.date(2026, 1, 1)
    weekly = FiscalCalendar(1, named_by, pattern="4-4-5", year_end="nearest")
    assert weekly.year(2025) == Period("2024-12-29", "2026-01-04")


def test_names_of_parts() -> None:
    """Parts bear the year and their number."""
    calendar = FiscalCalendar(start_month=2)
    parts = (calendar.quarter(2026, 3), calendar.month(2026, 7), calendar.week(2026, 5))
    assert [p.name for p in parts] == ["FY2026 Q3", "FY2026 M07", "FY2026 W05"]


def test_retail_calendar() -> None:
    """The 4-5-4 calendar of the National Retail Federation has 53 weeks in 2012, 2017 and 2023."""
    retail = FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest")
    assert [y for y in range(2007, 2028) if retail.year(y).weeks == 53] == [2012, 2017, 2023]
    assert str(retail.year(2023).start) == "2023-01-29"
    assert [retail.month(2023, m).weeks for m in range(1, 13)] == [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 5]
    assert retail.week(2023, 53) == Period("2024-01-28", "2024-02-04")


@pytest.mark.parametrize(("pattern", "weeks"), [("4-4-5", [4, 4, 5]), ("4-5-4", [4, 5, 4]), ("5-4-4", [5, 4, 4])])
@pytest.mark.parametrize("extra_week", [1, 2, 3, 4])
def test_extra_week_goes_to_the_named_quarter(pattern: str, weeks: list[int], extra_week: int) -> None:
    """The last month of the named quarter takes the 53rd week, and no other month changes."""
    calendar = FiscalCalendar(start_month=2, pattern=pattern, year_end="nearest", extra_week=extra_week)
    expected = weeks * 4
    assert [calendar.month(2022, m).days // 7 for m in range(1, 13)] == expected
    expected[3 * extra_week - 1] += 1
    assert [calendar.month(2023, m).days // 7 for m in range(1, 13)] == expected
    assert calendar.quarter(2023, extra_week).days == 14 * 7


@given(calendars(), st.integers(1950, 2100))
def test_parts_partition_the_year(calendar: FiscalCalendar, year: int) -> None:
    """Quarters, months and weeks of a year adjoin and fill it; months fill their quarters; years adjoin (law D1)."""
    whole, following = calendar.year(year), calendar.year(year + 1)
    assert whole.end == following.start
    weeks = [calendar.week(year, k) for k in range(1, whole.weeks + 1)]
    months = [calendar.month(year, k) for k in range(1, 13)]
    quarters = [calendar.quarter(year, k) for k in range(1, 5)]
    for parts in (weeks, months, quarters):
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
        assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert [(q.start, q.end) for q in quarters] == [(months[k].start, months[k + 2].end) for k in (0, 3, 6, 9)]
    if calendar.pattern is not None:
        assert whole.days in (364, 371)
        assert whole.last.weekday() == calendar.weekday


@given(calendars(), st.sampled_from(UNITS), days)
def test_period_of_its_own_first_day_is_itself(calendar: FiscalCalendar, unit: str, day: dt.date) -> None:
    """A period contains its first day and last day, and its end is in the next one (law D2)."""
    period = calendar.containing(day, unit)
    assert day in period
    assert calendar.containing(period.start, unit) == calendar.containing(period.last, unit) == period
    following = calendar.containing(period.end, unit)
    assert following.start == period.end
    assert following.name != period.name


@given(calendars(), st.sampled_from(UNITS), days, st.integers(1, 1500))
def test_cover_has_every_period_of_a_span_and_no_other(
    calendar: FiscalCalendar, unit: str, start: dt.date, length: int
) -> None:
    """The periods of a span adjoin, the first has its first day and the last its last."""
    end = start + dt.timedelta(days=length)
    cover = getattr(calendar, f"{unit}s")(start, end)
    assert cover.gapless
    assert start in cover[0]
    assert end - dt.timedelta(days=1) in cover[-1]
    assert cover[0].name == calendar.containing(start, unit).name


@given(calendars(), st.sampled_from(UNITS), st.lists(days | st.none(), min_size=1, max_size=20))
def test_codes_point_to_the_period_of_each_day(
    calendar: FiscalCalendar, unit: str, drawn: list[dt.date | None]
) -> None:
    """The coded form gives each day the period that `containing` gives it, and -1 to a missing day."""
    found = calendar.period_of(drawn, unit)
    for day, code in zip(drawn, found.codes.tolist(), strict=True):
        if day is None:
            assert code == -1
        else:
            assert found.periods[code] == calendar.containing(day, unit)
    codes = found.codes[found.codes >= 0]
    if codes.size:
        assert (codes.min(), codes.max()) == (0, len(found.periods) - 1)


@given(st.lists(days, min_size=1, max_size=30), st.integers(1, 12), st.integers(1, 12))
def test_first_month_changes_no_monthly_total(drawn: list[dt.date], one: int, other: int) -> None:
    """Another first month of the year relabels quarters and changes no count of a month (law D6)."""
    totals = []
    for month in (one, other):
        found = FiscalCalendar(month).period_of(drawn, "month")
        totals.append(dict(zip(found.periods, np.bincount(found.codes, minlength=len(found.periods)), strict=True)))
    assert totals[0] == totals[1]


def test_off_by_one_is_caught() -> None:
    """Periods that were closed on both sides would put a boundary day into two: the partition law sees it."""
    quarters = FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    closed = [[p.start <= d <= p.end for p in quarters] for d in (dt.date(2026, 4, 1),)]
    assert sum(closed[0]) == 2
    assert sum(dt.date(2026, 4, 1) in p for p in quarters) == 1


def test_codes_of_a_book_and_of_nothing() -> None:
    """Whole numbers below 0 are missing; no known day gives no periods."""
    calendar = FiscalCalendar()
    found = calendar.period_of(np.array([20_454, -1], dtype=np.int32))
    assert (found.codes.tolist(), found.periods.names) == ([0, -1], ("FY2026 Q1",))
    assert not found.codes.flags.writeable
    for empty in ([], [None], np.array([-1, -1])):
        none = calendar.period_of(empty)
        assert (len(none.periods), set(none.codes.tolist()) <= {-1}) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"start_month": 13}, r"`start_month` must be a month, 1 to 12; got 13\."),
        ({"start_month": 0}, r"`start_month` must be a month, 1 to 12; got 0\."),
        ({"start_month": True}, r"`start_month` must be a month, 1 to 12; got True\."),
        ({"start_month": "Feb"}, r"`start_month` must be a month, 1 to 12; got 'Feb'\."),
        ({"named_by": "begin"}, r"`named_by` must be one of 'end', 'start'; got 'begin'\."),
        ({"pattern": "445"}, r"`pattern` must be one of '4-4-5', '4-5-4', '5-4-4'; got '445'\."),
        ({"pattern": "4-4-5", "year_end": "first"}, r"`year_end` must be one of 'last', 'nearest'; got 'first'\."),
        ({"pattern": "4-4-5", "weekday": 7}, r"`weekday` must be a day of the week \(Monday is 0, Sunday 6\), 0 to 6"),
        ({"pattern": "4-4-5", "extra_week": 5}, r"`extra_week` must be a quarter, 1 to 4; got 5\."),
        ({"extra_week": 3}, r"`extra_week` must be left out for a year of calendar months; got 3\."),
        ({"year_end": "nearest"}, r"`year_end` must be left out for a year of calendar months; got 'nearest'\."),
        ({"weekmask": "0000000"}, r"`weekmask` must mark at least one day of the week; got '0000000'\."),
        ({"weekmask": 5}, r"`weekmask` must mark at least one day of the week; got 5\."),
        ({"holidays": ["2026-13-01"]}, r"`holidays` must be a day; got '2026-13-01'\."),
    ],
)
def test_bad_calendar_is_refused(arguments: dict[str, object], sentence: str) -> None:
    """A calendar that cannot be is refused by the argument and its rule."""
    with pytest.raises(InvalidArgumentError, match=sentence):
        FiscalCalendar(**arguments)  # type: ignore[arg-type]


def test_one_holiday_is_not_several() -> None:
    """A text is not a list of holidays."""
    with pytest.raises(InvalidTypeError, match="`holidays` must be several days; got '2026-12-25'"):
        FiscalCalendar(holidays="2026-12-25")  # type: ignore[arg-type]


def test_parts_that_a_year_has_not_are_refused() -> None:
    """There is no fifth quarter, no thirteenth month and no week 53 in a year of 52; a hint names years with one."""
    plain, retail = FiscalCalendar(), FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest")
    with pytest.raises(InvalidArgumentError, match=r"`quarter` must be a quarter of FY2024, 1 to 4; got 5\."):
        plain.quarter(2024, 5)
    with pytest.raises(InvalidArgumentError, match=r"`month` must be a month of FY2024, 1 to 12; got 13\."):
        plain.month(2024, 13)
    with pytest.raises(InvalidArgumentError, match=r"`week` must be a week of FY2024, 1 to 52; got 53\.") as info:
        retail.week(2024, 53)
    assert "FY2023" in str(info.value)
    with pytest.raises(InvalidArgumentError, match="a year of calendar months has 52 weeks"):
        plain.week(2024, 53)
    with pytest.raises(InvalidArgumentError, match=r"`week` must be a week of FY2023, 1 to 53; got 54\."):
        retail.week(2023, 54)
    with pytest.raises(InvalidArgumentError, match=r"`year` must be a year, 1000 to 9998; got 26\."):
        plain.year(26)
    with pytest.raises(InvalidArgumentError, match="`unit` must be one of 'month', 'quarter', 'week', 'year'"):
        plain.containing("2026-01-01", "quarters")


@pytest.mark.parametrize("calendar", [FiscalCalendar(), FiscalCalendar(12, "end", pattern="4-4-5", year_end="nearest")])
def test_edges_of_time(calendar: FiscalCalendar) -> None:
    """The first and last years of four digits work, days beyond them are refused."""
    assert calendar.containing(calendar.year(1000).start, "year").name == "FY1000"
    assert calendar.containing(calendar.year(9998).last, "year").name == "FY9998"
    with pytest.raises(InvalidArgumentError, match=r"`day` must lie in fiscal years 1000 to 9998; got 9999-12-31\."):
        calendar.containing("9999-12-31")
    with pytest.raises(InvalidArgumentError, match=r"`start` must lie in fiscal years 1000 to 9998; got 0001-01-01\."):
        calendar.years("0001-01-01", "2000-01-01")
    with pytest.raises(InvalidArgumentError, match="`days` must lie in fiscal years 1000 to 9998"):
        calendar.period_of(np.array([20_000, 2**40]))


def test_span_without_days_is_refused() -> None:
    """Periods of a span that ends before it starts are refused."""
    with pytest.raises(InvalidArgumentError, match="`end` must be after `start`"):
        FiscalCalendar().quarters("2026-02-01", "2026-02-01")


def test_calendars_compare_and_survive_pickling() -> None:
    """Calendars are values: equal by their rules, hashable, picklable."""
    one = FiscalCalendar(2, holidays=["2026-12-25", "2026-01-01", "2026-12-25"])
    other = FiscalCalendar(2, holidays=np.array(["2026-01-01", "2026-12-25"], dtype="datetime64[D]"))  # type: ignore[arg-type]
    assert one == other
    assert hash(one) == hash(other)
    assert one.business_days("2026-12-21", "2026-12-28") == 4
    copy = pickle.loads(pickle.dumps(one))
    assert copy == one
    assert copy.business_days("2026-12-21", "2026-12-28") == 4
    assert "holidays=<2 days>" in repr(one)


@pytest.mark.parametrize("weekmask", ["1111100", "Mon Tue Wed Thu Fri", [1, 1, 1, 1, 1, 0, 0]])
def test_every_form_of_weekmask(weekmask: object) -> None:
    """Forms of a week that numpy takes make the same calendar."""
    assert FiscalCalendar(weekmask=weekmask) == FiscalCalendar()  # type: ignore[arg-type]


masks = st.lists(st.booleans(), min_size=7, max_size=7).filter(any)


@given(masks, st.sets(st.dates(dt.date(2025, 12, 1), dt.date(2026, 3, 1)), max_size=9), st.integers(0, 80), days)
def test_business_days_agree_with_a_loop(mask: list[bool], off: set[dt.date], length: int, start: dt.date) -> None:
    """Business days are the days of the week's mask that are no holiday, first day in and end out."""
    if start.year < 2025:
        start = dt.date(2025, 12, 20)
    calendar = FiscalCalendar(weekmask=mask, holidays=off)  # type: ignore[arg-type]
    span = [start + dt.timedelta(days=k) for k in range(length)]
    flags = [mask[d.weekday()] and d not in off for d in span]
    end = start + dt.timedelta(days=length)
    assert calendar.business_days(start, end) == sum(flags)
    assert calendar.is_business_day(span).tolist() == flags
    assert calendar.business_day_counts(span, [end] * length).tolist() == [sum(flags[k:]) for k in range(length)]


def test_business_days_of_bad_rows_are_refused() -> None:
    """A missing day and an end before its start are refused with the row; a missing day is no business day."""
    calendar = FiscalCalendar()
    with pytest.raises(
        InvalidArgumentError, match=r"no end before its start; .* \(first: row 1 = 2026-07-03 to 2026-07-02"
    ):
        calendar.business_day_counts(["2026-07-01", "2026-07-03"], "2026-07-02")
    with pytest.raises(InvalidArgumentError, match=r"no missing day; got 1 of 2 rows"):
        calendar.business_day_counts(np.array([20_000, -1]), "2026-07-02")
    assert calendar.is_business_day([None, "2026-07-03", "2026-07-04"]).tolist() == [False, True, False]


def test_a_quarter_is_asked_for_by_year_and_number() -> None:
    """A text for both, or a year alone, is refused in our words, with what belongs there."""
    calendar = sm.FiscalCalendar(start_month=2)
    for call in (lambda: calendar.quarter("2026Q1"), lambda: calendar.quarter(2026), lambda: calendar.quarters("2026")):
        with pytest.raises(sm.InvalidTypeError) as caught:
            call()
        assert caught.value.code == "SM-ARG-72"
        assert "(year, quarter)" in str(caught.value) or "(start, end)" in str(caught.value)
