"""Columns out: frames of the caller's kind, CSV that reads back, HTML and terminals that nothing from data reaches."""

from __future__ import annotations

import csv
import html.parser
import io
import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics import export
from salesmetrics.guard import guarded, unguarded
from salesmetrics.readers.csv import csv_source

PAYLOADS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.org","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\0=1",
    "'=1",
    "''=1",
    "'''@x",
    "'tis",
    "'",
    "''",
    "a,b",
    'a"b',
    "a\nb",
    "a\rb",
    "a\r\nb",
    " a ",
    "NA",
    "null",
    "1e5",
    "00123",
    "<script>alert(1)</script>",
    "\u202eabc",
    "\ufeffabc",
    "Zoë 💶",
    "#tag",
    "sep=;",
]


def objects(values: list[Any]) -> Any:
    """Return values as an array of objects."""
    return np.fromiter(values, dtype=object, count=len(values))


def written(columns: dict[str, Any], **options: Any) -> str:
    """Return columns as CSV."""
    out = io.StringIO(newline="")
    export.to_csv(columns, out, **options)
    return out.getvalue()


def cells(text: str, name: str) -> list[str]:
    """Return a column of CSV as the library reads it."""
    raw: Any = csv_source(io.StringIO(text, newline="")).raw(name, "text")
    return list(raw.values)


# --- the guard -----------------------------------------------------------------------------------------------------


@given(st.text())
@example("'=1")
@example("''\t")
@example("'")
def test_the_guard_is_one_to_one(text: str) -> None:
    """M8: one apostrophe is put in front of a formula, and exactly that one is taken off again."""
    cell = guarded(text)
    assert unguarded(cell) == text
    assert cell in (text, f"'{text}")
    assert cell.lstrip("'")[:1] not in tuple("=+-@\t\r\0") or cell[:1] == "'"


@given(st.lists(st.text(), max_size=6, unique=True))
def test_no_two_texts_become_one(texts: list[str]) -> None:
    """M8: different texts are different cells."""
    assert len({guarded(text) for text in texts}) == len(texts)


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text(alphabet="'=+-@\t\r\n\0,\"a")), max_size=9
    )
)
def test_texts_come_back_byte_for_byte(rows: list[tuple[str, str]]) -> None:
    """M8, M9: whatever the texts, what is read is what was written."""
    if ("first", "second") in rows:
        return
    columns = {"first": objects([a for a, _ in rows]), "second": objects([b for _, b in rows])}
    text = written(columns)
    if rows:
        assert cells(text, "first") == [a for a, _ in rows]
        assert cells(text, "second") == [b for _, b in rows]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_harmless_and_come_back(payload: str) -> None:
    """OUT-6: no cell that a spreadsheet sees begins a formula, and each is read again as it was."""
    text = written({"id": objects(["x1"]), "rep": objects([payload])})
    seen = list(csv.reader(io.StringIO(text, newline="")))[1][1]
    assert not seen.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
    assert cells(text, "rep") == [payload]


def test_a_header_is_guarded_too() -> None:
    """OUT-6: a label's name is text from data as well."""
    text = written({"id": objects(["x1"]), "=cmd": objects(["a"])})
    assert text.splitlines()[0] == "id,'=cmd"
    assert csv_source(io.StringIO(text)).names == ["id", "=cmd"]


def test_numbers_are_never_guarded() -> None:
    """OUT-6: a negative number stays a number, in plain digits without an exponent."""
    numbers = np.array([-250.0, -0.01, 1e-9, 90071992547409.9, np.nan, 0.1 + 0.2, np.inf])
    text = written({"x": numbers, "n": np.arange(7) - 3, "won": np.arange(7) > 3})
    lines = text.split("\r\n")[1:-1]
    assert [line.split(",")[0] for line in lines] == [
        "-250", "-0.01", "0.000000001", "90071992547409.9", "", "0.30000000000000004", "inf",
    ]  # fmt: skip
    assert [line.split(",")[1] for line in lines] == ["-3", "-2", "-1", "0", "1", "2", "3"]
    assert lines[6].endswith(",True")


