"""Days and instants at the door, in every container that can bring them."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import salesmetrics as sm

CONTAINERS = ("mapping", "csv", "pandas", "polars", "pyarrow")
in_every_container = pytest.mark.parametrize("container", CONTAINERS)


def written(value: object) -> str:
    return "" if value is None else str(value)


def put(container: str, **columns: list[Any]) -> Any:
    """Return the columns in a container; a file holds texts."""
    if container == "mapping":
        return columns
    if container == "csv":
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([map(written, row) for row in zip(*columns.values(), strict=True)])
        out.seek(0)
        return out
    if container == "pyarrow":
        return pytest.importorskip("pyarrow").table(columns)
    if container == "polars":
        return pytest.importorskip("polars").DataFrame(columns, strict=False)
    return pytest.importorskip("pandas").DataFrame(columns)


def created(source: Any, **said: Any) -> list[str]:
    """Return the days of creation as texts."""
    days: list[str] = sm.read_deals(source, **said)["created"].astype(str).tolist()
    return days


def refused(code: str, sentence: str, source: Any, **said: Any) -> sm.InvalidDataError:
    """Return the error of a source that must be refused."""
    with pytest.raises(sm.InvalidDataError, match=sentence) as caught:
        sm.read_deals(source, **said)
    assert caught.value.code == code
    assert caught.value.field == caught.value.column == "created"
    return caught.value


@in_every_container
def test_day_first_and_month_first_are_never_guessed(container: str) -> None:
    """TXT-1: a day written with slashes is refused; the hint names the forms that fit all rows; told, it is read."""
    both, one = ["01/02/2026", "03/04/2026"], ["01/02/2026", "13/02/2026"]
    error = refused(
        "SM-DAY-08", "`created` must be a day YYYY-MM-DD in every row; got 2 of 2", put(container, created=both)
    )
    assert error.hint == "every row fits '%d/%m/%Y' and '%m/%d/%Y': state which is meant by date_format=."
    error = refused("SM-DAY-08", "`created` must be a day YYYY-MM-DD in every row", put(container, created=one))
    assert error.hint == "every row fits '%d/%m/%Y': state which is meant by date_format=."
    assert created(put(container, created=one), date_format="%d/%m/%Y") == ["2026-02-01", "2026-02-13"]
    assert created(put(container, created=both), date_format="%m/%d/%Y") == ["2026-01-02", "2026-03-04"]
    error = refused(
        "SM-DAY-08", "as date_format='%m/%d/%Y' writes it", put(container, created=one), date_format="%m/%d/%Y"
    )
    assert error.rows.tolist() == [1]


@in_every_container
def test_milliseconds_at_midnight_of_utc_are_days(container: str) -> None:
    """TXT-13: HubSpot's date properties are midnights of UTC, which no zone moves; with a time of day they are instants."""
    midnights = [1767225600000, 1767312000000, None]
    want = ["2026-01-01", "2026-01-02", "NaT"]
    assert created(put(container, created=midnights), date_format="unix_ms", zone="America/Los_Angeles") == want
    moments = [1767225600000 + 60_000, 1767312000000, None]
    assert created(put(container, created=moments), date_format="unix_ms", zone="America/Los_Angeles") == [
        "2025-12-31",
        "2026-01-01",
        "NaT",
    ]
    assert created(put(container, created=moments), date_format="unix_ms", zone="UTC") == want
    refused("SM-DAY-04", "must be a day and not an instant", put(container, created=moments), date_format="unix_ms")


@in_every_container
@pytest.mark.parametrize("sentinel", ["9999-12-31", "2999-12-31", "1900-01-01"])
def test_sentinels_are_refused_or_missing_as_asked(container: str, sentinel: str) -> None:
    """ARR-17: a day at the end of the calendar is refused with its row; named as a sentinel it is missing."""
    values: list[Any] = ["2026-01-05", sentinel]
    if container in ("polars", "pyarrow"):
        values = [dt.date.fromisoformat(value) for value in values]
    error = refused("SM-DAY-06", "`created` must be no sentinel", put(container, created=values))
    assert error.rows.tolist() == [1]
    assert "sentinels=" in str(error.hint)
    assert created(put(container, created=values), sentinels=[sentinel]) == ["2026-01-05", "NaT"]


