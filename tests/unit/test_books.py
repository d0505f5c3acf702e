"""What every book can do, whatever it holds."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.books.table import Book
from salesmetrics.domain import OUTCOMES

PROCESS = sm.SalesProcess(
    [
        sm.Stage("Qualify", 1, 0.2),
        sm.Stage("Propose", 2, 0.5),
        sm.Stage("Won", 3, 1.0, outcome="won"),
        sm.Stage("Lost", 4, 0.0, outcome="lost"),
    ]
)
ROWS: dict[str, Any] = {
    "id": [7, 8, 9, 10],
    "rep": [101, 102, None, 101],
    "amount": [Decimal("100.1234"), None, Decimal(-5), Decimal(0)],
    "created": ["2026-01-01", None, "2026-01-05", "2026-01-06"],
    "expected_close": [None, "2026-05-01", None, None],
    "closed": ["2026-02-01", None, "2026-01-05", "2026-01-07"],
    "stage": ["Won", "Qualify", "Lost", "Won"],
    "outcome": ["won", "open", "lost", "won"],
    "probability": [1, 0.25, None, 1.0],
    "forecast_category": ["commit", None, "omitted", "commit"],
    "segment": ["SMB", None, "Mid", "SMB"],
    "region": [1, 2, None, 3],
}
OPTIONS: dict[str, Any] = {
    "currency": "USD",
    "scale": 4,
    "process": PROCESS,
    "allow_negative": True,
    "as_of": "2026-03-01",
}


def deals(**changed: Any) -> sm.DealBook:
    """Return four deals with every kind of column and every kind of gap."""
    return sm.read_deals(ROWS | changed, **OPTIONS)


def quotas() -> sm.QuotaBook:
    """Return quotas of two reps and a number stated for a team."""
    return sm.read_quotas(
        {
            "rep": ["Ana", "Ben", None],
            "start": ["2026-01-01"] * 3,
            "end": ["2026-04-01"] * 3,
            "amount": [100, None, 900],
            "team": [None, None, "East"],
        },
        currency="USD",
    )


def reps() -> sm.RepBook:
    """Return reps with absences and ramps, one of them managed by another."""
    return sm.read_reps(
        [
            sm.Rep("Ana", team="East", hired="2026-01-01", absences=(("2026-02-01", "2026-02-11"),), ramp=(0.5, 0.75)),
            sm.Rep("Ben", name="Benedict", team="West", manager="Ana", hired="2025-01-01", left="2026-06-01"),
        ]
    )


def forecasts() -> sm.ForecastBook:
    """Return two calls for one quarter."""
    return sm.read_forecasts(
        {
            "rep": ["Ana", "Ana"],
            "start": ["2026-01-01"] * 2,
            "end": ["2026-04-01"] * 2,
            "given": ["2026-01-10", "2026-02-10"],
            "category": ["commit", "best_case"],
            "amount": [90.5, 120],
        }
    )


MAKERS: list[Callable[[], Book]] = [deals, quotas, reps, forecasts]
every_book = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


# --- reading a book ------------------------------------------------------------------------------------


def test_columns_come_out_in_the_users_terms() -> None:
    """Amounts are floats in major units, days are days, labels are what they were, what is missing is NaN, NaT or None."""
    book = deals()
    assert book["id"].tolist() == [7, 8, 9, 10]
    assert book["rep"].tolist() == [101, 102, None, 101]
    assert np.array_equal(book["amount"], [100.1234, np.nan, -5.0, 0.0], equal_nan=True)
    assert book["created"].dtype == np.dtype("datetime64[D]")
    assert np.isnat(book["created"]).tolist() == [False, True, False, False]
    assert book["stage"].tolist() == ROWS["stage"]
    assert book["outcome"].tolist() == ROWS["outcome"]
    assert np.array_equal(book["probability"], [1.0, 0.25, np.nan, 1.0], equal_nan=True)
    assert book["region"].tolist() == [1, 2, None, 3]


def test_what_a_book_says_of_itself() -> None:
    """Length, names, labels, currency, scale and day."""
    book = deals()
    assert len(book) == 4
    assert book.names == tuple(ROWS)
    assert book.label_names == ("rep", "stage", "outcome", "forecast_category", "segment", "region")
    assert (book.currency, book.scale, book.as_of) == ("USD", 4, dt.date(2026, 3, 1))
    assert book.rejects == ()
    assert book.process == PROCESS


@every_book
def test_nothing_can_be_changed(make: Callable[[], Book]) -> None:
    """Attributes, columns and arrays are read-only, and so is what comes out of a copy."""
    book = make()
    for some in (book, pickle.loads(pickle.dumps(book)), copy.deepcopy(book)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            some.rows = 9
        with pytest.raises(TypeError):
            some.columns["more"] = next(iter(some.columns.values()))  # type: ignore[index]
        for name in some.names:
            assert not some[name].flags.writeable, name
        for column in some.columns.values():
            for field in attrs.fields(type(column)):
                held = getattr(column, field.name)
                assert not isinstance(held, np.ndarray) or not held.flags.writeable


@every_book
def test_a_pickled_or_copied_book_is_equal(make: Callable[[], Book]) -> None:
    """A book survives the way to another process with everything in it."""
    book = make()
    for again in (pickle.loads(pickle.dumps(book)), copy.copy(book), copy.deepcopy(book)):
        assert type(again) is type(book)
        assert again.equals(book)
        assert (again.names, again.currency, again.scale, again.notes) == (
            book.names,
            book.currency,
            book.scale,
            book.notes,
        )
        assert repr(again) == repr(book)


def test_an_iteration_is_refused() -> None:
    """A book has no one sensible iteration; the error says how its columns are read."""
    with pytest.raises(sm.InvalidTypeError, match="read by column") as caught:
        list(deals())
    assert caught.value.code == "SM-BOK-01"
    assert "book['amount']" in str(caught.value.hint)


def test_a_misspelt_column_is_refused_with_the_nearest() -> None:
    """The error names the column, those there are, and the nearest."""
    with pytest.raises(sm.MissingColumnError) as caught:
        deals()["amuont"]
    assert (caught.value.code, caught.value.field) == ("SM-COL-01", "amuont")
    assert caught.value.message.startswith("`amuont` must be a column of the deals; got id, rep, amount,")
    assert str(caught.value.hint).startswith("did you mean 'amount'?")


# --- rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (None, [7, 8, 9, 10]),
        ({}, [7, 8, 9, 10]),
        ({"rep": 101}, [7, 10]),
        ({"rep": [101, 102]}, [7, 8, 10]),
        ({"rep": (101, None)}, [7, 9, 10]),
        ({"rep": {102}}, [8]),
        ({"rep": np.array([101, 102])}, [7, 8, 10]),
        ({"segment": None}, [8]),
        ({"segment": []}, []),
        ({"stage": "Won", "region": [1, 2]}, [7]),
        ({"stage": "Propose"}, []),
        ({"outcome": ["open", "lost"]}, [8, 9]),
        ({"outcome": "no_decision"}, []),
        ([True, False, False, True], [7, 10]),
        (np.array([False] * 4), []),
    ],
)
def test_filter_keeps_rows_in_their_order(where: Any, kept: list[int]) -> None:
    """A mask, or labels by column: one label or several, None for those without one."""
    book = deals()
    some = book.filter(where)
    assert some["id"].tolist() == kept
    assert len(some) == len(kept)
    assert (some.currency, some.scale, some.as_of, some.process) == (book.currency, 4, book.as_of, PROCESS)
    assert some["stage"].tolist() == [
        stage for stage, key in zip(ROWS["stage"], ROWS["id"], strict=True) if key in kept
    ]
    assert len(book) == 4


@pytest.mark.parametrize(
    ("where", "kind", "code", "hint"),
    [
        ({"stage": "won"}, sm.InvalidArgumentError, "SM-ARG-09", "did you mean 'Won'?"),
        ({"rep": 103}, sm.InvalidArgumentError, "SM-ARG-09", "did you mean 102 or 101? There is: 101, 102."),
        ({"rep": "101"}, sm.InvalidArgumentError, "SM-ARG-09", "did you mean 101?"),
        ({"segment": [["SMB"]]}, sm.InvalidArgumentError, "SM-ARG-09", "There is: 'Mid', 'SMB'."),
        ({"segmnt": "SMB"}, sm.MissingColumnError, "SM-COL-01", "did you mean 'segment'?"),
        ({"amount": 5}, sm.InvalidArgumentError, "SM-ARG-08", "a boolean per row"),
        ([True], sm.InvalidArgumentError, "SM-ARG-07", "where={'segment': ['SMB', 'Mid']}"),
        ([1, 0, 0, 1], sm.InvalidArgumentError, "SM-ARG-07", "where="),
        ("rep", sm.InvalidArgumentError, "SM-ARG-07", "where="),
        (np.ones((4, 1), dtype=bool), sm.InvalidArgumentError, "SM-ARG-07", "where="),
    ],
)
def test_filter_refuses_what_it_cannot_mean(where: Any, kind: type, code: str, hint: str) -> None:
    """Unknown columns and labels name the nearest; masks must be one boolean a row."""
    with pytest.raises(kind) as caught:
        deals().filter(where)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert hint in str(caught.value.hint)  # type: ignore[attr-defined]


def test_take_puts_rows_in_any_order() -> None:
    """Rows by position, in the order given; a rep keeps absences and ramp."""
    assert deals().take(np.array([3, 0]))["id"].tolist() == [10, 7]
    ana = reps().filter([True, False])
    assert ana.absences == reps().absences[:1]
    assert ana.ramps == ((0.5, 0.75),)


@every_book
def test_the_parts_joined_are_the_whole(make: Callable[[], Book]) -> None:
    """Any cut of a book, joined again, is equal to it; an empty part changes nothing."""
    book = make()
    rows = np.arange(len(book))
    for cut in range(len(book) + 1):
        first, rest, none = book.take(rows[:cut]), book.take(rows[cut:]), book.take(rows[:0])
        assert first.concat(rest).equals(book)
        assert first.concat(none, rest).equals(book)
    assert book.concat().equals(book)


def test_joined_books_share_one_list_of_labels() -> None:
    """Labels of the parts are merged, in sorted order, or in an order of their own where they have one."""
    left = sm.read_deals({"rep": ["Cy", "Ana"], "outcome": ["open", "open"]})
    right = sm.read_deals({"rep": ["Ben", None], "outcome": ["open", "open"]})
    both = left.concat(right)
    assert both["rep"].tolist() == ["Cy", "Ana", "Ben", None]
    assert both.column("rep").levels == ("Ana", "Ben", "Cy")
    assert both.column("outcome").levels == OUTCOMES


def _small(**options: Any) -> sm.DealBook:
    return sm.read_deals({"id": ["a"], "amount": [5]}, **options)


@pytest.mark.parametrize(
    ("other", "kind", "code", "field"),
    [
        (lambda: _small(currency="EUR"), sm.InvalidDataError, "SM-BOK-03", "currency"),
        (lambda: _small(currency="USD", scale=4), sm.InvalidDataError, "SM-BOK-03", "scale"),
        (lambda: _small(currency="USD", as_of="2026-01-01"), sm.InvalidDataError, "SM-BOK-03", "as_of"),
        (lambda: sm.read_deals({"id": ["b"]}, currency="USD"), sm.MissingColumnError, "SM-BOK-04", None),
        (lambda: _small(currency="USD"), sm.InvalidDataError, "SM-KEY-04", "id"),
        (quotas, sm.InvalidTypeError, "SM-BOK-02", None),
        (lambda: 5, sm.InvalidTypeError, "SM-BOK-02", None),
    ],
)
def test_books_that_do_not_belong_together_are_not_joined(
    other: Callable[[], Any], kind: type, code: str, field: str | None
) -> None:
    """Another currency, scale, day, kind or set of columns, or a deal that stands in both."""
    book = _small(currency="USD")
    with pytest.raises(kind) as caught:
        book.concat(other())
    assert (caught.value.code, caught.value.field) == (code, field)  # type: ignore[attr-defined]
    assert len(book) == 1


def test_rules_across_rows_hold_in_a_joined_book() -> None:
    """Reps stand once and quotas of one rep do not overlap, whichever part they come from."""
    with pytest.raises(sm.InvalidDataError, match="different in every row; got 4 rows of the joined book") as caught:
        reps().concat(reps())
    assert caught.value.rows.tolist() == [0, 1, 2, 3]
    other = sm.read_quotas(
        {"rep": ["Ana"], "start": ["2026-03-01"], "end": ["2026-05-01"], "amount": [1], "team": [None]}, currency="USD"
    )
    with pytest.raises(sm.InvalidDataError, match="not overlap another quota of the same rep") as caught:
        quotas().concat(other)
    assert caught.value.code == "SM-QTA-03"
    assert caught.value.rows.tolist() == [0, 3]
    loop = sm.read_reps({"id": ["Cy"], "manager": ["Di"]}), sm.read_reps({"id": ["Di"], "manager": ["Cy"]})
    with pytest.raises(sm.InvalidDataError, match="form no cycle") as caught:
        loop[0].concat(loop[1])
    assert caught.value.value == "Cy -> Di -> Cy"


# --- equality --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"id": [7, 8, 9, 11]},
        {"rep": [101, 102, 101, 101]},
        {"amount": [Decimal("100.1235"), None, Decimal(-5), Decimal(0)]},
        {"amount": [Decimal("100.1234"), 0, Decimal(-5), Decimal(0)]},
        {"created": ["2026-01-01", "2026-01-01", "2026-01-05", "2026-01-06"]},
        {"probability": [1, 0.250001, None, 1.0]},
        {"region": [1, 2, 3, 3]},
        {"more": ["x"] * 4},
    ],
)
def test_one_changed_cell_makes_another_book(changed: dict[str, Any]) -> None:
    """Equality is of every cell, what is missing included."""
    assert deals().equals(deals())
    assert not deals().equals(deals(**changed))
    assert not deals(**changed).equals(deals())


def test_books_with_other_terms_are_not_equal() -> None:
    """Currency, scale, day and process belong to a book; labels that no row has do not."""
    for changed in ({"currency": "EUR"}, {"scale": 5}, {"as_of": "2026-03-02"}, {"process": None}):
        assert not sm.read_deals(ROWS, **(OPTIONS | changed)).equals(deals())
    assert not deals().equals(quotas())
    assert not deals().equals(5)
    assert not reps().equals(sm.read_reps({"id": ["Ana", "Ben"]}))
    less = deals().filter({"segment": "SMB"})
    assert less.equals(sm.read_deals({name: [values[0], values[3]] for name, values in ROWS.items()}, **OPTIONS))


def test_a_rep_book_differs_by_its_absences() -> None:
    """Absences and ramps stand beside the columns and count."""
    bare = attrs.evolve(reps(), absences=())
    assert not bare.equals(reps())
    assert not attrs.evolve(reps(), ramps=()).equals(reps())
    assert bare.equals(attrs.evolve(reps(), absences=((), ())))


# --- out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "module"),
    [("to_dict", "numpy"), ("to_pandas", "pandas"), ("to_polars", "polars"), ("to_arrow", "pyarrow")],
)
@pytest.mark.parametrize("rows", [slice(None), slice(0, 1), slice(1, 2), slice(0, 0)])
def test_out_and_back_gives_the_same_book(way: str, module: str, rows: slice) -> None:
    """Missing values, whole-number labels, four decimals, a stage order and an empty book all survive."""
    pytest.importorskip(module)
    book = deals().take(np.arange(4)[rows])
    again = sm.read_deals(getattr(book, way)(), **OPTIONS)
    assert again.equals(book)
    assert again.column("stage").levels == PROCESS.names
    assert again.column("stage").ordered


@pytest.mark.parametrize(
    ("way", "module"),
    [("to_dict", "numpy"), ("to_pandas", "pandas"), ("to_polars", "polars"), ("to_arrow", "pyarrow")],
)
def test_quotas_reps_and_forecasts_go_out_and_back(way: str, module: str) -> None:
    """The other books do the same; what stands beside the columns of reps goes along as texts."""
    pytest.importorskip(module)
    assert sm.read_quotas(getattr(quotas(), way)(), currency="USD").equals(quotas())
    assert sm.read_forecasts(getattr(forecasts(), way)()).equals(forecasts())
    assert reps().absences[0]
    assert sm.read_reps(getattr(reps(), way)()).equals(reps())


def test_what_goes_out_is_a_copy_of_its_own() -> None:
    """A frame may be changed; the book does not follow."""
    pandas = pytest.importorskip("pandas")
    book = deals()
    frame = book.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    frame.loc[0, "amount"] = 1.0
    assert book["amount"][0] == 100.1234


def test_the_callers_arrays_are_copied() -> None:
    """What is read may be changed afterwards; the book does not follow, and nothing of the caller's is locked."""
    amount, created = np.array([1.0, 2.0]), np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")
    minor, codes = np.array([1, 2]), np.array([5, 6])
    book = sm.read_deals({"amount": amount, "created": created, "id": minor, "team": codes})
    held = {name: book[name].tolist() for name in book.names}
    for array in (amount, created, minor, codes):
        assert array.flags.writeable
        array[:] = array[0]
    assert {name: book[name].tolist() for name in book.names} == held