def test_amounts_are_written_exactly() -> None:
    """M1: an amount is written from its minor units, since a large float holds too few digits for its text."""
    amounts = [90071992547409.91, -0.05, 1200.5, 0, None]
    book = sm.read_deals({"id": list("abcde"), "amount": amounts}, allow_negative=True)
    out = io.StringIO(newline="")
    book.to_csv(out)
    assert [line.split(",")[1] for line in out.getvalue().split()[1:]] == [
        "90071992547409.91",
        "-0.05",
        "1200.50",
        "0.00",
        "",
    ]
    out.seek(0)
    assert sm.read_deals(out, allow_negative=True).equals(book)
    yen = sm.read_deals({"amount": [1200], "outcome": ["won"], "closed": ["2026-01-01"]}, currency="JPY")
    out = io.StringIO(newline="")
    sm.credited_bookings(yen).to_csv(out)
    assert out.getvalue().split("\r\n")[1].startswith("1200,1,")


def test_the_tab_is_an_option() -> None:
    """OUT-6: a tab in front survives a spreadsheet that saves the file anew; None writes what there is."""
    columns = {"rep": objects(["=1", "Ana", None])}
    assert written(columns, guard="\t").split("\r\n")[1] == "\t=1"
    assert written(columns, guard=None).split("\r\n")[1] == "=1"
    with pytest.raises(sm.InvalidArgumentError, match="an apostrophe, a tab or None; got '\"'") as caught:
        written(columns, guard='"')
    assert caught.value.code == "SM-OUT-02"


def test_many_rows_are_written_in_blocks() -> None:
    """No row is lost or doubled where one block ends and the next begins."""
    numbers = np.arange(2 * (1 << 16) + 3)
    assert cells(written({"n": numbers, "m": numbers}), "n") == [str(n) for n in numbers.tolist()]


# --- files ---------------------------------------------------------------------------------------------------------

ONE = {"id": objects(["x1"]), "rep": objects(["Zoë"])}


def test_a_file_is_not_replaced_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OUT-5: a file that is there is refused, and untouched; overwrite=True replaces it."""
    path = tmp_path / "deals.csv"
    export.to_csv(ONE, path)
    before = path.read_bytes()
    assert before == "id,rep\r\nx1,Zoë\r\n".encode()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sm.InvalidArgumentError, match=r"a new file; got 'deals\.csv', which is there") as caught:
        export.to_csv({"id": objects(["x2"])}, "deals.csv")
    assert (caught.value.code, caught.value.field) == ("SM-OUT-01", "target")
    assert path.read_bytes() == before
    export.to_csv({"id": objects(["x2"])}, path, overwrite=True)
    assert path.read_bytes() == b"id\r\nx2\r\n"
    assert os.listdir(tmp_path) == ["deals.csv"]


def test_a_file_that_comes_in_the_meantime_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OUT-5: the name is taken in one step, so that nobody's file is lost between the look and the rename."""
    path = tmp_path / "deals.csv"
    write = export._write

    def slow(columns: Any, stream: Any, guard: Any) -> None:
        path.write_text("somebody else's")
        write(columns, stream, guard)

    monkeypatch.setattr(export, "_write", slow)
    with pytest.raises(sm.InvalidArgumentError, match="a new file"):
        export.to_csv(ONE, path)
    assert path.read_text() == "somebody else's"
    assert os.listdir(tmp_path) == ["deals.csv"]


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OUT-5: where no link can be made, the file is renamed."""

    def no_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    export.to_csv(ONE, tmp_path / "deals.csv")
    assert os.listdir(tmp_path) == ["deals.csv"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool) -> None:
    """OUT-5: a disk that is full half way leaves the old file whole, and no part of the new one."""
    path = tmp_path / "deals.csv"
    if overwrite:
        path.write_text("old")

    def full(columns: Any, stream: Any, guard: Any) -> None:
        stream.write("id,re")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_write", full)
    with pytest.raises(sm.InvalidArgumentError, match="No space left on device") as caught:
        export.to_csv(ONE, path, overwrite=overwrite)
    assert caught.value.code == "SM-OUT-04"
    assert [item.read_text() for item in tmp_path.iterdir()] == (["old"] if overwrite else [])


def test_parts_of_others_are_left_alone(tmp_path: Path) -> None:
    """OUT-5: a part that another call is writing is not touched."""
    (tmp_path / ".salesmetrics-0.part").write_text("another's")
    export.to_csv(ONE, tmp_path / "deals.csv")
    assert (tmp_path / ".salesmetrics-0.part").read_text() == "another's"
    assert len(os.listdir(tmp_path)) == 2


def test_streams_stay_open() -> None:
    """A text or binary stream is written to and stays the caller's."""
    text, binary = io.StringIO(newline=""), io.BytesIO()
    export.to_csv(ONE, text)
    export.to_csv(ONE, binary, encoding="utf-8-sig")
    assert text.getvalue() == "id,rep\r\nx1,Zoë\r\n"
    assert binary.getvalue() == b"\xef\xbb\xbf" + text.getvalue().encode()


