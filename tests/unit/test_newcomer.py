"""What somebody meets who reads a file of their own for the first time: each refusal names the way out."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import salesmetrics as sm

EXPORT = """\
Opportunity ID;Owner;Amount;Created Date;Close Date;Stage;Segment
1001;Ana Ruiz;"1.200,50";05.01.2026;10.02.2026;Closed Won;SMB
1002;Ana Ruiz;"8.000,00";20.01.2026;01.03.2026;Closed Lost;Mid-Market
1003;Bo Chen;"25.500,00";01.02.2026;30.06.2026;Negotiation;SMB
"""
COLUMNS = {
    "id": "Opportunity ID",
    "rep": "Owner",
    "created": "Created Date",
    "close_date": "Close Date",
    "outcome": "Stage",
}
WORDS = {"Closed Won": "won", "Closed Lost": "lost", "Negotiation": "open"}
READ: dict[str, Any] = {"money_format": "1.234,56", "date_format": "%d.%m.%Y", "outcomes": WORDS}


def read(columns: dict[str, str] | None = None, **options: Any) -> sm.DealBook:
    return sm.read_deals(io.StringIO(EXPORT), COLUMNS if columns is None else columns, **(READ | options))


def refusal(call: Callable[[], object]) -> sm.SalesMetricsError:
    with pytest.raises(sm.SalesMetricsError) as caught:
        call()
    return caught.value


# --- reading -----------------------------------------------------------------------------------------------------


def test_a_natural_export_is_read_once_it_is_said_what_stands_in_it() -> None:
    """Names, words, days and money of an export are said once; then the book answers."""
    deals = read()
    assert deals["amount"].tolist() == [1200.5, 8000.0, 25500.0]
    assert sm.win_rate(deals, by="rep")["Ana Ruiz"].value == 0.5


@pytest.mark.parametrize(
    ("amounts", "formats"),
    [
        (["1.200,50", "800,00"], "money_format='1.234,56' takes"),
        (["$1,200.50", "$12"], "money_format='1,234.56' takes"),
        (["1,200", "3,500"], "money_format='1,234.56' or '1.234,56' takes"),
        (["1 200,50", "abc"], "money_format='1,234.56' takes"),
        (["?", "x"], "money_format='1,234.56' takes"),
    ],
)
def test_amounts_are_answered_with_the_way_they_are_written_in(amounts: list[str], formats: str) -> None:
    """The hint names a format that all the amounts are written in, where there is one."""
    text = "\n".join(["amount;rep", *(f"{amount};Ana" for amount in amounts)])
    error = refusal(lambda: sm.read_deals(io.StringIO(text)))
    assert error.hint is not None
    assert formats in error.hint


def test_a_word_that_was_forgotten() -> None:
    """A word of the outcomes that was not named is answered with how to name it."""
    error = refusal(lambda: read(outcomes={"Closed Won": "won", "Closed Lost": "lost"}))
    assert error.hint is not None
    assert error.hint.startswith(
        "name every word in `outcomes`, {'Negotiation': 'open'} for a deal that is still open; there is:"
    )


def test_a_map_the_wrong_way_round() -> None:
    """A map from their names to ours is answered with the first pair the right way round."""
    error = refusal(lambda: read({"Owner": "rep", "Amount": "amount"}))
    assert error.hint == "the other way round, ours to the source's: columns={'rep': 'Owner'}."


def test_a_column_that_was_not_named() -> None:
    """A metric that lacks a column says how it comes in under our name; a misspelt one gets the nearest."""
    deals = sm.read_deals(io.StringIO(EXPORT), money_format="1.234,56", date_format="%d.%m.%Y")
    error = refusal(lambda: sm.win_rate(deals))
    assert error.hint is not None
    assert error.hint.endswith("columns={'outcome': ...} tells the reader which of yours holds it.")
    near = refusal(lambda: deals["amuont"])
    assert near.hint is not None
    assert near.hint.startswith("did you mean 'amount'?")
    assert "columns=" not in near.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path that leads nowhere is named once, in words."""
    error = refusal(lambda: sm.read_deals(tmp_path / "mine.csv"))
    assert error.message.startswith("`source` must be a file that can be read; got ")
    assert "Errno" not in error.message
    assert error.message.count("mine.csv") <= 1