# --- showing ---------------------------------------------------------------------------------------------


def test_a_book_reads_as_a_summary() -> None:
    """What it holds, in money, days and labels, with what is missing."""
    assert repr(deals()).splitlines() == [
        "<DealBook of 4 deals, USD, 4 decimals, as of 2026-03-01",
        "  id: 7 to 10",
        "  rep: 2 labels (101, 102), 1 missing",
        "  amount: -5.00 to 100.12, 1 missing",
        "  created: 2026-01-01 to 2026-01-06, 1 missing",
        "  expected_close: 2026-05-01 to 2026-05-01, 3 missing",
        "  closed: 2026-01-05 to 2026-02-01, 1 missing",
        "  stage: 3 labels ('Qualify', 'Won', 'Lost')",
        "  outcome: 3 labels ('open', 'won', 'lost')",
        "  probability: 0.25 to 1.00, 1 missing",
        "  forecast_category: 2 labels ('commit', 'omitted'), 1 missing",
        "  segment: 2 labels ('Mid', 'SMB'), 1 missing",
        "  region: 3 labels (1, 2, 3), 1 missing>",
    ]


def test_a_summary_names_a_few_labels_only() -> None:
    """Many labels are counted, the first four named."""
    book = sm.read_deals({"rep": [f"R{i}" for i in range(9)]})
    assert repr(book) == "<DealBook of 9 deals\n  rep: 9 labels ('R0', 'R1', 'R2', 'R3', …)>"