@pytest.mark.parametrize(
    ("target", "options", "code", "sentence"),
    [
        (lambda path: path / "no" / "such.csv", {}, "SM-OUT-04", "No such file or directory"),
        (lambda path: path, {"overwrite": True}, "SM-OUT-04", "a file that can be written"),
        (lambda path: 5, {}, "SM-OUT-03", "a path or an open file; got 5"),
        (lambda path: path / "x.csv", {"encoding": "ascii"}, "SM-OUT-05", "the encoding 'ascii' can write"),
        (lambda path: io.BytesIO(), {"encoding": "utf-99"}, "SM-TXT-24", "an encoding that Python knows"),
    ],
    ids=["folder", "is-folder", "number", "ascii", "encoding"],
)
def test_targets_that_are_refused(
    target: Callable[[Path], Any], options: dict[str, Any], code: str, sentence: str, tmp_path: Path
) -> None:
    """What cannot be written is told in one sentence, and nothing is left behind."""
    with pytest.raises(sm.SalesMetricsError, match=sentence) as caught:
        export.to_csv(ONE, target(tmp_path), **options)
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


def test_half_of_a_surrogate_pair_is_refused() -> None:
    """What no encoding can write is told in our words, whatever the way out."""
    for library, out in (("polars", export.to_polars), ("pyarrow", export.to_arrow)):
        pytest.importorskip(library)
        with pytest.raises(sm.InvalidDataError, match="the encoding 'utf-8' can write") as caught:
            out({"rep": objects(["a\ud800"])})
        assert caught.value.code == "SM-OUT-05"


# --- frames --------------------------------------------------------------------------------------------------------

COLUMNS = {
    "rep": objects(["Ana", None]),
    "team": objects([3, None]),
    "empty": objects([None, None]),
    "amount": np.array([1.5, np.nan]),
    "n": np.array([1, 2]),
    "day": np.array(["2026-01-05", "NaT"], dtype="datetime64[D]"),
    "met": np.array([True, False]),
}


def test_polars_types() -> None:
    """A21: the types come from the kind of column; a column without any value is one of texts."""
    pl = pytest.importorskip("polars")
    frame = export.to_polars(COLUMNS)
    assert frame.schema == {
        "rep": pl.String, "team": pl.Int64, "empty": pl.String, "amount": pl.Float64, "n": pl.Int64, "day": pl.Date,
        "met": pl.Boolean,
    }  # fmt: skip
    assert frame["amount"].to_list() == [1.5, None]
    assert export.to_polars(COLUMNS, nan=True)["amount"].null_count() == 0


def test_arrow_types() -> None:
    """A21: the types come from the kind of column; missing is null."""
    pa = pytest.importorskip("pyarrow")
    table = export.to_arrow(COLUMNS)
    kinds = [pa.string(), pa.int64(), pa.string(), pa.float64(), pa.int64(), pa.date32(), pa.bool_()]
    assert table.schema.types == kinds
    assert [table[name].null_count for name in table.column_names] == [1, 1, 2, 1, 0, 1, 0]
    assert export.to_arrow(COLUMNS, nan=True)["amount"].null_count == 0