def test_an_excel_file() -> None:
    """A workbook is an archive, and the hint says what to do with one."""
    error = refusal(lambda: sm.read_deals(io.BytesIO(b"PK\x03\x04" + b"\0" * 40)))
    assert error.hint is not None
    assert "pandas.read_excel" in error.hint


# --- quotas that name their last day --------------------------------------------------------------------------------


def quotas(*ends: str, columns: object = None, starts: tuple[str, ...] = ("2026-01-01", "2026-04-01")) -> sm.QuotaBook:
    rows = {
        "rep": ["Ana"] * len(ends),
        "start": list(starts)[: len(ends)],
        "end": list(ends),
        "amount": [1] * len(ends),
    }
    return sm.read_quotas(rows, columns)  # type: ignore[arg-type]


def test_ends_that_are_last_days_of_months_are_warned_of() -> None:
    """Quotas that all begin with a month and end with one lack their last day, and the warning says how to have it."""
    with pytest.warns(
        sm.SalesMetricsWarning, match="`end` must be the first day after the period; got 2 of 2 rows"
    ) as told:
        book = quotas("2026-03-31", "2026-06-30")
    assert len(told) == 1  # no second one about the day between them
    assert "columns=sm.maps.ColumnMap({'end': 'end'}, inclusive=['end'])" in str(told[0].message)
    assert any("last days of months" in note for note in book.notes)


def test_the_way_out_of_it_is_one() -> None:
    """The map of the hint reads last days as days that count."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = quotas("2026-03-31", "2026-06-30", columns=sm.maps.ColumnMap({"end": "end"}, inclusive=["end"]))
    assert [str(period.end) for period in book.periods()] == ["2026-04-01", "2026-07-01"]


@pytest.mark.parametrize(
    ("ends", "starts"),
    [
        (("2026-04-01", "2026-07-01"), ("2026-01-01", "2026-04-01")),
        (("2026-03-31",), ("2026-01-02",)),
        (("2026-03-30",), ("2026-01-01",)),
        ((), ()),
    ],
)
def test_other_ends_are_not(ends: tuple[str, ...], starts: tuple[str, ...]) -> None:
    """Ends on the first of a month, or periods that do not begin with one, are taken as they stand."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quotas(*ends, starts=starts)


def test_forecasts_are_warned_of_too() -> None:
    """Periods of calls are the same periods."""
    calls = {"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-03-31"], "given": ["2026-01-07"], "amount": [5]}
    with pytest.warns(sm.SalesMetricsWarning, match="`end` must be the first day after the period"):
        sm.read_forecasts(calls)


# --- pandas ------------------------------------------------------------------------------------------------------


def test_columns_of_different_rows_are_refused() -> None:
    """Pandas columns that name their rows differently are not of the same deals, though they are as long."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": ["a", "b", "c"], "amount": [1.0, 2.0, 3.0]})
    large = frame[frame.amount > 1]
    error = refusal(lambda: sm.read_deals({"id": frame.id.iloc[:2], "amount": large.amount}))
    assert error.code == "SM-ARR-31"
    assert error.message == "the columns must have one index; got different ones in 'id' and 'amount'."
    assert error.hint is not None
    assert "pandas.DataFrame(columns)" in error.hint
    together = sm.read_deals({"id": large.id, "amount": large.amount, "rep": ["Ana", "Bo"]})
    assert together["id"].tolist() == ["b", "c"]
    apart = {"id": frame.id.iloc[:2].reset_index(drop=True), "amount": large.amount.reset_index(drop=True)}
    assert sm.read_deals(apart)["amount"].tolist() == [2.0, 3.0]


def test_a_named_index_is_noted() -> None:
    """An index with a name may be a column that is missed: the book says that it was not read."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": ["a", "b"], "team": ["x", "y"], "amount": [1.0, 2.0]})
    assert sm.read_deals(frame.set_index("id")).notes == (
        "the index 'id' of the frame is not read; reset_index() makes columns of it",
    )
    assert "'id', 'team'" in sm.read_deals(frame.set_index(["id", "team"])).notes[0]
    assert sm.read_deals(frame).notes == ()
    assert sm.read_deals(frame.set_index("id", drop=False)).notes == ()


