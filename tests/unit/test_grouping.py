"""By, period and where: which rows count, and under which labels."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics import grouping as grouping_module
from salesmetrics.grouping import Window, as_of_day, group, window_of

CALENDAR = sm.FiscalCalendar()
QUARTERS = CALENDAR.quarters("2026-01-01", "2026-07-01")


def deals(**changed: Any) -> sm.DealBook:
    """Return six won deals of reps in two segments, one without a rep."""
    return sm.read_deals(
        {
            "rep": ["Ana", "Ben", "Ana", None, "Cy", "Ben"],
            "segment": ["SMB", "Mid", None, "SMB", "Mid", "Mid"],
            "amount": [1, 2, 4, 8, 16, 32],
            "outcome": ["won"] * 6,
            "closed": ["2026-01-01", "2026-03-31", "2026-04-01", "2026-06-30", "2026-07-01", "2025-12-31"],
        }
        | changed
    )


def reps() -> sm.RepBook:
    """Return the teams of the three reps; one has none."""
    return sm.read_reps({"id": ["Ana", "Ben", "Cy"], "team": ["East", "West", None], "name": ["A", "B", "C"]})


def sums(**asked: Any) -> dict[Any, float]:
    """Return bookings by label."""
    table = sm.credited_bookings(deals(), **asked)
    return dict(zip(table.labels, table.value.tolist(), strict=True))


# --- by ------------------------------------------------------------------------------------------------------------


def test_groups_are_those_that_occur() -> None:
    """In the order of the labels, the missing one last."""
    assert sums() == {"all": 63.0}
    assert sums(by="rep") == {"Ana": 5.0, "Ben": 34.0, "Cy": 16.0, None: 8.0}
    assert list(sums(by="rep")) == ["Ana", "Ben", "Cy", None]
    assert sums(by=("segment", "rep")) == sums(by=["segment", "rep"])
    assert list(sums(by=("segment", "rep"))) == [
        ("Mid", "Ben"),
        ("Mid", "Cy"),
        ("SMB", "Ana"),
        ("SMB", None),
        (None, "Ana"),
    ]


def test_labels_lent_by_reps() -> None:
    """What a rep lends groups like a column; deals without a rep, and reps without a team, are the missing group."""
    assert sums(by="team", reps=reps()) == {"East": 5.0, "West": 34.0, None: 24.0}
    assert sums(by=("team", "rep"), reps=reps())[None, "Cy"] == 16.0
    own = deals(team=["x"] * 6)
    assert list(sm.credited_bookings(own, by="team", reps=reps()).labels) == ["x"]


def test_large_products_of_labels_are_held_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only groups that occur are counted where the product of all labels would be large: the same answer."""
    dense = sm.credited_bookings(deals(), by=("rep", "segment"), period=QUARTERS)
    monkeypatch.setattr(grouping_module, "_DENSE_CELLS", 0)
    book = deals().take(np.array([5, 4, 3, 2, 1, 0]))
    assert group(book, ("rep", "segment", "outcome"), None).distinct is not None
    assert sm.credited_bookings(book, by=("rep", "segment"), period=QUARTERS).equals(dense)


@pytest.mark.parametrize(
    ("by", "kind", "code", "hint"),
    [
        ("rp", sm.InvalidArgumentError, "SM-ARG-05", "did you mean 'rep'?"),
        ("team", sm.InvalidArgumentError, "SM-ARG-05", "'outcome', 'rep', 'segment'"),
        ("amount", sm.InvalidArgumentError, "SM-ARG-13", "there is: 'outcome', 'rep', 'segment'."),
        (["rep", "rep"], sm.InvalidArgumentError, "SM-ARG-06", None),
        (5, sm.InvalidTypeError, "SM-ARG-04", None),
        ([5], sm.InvalidTypeError, "SM-ARG-04", None),
        ({"rep"}, sm.InvalidTypeError, "SM-ARG-04", None),
    ],
)
def test_by_names_label_columns(by: Any, kind: type, code: str, hint: str | None) -> None:
    """Unknown names, amounts, doubled names and things that are no names are refused."""
    with pytest.raises(kind) as caught:
        sm.credited_bookings(deals(), by=by)
    assert (caught.value.code, caught.value.field) == (code, "by")  # type: ignore[attr-defined]
    assert hint is None or hint in str(caught.value.hint)  # type: ignore[attr-defined]


# --- where -----------------------------------------------------------------------------------------------------------


def test_where_keeps_rows() -> None:
    """A mapping or a mask; labels without a kept row are not in the answer."""
    assert sums(by="rep", where={"segment": "SMB"}) == {"Ana": 1.0, None: 8.0}
    assert sums(by="rep", where=deals()["amount"] > 5) == {"Ben": 32.0, "Cy": 16.0, None: 8.0}
    assert sums(where={"segment": []}) == {"all": 0.0}
    assert sums(by="rep", where=[False] * 6) == {}


def test_filter_and_where_agree() -> None:
    """Asking of some rows is asking of a book of some rows."""
    for where in ({"rep": ["Ana", None]}, deals()["amount"] > 5):
        whole = sm.credited_bookings(deals(), by="segment", period=QUARTERS, where=where)
        part = sm.credited_bookings(deals().filter(where), by="segment", period=QUARTERS)
        assert whole.equals(part)


# --- period ----------------------------------------------------------------------------------------------------------


def test_periods_are_half_open_at_both_ends() -> None:
    """The first day counts, the end does not; days outside of all periods count nowhere."""
    assert sums(period=QUARTERS[0]) == {"all": 3.0}
    assert sums(period=QUARTERS[1]) == {"all": 12.0}
    assert list(sums(period=QUARTERS).values()) == [3.0, 12.0]
    assert sums(period=sm.Period("2025-12-31", "2026-01-01")) == {"all": 32.0}


