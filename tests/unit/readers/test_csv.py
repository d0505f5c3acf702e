"""Text files as sources."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmetrics.convert import day, key, label, money
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, SalesMetricsError
from salesmetrics.readers.csv import csv_source
from salesmetrics.readers.source import Source
from tests.shared_data import folder


def read(text: str, **options: Any) -> Source:
    return csv_source(io.StringIO(text, newline=""), **options)


def cells(source: Source, name: str) -> list[str]:
    raw: Any = source.raw(name, "text")
    return list(raw.values)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id,amount\nD-1,5\n", ","),
        ("id;amount\nD-1;5\n", ";"),
        ("id\tamount\r\nD-1\t5\r\n", "\t"),
        ("sep=;\nid;amount\nD-1;5", ";"),
        ('"sep=|"\r\nid|amount\r\nD-1|5', "|"),
        ("\ufeffid,amount\nD-1,5\n", ","),
        ('\n\n"id";"amo,unt"\nD-1;5', ";"),
    ],
    ids=["comma", "semicolon", "tab", "sep", "sep-quoted", "mark", "quoted"],
)
def test_delimiters(text: str, delimiter: str) -> None:
    """TXT-6: the delimiter is told from the first line and stated."""
    source = read(text)
    assert source.names[0] == "id"
    assert cells(source, "id") == ["D-1"]
    assert cells(source, source.names[1]) == ["5"]
    assert delimiter == "," or any(repr(delimiter) in note for note in source.notes)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_physical_lines(end: str) -> None:
    """TXT-7: the physical line stands beside each row, through quoted line breaks and blank lines."""
    text = end.join(["id,note", "1x,a", '2x,"b', 'c"', "", "3x,d", '4x,"', '"', "5x,"])
    source = read(text)
    assert cells(source, "id") == ["1x", "2x", "3x", "4x", "5x"]
    assert cells(source, "note") == ["a", f"b{end}c", "d", end, ""]
    assert source.lines is not None
    assert source.lines.tolist() == [2, 3, 6, 7, 9]


def test_mixed_line_ends() -> None:
    """TXT-7: a lone CR or LF in a CRLF file ends a line and is kept inside quotes."""
    source = read('id,note\r\n1x,"a\rb\nc"\r\n2x,d\r3x,e\n')
    assert cells(source, "note") == ["a\rb\nc", "d", "e"]
    assert source.lines is not None
    assert source.lines.tolist() == [2, 5, 6]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_every_text_comes_back(rows: list[tuple[str, str]], end: str) -> None:
    """Whatever is written with quotes is read as it was, and its line with it."""

    def guard(text: str) -> str:
        start = text.lstrip("'")[:1]
        return f"'{text}" if start and start in "=+-@\t\r\0" else text

    def quote(text: str) -> str:
        return '"' + guard(text).replace('"', '""') + '"'

    text = f"a,b{end}" + "".join(f"{quote(a)},{quote(b)}{end}" for a, b in rows)
    if ("a", "b") in rows:
        return
    source = read(text)
    assert cells(source, "a") == [a for a, _ in rows]
    assert cells(source, "b") == [b for _, b in rows]


@pytest.mark.parametrize("payload", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", "\t=1", "\0x", "''=x", "'=1"])
def test_formula_guard(payload: str) -> None:
    """M8: one apostrophe in front of a formula is taken off again, and no other."""
    source = read(f"id,x\n1x,\"'{payload}\"\n2x,'plain\n")
    assert cells(source, "x") == [payload, "'plain"]


def test_names_that_look_missing() -> None:
    """TXT-2: only an empty cell is missing."""
    column, problems = label(read('rep,x\nNA,1\nNone,1\nnull,1\n"",1\n,1\n').raw("rep", "label"), "rep")
    assert column.user().tolist() == ["NA", "None", "null", None, None]
    assert problems == []


def test_ids_are_texts() -> None:
    """TXT-3: ids are texts, whatever they look like."""
    column, _ = key(read("id,x\n00123,1\n1E5,1\n").raw("id", "key"), "id")
    assert column.user().tolist() == ["00123", "1E5"]


def test_header_only() -> None:
    """TXT-12: a header alone is an empty source, with a warning."""
    source = read("id,amount\n")
    assert (source.names, source.rows) == (["id", "amount"], 0)
    assert [(problem.code, problem.warning) for problem in source.problems] == [("SM-TXT-13", True)]
    assert len(money(source.raw("amount", "money"), "amount", 2)[0]) == 0


def test_one_column() -> None:
    """In a file of one column a blank line is a row without a value."""
    source = read("rep\nAna\n\nBo\n")
    assert cells(source, "rep") == ["Ana", "", "Bo"]


def test_footer() -> None:
    """TXT-5: the lines below a report are left out where that is asked for, and counted."""
    text = 'id,amount\nD-1,5\n\n"Report"\n"Copyright (c)"\n"Confidential"\n'
    source = read(text, footer="salesforce")
    assert cells(source, "id") == ["D-1"]
    assert source.notes == ("3 lines of a footer left out",)


ENDLESS = 'id,x\n1x,a\n2x,"b\n' + "3x,c\n" * 400_000

REFUSED = [
    pytest.param("id,x\n1x,a\nConfidential\n", {}, "SM-TXT-05", 3, "2 fields in every row", "footer=", id="TXT-5"),
    pytest.param("id,x\n1x,a,b\n", {}, "SM-TXT-08", 2, "2 fields in every row; got 3", None, id="TXT-8-many"),
    pytest.param("a,b,c\n1,2,3\n\n4,5\n", {}, "SM-TXT-08", 4, "3 fields in every row; got 2", None, id="TXT-8-few"),
    pytest.param("id,x\n1x,a\nF\n2x,b\n", {"footer": "salesforce"}, "SM-TXT-08", 4, "2 ", None, id="TXT-8-footer"),
    pytest.param('id,x\n1x,a\n2x,"b\n3x,c\n', {}, "SM-TXT-09", 3, "close every quote", None, id="TXT-9"),
    pytest.param(ENDLESS, {}, "SM-TXT-09", 3, "close every quote", None, id="TXT-9-long"),
    pytest.param("id,x\n1x," + "a" * 70_000, {}, "SM-TXT-10", 2, "at most 65536 characters", None, id="TXT-10"),
    pytest.param("id,x\n1x," + "a" * 200_000, {}, "SM-TXT-10", 2, "at most 65536 characters", None, id="TXT-10-long"),
    pytest.param("id,x\n1x,a\n2x," + "a," * 2_000_000, {}, "SM-TXT-09", 3, "end every record", None, id="TXT-10-line"),
    pytest.param('id,x\n1x,"a"b\n', {}, "SM-TXT-19", 2, "RFC 4180", "written twice", id="TXT-9-quote"),
    pytest.param("", {}, "SM-TXT-12", None, "got no text", None, id="TXT-12-empty"),
    pytest.param("\n \n", {}, "SM-TXT-12", None, "got no text", None, id="TXT-12-blank"),
    pytest.param("D-1,12.50\nD-2,3\n", {}, "SM-TXT-12", 1, "'12.50', which looks like data", "names the columns",
                 id="TXT-12-number"),
    pytest.param("D-1,2024-01-31\n", {}, "SM-TXT-12", 1, "looks like data", "names the columns", id="TXT-12-day"),
    pytest.param("id,x\n1x,a\nid,x\n", {}, "SM-TXT-12", 3, "header once", "joined", id="TXT-12-twice"),
    pytest.param("id,,x\n1x,a,b\n", {}, "SM-TXT-12", 1, "positions [1]", None, id="TXT-12-blank-name"),
    pytest.param("id,x,id\n1x,a,b\n", {}, "SM-SRC-02", None, "'id' at positions [0, 2]", "rename", id="FRM-2"),
    pytest.param("id,x\n1x,a\n", {"max_bytes": 8}, "SM-TXT-22", None, "max_bytes=8", "raise max_bytes", id="max-bytes"),
    pytest.param("id,x,y\n1x,a,b\n", {"max_columns": 2}, "SM-TXT-22", 1, "max_columns=2", "hand over", id="max-columns"),
    pytest.param("\n" * 2_000_000, {}, "SM-TXT-12", 1, "begin with a header; got blanks", None, id="TXT-12-blanks"),
    pytest.param("\n" * 99 + "," * 900, {}, "SM-TXT-12", 100, "no name at positions [0, 1, 2,", None, id="TXT-12-no-names"),
    pytest.param("id,x\n1x,a\n2x,b\n", {"max_rows": 1}, "SM-TXT-22", 3, "max_rows=1", None, id="max-rows"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "code", "line", "sentence", "hint"), REFUSED)
def test_refused(
    text: str, options: dict[str, Any], code: str, line: int | None, sentence: str, hint: str | None
) -> None:
    """A text that breaks a rule is refused with its line."""
    with pytest.raises(InvalidDataError) as caught:
        read(text, **options)
    assert (caught.value.code, caught.value.line) == (code, line)
    assert sentence in caught.value.message
    assert (caught.value.hint is None) == (hint is None)
    assert hint is None or hint in str(caught.value.hint)


def packed(path: Path) -> Path:
    path.write_bytes(gzip.compress(b"id,x\n1x,a\n" * 1000))
    return path


def foreign(path: Path) -> Path:
    path.write_bytes("id,rep\n1x,Ana\n2x,Zoë\n".encode("cp1252"))
    return path


@pytest.mark.parametrize(
    ("make", "options", "code", "error", "sentence", "line"),
    [
        (packed, {}, "SM-TXT-11", InvalidDataError, "got an archive", None),
        (foreign, {}, "SM-TXT-20", InvalidDataError, "text in the encoding utf-8", 3),
        (foreign, {"encoding": "utf-99"}, "SM-TXT-24", InvalidArgumentError, "an encoding that Python knows", None),
        (lambda path: path, {}, "SM-TXT-23", InvalidArgumentError, "a file that can be read", None),
        (lambda path: path.parent, {}, "SM-TXT-23", InvalidArgumentError, "a file that can be read", None),
        (lambda path: "nul\0", {}, "SM-TXT-23", InvalidArgumentError, "a file that can be read", None),
        (lambda path: io.BytesIO(b"id\n"), {}, "SM-TXT-21", InvalidTypeError, "a stream of text", None),
        (lambda path: 5, {}, "SM-TXT-21", InvalidTypeError, "a path or a stream of text", None),
    ],
    ids=["TXT-11", "encoding", "no-encoding", "no-file", "folder", "nul", "bytes", "number"],
)
def test_refused_file(
    make: Callable[[Path], Any],
    options: dict[str, Any],
    code: str,
    error: type[SalesMetricsError],
    sentence: str,
    line: int | None,
    tmp_path: Path,
) -> None:
    """TXT-11: archives are never opened; what is no text in the stated encoding is told with its line."""
    with pytest.raises(error) as caught:
        csv_source(make(tmp_path / "deals.csv"), **options)
    assert (caught.value.code, caught.value.line) == (code, line)
    assert sentence in caught.value.message


def test_stream_of_an_archive(tmp_path: Path) -> None:
    """TXT-11: a stream that the user unpacks is read, and counted while it is read."""
    path = packed(tmp_path / "deals.csv.gz")
    with gzip.open(path, "rt", newline="") as stream, pytest.raises(InvalidDataError, match="header once"):
        csv_source(stream)  # type: ignore[arg-type]
    with gzip.open(path, "rt", newline="") as stream, pytest.raises(InvalidDataError, match="max_bytes=100"):
        csv_source(stream, max_bytes=100)  # type: ignore[arg-type]


def test_other_encoding(tmp_path: Path) -> None:
    """A file in another encoding is read where it is stated."""
    assert cells(csv_source(foreign(tmp_path / "deals.csv"), encoding="cp1252"), "rep") == ["Ana", "Zoë"]


def test_many_batches() -> None:
    """Rows and lines agree over many batches, blocks and breaks."""
    text = "id,note\r\n" + "".join(
        f'{i}x,"{"a" * (i % 60)}\r\n"\r\n' if i % 7 == 0 else f"{i}x,b\r\n" for i in range(30_000)
    )
    source = read(text)
    assert cells(source, "id") == [f"{i}x" for i in range(30_000)]
    lines, wanted = text.split("\r\n"), cells(source, "id")
    assert source.lines is not None
    assert all(lines[line - 1].startswith(f"{name},") for line, name in zip(source.lines.tolist(), wanted, strict=True))


def test_maven() -> None:
    """The pipeline of the Maven sample is read without a problem."""
    source = csv_source(folder("maven-crm") / "sales_pipeline.csv")
    assert source.rows == 8800
    for name, kind in (("opportunity_id", key), ("sales_agent", label), ("close_date", day)):
        assert kind(source.raw(name, "text"), name)[1] == []
    amounts, problems = money(source.raw("close_value", "money"), "close_value", 2)
    assert problems == []
    assert int(amounts.minor.sum()) == 1_000_553_400


def test_odd_streams() -> None:
    """Blocks that end between CR and LF, bytes that are no text, and columns of many values are read as they are."""
    text = "id,x\r\n" + "".join(f"{i:06d}x,b\r\n" for i in range(40_000))

    class Slow(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            return super().read(min(size or 1, 5) if self.tell() < 100 else size)

    assert cells(csv_source(Slow(text, newline="")), "id") == cells(read(text), "id")
    stream = io.TextIOWrapper(io.BytesIO(b"id,x\n1x,\xff\n"), "utf-8", newline="")
    with pytest.raises(InvalidDataError, match="text in the encoding utf-8"):
        csv_source(stream)