def test_pandas_types() -> None:
    """Whole numbers with gaps stay whole."""
    pytest.importorskip("pandas")
    frame = export.to_pandas(COLUMNS)
    assert [str(kind) for kind in frame.dtypes] == [
        "object",
        "Int64",
        "object",
        "float64",
        "int64",
        "datetime64[s]",
        "bool",
    ]
    assert frame["rep"].tolist() == ["Ana", None]


def test_the_callers_arrays_are_not_the_frames() -> None:
    """A5: writing into a frame changes no column of a book."""
    pytest.importorskip("pandas")
    locked = {name: np.array(values) for name, values in COLUMNS.items()}
    frame = export.to_pandas(locked)
    frame.loc[0, "amount"] = 9.0
    frame.loc[0, "rep"] = "Bo"
    assert (locked["amount"][0], locked["rep"][0]) == (1.5, "Ana")


LIKES: list[tuple[str, Callable[[Any], Any]]] = [
    ("builtins", lambda _: {"a": [1]}),
    ("pandas", lambda pd: pd.DataFrame({"a": [1]})),
    ("pandas", lambda pd: pd.Series([1])),
    ("polars", lambda pl: pl.DataFrame({"a": [1]})),
    ("polars", lambda pl: pl.LazyFrame({"a": [1]})),
    ("pyarrow", lambda pa: pa.table({"a": [1]})),
    ("pyarrow", lambda pa: pa.table({"a": [1]}).to_batches()[0]),
    ("duckdb", lambda duckdb: duckdb.connect().sql("select 1 as a")),
]


@pytest.mark.parametrize(
    ("library", "make"), LIKES, ids=["dict", "pandas", "series", "polars", "lazy", "table", "batch", "duckdb"]
)
def test_an_answer_is_of_the_callers_kind(library: str, make: Callable[[Any], Any]) -> None:
    """A frame of the library that the caller's comes from; duckdb is answered by pyarrow, a mapping by a mapping."""
    like = make(pytest.importorskip(library))
    book = sm.read_deals({"id": ["D1", "D2"], "rep": ["Ana", None], "amount": [10, None]})
    answer = sm.deal_size(sm.read_deals({"amount": [1.0], "outcome": ["won"], "closed": ["2026-01-01"]}))
    for found in (book.to_frame(like), answer.to_frame(like)):
        assert type(found).__module__.partition(".")[0] == ("pyarrow" if library == "duckdb" else library)
    assert book.equals(sm.read_deals(book.to_frame(like)))


def test_a_frame_of_narwhals_gives_one_of_narwhals() -> None:
    """A frame wrapped by narwhals is answered by one wrapped the same way."""
    nw = pytest.importorskip("narwhals.stable.v2")
    pl = pytest.importorskip("polars")
    book = sm.read_deals({"id": ["D1"], "rep": ["Ana"], "amount": [10], "created": ["2026-01-01"]})
    found = book.to_frame(nw.from_native(pl.DataFrame({"a": [1]})))
    assert isinstance(found, nw.DataFrame)
    assert isinstance(found.to_native(), pl.DataFrame)
    assert book.equals(sm.read_deals(found))


@pytest.mark.parametrize("like", [None, 5, "pandas", object()])
def test_what_is_no_frame_is_refused(like: object) -> None:
    """The error names the kinds there are."""
    book = sm.read_deals({"id": ["D1"]})
    with pytest.raises(sm.InvalidTypeError, match="a pandas, polars or pyarrow frame") as caught:
        book.to_frame(like)
    assert caught.value.code == "SM-TAB-04"
    assert "salesmetrics[frames]" in str(caught.value.hint)


def test_no_frame_library_is_loaded_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without narwhals the refusal is the same."""
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    with pytest.raises(sm.InvalidTypeError, match="a pandas, polars or pyarrow frame"):
        export.to_frame(COLUMNS, object())


# --- what a person sees --------------------------------------------------------------------------------------------

HOSTILE = [
    "<b>x</b>",
    "<script>alert('1')</script>",
    '"><img src=x onerror=y>',
    "&amp;",
    "\x1b[31mred",
    "\u202ereversed",
    "\x9bC1",
    "a\u200bb",
    "l\u2028s",
]


class Tags(html.parser.HTMLParser):
    """The tags, attributes and text of some HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
