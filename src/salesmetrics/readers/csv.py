"""Comma-separated text as a source, read strictly: nothing is guessed that changes a value."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Literal

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.convert import Problem, Raw, Texts
from salesmetrics.convert.words import is_plain_decimal
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, escape, show, show_path
from salesmetrics.guard import unguarded
from salesmetrics.readers.records import FIELD_LIMIT, Endless, Lines, Records, Stream, bad_text, undecodable
from salesmetrics.readers.source import Role, Source, checked_names

__all__ = ["checked_encoding", "csv_batches", "csv_source", "encoding_of", "refuse_archive"]

MAX_BYTES = 1 << 31
MAX_ROWS = 50_000_000
MAX_COLUMNS = 4096

_ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!")
_DELIMITERS = (",", ";", "\t")


def csv_source(
    source: str | os.PathLike[str] | Stream,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    footer: Literal["salesforce"] | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
    max_columns: int = MAX_COLUMNS,
) -> Source:
    r"""Return the columns of a file of comma-separated text, every one of them as text.

    Parameters
    ----------
    source : path or text stream
        The file. Archives are never opened; a stream that unpacks one is counted while it is read.
    encoding : str, optional
        How the file of a path is encoded: UTF-8 by default, or what its byte order mark says.
    delimiter : str, optional
        What separates fields; else told from the first line among comma, semicolon and tab.
    footer : {None, "salesforce"}
        Whether lines of one field behind the last row are a report's footer and left out.
    max_bytes, max_rows, max_columns : int
        Limits, counted while reading.

    Returns
    -------
    Source
        The columns, with the physical line of each row.

    Raises
    ------
    InvalidDataError
        If the text breaks a rule; the error names the line.

    Examples
    --------
    >>> import io
    >>> source = csv_source(io.StringIO("id;amount\nD-1;12.50\n"))
    >>> source.names, source.raw("amount", "money").values.tolist(), source.notes
    (['id', 'amount'], ['12.50'], ("delimiter ';'",))
    """
    if isinstance(source, (str, os.PathLike)):
        encoding = checked_encoding(_start_of(source), encoding)
        with open(source, encoding=encoding, newline="") as stream:
            try:
                return _read(Lines(stream, max_bytes), delimiter, footer, (max_rows, max_columns))
            except UnicodeDecodeError as error:
                raise undecodable(error, _line_of_bytes(source, encoding)) from error
    if not hasattr(source, "read"):
        raise InvalidTypeError(
            f"`source` must be a path or a stream of text; got {show(source)}.", code="SM-TXT-21", field="source"
        )
    try:
        return _read(Lines(source, max_bytes), delimiter, footer, (max_rows, max_columns))
    except UnicodeDecodeError as error:
        raise undecodable(error, None) from error


def csv_batches(
    path: str | os.PathLike[str],
    rows: int,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    footer: Literal["salesforce"] | None = None,
) -> Iterator[Source]:
    """Yield the columns of a file some rows at a time, so that it need not fit into memory; at least once.

    Parameters
    ----------
    path : path
        The file.
    rows : int
        The most rows of a batch.
    encoding, delimiter, footer
        As in `csv_source`.

    Yields
    ------
    Source
        The columns of the next rows, with the physical line of each row in the file.

    Raises
    ------
    InvalidDataError
        If the text breaks a rule; the error names the line.
    """
    encoding = checked_encoding(_start_of(path), encoding)
    with open(path, encoding=encoding, newline="") as stream:
        try:
            yield from _batches(Lines(stream, sys.maxsize), delimiter, footer, rows)
        except UnicodeDecodeError as error:
            raise undecodable(error, _line_of_bytes(path, encoding)) from error


def _batches(lines: Lines, delimiter: str | None, footer: str | None, rows: int) -> Iterator[Source]:
    """Yield batches of rows; a footer is told from the rows by what stands behind it, so it ends the last one."""
    reader, names, passed, notes = _begun(lines, delimiter, MAX_COLUMNS)
    before = footer_lines = 0
    while True:
        taken = 0

        def counted(records: Iterable[list[str]]) -> Iterator[list[str]]:
            nonlocal taken
            for taken, record in enumerate(islice(records, rows), 1):  # noqa: B007
                yield record

        batch = Records(names, footer, sys.maxsize, line=passed + reader.line_num + 1, footer_lines=footer_lines)
        lines.progress = _progress(batch, before)
        batch.gather(counted(_records(reader, passed, batch)), lambda: passed + reader.line_num)
        if taken or not before:
            columns, places = batch.columns()
            yield Source("csv", names, len(places), _texts(columns, places), places, (), tuple(notes))
        if taken < rows:
            return
        before, footer_lines = before + taken, batch.footer_lines


def _progress(batch: Records, before: int) -> Callable[[], int]:
    """Return what tells how many records have ended, those of earlier batches among them."""
    return lambda: before + batch.progress()


def _texts(columns: dict[str, AnyArray], places: IntArray) -> Callable[[str, Role], Raw]:
    """Return what reads the columns of a batch."""
    return lambda name, role: Texts(columns[name], places)


def _line_of_bytes(path: str | os.PathLike[str], encoding: str) -> int | None:
    """Return the first line of a file that the encoding cannot read, where lines can be told without it."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number if encoding.lower().startswith(("utf-8", "utf8", "ascii", "cp", "latin")) else None
    return None