@in_every_container
@pytest.mark.parametrize("year", ["1204", "2204"])
def test_mistyped_years_are_refused(container: str, year: str) -> None:
    """ARR-18: a day beyond the bounds is refused, and the bounds are named."""
    error = refused(
        "SM-DAY-05", "`created` must lie from 1970-01-01 to 2100-01-01", put(container, created=[f"{year}-01-05"])
    )
    assert error.rows.tolist() == [0]


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (np.array(["", "NaT"], dtype="datetime64"), None),
        (np.array(["2026", "2025"], dtype="datetime64[Y]"), "SM-DAY-14"),
        (np.array(["2026-01"], dtype="datetime64[M]"), "SM-DAY-14"),
        (["2026"], "SM-DAY-08"),
    ],
    ids=["no unit", "years", "months", "a year as text"],
)
def test_what_is_no_day_is_refused(column: Any, code: str | None) -> None:
    """ARR-19: years and months are no days; a column of NaT without a unit holds nothing."""
    if code is None:
        assert created({"created": column}) == ["NaT", "NaT"]
    else:
        refused(code, "`created` must", {"created": column})


@pytest.mark.parametrize("container", [name for name in CONTAINERS if name != "csv"])
@pytest.mark.parametrize(
    ("numbers", "looks", "form"),
    [
        ([20240131, 20231231], "days written as yyyymmdd", "%Y%m%d"),
        ([1706659200, 1706745600], "Unix seconds", "unix_s"),
        ([1706659200000, 1706745600000], "Unix milliseconds", "unix_ms"),
        ([45322, 45323], "Excel serials", "excel"),
    ],
)
def test_numbers_are_days_only_where_it_is_said(container: str, numbers: list[int], looks: str, form: str) -> None:
    """ARR-20: a number is no day; the error says what it looks like and how to have it read."""
    error = refused("SM-DAY-07", "`created` must hold days, not numbers", put(container, created=list(numbers)))
    assert error.hint == f"they look like {looks}: date_format={form!r} reads them."
    assert len(created(put(container, created=list(numbers)), date_format=form)) == 2


@in_every_container
def test_serials_of_a_spreadsheet(container: str) -> None:
    """A serial is the day that the spreadsheet shows."""
    assert created(put(container, created=[45322, None]), date_format="excel") == ["2024-01-31", "NaT"]


ISO: dict[str, tuple[list[str], list[str]]] = {
    "all Z": (["2024-07-01T03:30:00Z", "2024-07-01T12:00:00Z"], ["2024-06-30", "2024-07-01"]),
    "all +0000": (["2024-07-01T03:30:00.000+0000", "2024-07-01T12:00:00.000+0000"], ["2024-06-30", "2024-07-01"]),
    "mixed offsets": (["2024-07-01T03:30:00Z", "2024-06-30T23:30:00-0400"], ["2024-06-30", "2024-06-30"]),
    "an offset": (["2024-07-01T05:30:00+02:00", "2024-07-01T06:30:00+02:00"], ["2024-06-30", "2024-07-01"]),
    "an hour of one digit": (["2024-07-01 3:30:00", "2024-07-01 12:00:00"], ["2024-06-30", "2024-07-01"]),
}


@in_every_container
@pytest.mark.parametrize("form", list(ISO))
def test_texts_of_instants(container: str, form: str) -> None:
    """ARR-21: an offset is never cut off: the day is that of the business zone, which has to be named."""
    texts, want = ISO[form]
    assert created(put(container, created=texts), zone="America/New_York") == want
    refused("SM-DAY-04", "must be a day and not an instant, where no `zone` is given", put(container, created=texts))


@in_every_container
def test_moments_with_and_without_a_zone_do_not_mix(container: str) -> None:
    """A column in which some rows say their zone and others do not is refused: nobody knows what the others mean."""
    texts = ["2024-07-01T03:30:00Z", "2024-07-01 03:30:00", None]
    error = refused(
        "SM-DAY-18",
        "`created` must say its zone in every row or in none; got 1 of 3 rows that does not",
        put(container, created=texts),
        zone="America/New_York",
    )
    assert error.rows.tolist() == [1]
    assert created(put(container, created=texts), zone="UTC", on_error="drop") == ["2024-07-01", "NaT"]


def _stamps(container: str, zone: str | None) -> Any:
    moments = [dt.datetime(2024, 7, 1, 3, 30, tzinfo=dt.UTC), None, dt.datetime(2024, 7, 1, 12, 0, tzinfo=dt.UTC)]
    if zone is None:
        return put(container, created=[None if m is None else m.replace(tzinfo=None) for m in moments])
    return put(container, created=[None if m is None else m.astimezone(ZoneInfo(zone)) for m in moments])


