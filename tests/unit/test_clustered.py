"""Clustered books: the same book to whoever looks, with a sorted copy that only questions see."""

from __future__ import annotations

import copy
import pickle
import warnings
from datetime import date
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.books.clustering import Cluster
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.domain import OUTCOMES

COMPANY = sm.datasets.sample_company(deals=3_000, rng=5)
DEALS = COMPANY.deals
CLUSTERED = DEALS.clustered()
CALENDAR = sm.FiscalCalendar(start_month=2)
QUARTER = CALENDAR.quarter(2025, 2)


def test_the_book_is_the_same_to_whoever_looks() -> None:
    """Columns, rows, order, ids, frames, masks, text and equality are those of the book as it was given."""
    assert CLUSTERED.is_clustered
    assert not DEALS.is_clustered
    assert CLUSTERED.names == DEALS.names
    assert len(CLUSTERED) == len(DEALS)
    assert CLUSTERED.equals(DEALS)
    assert DEALS.equals(CLUSTERED)
    assert CLUSTERED["id"].tolist() == DEALS["id"].tolist()
    assert all(np.array_equal(CLUSTERED[n], DEALS[n], equal_nan=DEALS[n].dtype.kind in "fM") for n in DEALS.names)
    assert repr(CLUSTERED) == repr(DEALS)
    assert CLUSTERED._repr_html_() == DEALS._repr_html_()
    assert (CLUSTERED.mask({"rep": DEALS["rep"][0]}) == DEALS.mask({"rep": DEALS["rep"][0]})).all()


def test_clustered_twice_is_clustered_once() -> None:
    """A clustered book is its own clustered book."""
    assert CLUSTERED.clustered() is CLUSTERED