def _start_of(path: str | os.PathLike[str]) -> bytes:
    """Return the first bytes of a file that is no archive."""
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(
            f"`source` must be a file that can be read; got {show_path(os.fspath(path))}: {error}.",
            code="SM-TXT-23",
            field="source",
            values=[path],
        ) from error
    refuse_archive(start, show_path(os.fspath(path)))
    return start


def refuse_archive(start: bytes, name: str) -> None:
    """Raise where the first bytes are those of an archive, which is never opened.

    Parameters
    ----------
    start : bytes
        The first bytes.
    name : str
        What to call the file.
    """
    if start.startswith(_ARCHIVES):
        raise InvalidDataError(
            f"`source` must be plain text; got an archive, {name}.",
            code="SM-TXT-11",
            field="source",
            values=[name],
            hint="unpack it, or pass a stream: gzip.open(path, 'rt', encoding='utf-8', newline=''). An Excel file is one too: "
            "save it as CSV, or pass pandas.read_excel(path).",
        )


def encoding_of(start: bytes) -> str:
    """Return the encoding that a byte order mark says, else UTF-8.

    Parameters
    ----------
    start : bytes
        The first bytes.

    Returns
    -------
    str
        The encoding.

    Examples
    --------
    >>> encoding_of(b"id,amount"), encoding_of("id".encode("utf-16"))
    ('utf-8-sig', 'utf-16')
    """
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def checked_encoding(start: bytes, encoding: str | None) -> str:
    """Return the stated encoding, which Python must know, else that of the first bytes.

    Parameters
    ----------
    start : bytes
        The first bytes.
    encoding : str or None
        What is stated.

    Returns
    -------
    str
        The encoding.

    Raises
    ------
    InvalidArgumentError
        If Python knows no such encoding.
    """
    if encoding is None:
        return encoding_of(start)
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"`encoding` must be an encoding that Python knows; got {show(encoding)}.",
            code="SM-TXT-24",
            field="encoding",
            values=[encoding],
            hint="such as 'utf-8', 'cp1252' or 'utf-16'.",
        ) from error
    return encoding


def _read(lines: Lines, delimiter: str | None, footer: str | None, most: tuple[int, int]) -> Source:
    reader, names, passed, notes = _begun(lines, delimiter, most[1])
    records = Records(names, footer, most[0], line=passed + reader.line_num + 1)
    lines.progress = records.progress
    records.gather(_records(reader, passed, records), lambda: passed + reader.line_num)
    columns, places = records.columns()
    if records.footer_lines:
        notes.append(f"{records.footer_lines} lines of a footer left out")
    problems = () if len(places) else (_header_only(),)

    def fetch(name: str, role: Role) -> Raw:
        return Texts(columns[name], places)

    return Source("csv", names, len(places), fetch, places, problems, tuple(notes))


