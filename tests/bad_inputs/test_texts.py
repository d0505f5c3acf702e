"""TXT: files of text."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest

import salesmetrics as sm
from tests.bad_inputs.harness import Case, check, each, refused, row

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\x1b[31mred",
    "a\u202eb",
    "+1",
    "-1",
    "@x",
    "\ttab",
    "'=1",
)


def text(content: str) -> io.StringIO:
    """Return a file of text, its line ends as they are."""
    return io.StringIO(content, newline="")


FORMATS = {"created": ["01/02/2026", "05/06/2026"]}
CASES = [
    Case("TXT-1", FORMATS, "SM-DAY-08", "created", 0, "01/02/2026", "'%d/%m/%Y' and '%m/%d/%Y'"),
    Case("TXT-1", {"created": ["01/02/2026", "13/02/2026"]}, "SM-DAY-08", "created", 0, "01/02/2026", "every row fits '%d/%m/%Y'"),
    Case("TXT-1", FORMATS, gives=lambda b: b["created"].astype(str).tolist() == ["2026-02-01", "2026-06-05"], options={"date_format": "%d/%m/%Y"}),
    Case("TXT-2", {"rep": ["NA", "None", "null", "nan", None]}, gives=lambda b: b["rep"].tolist() == ["NA", "None", "null", "nan", None]),
    Case("TXT-3", {"id": ["00123", "1E5", "9" * 30]}, gives=lambda b: b["id"].tolist() == ["00123", "1E5", "9" * 30]),
    Case("TXT-4", {"id": ["0060X00000AbCdE", "0060X00000AbCde"]}, warns="differ by case only", gives=lambda b: b["id"].tolist() == ["0060X00000AbCdE", "0060X00000AbCde"]),
    Case("TXT-14", {"rep": list(HOSTILE[:7])}, gives=lambda b: b["rep"].tolist() == list(HOSTILE[:7]) and "<script" not in b._repr_html_() and not any(c in repr(b) + b._repr_html_() for c in "\x1b\u202e"), carriers=("lists", "arrays", "parquet", "pandas", "polars", "pyarrow", "duckdb")),
    Case("TXT-15", {"rep": ["Jos\u00e9", "Jose\u0301", "A\u200bna", "Ana"]}, warns="'Ana' and 'A\\u200bna'", gives=lambda b: len(set(b["rep"].tolist())) == 4),
    Case("TXT-16", {"id": ["x", "a"], "amount": ["5", "#N/A"]}, "SM-TXT-16", "amount", 1, "#N/A", "clear the cell", carriers=("csv",)),
    Case("TXT-16", {"id": ["x", "a"], "amount": ["#REF!", "#DIV/0!"]}, "SM-TXT-16", "amount", 0, "#REF!", carriers=("csv",)),
    Case("TXT-17", {"id": ["x", "a"], "amount": ["5", "1" * 28 + "x"]}, "SM-AMT-18", "amount", 1, "1" * 28 + "x", carriers=("csv",)),
    Case("TXT-17", {"id": ["x", "a"], "amount": ["5", "1" * 41]}, "SM-AMT-18", "amount", 1, "1" * 41, carriers=("csv",)),
]  # fmt: skip


@each(CASES)
def test_columns(case: Case, carrier: str) -> None:
    """Rules of texts that hold in every container."""
    check(case, carrier)


FILES: list[tuple[str, str | bytes, str, int | None, str, str | None]] = [
    ("TXT-5", "id,amount\na,1\n\nConfidential Information\n", "SM-TXT-05", 4, "have 2 fields in every row; got 1, beginning with 'Conf", "footer='salesforce'"),
    ("TXT-8", "id,amount\na,1,2\n", "SM-TXT-08", 2, "have 2 fields in every row; got 3", None),
    ("TXT-8", "id,amount,rep\na,1,\nb,2\n", "SM-TXT-08", 3, "have 3 fields in every row; got 2", None),
    ("TXT-9", 'id,amount\na,"1\nb,2\n', "SM-TXT-09", 2, "a quote that is never closed", None),
    ("TXT-9", 'id,amount\na,"' + "x\n" * 70_000, "SM-TXT-09", 2, "a quote that is never closed", None),
    ("TXT-10", "id,amount\n" + "a" * 65_537 + ",1\n", "SM-TXT-10", 2, "at most 65536 characters", None),
    ("TXT-11", gzip.compress(b"id,amount\na,1\n", mtime=0), "SM-TXT-11", None, "an archive", "gzip.open"),
    ("TXT-11", b"PK\x03\x04" + b"\0" * 60 + b"../x", "SM-TXT-11", None, "an archive", None),
    ("TXT-12", "", "SM-TXT-12", None, "a header and rows", None),
    ("TXT-12", "id,amount\nid,amount\na,1\n", "SM-TXT-12", 2, "its header once", "two files joined"),
    ("TXT-12", "a1,5\na2,6\n", "SM-TXT-12", 1, "begin with a header; got '5'", "names the columns"),
]  # fmt: skip


@row(*{case[0] for case in FILES})
@pytest.mark.parametrize(("content", "code", "line", "says", "hint"), [case[1:] for case in FILES])
@pytest.mark.parametrize("mode", ["raise", "collect", "drop"])
def test_files(content: str | bytes, code: str, line: int | None, says: str, hint: str | None, mode: Any) -> None:
    """What is wrong with a file as such is told with its physical line, under every mode."""
    source = io.BytesIO(content) if isinstance(content, bytes) else text(content)
    error = refused(lambda: sm.read_deals(source, on_error=mode))
    assert (error.code, error.line, error.row, error.field) == (code, line, None, "source")
    assert says in str(error)
    assert hint is None or hint in error.hint
    assert not source.closed


@row("TXT-4")
def test_checksums_of_ids() -> None:
    """The 18 characters of Salesforce end in a checksum of their case."""
    deals = {"Id": ["0060X00000AbCdEQAA"], "IsClosed": [False], "IsWon": [False], "StageName": ["x"]}
    with pytest.warns(sm.SalesMetricsWarning, match="checksum"):
        assert sm.read_deals(deals, sm.maps.SALESFORCE)["id"].tolist() == ["0060X00000AbCdEQAA"]
    error = refused(lambda: sm.read_deals(deals, sm.maps.SALESFORCE.with_ids(18)))
    assert (error.code, error.row, error.value) == ("SM-KEY-10", 0, "0060X00000AbCdEQAA")


@row("TXT-6")
@pytest.mark.parametrize("content", ["sep=;\nid;amount\na;1\n", "id;amount\na;1\n", "id\tamount\na\t1\n"])
def test_delimiters(content: str) -> None:
    """A delimiter is found out and told."""
    book = sm.read_deals(text(content))
    assert book["amount"].tolist() == [1.0]
    assert any("delimiter" in note for note in book.notes)


@row("TXT-7")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks(end: str) -> None:
    """Lines are physical: breaks in quotes count, of whatever kind."""
    content = f'id,rep,amount{end}D1,"a\nb\r\nc",1{end}D2,x,y{end}'
    error = refused(lambda: sm.read_deals(text(content)))
    assert (error.code, error.row, error.line, error.keys) == ("SM-AMT-18", 1, 5, ["D2"])
    assert "(line 5)" in str(error)


@row("TXT-12")
def test_a_header_alone() -> None:
    """It is the empty book, with a warning."""
    with pytest.warns(sm.SalesMetricsWarning, match="rows below its header"):
        book = sm.read_deals(text("id,amount\n"))
    assert (book.rows, book.names) == (0, ("id", "amount"))


@row("TXT-13")
def test_dates_of_hubspot() -> None:
    """A date property is milliseconds at midnight of UTC, and that day in every zone."""
    day = 1706659200000
    columns = {"dealId": ["1"], "My day": [day]}
    given = {"id": "dealId", "created": "My day"}
    assert str(sm.read_deals(columns, given, date_format="unix_ms")["created"][0]) == "2024-01-31"
    said = sm.maps.HUBSPOT.timing("close_date"), sm.maps.HUBSPOT.timing("created")
    assert said[0] is not None or said[1] is not None


@row("TXT-14")
def test_hostile_names_come_back_unchanged() -> None:
    """They are data: kept, guarded in files, escaped where they are shown."""
    book = sm.read_deals({"id": [*range(len(HOSTILE))], "rep": list(HOSTILE)})
    kept = io.StringIO(newline="")
    book.to_csv(kept)
    lines = kept.getvalue()
    assert not any(f",{start}" in lines.replace('"', "") for start in "=+@\t")
    kept.seek(0)
    assert sm.read_deals(kept)["rep"].tolist() == list(HOSTILE)
