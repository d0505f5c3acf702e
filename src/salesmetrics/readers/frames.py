"""Data frames, mappings of columns and structured arrays as sources; no library is imported that the user has not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Set
from typing import Any

import attrs
import numpy as np

from salesmetrics.convert import Instants, Raw
from salesmetrics.errors import InvalidDataError, InvalidTypeError, show
from salesmetrics.readers.arrow_columns import arrow_raw
from salesmetrics.readers.series import library_of, pandas_raw, polars_raw, raw_of
from salesmetrics.readers.source import Role, Source, checked_names, objects_array

__all__ = ["Role", "Source", "duckdb_source", "source_of"]

_BATCH = 1 << 18


def source_of(frame: Any) -> Source:
    """Return the columns of a data frame, a mapping of columns or a structured array.

    Parameters
    ----------
    frame : DataFrame, Table, mapping of array-likes or structured array
        pandas, polars, pyarrow and duckdb are told by the module of their class; any other frame goes through
        narwhals.

    Returns
    -------
    Source
        The columns.

    Raises
    ------
    InvalidTypeError
        If it holds no columns, or has still to be computed.
    InvalidDataError
        If names stand twice or columns differ in length or shape.

    Examples
    --------
    >>> source = source_of({"id": ["a", "b"], "amount": [10, 20]})
    >>> source.names, source.rows
    (['id', 'amount'], 2)
    """
    library, kind = library_of(frame)
    if library == "pandas":
        return _pandas(frame, kind)
    if library == "polars":
        return _polars(frame, kind)
    if library == "pyarrow":
        return _arrow(frame, kind)
    if library == "duckdb":
        return duckdb_source(frame)
    if isinstance(frame, Mapping):
        return _mapping(frame)
    if isinstance(frame, np.ndarray):
        return _structured(frame)
    if isinstance(frame, Set):
        raise _no_frame(frame, "a set has no order; give a list or a frame.", "SM-ARR-28")
    if type(frame).__module__.partition(".")[0] != "narwhals" and hasattr(frame, "__arrow_c_stream__"):
        streamed = _stream(frame)
        if streamed is not None:
            return streamed
    return _narwhals(frame)


def _no_frame(frame: object, hint: str | None, code: str = "SM-SRC-11") -> InvalidTypeError:
    name = f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}"
    return InvalidTypeError(
        f"`source` must be a data frame or a mapping of columns; got {show(name)[1:-1]}.",
        code=code,
        field="source",
        values=[name],
        hint=hint,
    )


def _pandas(frame: Any, kind: str) -> Source:
    if kind != "DataFrame":
        hints = {"Series": "a Series is one column: series.to_frame(), or {'amount': series}."}
        lazy = "apply the groupby's own reset_index or pass the frame itself: nothing is computed behind your back."
        raise _no_frame(frame, hints.get(kind, lazy if "GroupBy" in kind else None))
    if frame.columns.nlevels > 1:
        raise InvalidTypeError(
            f"the names of columns must have one level; got {frame.columns.nlevels}.",
            code="SM-SRC-04",
            values=[frame.columns.nlevels],
            hint="join the levels, such as frame.columns = ['_'.join(names) for names in frame.columns].",
        )
    names = checked_names(list(frame.columns))

    def fetch(name: str, role: Role) -> Raw:
        return pandas_raw(frame[name], role, name)

    aside = [show(str(name)) for name in frame.index.names if name is not None and name not in names]
    notes = (
        (f"the index {', '.join(aside)} of the frame is not read; reset_index() makes columns of it",) if aside else ()
    )
    return Source("pandas", names, len(frame), fetch, notes=notes)


def _polars(frame: Any, kind: str) -> Source:
    if kind != "DataFrame":
        hints = {
            "LazyFrame": "collect() it first: nothing is computed behind your back.",
            "Series": "a Series is one column: series.to_frame(), or {'amount': series}.",
        }
        raise _no_frame(frame, hints.get(kind, "pass the frame itself, not a group-by."))
    names = checked_names(frame.columns)

    def fetch(name: str, role: Role) -> Raw:
        return polars_raw(frame.get_column(name), role)

    return Source("polars", names, frame.height, fetch, apart=True)


def _arrow(table: Any, kind: str) -> Source:
    if kind == "RecordBatchReader":
        table = table.read_all()
    elif kind not in ("Table", "RecordBatch"):
        raise _no_frame(table, "give a Table or a RecordBatch; a column alone goes as {'amount': column}.")
    names = checked_names(table.schema.names)

    def fetch(name: str, role: Role) -> Raw:
        return arrow_raw(table.column(name), role)

    return Source("pyarrow", names, table.num_rows, fetch, apart=True)


def duckdb_source(relation: Any) -> Source:
    """Return the columns of a duckdb relation, which is run once.

    Parameters
    ----------
    relation : duckdb.DuckDBPyRelation
        What a query of duckdb gives.

    Returns
    -------
    Source
        The columns.

    Raises
    ------
    InvalidTypeError
        If it is no relation.
    InvalidDataError
        If duckdb cannot run it.
    """
    if not hasattr(relation, "fetchnumpy") or not hasattr(relation, "columns"):
        hint = "give what the query gives: connection.sql('select * from deals')."
        raise _no_frame(relation, hint)
    checked_names(list(relation.columns))
    try:
        if _installed("pyarrow"):
            return attrs.evolve(_arrow(_gathered(relation), "Table"), kind="duckdb")
        if _installed("polars"):
            return attrs.evolve(_polars(relation.pl(), "DataFrame"), kind="duckdb")
        held = relation.fetchnumpy()
    except sys.modules["duckdb"].Error as error:
        raise InvalidDataError(
            f"`source` must be a relation that duckdb can run; got {type(error).__name__}: {show(str(error))}.",
            code="SM-SRC-13",
            field="source",
        ) from error
    return attrs.evolve(_mapping(held), kind="duckdb")


def _installed(library: str) -> bool:
    """Return whether a library can be imported, and import it; the user has installed it."""
    try:
        importlib.import_module(library)
    except ImportError:
        return False
    return True


def _gathered(relation: Any) -> Any:
    """Return the rows of a relation as an Arrow table, batch by batch: texts that repeat are held once."""
    arrow = sys.modules["pyarrow"]
    reader = (
        relation.to_arrow_reader(_BATCH)
        if hasattr(relation, "to_arrow_reader")
        else relation.fetch_arrow_reader(_BATCH)
    )
    texts = {field.name for field in reader.schema if arrow.types.is_string(field.type)}
    batches: list[Any] = []
    for batch in reader:
        columns = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in texts:
                coded = column.dictionary_encode()
                if not batches and 2 * len(coded.dictionary) > len(column):
                    texts.discard(name)
                else:
                    column = coded
            columns[name] = column
        batches.append(arrow.RecordBatch.from_pydict(columns))
    return arrow.Table.from_batches(batches) if batches else reader.schema.empty_table()


def _stream(frame: Any) -> Source | None:
    """Return the columns of anything that speaks Arrow's stream protocol, None where no library here can listen."""
    if not _installed("pyarrow"):
        return None
    arrow = sys.modules["pyarrow"]
    try:
        table = arrow.table(frame)
    except (arrow.ArrowException, TypeError, ValueError) as error:
        raise InvalidDataError(
            f"`source` must be a stream of Arrow that can be read; got {type(error).__name__}: {show(str(error))}.",
            code="SM-SRC-12",
            field="source",
        ) from error
    return _arrow(table, "Table")


