"""One column of a data frame or array library as a raw column; no library is imported here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import smallest_codes
from salesmetrics.convert import Ascii, Coded, Dated, Instants, Raw, Scaled, looked_up_codes
from salesmetrics.errors import InvalidDataError, InvalidTypeError, show
from salesmetrics.readers.arrow_columns import arrow_raw, ascii_of
from salesmetrics.readers.source import Role, objects_array

__all__ = ["library_of", "pandas_raw", "polars_raw", "raw_of"]

_BLOCK = 1 << 16
_LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb", "_duckdb", "numpy")


def library_of(value: object) -> tuple[str, str]:
    """Return the library that an object or a parent of its class comes from, and the name of that class.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    tuple of str
        Such as ``("pandas", "DataFrame")``; two empty texts where it comes from none of those known here.
    """
    for kind in type(value).__mro__:
        root = kind.__module__.partition(".")[0]
        if root in _LIBRARIES:
            return root.lstrip("_"), kind.__name__
    return "", ""


def raw_of(column: Any, role: Role, name: str) -> Raw:
    """Return one column of any kind as a raw column.

    Parameters
    ----------
    column : array-like
        An array, a series of a frame library, a list or another iterable in order.
    role : str
        What it is wanted for.
    name : str
        Its name, for errors.

    Returns
    -------
    Raw
        An array or one of the digested forms.

    Raises
    ------
    InvalidTypeError
        If it is no column.
    InvalidDataError
        If it has another shape than one value for each row, or refuses to be read.
    """
    library, _ = library_of(column)
    if library == "pandas":
        return pandas_raw(sys.modules["pandas"].Series(column), role, name)
    if library == "polars":
        return polars_raw(column, role)
    if library == "pyarrow":
        return arrow_raw(column, role)
    array = column if isinstance(column, np.ndarray) else _array(column, name)
    if array.ndim != 1:
        raise InvalidDataError(
            f"`{name}` must be one column; got an array of shape {array.shape}.",
            code="SM-ARR-02",
            field=name,
            column=name,
            values=[array.shape],
            hint="give one value for each row, such as column.ravel().",
        )
    return array


def _array(column: Any, name: str) -> AnyArray:
    """Return any other array-like as an array; lists become objects, since numpy would turn mixed ones into texts."""
    if isinstance(column, (str, bytes, Mapping, Set)) or not (
        isinstance(column, Iterable) or hasattr(column, "__array__")
    ):
        hint = "a set has no order; give a list." if isinstance(column, Set) else "give a list or an array."
        raise InvalidTypeError(
            f"`{name}` must be a column with one value for each row; got {show(column)}.",
            code="SM-ARR-28",
            field=name,
            column=name,
            values=[column],
            hint=hint,
        )
    try:
        if isinstance(column, (memoryview, bytearray)) or hasattr(column, "__array__"):
            return np.asarray(column)
        return objects_array(column)
    except Exception as error:  # a class of the user's may raise anything here
        raise InvalidDataError(
            f"`{name}` must be a column that can be read; got {type(error).__name__} from {type(column).__name__}.",
            code="SM-ARR-30",
            field=name,
            column=name,
            values=[type(column).__name__],
        ) from error


def pandas_raw(series: Any, role: Role, name: str) -> Raw:
    """Return a pandas series as a raw column.

    Parameters
    ----------
    series : pandas.Series
        The column.
    role : str
        What it is wanted for.
    name : str
        Its name, for errors.

    Returns
    -------
    Raw
        An array or one of the digested forms.
    """
    dtype, kind = series.dtype, type(series.dtype).__name__
    if isinstance(dtype, np.dtype):
        values = np.asarray(series.to_numpy())
        return (_pandas_codes(values) if role == "label" and dtype.kind == "O" else None) or values
    if kind == "CategoricalDtype":
        labels = dtype.categories
        plain = labels.to_numpy() if isinstance(labels.dtype, np.dtype) else labels.to_numpy(dtype=object)
        return Coded(series.cat.codes.to_numpy(), plain, plain if dtype.ordered else None)
    if kind == "DatetimeTZDtype":
        return Instants(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
    if kind == "PeriodDtype":
        return _first_days(series, name)
    if kind in ("IntervalDtype", "SparseDtype"):
        raise _refused_kind(dtype, name)
    if kind == "ArrowDtype" or (kind == "StringDtype" and str(dtype.storage).startswith("pyarrow")):
        return arrow_raw(series.array.__arrow_array__(), role)
    numbers = getattr(dtype, "numpy_dtype", None)
    if isinstance(numbers, np.dtype) and numbers.kind in "biuf":
        values = series.to_numpy(dtype=numbers, na_value=numbers.type(0))
        return np.ma.MaskedArray(values, mask=series.isna().to_numpy())
    values = np.asarray(series.to_numpy(dtype=object))
    return (_pandas_codes(values) if role == "label" and kind == "StringDtype" else None) or values


def _pandas_codes(values: AnyArray) -> Coded | None:
    """Return objects as codes where all are texts or missing: two thirds of the time go, and all of it into hashing."""
    pandas = sys.modules["pandas"]
    if not len(values) or pandas.api.types.infer_dtype(values, skipna=True) != "string":
        return None
    codes, labels = pandas.factorize(values)
    # a class of the user's may be a text and say what it is equal to
    return Coded(codes, labels) if set(map(type, labels.tolist())) == {str} else None


def _first_days(series: Any, name: str) -> AnyArray:
    try:
        return np.asarray(series.dt.start_time.to_numpy())
    except ValueError as error:
        raise InvalidDataError(
            f"`{name}` must hold periods that start from 1678 to 2262; got {show(str(error))}.",
            code="SM-SRC-14",
            field=name,
            column=name,
        ) from error


def _refused_kind(dtype: object, name: str) -> InvalidTypeError:
    sparse = "Sparse" in type(dtype).__name__
    return InvalidTypeError(
        f"`{name}` must be a column of single values; got {show(str(dtype))}.",
        code="SM-SRC-14",
        field=name,
        column=name,
        values=[str(dtype)],
        hint="series.sparse.to_dense() makes a plain one." if sparse else "give the start and the end as two columns.",
    )


def _masked(values: AnyArray, missing: AnyArray) -> AnyArray:
    return np.ma.MaskedArray(values, mask=missing) if missing.any() else values


def polars_raw(series: Any, role: Role) -> Raw:
    """Return a polars series as a raw column.

    Parameters
    ----------
    series : polars.Series
        The column.
    role : str
        What it is wanted for.

    Returns
    -------
    Raw
        An array or one of the digested forms.
    """
    polars, kind = sys.modules["polars"], series.dtype.base_type().__name__
    if kind in ("String", "Categorical", "Enum"):
        if role == "label":
            return _polars_codes(series)
        return (_polars_ascii(series) if role == "key" and kind == "String" else None) or _polars_texts(series)
    if kind == "Decimal":
        whole = series.to_physical().cast(polars.Int64, strict=False)
        if whole.null_count() == series.null_count():
            missing = series.is_null().to_numpy() if series.null_count() else None
            return Scaled(whole.fill_null(0).to_numpy(), series.dtype.scale, missing)
    if kind == "Datetime" and series.dtype.time_zone is not None:
        return Instants(series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy())
    if kind == "Date" and role == "day":
        days = series.to_physical()
        missing = series.is_null().to_numpy() if series.null_count() else None
        return Dated((days if missing is None else days.fill_null(-1)).to_numpy(), missing)
    if kind in ("Date", "Datetime", "Float32", "Float64", "Duration"):
        return np.asarray(series.to_numpy())
    if kind == "Boolean" or (kind.removeprefix("U").startswith("Int") and not kind.endswith("128")):
        empty = False if kind == "Boolean" else 0
        return _masked(series.fill_null(empty).to_numpy(), series.is_null().to_numpy())
    return objects_array(series.to_list())


def _polars_ascii(series: Any) -> Ascii | None:
    """Return texts as bytes of one width, None where they do not suit."""
    if series.null_count() or not len(series):
        return None
    ends = np.cumsum(series.str.len_bytes().to_numpy(), dtype=np.int64)
    joined = series.str.join("").item()
    if not joined.isascii():
        return None
    held = joined.encode()
    del joined  # as large as the ids, and no longer needed
    return ascii_of([(np.frombuffer(held, dtype=np.uint8), np.append(0, ends))], ours=True)


def _polars_texts(series: Any) -> AnyArray:
    """Return texts as objects, each label of a categorical column made once."""
    if series.dtype == sys.modules["polars"].String:
        return objects_array(series.to_list())
    coded = _polars_codes(series)
    table = objects_array([*coded.labels.tolist(), None])
    return np.asarray(table[coded.codes])


def _polars_codes(series: Any) -> Coded:
    """Return texts as codes; the codes of a Categorical count the texts of the whole process, so they are made dense."""
    polars = sys.modules["polars"]
    coded = series.cast(polars.Categorical) if series.dtype == polars.String else series
    physical = coded.to_physical()
    named = type(coded.dtype).__name__ == "Enum"
    order = objects_array(coded.dtype.categories.to_list()) if named else None
    if physical.null_count() == len(physical):
        return Coded(np.full(len(physical), -1, dtype=np.int32), np.empty(0, dtype=object), order)
    size = int(physical.max()) + 1
    found = (physical.cast(polars.Int64).fill_null(size) if physical.null_count() else physical).to_numpy()
    rows = _some_rows(found, size + 1)
    used = np.flatnonzero(rows[:size] >= 0)
    dense = np.full(size + 1, -1, dtype=np.int64)
    dense[used] = np.arange(len(used))
    labels = coded.gather(rows.take(used)).cast(polars.String).to_list()
    return Coded(looked_up_codes(smallest_codes(dense, len(used)), found), objects_array(labels), order)


def _some_rows(codes: AnyArray, size: int) -> IntArray:
    """Return a row in which each code stands, -1 where it stands in none; most blocks have only codes that were met before."""
    rows: IntArray = np.full(size, -1, dtype=np.int64)
    met = np.zeros(size, dtype=bool)
    for start in range(0, len(codes), _BLOCK):
        block = codes[start : start + _BLOCK]
        if not met.take(block).all():
            rows[block] = np.arange(start, start + len(block))
            met[block] = True
    return rows