# --- asking ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda d, q, p: sm.win_rate(d, periode=p), "did you mean 'period'?"),
        (lambda d, q, p: sm.win_rate(d, "rep"), "what stands behind the * is given by name, such as by=."),
        (lambda d, q, p: sm.win_rate(d, by="Rep"), "did you mean 'rep'?"),
        (lambda d, q, p: sm.win_rate(d)["al"], "did you mean 'all'?"),
        (lambda d, q, p: sm.win_rate({"outcome": ["won"]}), "sm.read_deals(frame) makes a book"),
        (lambda d, q, p: sm.attainment(d, q), "quotas.periods() gives the quotas' own"),
        (lambda d, q, p: sm.win_rate(d, confidence_level=95), "fractions, never percent: 0.95 and not 95."),
        (lambda d, q, p: sm.share_at_quota(d, q, period=p, threshold=80), "fractions, never percent: 0.8 and not 80."),
        (lambda d, q, p: sm.attainment_streak(d, q, period=p, threshold=100), "fractions, never percent"),
        (lambda d, q, p: sm.open_pipeline(d, as_of="today"), "an ISO text such as"),
    ],
)
def test_a_mistaken_question_is_answered_with_the_way_out(call: Callable[..., object], hint: str) -> None:
    """A typo, a percentage, a frame in place of a book or a forgotten period is refused with what to do."""
    q1 = sm.Period("2026-01-01", "2026-04-01")
    book = sm.read_quotas({"rep": ["Ana Ruiz"], "start": [q1.start], "end": [q1.end], "amount": [100]})
    error = refusal(lambda: call(read(), book, q1))
    assert error.hint is not None
    assert hint in error.hint


def test_a_call_that_lacks_an_argument_shows_which_go_by_name() -> None:
    """What is missing is said, and the arguments are listed with a star before those that go by name."""
    error = refusal(lambda: sm.pipeline_coverage(read()))  # type: ignore[call-arg]
    assert "pipeline_coverage(deals, quotas, *, " in error.message
    assert error.message.endswith("got missing a required argument: 'quotas'.")
    assert error.hint is None


# --- libraries that are not there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "call", "way"),
    [
        ("matplotlib", lambda d: sm.win_rate(d).plot(), 'pip install "salesmetrics[plot]"'),
        ("matplotlib", lambda d: sm.cycle_curve(d, as_of="2026-03-31").plot(), 'pip install "salesmetrics[plot]"'),
        ("pandas", lambda d: sm.win_rate(d).to_pandas(), "pip install pandas"),
        ("pandas", lambda d: d.to_pandas(), "pip install pandas"),
        ("polars", lambda d: d.to_polars(), "pip install polars"),
        ("pyarrow", lambda d: sm.flags(d, as_of="2026-03-31").to_arrow(), "pip install pyarrow"),
    ],
    ids=["table", "curve", "answer", "book", "book in polars", "flags"],
)
def test_a_library_that_is_not_there_is_named_with_the_way_to_have_it(
    library: str, call: Callable[[sm.DealBook], object], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs a library that is not installed says which, and how it is installed."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        call(read())
    assert str(caught.value) == f"this needs {library}, which is not installed. Hint: {way}."
    assert caught.value.name == library


def test_our_names_are_known_with_blanks_too() -> None:
    """A column "Close Date" is close_date, "Forecast-Category" forecast_category; two for one field are refused."""
    source = {
        "Close Date": ["2026-01-05", "2026-09-01"],
        "Outcome": ["won", "open"],
        "Forecast-Category": ["Commit", "Best"],
    }
    book = sm.read_deals(source, as_of="2026-03-01")
    assert str(book["closed"][0]) == "2026-01-05"
    assert str(book["expected_close"][1]) == "2026-09-01"
    assert book["forecast_category"].tolist() == ["Commit", "Best"]
    with pytest.raises(sm.InvalidArgumentError, match="must stand in one column"):
        sm.read_deals({"Close Date": ["2026-01-05"], "Close-Date": ["2026-01-05"]})
