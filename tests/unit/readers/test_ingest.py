"""Laws M1 to M9: what goes out comes back, and how it was written is invisible; no input takes long."""

from __future__ import annotations

import csv
import io
import random
import time
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.books.table import Book

# --- M1: out and back, every book in every container --------------------------------------------------------------

COMPANY = sm.datasets.sample_company(deals=120, rng=7)


def texts(book: Book, *names: str) -> Any:
    """Return a book with these columns of whole numbers as texts, as a text file gives them."""
    columns = dict(book.to_dict())
    return columns | {name: np.array([str(v) for v in columns[name]], dtype=object) for name in names}


def deals() -> tuple[Book, Callable[[Any], Book]]:
    """Return deals with ids, labels and gaps of every kind, and the way to read them."""
    given = COMPANY.deals

    def read(source: Any) -> Book:
        return sm.read_deals(source, currency="USD", as_of=given.as_of, process=given.process)

    return read(texts(given, "id")), read


def quotas() -> tuple[Book, Callable[[Any], Book]]:
    """Return quotas, and the way to read them."""
    return COMPANY.quotas, lambda source: sm.read_quotas(source, currency="USD")


def reps() -> tuple[Book, Callable[[Any], Book]]:
    """Return reps with absences and ramps, and the way to read them."""
    return COMPANY.reps, sm.read_reps


def forecasts() -> tuple[Book, Callable[[Any], Book]]:
    """Return forecast calls, and the way to read them."""
    return COMPANY.forecasts, lambda source: sm.read_forecasts(source, currency="USD")


def splits() -> tuple[Book, Callable[[Any], Book]]:
    """Return splits with shares that no short decimal is, and the way to read them."""
    given = {
        "deal": ["=D1", "=D1", "D2", "D2"],
        "rep": ["Ana", "'Bo", "Ana", "-Cy"],
        "share": [1 / 3, 2 / 3, 1.0, 1e-7],
        "kind": ["revenue", "revenue", "revenue", "overlay"],
    }
    return sm.read_splits(given), sm.read_splits


def history() -> tuple[Book, Callable[[Any], Book]]:
    """Return changes of deals, and the way to read them."""
    given = COMPANY.history

    def read(source: Any) -> Book:
        return sm.read_history(source, currency="USD", process=given.process)

    return read(texts(given, "deal")), read


def activities() -> tuple[Book, Callable[[Any], Book]]:
    """Return activities, and the way to read them."""
    given = {"deal": ["D1", "D1", None], "date": ["2026-01-05", "2026-02-01", "2026-02-02"], "rep": ["Ana", None, "Bo"]}
    read: Any = sm.read_activities
    return read(given), read


def as_text(book: Book, **options: Any) -> io.StringIO:
    """Return a book as CSV, ready to be read."""
    out = io.StringIO(newline="")
    book.to_csv(out, **options)
    out.seek(0)
    return out


def as_bytes(book: Book) -> io.BytesIO:
    """Return a book as the bytes of a CSV file."""
    return io.BytesIO(as_text(book).getvalue().encode())


def as_parquet(book: Book) -> io.BytesIO:
    """Return a book as the bytes of a Parquet file."""
    pytest.importorskip("pyarrow")
    out = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(book.to_arrow(), out)
    out.seek(0)
    return out


def as_relation(book: Book) -> Any:
    """Return a book as a duckdb relation."""
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    connection = duckdb.connect()
    connection.register("held", book.to_arrow())
    return connection.sql("select * from held")