def test_a_summary_of_nothing() -> None:
    """An empty book and a book without columns have a summary too."""
    assert repr(sm.read_deals({})) == "<DealBook of 0 deals>"
    assert "amount: empty" in repr(sm.DealBook.empty(["segment"], currency="EUR"))


def test_names_from_data_are_escaped() -> None:
    """Control characters and bidirectional marks in labels and column names do not reach a terminal."""
    book = sm.read_deals({"rep\u202e": ["a", "b"], "segment": ["\x1b[31mred", "blue"]}, on_error="drop")
    text = repr(book)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_rejects_are_counted_in_the_summary() -> None:
    """Rows left out on reading stand in the summary by code, always."""
    book = sm.read_deals({"id": ["a", "b", "c"], "amount": [1, -1, float("inf")]}, on_error="drop")
    assert "left out on reading: 1 x SM-AMT-02, 1 x SM-AMT-05" in repr(book)
    assert "left out on reading" in repr(book.filter([True]))


# --- labels lent by reps -----------------------------------------------------------------------------------


def test_reps_lend_their_labels() -> None:
    """Team and manager of each deal's rep become columns; a deal without a rep has none."""
    book = sm.read_deals({"rep": ["Ana", "Ben", None], "amount": [1, 2, 3]}).with_reps(reps())
    assert book.names == ("rep", "amount", "team", "manager", "name")
    assert book["team"].tolist() == ["East", "West", None]
    assert book["manager"].tolist() == [None, "Ana", None]
    assert book["name"].tolist() == [None, "Benedict", None]