def _begun(lines: Lines, delimiter: str | None, most: int) -> tuple[Any, list[str], int, list[str]]:
    """Return a reader behind the header, the names in it, the lines before it and notes."""
    feed = iter(lines)
    try:
        passed, first, delimiter, notes = _first_line(feed, delimiter)
    except Endless as error:
        raise bad_text("SM-TXT-12", "begin with a header", "blanks, or a line that does not end", 1) from error
    reader = csv.reader(chain([first], feed), delimiter=delimiter, strict=True)
    header: list[list[str]] = []
    for record in _records(reader, passed, Records([], None, 1)):
        header.append(record)
        break
    if len(header[0]) > most:
        rule, got = f"hold at most max_columns={most} columns", str(len(header[0]))
        raise bad_text(
            "SM-TXT-22", rule, got, passed + 1, "read the file with a library and hand over the columns you need."
        )
    return reader, _header(header[0], passed + 1), passed, notes


def _header_only() -> Problem:
    nothing = np.empty(0, dtype=np.int64)
    return Problem("SM-TXT-13", "source", "hold rows below its header", nothing, [], warning=True)


def _first_line(feed: Iterator[str], delimiter: str | None) -> tuple[int, str, str, list[str]]:
    """Return the lines before the header, the header, the delimiter and notes; blanks and ``sep=`` are passed over."""
    notes: list[str] = []
    for passed, line in enumerate(feed):
        line = line.removeprefix("\ufeff") if passed == 0 else line
        bare = line.strip("\r\n")
        told = re.fullmatch('"?sep=(.)"?', bare)
        if told and not notes:
            delimiter = delimiter or told[1]
            notes.append(f"delimiter {delimiter!r}, stated in line {passed + 1}")
        elif bare.strip():
            if delimiter is None:
                outside = re.sub('"[^"]*"', "", bare)
                delimiter = max(_DELIMITERS, key=outside.count)
                notes += [f"delimiter {delimiter!r}"] if delimiter != "," else []
            return passed, line, delimiter, notes
    raise bad_text("SM-TXT-12", "have a header and rows", "no text", None)


def _records(reader: Any, passed: int, records: Records) -> Iterator[list[str]]:
    """Return the records; what the parser refuses is raised in our words."""
    try:
        yield from reader
    except csv.Error as error:
        raise _refused_record(str(error), records.begun(), passed + reader.line_num) from error
    except Endless as error:
        rule, got = "close every quote and end every record", "a record that does not end"
        raise bad_text("SM-TXT-09", rule, got, records.begun()) from error


def _refused_record(reason: str, begun: int, line: int) -> InvalidDataError:
    if "unexpected end of data" in reason or ("field limit" in reason and line > begun):
        return bad_text("SM-TXT-09", "close every quote", "a quote that is never closed", begun)
    if "field limit" in reason:
        return bad_text("SM-TXT-10", f"have fields of at most {FIELD_LIMIT} characters", "a longer one", line)
    hint = "a quote inside a quoted field is written twice."
    return bad_text("SM-TXT-19", "be quoted as RFC 4180 says", escape(reason), line, hint)


def _header(record: list[str], line: int) -> list[str]:
    names = [unguarded(name.strip()) for name in record]
    blank = [position for position, name in enumerate(names) if not name]
    if blank:
        raise bad_text("SM-TXT-12", "name every column in its header", f"no name at positions {show(blank)}", line)
    for name in names:
        if is_plain_decimal(name) or _is_day(name):
            hint = "the first line names the columns: id,rep,amount,..."
            raise bad_text("SM-TXT-12", "begin with a header", f"{show(name)}, which looks like data", line, hint)
    return checked_names(names)


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False