def _mapping(columns: Mapping[Any, Any]) -> Source:
    names = checked_names(list(columns))
    _one_index({name: columns[name] for name in names if library_of(columns[name]) == ("pandas", "Series")})
    held = {name: list(c) if isinstance(c := columns[name], Iterator) else c for name in names}
    for name, column in held.items():
        if not hasattr(column, "__len__") or library_of(column)[0] in ("", "numpy"):
            held[name] = raw_of(column, "text", name)
    return _columns("mapping", held)


def _one_index(series: Mapping[str, Any]) -> None:
    """Raise where pandas columns name their rows in different ways: side by side, they would not be of the same deals."""
    if not series:
        return
    first, index = next((name, column.index) for name, column in series.items())
    other = next((name for name, column in series.items() if not column.index.equals(index)), None)
    if other is not None:
        raise InvalidDataError(
            f"the columns must have one index; got different ones in {show(first)} and {show(other)}.",
            code="SM-ARR-31",
            field="source",
            values=[first, other],
            hint="pandas.DataFrame(columns) brings rows of the same name together; column.reset_index(drop=True) takes them as "
            "they stand.",
        )


def _structured(array: Any) -> Source:
    if array.dtype.names is None:
        hint = "name its columns: {'amount': array}, or a structured array."
        raise _no_frame(array, hint, "SM-ARR-12")
    names = checked_names(list(array.dtype.names))
    return _columns("numpy", {name: raw_of(array[name], "text", name) for name in names})


def _columns(kind: str, held: Mapping[str, Any]) -> Source:
    lengths = {name: len(column) for name, column in held.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{show(name)}: {length}" for name, length in list(lengths.items())[:40])
        raise InvalidDataError(
            f"the columns must have one length; got {listed}.",
            code="SM-ARR-01",
            values=list(lengths.values()),
        )

    def fetch(name: str, role: Role) -> Raw:
        return raw_of(held[name], role, name)

    return Source(kind, list(held), next(iter(lengths.values()), 0), fetch)


def _narwhals(native: Any) -> Source:
    """Return the columns of a frame that only narwhals knows."""
    try:
        import narwhals.stable.v2 as nw
    except ImportError as error:
        hint = (
            "give a pandas, polars or pyarrow frame, or {'id': [...], 'amount': [...]}; other data frames need narwhals: "
            'pip install "salesmetrics[frames]".'
        )
        raise _no_frame(native, hint) from error
    try:
        frame: Any = nw.from_native(native, eager_only=True)
    except TypeError as error:
        hint = "give a pandas, polars or pyarrow frame, or {'id': [...], 'amount': [...]}; collect() a lazy one first."
        raise _no_frame(native, hint) from error
    names = checked_names(frame.columns)

    def fetch(name: str, role: Role) -> Raw:
        return _narwhals_raw(frame.get_column(name))

    return Source(str(frame.implementation), names, len(frame), fetch)


def _narwhals_raw(series: Any) -> Raw:
    dtype = series.dtype
    if getattr(dtype, "time_zone", None) is not None:
        return Instants(series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy())
    if dtype.is_float() or (dtype.is_temporal() and str(dtype).startswith("Datetime")):
        return np.asarray(series.to_numpy())
    missing = series.is_null().to_numpy().astype(bool)
    if dtype.is_integer() or str(dtype) == "Boolean":
        if not missing.any():
            return np.asarray(series.to_numpy())
        filled = series.fill_null(False if str(dtype) == "Boolean" else 0)
        plain = np.array(filled.to_list(), dtype=bool if str(dtype) == "Boolean" else np.int64)
        return np.ma.MaskedArray(plain, mask=missing)
    return objects_array(series.to_list())
