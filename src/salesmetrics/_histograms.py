"""Counts by value and tables moved about: what stays of a pass, held small and merged exactly."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics.arrays import AnyArray, IntArray

__all__ = ["Histogram", "all_in_place", "rolled", "runs", "scatter", "summed"]


def scatter(target_shape: tuple[int, ...], rows: AnyArray, values: IntArray) -> IntArray:
    """Return a zero table with the rows of values put at their places; the values themselves where all stay where they are."""
    if target_shape == values.shape and all_in_place(rows):
        return values
    out = np.zeros(target_shape, dtype=values.dtype)
    out[rows] = values
    return out


def all_in_place(rows: AnyArray) -> bool:
    """Return True where the rows are 0, 1, 2, ..."""
    return not len(rows) or (int(rows[0]) == 0 and int(rows[-1]) == len(rows) - 1 and bool((np.diff(rows) == 1).all()))


def rolled(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table with its rows added up into the rows they belong to, from the first to the last."""
    if size == len(rows) and bool((rows == np.arange(size)).all()):
        return table.copy()
    per = int(np.prod(table.shape[1:], dtype=np.int64))
    out = np.zeros(size * per, dtype=table.dtype)
    cells = (rows[:, None] * per + np.arange(per)).reshape(-1)
    np.add.at(out, cells, np.ascontiguousarray(table).reshape(-1))
    return out.reshape(size, *table.shape[1:])


def runs(packed: IntArray, weights: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """Return the distinct values of an array in order, with how often each occurs (or the sum of its weights)."""
    if not len(packed):
        return packed.astype(np.int64), np.zeros(0, dtype=np.int64)
    if weights is None:
        ordered = np.sort(packed)
        first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        return ordered[first].astype(np.int64), np.diff(np.append(first, len(ordered))).astype(np.int64)
    order = np.argsort(packed, kind="stable")
    ordered = packed[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return ordered[first].astype(np.int64), np.add.reduceat(weights[order], first)


def summed(tables: list[IntArray]) -> IntArray:
    """Return the sum of tables of one shape; a single one is its own."""
    if len(tables) == 1:
        return tables[0]
    total = tables[0].copy()  # it may be a part of another table
    for table in tables[1:]:
        total += table
    return total


@attrs.frozen(eq=False)
class Histogram:
    """How often each value occurs in each row, held as sorted (row, value, count) without zeros."""

    row: IntArray = attrs.field(converter=locked)
    value: IntArray = attrs.field(converter=locked)
    count: IntArray = attrs.field(converter=locked)

    @classmethod
    def of(cls, row: IntArray, value: IntArray, count: IntArray | None = None) -> Histogram:
        """Return the histogram of (row, value) pairs, which must not be negative."""
        if not len(row):
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing)
        bits = int(value.max()).bit_length()
        if int(row.max()).bit_length() + bits < 63:
            packed, total = runs((row.astype(np.int64) << bits) | value, count)
            return cls(packed >> bits, packed & ((1 << bits) - 1), total)
        distinct, place = np.unique(value, return_inverse=True)
        packed, total = runs(row.astype(np.int64) * len(distinct) + place, count)
        return cls(packed // len(distinct), distinct[packed % len(distinct)], total)

    def merged(self, other: Histogram, mine: IntArray, theirs: IntArray) -> Histogram:
        """Return both together, the rows of each moved to new places."""
        return Histogram.of(
            np.concatenate([mine[self.row], theirs[other.row]]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.count, other.count]),
        )

    @classmethod
    def together(cls, parts: Sequence[Histogram]) -> Histogram:
        """Return the histogram of all parts, whose rows are the same ones."""
        if len(parts) == 1:
            return parts[0]
        row, value, count = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "value", "count")
        )
        return cls.of(row, value, count)

    def equals(self, other: Histogram) -> bool:
        """Return True where both hold the same counts."""
        return all(
            np.array_equal(a, b)
            for a, b in ((self.row, other.row), (self.value, other.value), (self.count, other.count))
        )
