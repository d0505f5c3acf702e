"""Values of a log, which holds those of every property in one column, as texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesmetrics._check import locked
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.standing import kept_where
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn
from salesmetrics.convert import Coded, Raw, Texts

__all__ = ["counted_days", "scattered", "some_of"]


def some_of(raw: Raw, rows: IntArray) -> Raw:
    """Return some rows of a raw column of texts or objects."""
    if isinstance(raw, Texts):
        return Texts(raw.values[rows], None if raw.lines is None else raw.lines[rows])
    values: AnyArray
    if isinstance(raw, Coded):
        values = _objects([*raw.labels.tolist(), None])[np.maximum(raw.codes[rows], -1)]
    elif isinstance(raw, np.ndarray):
        values = raw[rows]
    else:
        values = np.asarray(raw.values)[rows]
    if values.dtype.kind == "S":
        values = np.char.decode(values, "ascii").astype(object)
    if values.dtype.kind not in "OTU":
        return values
    # a log holds values of every kind as texts, as a file does
    listed = ["" if value is None or value != value else value for value in values.tolist()]
    return Texts(_objects(listed)) if all(isinstance(value, str) for value in listed) else values


def _objects(values: list[Any]) -> AnyArray:
    return np.fromiter(values, dtype=object, count=len(values))


def counted_days(raw: Raw) -> Raw:
    """Return instants written as milliseconds since 1970, as a log of texts holds them, as instants."""
    values: AnyArray | None = raw.values if isinstance(raw, Texts) else raw if isinstance(raw, np.ndarray) else None
    if values is None or values.dtype.kind not in "OT":
        return raw
    texts = [str(value).strip() if value is not None else "" for value in values.tolist()]
    given = [text for text in texts if text]
    if not given or not all(text.isdigit() and 11 < len(text) < 15 for text in given):
        return raw
    return np.array(
        [np.datetime64(int(text), "ms") if text else np.datetime64("NaT") for text in texts], "datetime64[ms]"
    )


def scattered(column: Column, place: IntArray) -> Column:
    """Return the values at these places, missing where a place is negative."""
    if not len(column):
        return _nothing(column, len(place))
    return kept_where(place >= 0, column.take(np.maximum(place, 0)))


def _nothing(column: Column, rows: int) -> Column:
    """Return a column of the same kind in which every row is missing."""
    if isinstance(column, MoneyColumn):
        known = locked(np.zeros(rows, dtype=bool))
        return MoneyColumn(np.zeros(rows, dtype=np.int64), known if rows else None, column.scale)
    if isinstance(column, LabelColumn):
        return LabelColumn(np.full(rows, -1, dtype=np.int8), column.levels, column.ordered)
    return DayColumn(np.full(rows, -1, dtype=np.int32))