def as_arrow_pandas(book: Book) -> Any:
    """Return a book as a pandas frame with Arrow's types."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    return book.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)


def with_library(name: str, way: str) -> Callable[[Book], Any]:
    """Return the way out to a library, which the test needs."""

    def out(book: Book) -> Any:
        pytest.importorskip(name)
        return getattr(book, way)()

    return out


WAYS: dict[str, Callable[[Book], Any]] = {
    "dict": lambda book: book.to_dict(),
    "csv": as_text,
    "bytes": as_bytes,
    "pandas": with_library("pandas", "to_pandas"),
    "pandas-arrow": as_arrow_pandas,
    "polars": with_library("polars", "to_polars"),
    "pyarrow": with_library("pyarrow", "to_arrow"),
    "parquet": as_parquet,
    "duckdb": as_relation,
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(
    "make", [deals, quotas, reps, forecasts, splits, history, activities], ids=lambda make: make.__name__
)
def test_out_and_back_is_the_same_book(make: Callable[[], tuple[Book, Callable[[Any], Book]]], way: str) -> None:
    """M1, M3: what is written is read as the same book, without a warning, whatever the container."""
    book, read = make()
    assert book.rows > 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = read(WAYS[way](book))
    assert back.equals(book)
    assert [back[name].dtype for name in book.names] == [book[name].dtype for name in book.names]


def test_a_text_file_knows_no_types() -> None:
    """TXT-3: ids and labels that are whole numbers come back from CSV as texts, from everything else as they were."""
    book = sm.read_deals({"id": [7, 12], "team": [1, 2], "amount": [1, 2]})
    back = sm.read_deals(as_text(book))
    assert back["id"].tolist() == ["7", "12"]
    assert back["team"].tolist() == ["1", "2"]
    assert sm.read_deals(book.to_dict()).equals(book)


# --- M2: how a text is written is invisible -----------------------------------------------------------------------

HEADER = ("id", "rep", "amount", "created", "outcome", "Segment")
LINES = [
    ("D-1", "Ana", "1200.50", "2026-01-05", "open", "SMB; small"),
    ("D-2", "", "0.10", "2026-01-06", "open", 'the "best"'),
    ("D-3", "Zoë, Ltd", "-0", "", "open", "two\nlines"),
]


def rendered(
    delimiter: str = ",", end: str = "\n", quoting: Any = csv.QUOTE_MINIMAL, change: Callable[[str], str] = str
) -> str:
    """Return the rows as text, its header changed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow([change(name) if name != "Segment" else name for name in HEADER])
    writer.writerows(LINES)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("change", [str, str.upper, str.title, " {} ".format])
def test_how_a_text_is_written_is_invisible(
    delimiter: str, end: str, quoting: Any, change: Callable[[str], str]
) -> None:
    """M2: delimiter, line ends, quotes, case of the header and blanks around its names change nothing."""
    if end == "\r" and quoting == csv.QUOTE_MINIMAL:
        return  # the writer of Python leaves a line feed without quotes where lines end in CR
    wanted = sm.read_deals(io.StringIO(rendered(), newline=""))
    assert sm.read_deals(io.StringIO(rendered(delimiter, end, quoting, change), newline="")).equals(wanted)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_byte_order_mark_is_invisible(encoding: str, tmp_path: Path) -> None:
    """M2: a file with a mark is read as the mark says, by its path and open."""
    wanted = sm.read_deals(io.StringIO(rendered(), newline=""))
    path = tmp_path / "deals.csv"
    path.write_bytes(rendered().encode(encoding))
    with open(path, "rb") as file:
        for source in (path, file, io.BytesIO(path.read_bytes())):
            assert sm.read_deals(source).equals(wanted)


def test_a_stream_stays_open() -> None:
    """A stream that is read belongs to the caller and is not closed."""
    for stream in (io.StringIO(rendered(), newline=""), io.BytesIO(rendered().encode())):
        sm.read_deals(stream)
        assert not stream.closed


# --- M3 to M7: errors and parts -----------------------------------------------------------------------------------


def messy(rng: random.Random, rows: int) -> list[dict[str, Any]]:
    """Return deals of which some are wrong."""
    return [
        {
            "id": f"D-{n}" if rng.random() < 0.9 else None,
            "rep": rng.choice(["Ana", "Bo", None]),
            "amount": rng.choice(["10", "10.123", "-1", "x", "", "1e400", "7.5"]),
            "created": rng.choice(["2026-01-05", "2026-02-30", "", "9999-12-31"]),
            "closed": rng.choice(["2026-01-04", "2026-03-01", ""]),
            "outcome": rng.choice(["won", "open", "lost", "?"]),
        }
        for n in range(rows)
    ]


def text_of(rows: list[dict[str, Any]]) -> io.StringIO:
    """Return rows as CSV."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["id", "rep", "amount", "created", "closed", "outcome"])
    writer.writeheader()
    writer.writerows(rows)
    out.seek(0)
    return out


def found(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return what is wrong with which rows, by the marks that travel with them."""
    try:
        sm.read_deals(text_of(rows), on_error="collect")
    except sm.InvalidDataError as error:
        return [(r["code"], r["field"], r["value"], r["row"]) for r in error.to_records()]
    return []


@pytest.mark.parametrize("seed", range(12))
def test_errors_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    """M4: shuffled rows have the same errors, but for the row numbers."""
    rng = random.Random(seed)
    rows = messy(rng, 25)
    order = list(range(25))
    rng.shuffle(order)
    moved = [(code, field, value, order[row]) for code, field, value, row in found([rows[at] for at in order])]  # type: ignore[index]
    assert sorted(map(repr, moved)) == sorted(map(repr, found(rows)))
    assert moved


