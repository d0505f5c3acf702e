"""One column of Arrow as a raw column, read from its buffers; pyarrow is the user's, and is not imported here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from salesmetrics._workbench import fresh
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.columns import smallest_codes
from salesmetrics.convert import Ascii, Coded, Dated, Instants, Piece, Raw, Scaled
from salesmetrics.errors import InvalidDataError, show
from salesmetrics.readers.source import Role, objects_array

__all__ = ["arrow_batches", "arrow_pieces", "arrow_raw", "ascii_of"]

_ASCII, _WIDEST, _ROWS = 0x7F, 64, 1 << 14


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
    if role == "day" and kinds.is_date32(kind):
        return _arrow_days(column.chunks, len(column))
    if kinds.is_float64(kind) and column.num_chunks == 1 and len(column) and not column.null_count:
        return _stored(column.chunk(0), np.dtype(np.float64))  # as it lies there: columns are read and never written
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
    values = fresh(rows, wide)
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
    return ascii_of(parts) if sum(len(bounds) - 1 for _, bounds in parts) == len(column) else None


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
    codes = fresh(rows, np.int8)
    labels: dict[Any, int] = {}
    known: Any = None
    table: IntArray | None = None
    start = 0
    for chunk in chunks:
        indices = chunk.indices
        if known is None or not chunk.dictionary.equals(known):
            known = chunk.dictionary
            table = _placed(known.to_pylist(), labels)
        if not len(chunk):
            continue
        places = _stored(indices, stored[0])
        absent = np.flatnonzero(_absent(indices)) if indices.null_count else None
        if absent is not None:
            places = places.copy()
            places[absent] = 0
        if table is not None:
            places = table.take(places) if len(table) else np.full(len(chunk), -1)
        size = len(labels)
        if _highest(places) >= size:  # a place that is none, which others refuse, must stay one
            size = max(size, int(places.max()) + 1, -int(places.min()))
        codes = _wide_enough(codes, start, size)
        codes[start : start + len(chunk)] = places
        if absent is not None:
            codes[start + absent] = -1
        start += len(chunk)
    listed = objects_array(list(labels))
    return Coded(codes, listed, listed if kind.ordered else None)


def _wide_enough(codes: AnyArray, done: int, size: int) -> AnyArray:
    """Return codes in a type that holds so many labels and -1, those that are done as they are."""
    kind = smallest_codes(codes[:0], size).dtype
    if kind.itemsize <= codes.dtype.itemsize:
        return codes
    wider = fresh(len(codes), kind)
    wider[:done] = codes[:done]
    return wider


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


def arrow_pieces(chunks: Iterable[Any], rows: int) -> Iterator[Piece]:
    """Yield a column of floats that comes in small pieces, validated, each as it lies in memory."""
    start = 0
    for chunk in _checked(_counted(chunks, rows)):
        held = _stored(chunk, np.dtype(np.float64)) if len(chunk) else np.empty(0)
        if len(chunk) and chunk.null_count:
            known = np.flatnonzero(_bits(chunk.buffers()[0], chunk.offset, len(chunk)))
            yield Piece(start, len(chunk), held.take(known), known)
        else:
            yield Piece(start, len(chunk), held)
        start += len(chunk)


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
    return _highest(_stored(indices, stored[0])) < size


def _highest(places: AnyArray) -> int:
    """Return the highest place, one below zero counted as higher than all."""
    return int(places.view(np.dtype(f"u{places.dtype.itemsize}")).max())


def _arrow_days(chunks: Iterable[Any], rows: int) -> Dated:
    """Return days as they are stored, in half of the room that numpy's own days take."""
    days = fresh(rows, np.int32)
    missing: BoolArray | None = None
    start = 0
    for chunk in chunks:
        part = days[start : start + len(chunk)]
        if not len(part):
            continue
        held = _stored(chunk, days.dtype)
        if chunk.null_count:
            missing = np.zeros(rows, dtype=bool) if missing is None else missing
            known = _bits(chunk.buffers()[0], chunk.offset, len(chunk)).view(bool)
            absent = np.logical_not(known, out=missing[start : start + len(chunk)])
        if 2 * chunk.null_count > len(part):
            some = np.flatnonzero(known)
            part.fill(-1)
            part[some] = held.take(some)
        else:
            part[:] = held
            if chunk.null_count:
                part[np.flatnonzero(absent)] = -1
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


def ascii_of(parts: list[tuple[AnyArray, AnyArray]], *, ours: bool = False) -> Ascii | None:
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
