"""Where the rows of one book stand in another."""

from __future__ import annotations

import numpy as np

from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import KeyColumn
from salesmetrics.errors import InvalidDataError

__all__ = ["all_in_order", "places", "rows_at", "spread", "taken"]

_BLOCK = 1 << 16


def places(ids: KeyColumn, wanted: AnyArray) -> IntArray:
    """Return the row of each wanted id, -1 where there is none."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    values = ids.values
    if len(wanted) and (values.dtype.kind == "O") != (wanted.dtype.kind == "O"):
        raise InvalidDataError(
            "`deal` must be of the kind of the deals' `id`; got texts beside whole numbers.",
            code="SM-KEY-08",
            field="deal",
            hint="read both as texts, or both as whole numbers.",
        )
    if len(wanted) == len(values) and bool((values == wanted).all()):
        return np.arange(len(values), dtype=np.int64)
    order = None if bool((values[1:] > values[:-1]).all()) else np.argsort(values, kind="stable")
    ascending = values if order is None else values[order]
    at = np.minimum(np.searchsorted(ascending, wanted), len(values) - 1)
    found = at if order is None else order[at]
    return np.where(ascending[at] == wanted, found, -1).astype(np.int64)


def spread(starts: IntArray, trails: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of some deals, and the deal of each of those rows."""
    first = starts.take(trails)
    count = starts.take(trails + 1) - first
    owner = np.repeat(trails, count)
    before = np.cumsum(count) - count
    rows = np.arange(int(count.sum()), dtype=np.int64) + np.repeat(first - before, count)
    return rows, owner


def taken(values: AnyArray, row: IntArray | None) -> AnyArray:
    """Return the values of these rows, None being all of them in order, which are not copied."""
    return values if row is None else values.take(row)


def rows_at(row: IntArray | None, at: IntArray) -> IntArray:
    """Return some of these rows, None being all of them in order."""
    return at if row is None else row.take(at)


def all_in_order(row: IntArray) -> bool:
    """Return True where the rows are 0, 1, 2, ..."""
    step = np.arange(min(_BLOCK, len(row)), dtype=np.int64)
    for at in range(0, len(row), _BLOCK):
        block = row[at : at + _BLOCK]
        if block[0] != at or bool((block - at != step[: len(block)]).any()):
            return False
    return True