MADE: dict[str, Any] = {
    "filter": lambda book: book.filter({"outcome": "won"}),
    "take": lambda book: book.take(range(100)),
    "concat": lambda book: book.take(range(10)).concat(book.take(range(10, 20))),
    "with_reps": lambda book: book.with_reps(COMPANY.reps),
    "pickle": lambda book: pickle.loads(pickle.dumps(book)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", MADE)
def test_a_book_made_of_a_clustered_one_is_flat_again(how: str) -> None:
    """What is made of a clustered book holds what is made of the book itself, without a sorted copy, and may have its own."""
    made, expected = MADE[how](CLUSTERED), MADE[how](DEALS)
    assert not made.is_clustered
    assert made.equals(expected)
    rate = sm.win_rate(expected, period=QUARTER, by="segment")
    assert sm.win_rate(made, period=QUARTER, by="segment").equals(rate)
    assert sm.win_rate(made.clustered(), period=QUARTER, by="segment").equals(rate)


def test_labels_that_reps_lend() -> None:
    """Reps lend their labels to a clustered book, and a clustered book holds those it was given before."""
    for by in ("team", ("team", "segment"), ("manager", "rep")):
        expected = sm.win_rate(DEALS, period=QUARTER, by=by, reps=COMPANY.reps)
        assert sm.win_rate(CLUSTERED, period=QUARTER, by=by, reps=COMPANY.reps).equals(expected)
        held = DEALS.with_reps(COMPANY.reps).clustered()
        assert sm.win_rate(held, period=QUARTER, by=by).equals(expected)


def test_books_beside() -> None:
    """Quotas and a history beside a clustered book change nothing."""
    asked: dict[str, Any] = {"period": CALENDAR.quarters("2024-02-01", "2026-02-01"), "by": "rep"}
    expected = sm.attainment(DEALS, COMPANY.quotas, **asked)
    assert sm.attainment(CLUSTERED, COMPANY.quotas, **asked).equals(expected)
    expected = sm.attainment(DEALS, COMPANY.quotas, history=COMPANY.history, owner="at_close", **asked)
    assert sm.attainment(CLUSTERED, COMPANY.quotas, history=COMPANY.history, owner="at_close", **asked).equals(expected)


def test_splits_beside() -> None:
    """Splits beside a clustered book change nothing."""
    won = np.flatnonzero(DEALS["outcome"] == "won")[:40]
    rows = {
        "deal": np.repeat(DEALS["id"][won], 2),
        "rep": np.tile(DEALS["rep"][won][:2], len(won)),
        "share": np.tile([0.25, 0.75], len(won)),
        "kind": ["revenue"] * (2 * len(won)),
    }
    splits = sm.read_splits(rows)
    expected = sm.credited_bookings(DEALS, by="rep", splits=splits)
    assert sm.credited_bookings(CLUSTERED, by="rep", splits=splits).equals(expected)


WRONG: dict[str, Any] = {
    "no such label": lambda book: sm.win_rate(book, by="colour"),
    "a column that is no label": lambda book: sm.win_rate(book, by="amount"),
    "a name twice": lambda book: sm.win_rate(book, by=("rep", "rep")),
    "no name": lambda book: sm.win_rate(book, by=3),
    "a mask of another length": lambda book: sm.win_rate(book, where=np.ones(3, dtype=bool)),
    "no such label in where": lambda book: sm.credited_bookings(book, where={"colour": "red"}),
    "no such value in where": lambda book: sm.credited_bookings(book, where={"segment": "Nobody"}),
    "no such value among open deals": lambda book: sm.open_pipeline(book, where={"segment": "Nobody"}),
    "a credit among sizes": lambda book: sm.deal_size(book, stat="median"),
    "a credit in a mean": lambda book: sm.deal_size(book, by="rep"),
    "a credit in velocity": lambda book: sm.velocity(book, period=QUARTER, as_of="2026-01-31"),
    "a credit among open deals": lambda book: sm.open_pipeline(book),
    "no amount": lambda book: sm.credited_bookings(without(book, "amount")),
    "no creation day": lambda book: sm.velocity(without(book, "created"), period=QUARTER, as_of="2026-01-31"),
}


def read(columns: dict[str, Any]) -> sm.DealBook:
    """Return a book with credits; the warning about overdue deals is of no interest here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_deals(columns, currency="USD", as_of="2026-10-31", allow_negative=True)


def columns_of(book: sm.DealBook) -> dict[str, Any]:
    """Return the columns with a credit among the wins and one among the open deals."""
    columns = {name: np.array(values) for name, values in book.to_dict().items()}
    amount, outcome = columns["amount"], columns["outcome"]
    for kind in ("won", "open"):
        amount[np.flatnonzero(outcome == kind)[5]] = -1.0
    return columns


def without(book: sm.DealBook, name: str) -> sm.DealBook:
    """Return the book without a column, clustered where it was."""
    columns = {each: values for each, values in book.to_dict().items() if each != name}
    made = read(columns)
    return made.clustered() if book.is_clustered else made


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_of_the_book_as_it_was_given(what: str) -> None:
    """An error has the same sentence, row and values, whether the book is clustered or not."""
    book = read(columns_of(DEALS))
    with pytest.raises(sm.SalesMetricsError) as flat:
        WRONG[what](book)
    with pytest.raises(sm.SalesMetricsError) as sliced:
        WRONG[what](book.clustered())
    assert str(sliced.value) == str(flat.value)
    assert sliced.value.row == flat.value.row
    assert [str(v) for v in sliced.value.values] == [str(v) for v in flat.value.values]


@pytest.mark.parametrize("missing", ["outcome", "closed"])
def test_what_a_clustered_book_needs(missing: str) -> None:
    """A book without outcomes or without days of close is refused with the column that lacks."""
    columns = {"rep": ["Ana"], "amount": [1.0], "outcome": ["won"], "closed": ["2026-01-05"]}
    book = sm.DealBook(columns={n: c for n, c in sm.read_deals(columns).columns.items() if n != missing}, rows=1)
    with pytest.raises(sm.MissingColumnError, match=f"`{missing}` must be a column of the deals for a clustered book"):
        book.clustered()


def test_orders_alone_can_be_clustered() -> None:
    """A book of nothing but what was sold is enough, and so is one of no deals."""
    columns = {"rep": ["Ana", "Bo", "Ana"], "amount": [1.0, 2.0, 4.0], "outcome": ["won"] * 3}
    orders = sm.read_deals({**columns, "closed": ["2026-03-05", "2026-01-05", "2026-02-05"]})
    january = sm.Period("2026-01-01", "2026-02-01")
    for book in (orders, orders.take([])):
        expected = sm.credited_bookings(book, by="rep", period=january)
        assert sm.credited_bookings(book.clustered(), by="rep", period=january).equals(expected)
        assert sm.credited_bookings(book.clustered(), by="rep").equals(sm.credited_bookings(book, by="rep"))


def test_open_deals_of_any_day() -> None:
    """Deals open on a day long past are found in the sorted copy: those closed later, not those created later."""
    for day in ("2023-05-01", "2024-07-15", "2026-10-31"):
        expected = sm.open_pipeline(DEALS, as_of=day, by="rep")
        assert sm.open_pipeline(CLUSTERED, as_of=day, by="rep").equals(expected)
        where = {"segment": [DEALS["segment"][0]]}
        expected = sm.weighted_pipeline(DEALS, as_of=day, by="rep", where=where, missing_p="exclude")
        found = sm.weighted_pipeline(CLUSTERED, as_of=day, by="rep", where=where, missing_p="exclude")
        assert found.equals(expected)
        number = (np.datetime64(day) - np.datetime64("1970-01-01")).astype(int)
        assert CLUSTERED.open_rows(number).tolist() == DEALS.open_rows(number).tolist()


def cluster(outcomes: list[int], closed: list[int]) -> Cluster:
    """Return the cluster of codes and days."""
    codes = LabelColumn(np.array(outcomes, dtype=np.int8), OUTCOMES, ordered=True)
    return Cluster.of(codes, DayColumn(np.array(closed, dtype=np.int32)))


def test_the_order_is_outcome_then_day_then_row() -> None:
    """Rows stand by outcome, then by the day decided, those without a day first; ties and open deals as they came."""
    found = cluster([1, 0, 2, 1, 1, 0, 2, 1, 3, 1], [20, -1, 15, 10, 20, -1, 10, -1, 12, 10])
    assert found.order.tolist() == [1, 5, 7, 3, 9, 0, 4, 6, 2, 8]
    assert found.opened == [(0, 2)]
    won = range(1, 2)
    assert found.decided(won, None, None) == [(2, 7)]
    assert found.decided(won, 10, 19) == [(3, 5)]
    assert found.decided(won, 11, 20) == [(5, 7)]
    assert found.decided(won, None, 10) == [(2, 5)]
    assert found.decided(won, None, 0) == [(2, 3)]
    assert found.decided(won, 0, 9) == [(3, 3)]
    assert found.decided(won, 21, None) == [(7, 7)]
    assert found.decided(range(1, 4), 12, 15) == [(5, 5), (8, 9), (9, 10)]


def test_runs_become_one_where_they_are_most_of_what_lies_between() -> None:
    """Neighbours are joined, empty runs dropped, and small gaps bridged."""
    assert Cluster.wanted([(5, 7), (2, 5), (9, 9)]) == [(2, 7)]
    assert Cluster.wanted([(0, 10), (12, 20)]) == [(0, 20)]
    assert Cluster.wanted([(0, 10), (50, 60)]) == [(0, 10), (50, 60)]
    assert Cluster.wanted([]) == []


def test_a_quarter_reads_the_rows_of_the_quarter() -> None:
    """The books that a question of one quarter is asked of hold the deals decided in it and no others."""
    from salesmetrics.grouping import window_of
    from salesmetrics.slicing import sliced

    needs = ("outcome", "closed", "amount")
    some, _ = sliced(CLUSTERED, "rep", None, None, window_of(QUARTER), None, needs=needs)
    start, end = np.datetime64(QUARTER.start), np.datetime64(QUARTER.end)
    inside = (DEALS["closed"] >= start) & (DEALS["closed"] < end)
    assert 0 < some.rows == int(inside.sum()) < len(DEALS) // 4
    assert sorted(some["amount"].tolist()) == sorted(DEALS["amount"][inside].tolist())
    assert set(some.names) == {"rep", *needs}
    flat, where = sliced(DEALS, "rep", inside, None, window_of(QUARTER), None, needs=needs)
    assert flat is DEALS
    assert where is inside


def test_periods_of_another_calendar_and_with_gaps() -> None:
    """Every calendar is served: weeks of a 4-4-5 year, single days, periods with gaps and out of the data."""
    weeks = sm.FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest")
    days = [sm.Period(date(2025, month, 3), date(2025, month, 4 + month)) for month in (2, 3, 7, 11)]
    periods = sm.Periods([*days, sm.Period("2031-01-01", "2032-01-01")])
    for asked in (periods, weeks.quarters("2024-02-04", "2026-01-31"), weeks.quarter(2025, 2)):
        for metric in (sm.win_rate, sm.deal_size, sm.cycle_length, sm.credited_bookings):
            assert metric(CLUSTERED, period=asked, by="segment").equals(metric(DEALS, period=asked, by="segment"))
