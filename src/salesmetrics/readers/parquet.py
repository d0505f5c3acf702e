"""Parquet files as sources, through the library that the user has; a column is read when it is asked for."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

from salesmetrics.convert import Raw
from salesmetrics.errors import InvalidDataError, InvalidTypeError, SalesMetricsError, show
from salesmetrics.readers.arrow_columns import arrow_raw
from salesmetrics.readers.csv import MAX_ROWS
from salesmetrics.readers.frames import duckdb_source
from salesmetrics.readers.series import polars_raw
from salesmetrics.readers.source import Role, Source, checked_names

__all__ = ["parquet_source", "readable"]

Binary: TypeAlias = IO[bytes]
Path: TypeAlias = str | os.PathLike[str]

_GLOB = frozenset("*?[")


def parquet_source(source: Path | Binary, *, max_rows: int = MAX_ROWS) -> Source:
    """Return the columns of a Parquet file.

    Parameters
    ----------
    source : path or binary file
        The file; one that is open must be able to seek and stay open until the book is built.
    max_rows : int
        The limit, held against what the file says before anything is read.

    Returns
    -------
    Source
        The columns, each read when it is asked for.

    Raises
    ------
    InvalidTypeError
        If neither pyarrow nor polars nor duckdb is installed.
    InvalidDataError
        If it is no Parquet file that can be read, or has too many rows.
    """
    for name, read in _READERS.items():
        if name in sys.modules and (name != "duckdb" or _plain_path(source)):
            return read(source, max_rows)
    for name, read in _READERS.items():
        if name == "duckdb" and not _plain_path(source):
            continue
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return read(source, max_rows)
    raise InvalidTypeError(
        "`source` must be a Parquet file and a library that reads such must be installed; got the file and no library.",
        code="SM-PQT-01",
        field="source",
        values=[source],
        hint="pip install pyarrow (or polars, or duckdb for a path); a CSV file needs none.",
    )


def _plain_path(source: object) -> bool:
    """Return whether a source is a path that no library takes for a pattern."""
    return isinstance(source, (str, os.PathLike)) and not _GLOB & set(str(os.fspath(source)))


@contextmanager
def _opened(source: Path | Binary) -> Iterator[Binary]:
    """Yield the file, at its start."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
    else:
        source.seek(0)
        yield source


@contextmanager
def readable(source: object, name: str | None = None) -> Iterator[None]:
    """Raise what a library says about the file in our words.

    Parameters
    ----------
    source : path or binary file
        The file.
    name : str, optional
        What to call it where there are several.
    """
    try:
        yield
    except BaseException as error:  # each library has its own classes; a panic of polars is no Exception
        known = isinstance(error, (SalesMetricsError, MemoryError, GeneratorExit))
        if known or not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
            raise
        of = "" if name is None else f" of {name}"
        raise InvalidDataError(
            f"`source` must be a Parquet file that can be read; got {type(error).__name__}{of}: {show(str(error))}.",
            code="SM-PQT-02",
            field="source",
            values=[source],
        ) from error


def _allowed(rows: int, max_rows: int) -> int:
    if rows > max_rows:
        raise InvalidDataError(
            f"`source` must hold at most max_rows={max_rows} rows; got {rows}.",
            code="SM-PQT-03",
            field="source",
            values=[rows],
            hint="read it in parts, such as row group by row group.",
        )
    return rows


def _whole(column: Any, rows: int) -> None:
    """Raise where a column has not as many rows as the file says."""
    if len(column) != rows:
        raise ValueError(f"{len(column)} rows where the file says {rows}")


def _by_pyarrow(source: Path | Binary, max_rows: int) -> Source:
    """Return the columns as pyarrow reads them: texts by their dictionaries, and every buffer validated (FRM-12)."""
    arrow, parquet = (importlib.import_module(name) for name in ("pyarrow", "pyarrow.parquet"))

    def opened(file: Binary, coded: list[str] | None = None, metadata: Any = None) -> Any:
        # the wrapper keeps pyarrow from closing a file that is the user's
        return parquet.ParquetFile(arrow.PythonFile(file, mode="r"), read_dictionary=coded, metadata=metadata)

    with readable(source), _opened(source) as file:
        whole = opened(file)
        metadata, schema = whole.metadata, whole.schema_arrow
        rows = _allowed(metadata.num_rows, max_rows)
    names = checked_names(schema.names)

    def fetch(name: str, role: Role) -> Raw:
        kind = schema.field(name).type
        text = arrow.types.is_string(kind) or arrow.types.is_large_string(kind) or str(kind) == "string_view"
        with readable(source), _opened(source) as file:
            table = opened(file, [name] if text and role == "label" else None, metadata).read(columns=[name])
            column = table.column(name)
            column.validate(full=True)
            _whole(column, rows)
        return arrow_raw(column, role)

    return Source("parquet", names, rows, fetch, apart=isinstance(source, (str, os.PathLike)))


def _by_polars(source: Path | Binary, max_rows: int) -> Source:
    """Return the columns as polars reads them."""
    polars = importlib.import_module("polars")
    with readable(source), _opened(source) as file:
        names = checked_names(list(polars.read_parquet_schema(file)))
    with readable(source), _opened(source) as file:
        rows = _allowed(polars.scan_parquet(file).select(polars.len()).collect().item(), max_rows)

    def fetch(name: str, role: Role) -> Raw:
        with readable(source), _opened(source) as file:
            column = polars.read_parquet(file, columns=[name]).get_column(name)
            _whole(column, rows)
        return polars_raw(column, role)

    return Source("parquet", names, rows, fetch)


def _by_duckdb(source: Path | Binary, max_rows: int) -> Source:
    """Return the columns as duckdb reads them, all at once."""
    duckdb = importlib.import_module("duckdb")
    assert isinstance(source, (str, os.PathLike))
    with readable(source):
        relation = duckdb.connect().read_parquet(str(os.fspath(source)))
        _allowed(relation.aggregate("count(*)").fetchall()[0][0], max_rows)
    return duckdb_source(relation)


_READERS: dict[str, Callable[[Path | Binary, int], Source]] = {
    "pyarrow": _by_pyarrow,
    "polars": _by_polars,
    "duckdb": _by_duckdb,
}


def seekable(stream: Any, start: bytes, most: int) -> Binary:
    """Return a binary file that can seek: the stream itself, or what it holds where it cannot.

    Parameters
    ----------
    stream : binary file
        The stream, from which ``start`` has been read.
    start : bytes
        Its first bytes.
    most : int
        The most bytes to hold.

    Returns
    -------
    binary file
        A file that can seek.
    """
    if hasattr(stream, "seekable") and stream.seekable():
        return stream  # type: ignore[no-any-return]
    held = start + stream.read(most + 1 - len(start))
    if len(held) > most:
        raise InvalidDataError(
            f"`source` must hold at most {most} bytes; got more.",
            code="SM-PQT-03",
            field="source",
            hint="give the path: a stream that cannot seek is held in memory.",
        )
    return io.BytesIO(held)
