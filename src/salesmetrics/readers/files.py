"""Files as sources: what a file is, is told by its first bytes and not by its name."""

from __future__ import annotations

import io
import os
from typing import Any, Literal

from salesmetrics import _check
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, show, show_path
from salesmetrics.readers.csv import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_ROWS,
    checked_encoding,
    csv_source,
    encoding_of,
    refuse_archive,
)
from salesmetrics.readers.parquet import parquet_source, seekable
from salesmetrics.readers.source import Source

__all__ = ["csv_file", "file_source"]

_PARQUET = (b"PAR1", b"PARE")
_START = 8


def file_source(source: Any) -> Source:
    r"""Return the columns of a CSV or Parquet file, by its path or open.

    Parameters
    ----------
    source : path, text stream or binary stream
        The file. The stream stays the caller's: it is read and not closed.

    Returns
    -------
    Source
        The columns.

    Raises
    ------
    InvalidArgumentError
        If there is no file of that name that can be read.
    InvalidDataError
        If it is an archive, or breaks a rule of its format.

    Examples
    --------
    >>> import io
    >>> file_source(io.BytesIO(b"id,amount\nD-1,12.50\n")).names
    ['id', 'amount']
    """
    if isinstance(source, (str, os.PathLike)):
        start = _start_of(source)
        return parquet_source(source) if start.startswith(_PARQUET) else csv_source(source)
    if isinstance(source, io.TextIOBase) or not _gives_bytes(source):
        return csv_source(source)
    start = source.read(_START)
    if start.startswith(_PARQUET):
        return parquet_source(seekable(source, start, MAX_BYTES))
    refuse_archive(start, "a stream")
    return csv_source(_as_text(source, start, encoding_of(start)))


def csv_file(
    source: Any,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    footer: Literal["salesforce"] | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
    max_columns: int = MAX_COLUMNS,
) -> Source:
    r"""Comma-separated text of which something has to be said, for a reader in place of the file itself.

    Readers take a path or an open file as it is; this is for the file that is in another encoding than its first bytes
    say, has another delimiter than comma, semicolon and tab, lines below its rows, or is larger than the limits.

    Parameters
    ----------
    source : path, text stream or binary stream
        The file. A stream stays the caller's: it is read and not closed.
    encoding : str, optional
        How its bytes are encoded, such as ``"cp1252"``: by default what its byte order mark says, else UTF-8.
    delimiter : str, optional
        The one character between fields: by default told from the first line among comma, semicolon and tab.
    footer : {None, "salesforce"}
        Whether lines of one field behind the last row are those below a report, which are left out and counted.
    max_bytes, max_rows, max_columns : int
        Limits, counted while reading: characters, rows and columns.

    Returns
    -------
    Source
        The columns, all of them texts, and the physical line of each row.

    Raises
    ------
    InvalidArgumentError
        If there is no such file, or no such encoding or delimiter.
    InvalidTypeError
        If it is no file.
    InvalidDataError
        If it is an archive, or breaks a rule of the format; the error names the line.

    Examples
    --------
    >>> import io
    >>> import salesmetrics as sm
    >>> report = io.BytesIO("id|rep|amount\nD-1|Zoë|12.50\n\nConfidential\n".encode("cp1252"))
    >>> table = sm.csv_file(report, encoding="cp1252", delimiter="|", footer="salesforce")
    >>> sm.read_deals(table, currency="EUR")["rep"].tolist()
    ['Zoë']
    """
    most = {"max_bytes": max_bytes, "max_rows": max_rows, "max_columns": max_columns}
    limits = {name: _check.count(value, name, least=1) for name, value in most.items()}
    form: Any = {"delimiter": _one_character(delimiter), "footer": footer, **limits}
    if footer is not None:
        _check.one_of(footer, ("salesforce",), "footer")
    if isinstance(source, (str, os.PathLike, io.TextIOBase)) or not _gives_bytes(source):
        return csv_source(source, encoding=encoding, **form)
    start = source.read(_START)
    refuse_archive(start, "a stream")
    return csv_source(_as_text(source, start, checked_encoding(start, encoding)), **form)


def _one_character(delimiter: object) -> str | None:
    if delimiter is None or (isinstance(delimiter, str) and len(delimiter) == 1 and delimiter not in '"\r\n'):
        return delimiter
    raise InvalidArgumentError(
        f"`delimiter` must be one character, and no quote and no line break; got {show(delimiter)}.",
        code="SM-TXT-25",
        field="delimiter",
        values=[delimiter],
        hint="such as ',', ';', '|' or '\\t'.",
    )


def _as_text(source: Any, start: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_Rest(source, start)), encoding=encoding, newline="")


def _start_of(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_START)
    except (OSError, ValueError) as error:
        hint = "a text given as a source is a path; wrap the text itself: io.StringIO(text)."
        raise InvalidArgumentError(
            f"`source` must be a file that can be read; got {show_path(os.fspath(path))}: "
            f"{escape((isinstance(error, OSError) and error.strerror) or str(error))}.",
            code="SM-TXT-23",
            field="source",
            values=[path],
            hint=hint if "\n" in str(os.fspath(path)) else None,
        ) from error


def _gives_bytes(stream: Any) -> bool:
    if not hasattr(stream, "read"):
        raise InvalidTypeError(
            f"`source` must be a path or an open file; got {show(stream)}.", code="SM-TXT-21", field="source"
        )
    try:
        return isinstance(stream.read(0), (bytes, bytearray))
    except (TypeError, ValueError):  # a stream that takes no size, or a closed one: reading it tells more
        return False


class _Rest(io.RawIOBase):
    """What a binary stream still holds, with the bytes read ahead in front; closing it leaves the stream open."""

    def __init__(self, stream: Any, start: bytes) -> None:
        self._stream, self._start = stream, start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        taken = self._start[:size] if self._start else bytes(self._stream.read(size) or b"")
        self._start = self._start[size:]
        buffer[: len(taken)] = taken
        return len(taken)