def test_periods_with_gaps() -> None:
    """Days between periods count in neither; a group has a row for every period."""
    gaps = [sm.Period("2026-06-30", "2026-07-02"), sm.Period("2025-12-31", "2026-01-02")]
    found = sums(by="rep", period=gaps)
    assert [value for (rep, _), value in found.items() if rep == "Ben"] == [32.0, 0.0]
    assert sum(found.values()) == 32 + 1 + 8 + 16


def test_one_period_in_a_list_is_a_label() -> None:
    """A period alone is not a label, a sequence of one is."""
    alone = sm.credited_bookings(deals(), period=QUARTERS[0])
    listed = sm.credited_bookings(deals(), period=[QUARTERS[0]])
    assert (alone.labels.names, listed.labels.names) == ((), ("period",))
    assert alone.value.tolist() == listed.value.tolist()


def test_as_of_cuts_a_period() -> None:
    """Days after it do not count, whether one period is asked for, several or none."""
    for day, want in (("2026-03-30", 1.0), ("2026-03-31", 3.0), ("2025-12-30", 0.0), ("2027-01-01", 3.0)):
        assert sums(period=QUARTERS[0], as_of=day) == {"all": want}
        assert sums(period=[QUARTERS[0]], as_of=day)[QUARTERS[0]] == want
    assert sums(as_of="2026-04-01") == {"all": 39.0}
    assert list(sums(period=QUARTERS, as_of="2026-06-29").values()) == [3.0, 4.0]


@pytest.mark.parametrize("period", ["2026-Q1", 2026, dt.date(2026, 1, 1), [1, 2], ("2026-01-01", "2026-04-01")])
def test_what_is_no_period(period: Any) -> None:
    """Texts, years and pairs of days are refused with the ways to make a period."""
    with pytest.raises(sm.InvalidTypeError, match="`period` must be a Period or Periods; got") as caught:
        sm.credited_bookings(deals(), period=period)
    assert caught.value.code == "SM-ARG-10"
    assert "Period(start, end)" in str(caught.value.hint)


def test_windows_know_what_was_asked() -> None:
    """A window gives back the argument that asks for it."""
    assert window_of(None) == Window(None, many=False)
    assert window_of(None).asked is None
    assert window_of(QUARTERS[0]).asked == QUARTERS[0]
    assert window_of(list(QUARTERS)).asked == QUARTERS
    assert (window_of(None).size, window_of(QUARTERS).size) == (1, 2)


# --- as_of -----------------------------------------------------------------------------------------------------------


def test_the_day_of_the_book_is_the_default() -> None:
    """The argument, else the book's own, else none, or a refusal where one is needed."""
    book = sm.read_deals({"amount": [1]}, as_of="2026-03-01")
    bare = sm.read_deals({"amount": [1]})
    assert sm.Period("1970-01-01", dt.date(2026, 3, 1)).end_day == as_of_day(book, None)
    assert as_of_day(book, "1970-01-03") == 2
    assert as_of_day(bare, None) is None
    with pytest.raises(sm.InvalidArgumentError, match="`as_of` must be given for a snapshot; got None") as caught:
        as_of_day(bare, None, needed="a snapshot")
    assert caught.value.code == "SM-DAY-03"
    assert "read_deals(..., as_of=" in str(caught.value.hint)


# --- limits ------------------------------------------------------------------------------------------------------------


def test_sums_near_int64_are_exact_or_name_the_group() -> None:
    """1,024 of the largest amounts fit, one more does not; the error names the group, whoever else is in the book."""
    largest = 2**53 - 1
    rows = 1025
    columns = {
        "rep": ["Ana"] * 3 + ["Ben"] * rows,
        "amount": np.concatenate([np.ones(3, dtype=np.int64), np.full(rows, largest)]),
        "outcome": ["won"] * (rows + 3),
        "closed": np.full(rows + 3, np.datetime64("2026-01-05")),
    }
    book = sm.read_deals(columns, scale=0)
    fits = sm.credited_bookings(book.take(np.arange(rows + 2)), by="rep")
    assert fits.to_minor().tolist() == [3, 1024 * largest]
    with pytest.raises(
        sm.InvalidDataError, match="must stay within int64 minor units; got more in group 'Ben'"
    ) as caught:
        sm.credited_bookings(book, by="rep")
    assert caught.value.code == "SM-AMT-09"
    with pytest.raises(sm.InvalidDataError, match="in group \\('Ben', 'won'\\)"):
        sm.credited_bookings(book, by=("rep", "outcome"), period=QUARTERS)
    assert sm.credited_bookings(book, by="rep", where={"rep": "Ana"}).to_minor().tolist() == [3]


def test_tables_too_large_are_refused_before_they_are_made() -> None:
    """By and period are counted in Python's whole numbers and compared with the limit."""
    book = sm.read_deals(
        {"rep": [f"R{i}" for i in range(30_000)], "outcome": ["won"] * 30_000, "closed": ["2026-01-01"] * 30_000}
        | {"amount": [1] * 30_000}
    )
    days = sm.Periods.from_boundaries([dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(2_000)])
    with pytest.raises(sm.InvalidArgumentError, match="must give at most 50,000,000 cells; got 59,") as caught:
        sm.credited_bookings(book, by="rep", period=days)
    assert caught.value.code == "SM-ARG-11"
    assert "fewer" in str(caught.value.hint)