def test_reps_lend_what_they_had_on_a_day() -> None:
    """Before they are hired and from the day they leave, reps lend nothing."""
    book = sm.read_deals({"rep": ["Ana", "Ben"]})
    assert book.with_reps(reps(), as_of="2025-12-31")["team"].tolist() == [None, "West"]
    assert book.with_reps(reps(), as_of="2026-05-31")["team"].tolist() == ["East", "West"]
    assert book.with_reps(reps(), as_of="2026-06-01")["team"].tolist() == ["East", None]


def test_own_labels_are_kept() -> None:
    """A label that the deals have already is not replaced."""
    book = sm.read_deals({"rep": ["Ana"], "team": ["South"]}).with_reps(reps())
    assert book["team"].tolist() == ["South"]


def test_unknown_reps_are_named() -> None:
    """Every rep of the deals must be in the rep book; a book without reps says what needs them."""
    with pytest.raises(sm.InvalidDataError, match="got 2 of 3 unknown: 'Cy', 'Di'") as caught:
        sm.read_deals({"rep": ["Ana", "Cy", "Di"]}).with_reps(reps())
    assert (caught.value.code, caught.value.values) == ("SM-REP-05", ["Cy", "Di"])
    with pytest.raises(sm.MissingColumnError, match="for labels lent by reps"):
        sm.read_deals({"amount": [1]}).with_reps(reps())


