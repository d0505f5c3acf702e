"""Many ISO texts at once say what each says alone."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics.convert import Texts, day
from salesmetrics.convert.iso import parsed

EPOCH = dt.datetime(1970, 1, 1)
FORMS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f+0000",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S UTC",
)
MOMENTS = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59))


@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(FORMS))
def test_the_standard_library_agrees(moments: list[dt.datetime], form: str) -> None:
    """Days, seconds and lateness are those of the standard library, for every form and every year of four digits."""
    found = parsed([moment.strftime(form) for moment in moments])
    read = [dt.datetime.strptime(moment.strftime(form), form) for moment in moments]
    assert found is not None
    assert found.days.tolist() == [(moment - EPOCH).days for moment in read]
    assert found.seconds.tolist() == [(moment - EPOCH).seconds for moment in read]
    assert found.late.tolist() == [moment.time() != dt.time() for moment in read]
    assert set(found.aware.tolist()) == {form.endswith(("Z", "+0000", "+00:00", " UTC"))}


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2023-02-29",
        "1900-02-29",
        "0000-01-01",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "2024-01-01T24:00:00",
        "2024-01-01T10:60:00",
        "2024-01-01T10:00:60",
        "2024/01/01",
        "2024-01-01X10:00",
        "2024-01-01T10-00",
        "2024-01-01T10:00-00",
        "2024-01-01T10:00:00,5",
        "2024-01-01T10:00:00.",
        "2024-01-01T10:00:00.5x",
        "2024-01-01T10:00:00-0500",
        "2024-01-01T10:00:00+00",
        "2024-01-01Z",
        "2024-01-01T1:00:00",
        "２０２４-01-01",
        "20240101",
        "2024-01-01T10:00:00." + "0" * 40,
    ],
)
def test_what_is_written_in_another_way_is_left_alone(text: str) -> None:
    """What is no plain moment of UTC or of no zone is read one by one, and refused there where it says nothing."""
    assert parsed([text]) is None
    assert parsed(["2024-01-01", text]) is None


def test_a_leap_day() -> None:
    """The 29th of February is a day in leap years, those of whole centuries only every fourth time."""
    assert parsed(["2024-02-29", "2000-02-29"]) is not None
    assert parsed([]) is None


def test_lengths_may_differ() -> None:
    """Rows with and without a fraction, and blanks among them, are one column; more forms than a few go the slower way."""
    texts = ["2024-07-01 03:30:00", "", "2024-07-01 03:30:00.250", "2024-07-02"]
    column, problems = day(Texts(np.array(texts, dtype=object)), "created", zone="America/New_York")
    assert column.user().astype(str).tolist() == ["2024-06-30", "NaT", "2024-06-30", "2024-07-01"]
    assert problems == []
    many = [f"2024-07-01 03:30:00.{'1' * count}" for count in range(1, 7)]
    assert parsed(many) is None
    column, problems = day(Texts(np.array(many, dtype=object)), "created", zone="UTC")
    assert (len(column), problems) == (6, [])


def test_many_blocks_are_one_column() -> None:
    """A column longer than a block is read as one."""
    base = np.datetime64("2000-01-01T00:00:00")
    stamps = base + np.arange(150_000) * np.timedelta64(3607, "s")
    found = parsed([f"{text}Z" for text in stamps.astype(str).tolist()])
    assert found is not None
    assert (found.days * 86_400 + found.seconds == stamps.astype(np.int64)).all()