@pytest.mark.parametrize("seed", range(12))
def test_leaving_out_the_rejected_rows_gives_a_clean_ingest(seed: int) -> None:
    """M5: the rows that were not rejected are the book, and reading them alone rejects nothing."""
    rows = messy(random.Random(seed), 25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        book = sm.read_deals(text_of(rows), on_error="drop")
        gone = {record["row"] for record in book.rejects}
        again = sm.read_deals(text_of([row for at, row in enumerate(rows) if at not in gone]))
    assert again.equals(book)
    assert not again.rejects
    assert book.rows == 25 - len(gone)


@pytest.mark.parametrize("cut", [0, 1, 60, 120])
def test_two_parts_joined_are_the_whole(cut: int) -> None:
    """M6: two ingests joined are the ingest of the two together."""
    book, read = deals()
    parts = [read(as_text(book.take(np.arange(low, high)))) for low, high in ((0, cut), (cut, 120)) if low < high]
    assert parts[0].concat(*parts[1:]).equals(book)


@given(st.from_regex(r"[+-]?[0-9]{0,17}(\.[0-9]{0,5})?", fullmatch=True))
@example("90071992547409.91")
@example("90071992547409.92")
@example("00000000000000000000000000000000000000001")
@example("-0.00")
@example("1.005")
def test_a_text_is_the_minor_units_that_decimal_says_or_refused(text: str) -> None:
    """M7: no amount is ever rounded on its way in."""
    if not text:
        return
    try:
        wanted = Decimal(text).scaleb(2)
        fits = wanted == wanted.to_integral_value() and abs(wanted) < 2**53 and len(text) <= 40
    except ArithmeticError:
        fits = False
    source = io.StringIO(f"id,amount\nD-1,{text}\n")
    if fits:
        assert sm.read_deals(source, allow_negative=True).columns["amount"].minor.tolist() == [int(wanted)]  # type: ignore[attr-defined]
    else:
        with pytest.raises(sm.InvalidDataError) as caught:
            sm.read_deals(source, allow_negative=True)
        assert caught.value.rows.tolist() == [0]


# --- M9: hostile strings ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
@example(["=cmd|' /C calc'!A0", "\0", "\u202e", "'=x", "\x1b[31m", "a\r\nb"])
def test_hostile_labels_survive_as_data(reps: list[str]) -> None:
    """M8, M9: any text is a label like any other, out and back in every container."""
    book = sm.read_deals({"rep": reps, "amount": range(len(reps))})
    assert book["rep"].tolist() == reps
    for way in ("dict", "csv", "bytes", "polars", "pyarrow"):
        assert sm.read_deals(WAYS[way](book)).equals(book)
    assert all(line.isprintable() for line in repr(book).split("\n"))


# --- denial of service --------------------------------------------------------------------------------------------

MIB = 1 << 20
FAMILIES = {
    "digits": "1",
    "separators": ",",
    "signs": "+-",
    "exponents": "1e9",
    "quotes": '"',
    "nested-quotes": '"""a""",',
    "blanks": " ",
    "combining": "a\u0301\u0302",
    "line-ends": "\r\n\r",
    "nuls": "\0",
}
SHAPES: dict[str, Callable[[str], str]] = {
    "whole": lambda unit: (unit * MIB)[:MIB],
    "header": lambda unit: (unit * MIB)[: MIB // 2] + "\n" + (unit * MIB)[: MIB // 2],
    "rows": lambda unit: "id,amount,created,outcome,x\n" + "".join(
        f"D{n},{(unit * 99)[:99]},{(unit * 99)[:99]},open,{(unit * 99)[:99]}\n" for n in range(3300)
    ),
    "cells": lambda unit: "id,amount,x\n" + "".join(f"D{n},1,{(unit * 60_000)[:60_000]}\n" for n in range(17)),
    "quoted": lambda unit: 'id,amount,x\nD1,1,"' + (unit.replace('"', '""') * MIB)[: MIB - 40] + '"\n',
    "wide": lambda unit: ",".join(f"{n}{unit.strip() or 'x'}" for n in range(150_000)) + "\n",
    "columns": lambda unit: ",".join(f"c{n}" for n in range(4000)) + "\n" + "a," * 3999 + "b\n",
    "short": lambda unit: "id,rep\n" + "".join(f"{unit[:2]}{n},{unit}\n" for n in range(70_000)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
@pytest.mark.parametrize("family", list(FAMILIES))
def test_no_text_of_a_mebibyte_takes_a_second(family: str) -> None:
    """Ten families of hostile text in six shapes: read or refused by us in less than a second each."""
    slow = []
    for shape, make in SHAPES.items():
        text = make(FAMILIES[family])
        assert len(text) < 2.6 * MIB
        began = time.process_time()
        try:
            sm.read_deals(io.StringIO(text, newline=""), on_error="collect")
        except sm.SalesMetricsError as error:
            said = len(str(error))
        else:
            said = 0
        took = time.process_time() - began
        if took >= 1.0 or said > 20_000:
            slow.append((shape, round(took, 2), said))
    assert not slow