def test_labels_can_be_added() -> None:
    """A label column of one book may be put beside the columns of another of the same length."""
    band = sm.read_deals({"band": ["low", "high", "low", "low"]}).column("band")
    assert deals().with_labels({"band": band})["band"].tolist() == ["low", "high", "low", "low"]


# --- empty books -------------------------------------------------------------------------------------------


def test_the_empty_book_joins_any() -> None:
    """A book of no deals has the columns asked for."""
    book = sm.DealBook.empty(["segment"], currency="USD", scale=4)
    assert len(book) == 0
    assert book.label_names == ("outcome", "rep", "segment")
    assert sm.credited_bookings(book)["all"].value == 0.0


# --- quotas --------------------------------------------------------------------------------------------------


def test_periods_of_quotas_stand_once_in_order() -> None:
    """The quotas' own periods, whoever has them."""
    book = sm.read_quotas(
        {
            "rep": ["Ben", "Ana", "Ana"],
            "start": ["2026-04-01", "2026-01-01", "2026-04-01"],
            "end": ["2026-07-01", "2026-04-01", "2026-07-01"],
            "amount": [1, 2, 3],
        }
    )
    assert [str(period.start) for period in book.periods()] == ["2026-01-01", "2026-04-01"]


def test_a_changed_quota_is_in_force_from_its_day() -> None:
    """Of rows with the same owner and bounds each day has the latest; a blank day is the start."""
    book = sm.read_quotas(
        {
            "rep": ["Ana"] * 3,
            "start": ["2026-01-01"] * 3,
            "end": ["2026-04-01"] * 3,
            "amount": [100, 300, 200],
            "effective_from": [None, "2026-03-01", "2026-02-01"],
        }
    )
    segments = book.segments()
    assert segments.minor.tolist() == [10_000, 20_000, 30_000]
    assert (segments.until - segments.start).tolist() == [31, 28, 31]
    assert (segments.quota_end - segments.quota_start).tolist() == [90, 90, 90]


def test_quotas_without_an_amount_are_not_in_force() -> None:
    """A blank amount is not a quota of 0."""
    assert sorted(quotas().segments().row.tolist()) == [0, 2]