ATTRIBUTES = {
    ("scope", "col"),
    ("dir", "auto"),
    ("style", "text-align:left"),
    ("style", "text-align:right;white-space:nowrap"),
}


def is_safe(markup: str, text: str) -> None:
    """Assert that only our own tags come out of markup, and that no character acts on a terminal."""
    found = Tags(markup)
    assert found.tags <= OURS
    assert found.attributes <= ATTRIBUTES
    assert markup.isprintable()
    assert all(line.isprintable() for line in text.split("\n"))


def named(texts: list[str]) -> tuple[sm.DealBook, sm.MetricTable]:
    """Return a book with these texts as ids, labels and names of labels, and an answer grouped by them."""
    rows = len(texts)
    source: dict[str, Any] = {"amount": [1.0] * rows, "outcome": ["won"] * rows, "closed": ["2026-01-01"] * rows}
    source |= {"rep": texts} | {f"x{text}": texts for text in texts}
    book = sm.read_deals(source)
    return book, sm.deal_size(book, by="rep")


@pytest.mark.filterwarnings("ignore::salesmetrics.SalesMetricsWarning")
@given(
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=20)), min_size=1, max_size=4, unique=True)
)
@example(HOSTILE)
def test_names_from_data_are_escaped_wherever_they_are_shown(texts: list[str]) -> None:
    """OUT-7, OUT-8, A23: in notebooks and terminals, cells, column names and notes are text and nothing else."""
    for shown in named(texts):
        is_safe(shown._repr_html_(), repr(shown))


def test_a_book_shows_its_columns_in_html() -> None:
    """Name, what it holds, how many are missing; rejects and notes below."""
    book = sm.read_deals(
        {
            "id": ["D1", "D2", "D3"],
            "rep": ["Ana", None, "Bo"],
            "amount": [1, 2, -1],
            "x<y": ["a", "b", "c"],
            "z": [0.5] * 3,
        },
        currency="USD",
        on_error="drop",
    )
    text = Tags(book._repr_html_()).text
    assert text.startswith("DealBook of 2 deals, USD, 2 decimalscolumnholdsmissing")
    assert "rep1 label ('Ana')1" in text
    assert "x<y2 labels ('a', 'b')" in text
    assert "left out on reading: 1 x SM-AMT-05" in text
    assert "note: " in text


# --- answers -------------------------------------------------------------------------------------------------------


def test_an_answer_as_csv() -> None:
    """Labels, the value under the metric's name, n, reason, parts; what is undefined is empty and says why."""
    book = sm.read_deals(
        {"rep": ["=Ana", "Bo"], "amount": [10.5, 20], "outcome": ["won", "open"], "closed": ["2026-01-05", None]}
    )
    out = io.StringIO(newline="")
    sm.deal_size(book, by="rep").to_csv(out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["rep"] for row in rows][:1] == ["'=Ana"]
    assert rows[0]["deal_size"] == "10.5"
    assert rows[0]["n"] == "1"
    assert all((row["deal_size"] == "") == (row["reason"] != "") for row in rows)


def test_periods_go_out_as_texts() -> None:
    """A period is written by its name, in every kind of frame."""
    pl = pytest.importorskip("polars")
    quarter = sm.FiscalCalendar(start_month=1).quarter(2026, 1)
    book = sm.read_deals({"amount": [10.5], "outcome": ["won"], "closed": ["2026-01-05"]})
    answer = sm.deal_size(book, period=[quarter])
    frame = answer.to_polars()
    assert frame["period"].to_list() == [str(quarter)]
    assert frame["period"].dtype == pl.String


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(["to_pandas", "to_polars", "to_arrow"])))
def test_frames_of_an_answer_agree(first: str, second: str) -> None:
    """The same columns in the same order, whatever the kind."""
    for library in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(library)
    book = sm.read_deals(
        {"rep": ["Ana", "Bo"], "amount": [10.5, 3], "outcome": ["won"] * 2, "closed": ["2026-01-05"] * 2}
    )
    answer = sm.deal_size(book, by="rep")
    frames = [getattr(answer, name)() for name in (first, second)]
    names = [list(getattr(frame, "column_names", None) or frame.columns) for frame in frames]
    assert names[0] == names[1] == list(answer.to_dict())
