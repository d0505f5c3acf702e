"""One column of a data frame or array library as a raw column; no library is imported here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.convert import Ascii, Coded, Dated, Instants, Raw, Scaled
from salesmetrics.errors import InvalidDataError, InvalidTypeError, show
from salesmetrics.readers.source import Role, objects_array

__all__ = ["arrow_batches", "arrow_raw", "library_of", "pandas_raw", "polars_raw", "raw_of"]

_ASCII, _WIDEST, _ROWS = 0x7F, 64, 1 << 14
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
        return np.asarray(series.to_numpy())
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
    return np.asarray(series.to_numpy(dtype=object))


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
    return _ascii([(np.frombuffer(held, dtype=np.uint8), np.append(0, ends))], ours=True)


def _ascii(parts: list[tuple[AnyArray, AnyArray]], *, ours: bool = False) -> Ascii | None:
    """Return texts, given as bytes (`ours` or a frame's) and where each begins and ends, as bytes of one width.

    None where one is no ASCII, holds NUL, is long, or where padding would more than double them.
    """
    lengths = [np.diff(bounds) for _, bounds in parts]
    rows = sum(map(len, lengths))
    width = max((int(some.max()) for some in lengths if len(some)), default=0)
    size = sum(len(cells) for cells, _ in parts)
    if not 0 < width <= _WIDEST or rows * width > 2 * size:
        return None
    for cells, bounds in parts:
        if len(cells) != bounds[-1] - bounds[0] or (len(cells) and (cells.max() > _ASCII or not cells.min())):
            return None
    if size == rows * width:  # all are of one length, as ids are: the bytes stand as they are wanted
        whole = parts[0][0] if ours else np.concatenate([cells for cells, _ in parts])
        return Ascii(whole.view(f"S{width}"))
    packed = np.zeros((rows, width), dtype=np.uint8)
    first = 0
    for (cells, bounds), some in zip(parts, lengths, strict=True):
        for start in range(0, len(some), _ROWS):
            block = some[start : start + _ROWS]
            low, high = (int(bounds[at] - bounds[0]) for at in (start, start + len(block)))
            packed[first : first + len(block)][np.arange(width) < block[:, None]] = cells[low:high]
            first += len(block)
    return Ascii(packed.view(f"S{width}").reshape(rows))


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
    some_row = np.full(int(physical.max()) + 1, -1, dtype=np.int64)
    missing = physical.is_null().to_numpy() if physical.null_count() else None
    found = (physical if missing is None else physical.fill_null(physical.max())).to_numpy()
    some_row[found] = np.arange(len(found))
    if missing is not None:
        some_row[found[~missing]] = np.flatnonzero(~missing)
    used = some_row >= 0
    codes = (np.cumsum(used, dtype=np.int32) - np.int32(1))[found]
    if missing is not None:
        codes[missing] = -1
    labels = coded.gather(some_row[used]).cast(polars.String).to_list()
    return Coded(codes, objects_array(labels), order)


def arrow_raw(column: Any, role: Role) -> Raw:
    """Return a pyarrow array, in chunks or not, as a raw column.

    Parameters
    ----------
    column : pyarrow.Array or pyarrow.ChunkedArray
        The column.
    role : str
        What it is wanted for.

    Returns
    -------
    Raw
        An array or one of the digested forms.
    """
    arrow = sys.modules["pyarrow"]
    try:
        return _arrow_raw(column, role)
    except arrow.ArrowException as error:
        raise InvalidDataError(
            f"a column of Arrow must be one that can be read; got {show(str(column.type))}: {show(str(error))}.",
            code="SM-SRC-12",
            values=[str(column.type)],
        ) from error


def _arrow_raw(column: Any, role: Role) -> Raw:
    arrow = sys.modules["pyarrow"]
    kinds = arrow.types
    if not hasattr(column, "chunks"):
        column = arrow.chunked_array([column], type=column.type)
    if str(column.type) == "string_view":
        column = column.cast(arrow.large_string())
    kind = column.type
    texts = kinds.is_string(kind) or kinds.is_large_string(kind)
    if kinds.is_dictionary(kind):
        return _arrow_codes(column, role)
    if texts and role == "label":
        return _arrow_codes(column.dictionary_encode(), role)
    if texts and role == "key" and not column.null_count:
        return _arrow_ascii(column) or np.asarray(column.to_numpy())
    if kinds.is_decimal(kind):
        return _arrow_decimals(column)
    if texts:
        return np.asarray(column.to_numpy())
    if (plain := _plain_type(kind)) is not None:
        values = _arrow_numbers(column.chunks, len(column), *plain)
        return Instants(values) if kinds.is_timestamp(kind) and kind.tz is not None else values
    return objects_array(column.to_pylist())


def _plain_type(kind: Any) -> tuple[np.dtype[Any], np.dtype[Any]] | None:
    """Return how values of a type of Arrow lie in memory and what they are to numpy, None where numpy has no such type."""
    kinds = sys.modules["pyarrow"].types
    if kinds.is_boolean(kind):
        return np.dtype(bool), np.dtype(bool)
    if kinds.is_integer(kind) or kinds.is_floating(kind):
        letter = "f" if kinds.is_floating(kind) else "i" if kinds.is_signed_integer(kind) else "u"
        number = np.dtype(f"{letter}{kind.bit_width // 8}")
        return number, number
    if kinds.is_date32(kind):
        return np.dtype(np.int32), np.dtype("M8[D]")
    if kinds.is_date64(kind):
        return np.dtype(np.int64), np.dtype("M8[ms]")
    if kinds.is_timestamp(kind) or kinds.is_duration(kind):
        return np.dtype(np.int64), np.dtype(f"{'M' if kinds.is_timestamp(kind) else 'm'}8[{kind.unit}]")
    return None


def _arrow_numbers(chunks: Iterable[Any], rows: int, stored: np.dtype[Any], meant: np.dtype[Any]) -> AnyArray:
    """Return numbers, flags, days or instants from their buffers: pyarrow's own way loads pandas, where that is installed.

    What is missing is NaN or NaT; whole numbers and flags, which have neither, are masked. Chunks may be made one by one.
    """
    dated = meant.kind in "Mm"
    wide = np.dtype(np.int64) if dated else stored
    empty = np.iinfo(np.int64).min if dated else np.nan if meant.kind == "f" else 0
    values = np.empty(rows, dtype=wide)
    missing: BoolArray | None = None
    start = 0
    for chunk in chunks:
        part = values[start : start + len(chunk)]
        if not len(part):
            continue
        held = _stored(chunk, stored)
        if not chunk.null_count:
            part[:] = held
        else:
            absent = _absent(chunk)
            some = np.flatnonzero(~absent)
            if 2 * len(some) < len(part):
                part.fill(empty)
                part[some] = held.take(some)
            else:
                part[:] = held
                part[np.flatnonzero(absent)] = empty
            if meant.kind in "biu":
                missing = np.zeros(rows, dtype=bool) if missing is None else missing
                missing[start : start + len(chunk)] = absent
        start += len(chunk)
    return values.view(meant) if missing is None else np.ma.MaskedArray(values.view(meant), mask=missing)


def _stored(chunk: Any, kind: np.dtype[Any]) -> AnyArray:
    """Return the values of a chunk as they lie in memory, where one is missing with whatever stands there."""
    buffer = chunk.buffers()[1]
    if kind.kind == "b":
        return _bits(buffer, chunk.offset, len(chunk)).view(bool)
    return np.frombuffer(buffer, dtype=kind, count=chunk.offset + len(chunk))[chunk.offset :]


def _absent(chunk: Any) -> BoolArray:
    """Return which rows of a chunk that lacks some are missing."""
    return np.equal(_bits(chunk.buffers()[0], chunk.offset, len(chunk)), 0)


def _bits(buffer: Any, offset: int, rows: int) -> AnyArray:
    """Return bits as bytes of 0 and 1."""
    first, skipped = divmod(offset, 8)
    whole = np.frombuffer(buffer, dtype=np.uint8)[first:]
    return np.unpackbits(whole, count=skipped + rows, bitorder="little")[skipped:]


def _arrow_ascii(column: Any) -> Ascii | None:
    """Return texts as bytes of one width, None where they do not suit."""
    offset = np.int64 if sys.modules["pyarrow"].types.is_large_string(column.type) else np.int32
    parts = []
    for chunk in column.chunks:
        _, offsets, data = chunk.buffers()
        if len(chunk) and offsets is not None and data is not None:
            bounds = np.frombuffer(offsets, dtype=offset)[chunk.offset : chunk.offset + len(chunk) + 1]
            parts.append((np.frombuffer(data, dtype=np.uint8)[bounds[0] : bounds[-1]], bounds))
    return _ascii(parts) if sum(len(bounds) - 1 for _, bounds in parts) == len(column) else None


def _arrow_codes(column: Any, role: Role) -> Raw:
    """Return a dictionary column as codes, or as its values where these are no labels."""
    if not _is_coded(column.type):
        return _arrow_raw(column.cast(column.type.value_type), role)
    if not column.chunks:
        return np.empty(0, dtype=object)
    return _arrow_coded(column.chunks, len(column), column.type)


def _arrow_coded(chunks: Iterable[Any], rows: int, kind: Any) -> Coded:
    """Return dictionary columns as codes into one list of labels, in the order in which these are met."""
    stored = _plain_type(kind.index_type)
    assert stored is not None
    codes: IntArray = np.empty(rows, dtype=np.int64 if kind.index_type.bit_width > 32 else np.int32)
    labels: dict[Any, int] = {}
    known: Any = None
    table: IntArray | None = None
    start = 0
    for chunk in chunks:
        part, indices = codes[start : start + len(chunk)], chunk.indices
        if known is None or not chunk.dictionary.equals(known):
            known = chunk.dictionary
            table = _placed(known.to_pylist(), labels)
        if not len(part):
            continue
        absent = _absent(indices) if indices.null_count else None
        part[:] = _stored(indices, stored[0])
        if absent is not None:
            part[np.flatnonzero(absent)] = 0
        if table is not None:
            part[:] = table.take(part) if len(table) else -1
        if absent is not None:
            part[np.flatnonzero(absent)] = -1
        start += len(chunk)
    listed = objects_array(list(labels))
    return Coded(codes, listed, listed if kind.ordered else None)


def _placed(values: list[Any], labels: dict[Any, int]) -> IntArray | None:
    """Return the codes of the values of a dictionary, new ones behind those that are known; None where all stay in place."""
    if not labels:
        labels.update(zip(values, range(len(values)), strict=True))
        if len(labels) == len(values):
            return None
        labels.clear()
    places = [labels.setdefault(value, len(labels)) for value in values]
    return None if places == list(range(len(places))) else np.array(places, dtype=np.int64)


def arrow_batches(chunks: Iterable[Any], rows: int, kind: Any, role: Role) -> Raw | None:
    """Return a column that comes in small pieces, each of which is validated and given up when it has been read.

    Parameters
    ----------
    chunks : iterable of pyarrow.Array
        The pieces, which are made one by one.
    rows : int
        How many rows they have together.
    kind : pyarrow.DataType
        Their type.
    role : str
        What the column is wanted for.

    Returns
    -------
    Raw or None
        An array or codes; None for a type that is not read piece by piece, of which nothing has been asked for.
    """
    kinds = sys.modules["pyarrow"].types
    if kinds.is_dictionary(kind):
        return _arrow_coded(_checked_codes(_counted(chunks, rows)), rows, kind) if _is_coded(kind) and rows else None
    plain = _plain_type(kind)
    if plain is None:
        return None
    chunks = _checked(_counted(chunks, rows))
    if role == "day" and kinds.is_date32(kind):
        return _arrow_days(chunks, rows)
    values = _arrow_numbers(chunks, rows, *plain)
    return Instants(values) if kinds.is_timestamp(kind) and kind.tz is not None else values


def _counted(chunks: Iterable[Any], rows: int) -> Iterator[Any]:
    """Yield pieces, which must have so many rows together."""
    found = 0
    for chunk in chunks:
        found += len(chunk)
        if found > rows:
            break
        yield chunk
    if found != rows:
        raise ValueError(f"{found} rows where the file says {rows}")


def _checked(chunks: Iterable[Any]) -> Iterator[Any]:
    """Yield pieces whose buffers are validated, which raises for those that are not sound."""
    for chunk in chunks:
        chunk.validate(full=True)
        yield chunk


def _checked_codes(chunks: Iterable[Any]) -> Iterator[Any]:
    """Yield pieces of a dictionary column, validated: a dictionary that stays the same is read through once."""
    known: Any = None
    for chunk in chunks:
        if known is None or not chunk.dictionary.equals(known):
            chunk.validate(full=True)
            known = chunk.dictionary
        else:
            chunk.validate()
            chunk.indices.validate(full=True)
            if not _within(chunk.indices, len(known)):
                chunk.validate(full=True)  # which says what is wrong
        yield chunk


def _within(indices: Any, size: int) -> bool:
    """Return whether all places that are not missing lie in a dictionary of so many values."""
    stored = _plain_type(indices.type)
    if indices.null_count or stored is None or not len(indices):
        return not len(indices)
    places = _stored(indices, stored[0])
    return int(places.min()) >= 0 and int(places.max()) < size


def _arrow_days(chunks: Iterable[Any], rows: int) -> Dated:
    """Return days as they are stored, in half of the room that numpy's own days take."""
    days = np.empty(rows, dtype=np.int32)
    missing: BoolArray | None = None
    start = 0
    for chunk in chunks:
        part = days[start : start + len(chunk)]
        if not len(part):
            continue
        part[:] = _stored(chunk, days.dtype)
        if chunk.null_count:
            absent = _absent(chunk)
            part[np.flatnonzero(absent)] = -1
            missing = np.zeros(rows, dtype=bool) if missing is None else missing
            missing[start : start + len(chunk)] = absent
        start += len(chunk)
    return Dated(days, missing)


def _is_coded(kind: Any) -> bool:
    """Return whether the values of a dictionary are such as labels are."""
    kinds = sys.modules["pyarrow"].types
    value = kind.value_type
    return bool(kinds.is_string(value) or kinds.is_large_string(value) or kinds.is_integer(value))


def _arrow_decimals(column: Any) -> Raw:
    """Return decimals as whole numbers: the low 64 bits of each, where the high ones only carry its sign."""
    arrow = sys.modules["pyarrow"]
    if column.type.bit_width != 128:
        try:
            column = column.cast(arrow.decimal128(38, column.type.scale))
        except arrow.ArrowInvalid:
            return objects_array(column.to_pylist())
    parts = [np.empty((0, 2), dtype=np.int64)]
    for chunk in column.chunks:
        words = np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)
        parts.append(words[chunk.offset : chunk.offset + len(chunk)])
    words = np.concatenate(parts)
    missing = column.is_null().to_numpy().astype(bool)
    low = np.where(missing, 0, words[:, 0]).astype(np.int64)
    if column.type.scale < 0 or (np.where(missing, 0, words[:, 1]) != low >> 63).any():
        return objects_array(column.to_pylist())
    return Scaled(low, column.type.scale, missing if missing.any() else None)
