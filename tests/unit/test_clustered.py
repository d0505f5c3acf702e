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
from salesmetrics import _runs
from salesmetrics._kernels import Addend, Axis, Range, tabulate
from salesmetrics._lasting import Lasting
from salesmetrics._runs import Laid
from salesmetrics.books import clustering
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


def cluster(outcomes: list[int], closed: list[int], reps: list[int] | None = None) -> Cluster:
    """Return the cluster of codes and days, by rep where they are given."""
    codes = LabelColumn(np.array(outcomes, dtype=np.int8), OUTCOMES, ordered=True)
    days = DayColumn(np.array(closed, dtype=np.int32))
    if reps is None:
        return Cluster.of(codes, days, (), {})
    return Cluster.of(codes, days, ("rep",), {"rep": LabelColumn(np.array(reps, dtype=np.int8), ("Ana", "Bo"))})


def test_the_order_is_outcome_then_month_then_row() -> None:
    """Rows stand by outcome, then by the month decided, those without a day first; those alike as they came."""
    found = cluster([1, 0, 2, 1, 1, 0, 2, 1, 3, 1], [50, -1, 45, 40, 50, -1, 40, -1, 70, 20])
    assert found.months.tolist() == [20, 31, 59, 71]
    assert found.order.tolist() == [1, 5, 7, 9, 0, 3, 4, 2, 6, 8]
    assert found.opened == [(0, 2)]
    won = range(1, 2)
    assert found.decided(won, None, None) == [(2, 7)]
    assert found.decided(won, 40, 49) == [(4, 7)]
    assert found.decided(won, 31, 58) == [(4, 7)]
    assert found.decided(won, 20, 30) == [(3, 4)]
    assert found.decided(won, None, 35) == [(2, 7)]
    assert found.decided(won, None, 30) == [(2, 4)]
    assert found.decided(won, None, 0) == [(2, 3)]
    assert found.decided(won, 0, 19) == [(3, 3)]
    assert found.decided(won, 59, None) == [(7, 7)]
    assert found.decided(won, 71, None) == [(7, 7)]
    assert found.decided(range(1, 4), 52, 65) == [(4, 7), (7, 9), (9, 10)]


def test_within_a_month_deals_stand_by_label() -> None:
    """Deals of one outcome and month stand by rep, those without one first, and as they came where all is alike."""
    found = cluster([1, 1, 1, 1, 1, 2, 0], [40, 40, 31, 32, 20, 20, -1], [1, 0, 1, -1, 1, 0, 1])
    assert found.order.tolist() == [6, 4, 3, 1, 0, 2, 5]
    assert np.diff(found.starts).tolist() == [1, 1, 1, 1, 2, 1]


def test_keys_of_any_number_are_sorted_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """More keys than one counting sort takes are sorted digit by digit, into the same order and runs."""
    rng = np.random.default_rng(3)
    key = rng.integers(0, 1000, 500)
    expected = clustering._sorted(key, 1000)
    monkeypatch.setattr(clustering, "_KEYS", 10)
    monkeypatch.setattr(clustering, "_DIGIT", 7)
    assert [each.tolist() for each in clustering._sorted(key, 1000)] == [each.tolist() for each in expected]
    assert expected[0].tolist() == np.argsort(key, kind="stable").tolist()
    assert [len(each) for each in clustering._sorted(key[:0], 1000)] == [0, 0, 0]


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


# --- runs ------------------------------------------------------------------------------------------------------------