@pytest.mark.parametrize("container", [name for name in CONTAINERS if name != "csv"])
@pytest.mark.parametrize("own", [None, "UTC", "America/New_York", "Asia/Tokyo"])
def test_columns_of_moments(container: str, own: str | None) -> None:
    """FRM-9: a moment becomes the day of the business zone, whatever zone the column is shown in; without a zone: refused."""
    assert created(_stamps(container, own), zone="America/New_York") == ["2024-06-30", "NaT", "2024-07-01"]
    assert created(_stamps(container, own), zone="Asia/Tokyo") == ["2024-07-01", "NaT", "2024-07-01"]
    refused("SM-DAY-04", "must be a day and not an instant", _stamps(container, own))


@in_every_container
@pytest.mark.parametrize("zone", [None, "America/Los_Angeles", "Pacific/Kiritimati"])
def test_days_are_never_moved(container: str, zone: str | None) -> None:
    """Days, as days or as midnights, are the same days in every zone."""
    days = [dt.date(2024, 7, 1), None, dt.date(2024, 12, 31)]
    want = ["2024-07-01", "NaT", "2024-12-31"]
    assert created(put(container, created=days), zone=zone) == want
    midnights = [None if day is None else dt.datetime(day.year, day.month, day.day) for day in days]
    assert created(put(container, created=midnights), zone=zone) == want


MIDNIGHTS = ("2024-07-01T00:00:00Z", "2024-12-31T00:00:00+00:00", None)


@in_every_container
def test_midnights_of_utc_are_days_where_the_map_says_so(container: str) -> None:
    """What a map calls days may come as midnights of UTC; without a map they are instants, for which a zone is needed."""
    shape = sm.maps.ColumnMap({"created": "created"}, days=["created"])
    want = ["2024-07-01", "2024-12-31", "NaT"]
    assert created(put(container, created=list(MIDNIGHTS)), columns=shape, zone="America/Los_Angeles") == want
    assert created(put(container, created=list(MIDNIGHTS)), columns=shape) == want
    refused("SM-DAY-04", "must be a day and not an instant", put(container, created=list(MIDNIGHTS)))
    late = ["2024-07-01T00:00:01Z", None, None]
    refused("SM-DAY-04", "must be a day and not an instant; got 1 of 3", put(container, created=late), columns=shape)


@in_every_container
def test_the_clock_of_the_business_is_cut_off(container: str) -> None:
    """Where a map says that times are those of the business, their days stay, and no zone is needed."""
    shape = sm.maps.ColumnMap({"created": "created"}, clocks=["created"])
    texts = ["2024-06-30 23:59:59", "2024-07-01 00:00:01", None]
    for zone in (None, "Asia/Tokyo"):
        assert created(put(container, created=texts), columns=shape, zone=zone) == ["2024-06-30", "2024-07-01", "NaT"]


@in_every_container
def test_no_instant_of_a_system_lies_before_1990(container: str) -> None:
    """Milliseconds read as seconds land in January 1970: refused with their rows, where a map says that these are instants."""
    shape = sm.maps.ColumnMap({"created": "created"}, instants=["created"])
    texts = ["1970-01-20 20:16:04", "2024-05-01 12:00:00"]
    error = refused(
        "SM-DAY-12",
        "`created` must not lie before 1990-01-01 where a column holds instants; got 1 of 2 rows",
        put(container, created=texts),
        columns=shape,
        zone="UTC",
    )
    assert error.rows.tolist() == [0]
    assert created(put(container, created=texts), zone="UTC") == ["1970-01-20", "2024-05-01"]


def test_offsets_of_every_kind() -> None:
    """Every offset of a day gives the day that the standard library gives, in every zone."""
    base = dt.datetime(2024, 3, 10, 6, 30, tzinfo=dt.UTC)
    moments = [base + dt.timedelta(minutes=37 * at) for at in range(200)]
    offsets = [dt.timezone(dt.timedelta(minutes=15 * at)) for at in range(-48, 57, 7)]
    texts = [m.astimezone(offsets[at % len(offsets)]).isoformat() for at, m in enumerate(moments)]
    for name in ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"):
        zone = ZoneInfo(name)
        want = [str(dt.datetime.fromisoformat(text).astimezone(zone).date()) for text in texts]
        assert created({"created": texts}, zone=name) == want