QUARTERS = CALENDAR.quarters("2023-02-01", "2027-02-01")
GAPPED = read(
    {
        **DEALS.to_dict(),
        "amount": np.where(np.arange(len(DEALS)) % 7 == 3, np.nan, DEALS["amount"]),
        "created": np.where(np.arange(len(DEALS)) % 11 == 4, np.datetime64("NaT"), DEALS["created"]),
        "rep": np.where(np.arange(len(DEALS)) % 13 == 5, None, DEALS["rep"]),
    }
)
RUNS: dict[str, Any] = {
    "bookings": lambda d, **o: sm.credited_bookings(d, **o),
    "win rate": lambda d, **o: sm.win_rate(d, losses="broad", **o),
    "win rate by amount": lambda d, **o: sm.win_rate(d, weight="amount", confidence_level=None, **o),
    "win rate by amount, interval": lambda d, **o: sm.win_rate(d, weight="amount", **o),
    "size": lambda d, **o: sm.deal_size(d, confidence_level=None, **o),
    "size, interval": lambda d, **o: sm.deal_size(d, confidence_level=0.8, **o),
    "size of all closed": lambda d, **o: sm.deal_size(d, of="closed", confidence_level=None, **o),
}
ASKED: dict[str, dict[str, Any]] = {
    "quarters": {"period": QUARTERS},
    "a quarter": {"period": QUARTER},
    "a month": {"period": sm.Period("2025-06-01", "2025-07-01")},
    "years with gaps": {"period": sm.Periods([QUARTERS[1], QUARTERS[4], QUARTERS[5], QUARTERS[12]])},
    "all days": {},
    "up to the end of a month": {"period": QUARTERS, "as_of": "2025-05-31"},
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that says of each table whether the runs told it."""
    said: list[bool] = []
    tabulate = Laid.tabulate

    def watched(self: Laid, *given: Any) -> Any:
        tables = tabulate(self, *given)
        said.append(tables is not None)
        return tables

    monkeypatch.setattr(Laid, "tabulate", watched)
    return said


@pytest.mark.parametrize("by", ["rep", "team", None, ("rep", "segment"), ("segment", "team")])
@pytest.mark.parametrize("metric", RUNS)
@pytest.mark.parametrize("sparse", [False, True])
def test_runs_tell_what_rows_do(
    metric: str, by: Any, sparse: bool, told: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts and sums by the labels of a clustered book are those of its rows, bit for bit, without a look at the rows."""
    if sparse:
        monkeypatch.setattr(clustering, "_FEW", 0)
        monkeypatch.setattr(clustering, "_SPARSE", 0)
    for book in (DEALS, GAPPED):
        clustered = book.clustered(by=None if by != ("rep", "segment") else by)
        if by == ("segment", "team"):
            clustered = book.clustered(by=["rep", "segment"])
        for asked in ASKED.values():
            expected = RUNS[metric](book, by=by, reps=COMPANY.reps.on("2026-10-31"), **asked)
            assert RUNS[metric](clustered, by=by, reps=COMPANY.reps.on("2026-10-31"), **asked).equals(expected)
    assert told
    assert all(told)


def test_rows_tell_what_runs_do_not(told: list[bool]) -> None:
    """Weeks, other labels, masks and days within a month need the rows, and give the same."""
    weeks = sm.FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest").quarters("2024-02-04", "2026-01-31")
    mask = np.arange(len(DEALS)) % 3 == 0
    for asked in (
        {"by": "rep", "period": weeks},
        {"by": "segment", "period": QUARTERS},
        {"by": "rep", "period": QUARTERS, "where": mask},
        {"by": "rep", "period": QUARTERS, "as_of": "2025-05-17"},
    ):
        told.clear()
        options: dict[str, Any] = asked
        assert sm.win_rate(CLUSTERED, **options).equals(sm.win_rate(DEALS, **options))
        assert told


def test_sums_that_could_leave_int64_are_left_to_the_rows(told: list[bool]) -> None:
    """Amounts so large that a run could overflow are added up by the kernel, which says so where it happens."""
    rows = 1_000
    columns = {"rep": ["Ana"] * rows, "outcome": ["won"] * rows, "closed": ["2026-01-05"] * rows}
    some = read({**columns, "amount": [9e13] * (rows - 1) + [1.0]})
    more = read({**columns, "amount": [9e13] * rows})
    assert sm.credited_bookings(some.clustered(), by="rep").equals(sm.credited_bookings(some, by="rep"))
    assert told == [True]
    told.clear()
    ends = some.concat(read({**columns, "amount": [1.0] * rows}))
    assert sm.credited_bookings(ends.clustered(), by="rep").equals(sm.credited_bookings(ends, by="rep"))
    assert told == [False]
    with pytest.raises(sm.InvalidDataError, match="must stay within int64 minor units"):
        sm.credited_bookings(more.concat(more).clustered(), by="rep")


def test_squares_of_any_size(told: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Squares of amounts add up exactly in small blocks and in large ones, and are left to the rows where one is too large."""
    rng = np.random.default_rng(8)
    for most, by_runs in ((3e7, True), (9e13, False)):
        amount = np.round(rng.random(300) * most, 2)
        amount[0] = most
        columns = {"outcome": ["won"] * 300, "closed": ["2026-01-05", "2026-03-05"] * 150, "amount": amount}
        book = read({**columns, "rep": [f"rep {i}" for i in rng.integers(0, 9, 300)]})
        for block in (7, 1 << 18):
            monkeypatch.setattr(clustering, "BLOCK", block)
            told.clear()
            assert sm.deal_size(book.clustered(), by="rep").equals(sm.deal_size(book, by="rep"))
            assert all(told) == by_runs


def test_what_the_copy_stands_by() -> None:
    """The copy stands by rep where nothing is said, by the labels named, and refuses what is no label."""
    assert CLUSTERED.cluster is not None
    assert CLUSTERED.cluster.labels == ("rep",)
    other = CLUSTERED.clustered(by=("segment", "rep"))
    assert other.cluster is not None
    assert other.cluster.labels == ("segment", "rep")
    assert other.clustered() is other
    assert other.clustered(by=("segment", "rep")) is other
    with pytest.raises(sm.InvalidArgumentError, match="`by` must name columns of the book; got 'colour'"):
        DEALS.clustered(by="colour")


def test_deals_without_a_day_and_open_deals_with_one() -> None:
    """A book made column by column may hold decided deals without a day and open ones with one: the numbers stay the same."""
    days = DayColumn(np.array([-1, 20, 40, 40, -1, 25], dtype=np.int32))
    outcome = LabelColumn(np.array([1, 1, 0, 2, -1, 1], dtype=np.int8), OUTCOMES, ordered=True)
    rep = LabelColumn(np.array([0, 1, 0, 1, 0, -1], dtype=np.int8), ("Ana", "Bo"))
    book = sm.DealBook(columns={"rep": rep, "outcome": outcome, "closed": days}, rows=6)
    for asked in (
        {},
        {"period": sm.Periods([sm.Period("1970-01-01", "1970-02-01"), sm.Period("1970-02-01", "1970-03-01")])},
    ):
        options: dict[str, Any] = {"by": "rep", **asked}
        assert sm.win_rate(book.clustered(), **options).equals(sm.win_rate(book, **options))


BY_ROWS: dict[str, Any] = {
    "velocity": lambda d, **o: sm.velocity(d, **{"as_of": "2026-10-31", "period": QUARTERS, **o}),
    "win rate": lambda d, **o: sm.win_rate(d, **o),
    "win rate of a cohort": lambda d, **o: sm.win_rate(d, basis="created", **o),
    "size": lambda d, **o: sm.deal_size(d, **o),
    "cycle": lambda d, **o: sm.cycle_length(d, stat="mean", confidence_level=None, **o),
    "cycle of wins": lambda d, **o: sm.cycle_length(d, **o),
}


@pytest.mark.parametrize("by", [None, "segment", "stage", "rep", "team", ("segment", "rep")])
@pytest.mark.parametrize("metric", BY_ROWS)
def test_slots_tell_which_rows_to_look_at(metric: str, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What slots tell of the rows (outcome, period, bounds of days) changes no number where rows have to be looked at."""
    monkeypatch.setattr(_runs, "_LEAST", 1)
    reps = COMPANY.reps.on("2026-10-31")
    for compared, block in ((0, 7), (64, 1 << 16)):
        monkeypatch.setattr(_runs, "_COMPARED", compared)
        monkeypatch.setattr(_runs, "_BLOCK", block)
        for book in (DEALS, GAPPED):
            clustered = book.clustered()
            for asked in ASKED.values():
                expected = BY_ROWS[metric](book, by=by, reps=reps, **asked)
                assert BY_ROWS[metric](clustered, by=by, reps=reps, **asked).equals(expected)


FOLLOWED: dict[str, Any] = {
    "curve": lambda d, **o: sm.cycle_curve(d, **o).median,
    "win rate curve": lambda d, **o: sm.win_rate_curve(d, **o).at(90),
    "cycle": lambda d, **o: sm.cycle_length(d, stat=0.9, **o),
    "cycle of losses": lambda d, **o: sm.cycle_length(d, outcome="lost", **o),
}


@pytest.mark.parametrize("by", [None, "rep", "team", "segment", ("team", "rep")])
@pytest.mark.parametrize("metric", FOLLOWED)
def test_days_are_counted_once(metric: str, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days from creation to close, counted by outcome, label and day, give the numbers that the rows give."""
    said: list[bool] = []
    table = Lasting.table

    def watched(self: Lasting, *given: Any) -> Any:
        found = table(self, *given)
        said.append(found is not None)
        return found

    monkeypatch.setattr(Lasting, "table", watched)
    monkeypatch.setattr(clustering, "_FEW", 1 << 20)
    reps = COMPANY.reps.on("2026-10-31")
    for book in (DEALS, GAPPED):
        clustered = book.clustered()
        for asked in (
            {},
            {},
            {"as_of": "2026-12-24"},
            {"as_of": "2024-12-24"},
            {"where": {"segment": DEALS["segment"][0]}},
        ):
            options: dict[str, Any] = {"by": by, "reps": reps, **asked}
            assert FOLLOWED[metric](clustered, **options).equals(FOLLOWED[metric](book, **options))
    assert (True in said) == (by != "segment")


@pytest.mark.parametrize("edge", [None, "last", "drop"])
def test_counts_by_slot(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of each slot are counted alike by comparing and by counting, whatever becomes of the missing ones."""
    rng = np.random.default_rng(5)
    codes = rng.integers(-1 if edge else 0, 5, 400).astype(np.int8)
    outcome = np.sort(rng.integers(0, 3, 400)).astype(np.int8)
    edges = np.searchsorted(outcome, [0, 1, 2, 3])
    kinds = np.arange(3)
    laid = Laid(edges, 1, None, lambda: np.diff(edges), [_runs.Known(outcome, "slot", kinds, kinds)])
    axes = [Axis(outcome, 3), Axis(codes, 6 if edge == "last" else 5, edge=edge)]
    monkeypatch.setattr(_runs, "_LEAST", 1)
    for keep in ([], [Range(outcome, 1, None)], [Range(outcome, 2, 3)], [Range(outcome, 3, None)]):
        expected = tabulate(400, axes, keep=keep).count
        for compared in (0, 64):
            monkeypatch.setattr(_runs, "_COMPARED", compared)
            found = laid.tabulate(axes, keep, [])
            assert found is not None
            assert found.count.tolist() == expected.tolist()
    narrow = laid.tabulate(axes, [Range(outcome, 1, 2), Range(codes, 2, None)], [Addend(codes.astype(np.int64), 5)])
    whole = tabulate(
        400, axes, keep=[Range(outcome, 1, 2), Range(codes, 2, None)], sums=[Addend(codes.astype(np.int64), 5)]
    )
    assert narrow is not None
    assert narrow.count.tolist() == whole.count.tolist()
    assert narrow.sums[0].tolist() == whole.sums[0].tolist()
    rows = laid.positions(Range(outcome, 1, 2))
    assert rows is not None
    assert rows.tolist() == np.flatnonzero(outcome == 1).tolist()
    assert laid.positions(Range(codes, 1, 2)) is None
