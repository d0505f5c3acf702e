"""Values in rising order, row by row: what exact quantiles are read off, held small and merged exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics._histograms import Histogram
from salesmetrics._threads import blocks_in_order, in_order
from salesmetrics.arrays import AnyArray, IntArray

__all__ = ["Grouped", "Ranked"]

_LEAST = 8
"""Values a row, on average, from which sorting row by row beats one sort of all."""
_LONG = 512
"""Values a row, on average, from which rows are sorted on threads."""
_AT_ONCE = 32
_INT32_MAX = 2**31 - 1


@attrs.frozen(eq=False)
class Grouped:
    """Values brought together row by row: those of row i are ``value[starts[i]:starts[i + 1]]``, in no order."""

    starts: IntArray
    value: AnyArray

    @classmethod
    def of(cls, rows: int, row: AnyArray, value: AnyArray) -> Grouped:
        """Return values by row: a counting sort, which is what makes sparse rows into columns."""
        from scipy.sparse import csr_array

        ends = np.array([0, len(row)], dtype=row.dtype)
        columns = csr_array((value, row, ends), shape=(1, rows)).tocsc()
        return cls(columns.indptr, columns.data)

    def moved(self, places: IntArray, rows: int) -> Grouped:
        """Return the same values with their rows at new places, which must rise."""
        n = np.zeros(rows, dtype=np.int64)
        n[places] = np.diff(self.starts)
        return Grouped(_starts(n), self.value)


def _locked_too(count: IntArray | None) -> IntArray | None:
    return None if count is None else locked(count)


@attrs.frozen(eq=False)
class Ranked:
    """The values of each row, sorted: those of row i are ``value[starts[i]:starts[i + 1]]``.

    Where values repeat so often that it takes less room, each is held once and ``count`` says how often it occurs; None
    where each is held as often as it occurs. Values are int32 where all of them fit. Equal contents are held alike.
    """

    starts: IntArray = attrs.field(converter=locked)
    value: AnyArray = attrs.field(converter=locked)
    count: IntArray | None = attrs.field(default=None, converter=_locked_too)

    @classmethod
    def of(cls, rows: int, row: AnyArray, value: AnyArray) -> Ranked:
        """Return pairs of row and value in order: one sort of both packed into a number, where they fit into one."""
        starts = _starts(np.bincount(row, minlength=rows))
        bits = int(value.max(initial=0)).bit_length()
        if rows.bit_length() + bits < 63 and int(value.min(initial=0)) >= 0:
            packed = (row.astype(np.int64) << bits) | value
            packed.sort()
            return cls._settled(starts, np.bitwise_and(packed, (1 << bits) - 1, out=packed))
        return cls._settled(starts, value[np.lexsort((value, row))])

    @classmethod
    def together(cls, rows: int, parts: Sequence[Grouped], *, in_order_already: bool = False) -> Ranked:
        """Return the values of all parts, which have the same rows, sorted row by row."""
        starts = sum((part.starts.astype(np.int64) for part in parts), np.zeros(rows + 1, dtype=np.int64))
        if starts[-1] <= _LEAST * rows:
            places = [np.repeat(np.arange(rows), np.diff(part.starts)) for part in parts]
            nothing = np.zeros(0, dtype=np.int64)
            values = [part.value for part in parts]
            return cls.of(rows, np.concatenate([nothing, *places]), np.concatenate([nothing, *values]))
        out = np.empty(starts[-1], dtype=np.result_type(*(part.value for part in parts)))
        kind: Literal["stable", "quicksort"] = "stable" if in_order_already else "quicksort"

        def some(first: int, last: int) -> None:
            """Sort the rows that start between two places."""
            begin, end = np.searchsorted(starts[:-1], [first, last]).tolist()
            pieces = [(part.value, part.starts[begin : end + 1].tolist()) for part in parts]
            bounds = starts[begin : end + 1].tolist()
            for at in range(0, end - begin, _AT_ONCE):
                mine = [out[low:high] for low, high in pairwise(bounds[at : at + _AT_ONCE + 1])]
                for row, values in enumerate(mine, at):
                    np.concatenate([value[where[row] : where[row + 1]] for value, where in pieces], out=values)
                for values in mine:  # apart from the others, so that threads seldom wait for one another
                    values.sort(kind=kind)

        if len(out) < _LONG * rows:  # calls of so little work take turns on threads, and lose time
            some(0, len(out))
        else:
            in_order(some, len(out))
        return cls._settled(starts, out)

    @classmethod
    def of_histogram(cls, rows: int, held: Histogram) -> Ranked:
        """Return the values of sorted runs."""
        starts = np.searchsorted(held.row, np.arange(rows + 1))
        if _counted(len(held.value), int(held.count.sum())):
            return cls(starts, _narrow(held.value), held.count)
        total = _starts(held.count)
        return cls(total[starts], np.repeat(_narrow(held.value), held.count))

    @classmethod
    def _settled(cls, starts: IntArray, value: AnyArray) -> Ranked:
        """Return sorted values in the form that takes less room."""
        kept = cls(starts, _narrow(value))
        repeats = sum(in_order(lambda first, last: _repeats(value, first, last), len(value)))
        begins = starts[:-1][np.diff(starts) > 0][1:]
        repeats -= int(np.count_nonzero(value[begins] == value[begins - 1]))  # two rows, not one value twice
        if not _counted(len(value) - repeats, len(value)):
            return kept
        runs = kept.histogram()
        return cls(np.searchsorted(runs.row, np.arange(len(starts))), _narrow(runs.value), runs.count)

    @property
    def rows(self) -> int:
        """How many rows there are, those without values included."""
        return len(self.starts) - 1

    @property
    def n(self) -> IntArray:
        """How many values each row has."""
        return np.diff(self.starts if self.count is None else _starts(self.count)[self.starts])

    def histogram(self) -> Histogram:
        """Return each value of each row once, with how often it occurs."""
        row = np.repeat(np.arange(self.rows), np.diff(self.starts))
        value = self.value.astype(np.int64)
        if self.count is not None:
            return Histogram(row, value, self.count)
        new = np.ones(len(value), dtype=bool)
        np.not_equal(value[1:], value[:-1], out=new[1:])
        new[self.starts[:-1][np.diff(self.starts) > 0]] = True
        first = np.flatnonzero(new)
        return Histogram(row[first], value[first], np.diff(np.append(first, len(value))))

    def only(self, kept: IntArray, each: int) -> Ranked:
        """Return some groups of so many rows each; the others must have no values."""
        starts = self.starts[:-1]
        if each:  # no period at all has no rows to choose from
            starts = starts.reshape(-1, each)[kept].reshape(-1)
        return attrs.evolve(self, starts=np.append(starts, self.starts[-1]))

    def merged(self, other: Ranked, mine: IntArray, theirs: IntArray, rows: int) -> Ranked:
        """Return both together, the rows of each moved to new places among so many."""
        rising = all(bool((np.diff(places) > 0).all()) for places in (mine, theirs))
        if self.count is None and other.count is None and rising:
            parts = [Grouped(self.starts, self.value).moved(mine, rows)]
            parts += [Grouped(other.starts, other.value).moved(theirs, rows)]
            return type(self).together(rows, parts, in_order_already=True)
        return type(self).of_histogram(rows, self.histogram().merged(other.histogram(), mine, theirs))

    def equals(self, other: Ranked) -> bool:
        """Return True where both hold the same values as often in the same rows."""
        if (self.count is None) != (other.count is None):
            return False
        pairs = [(self.starts, other.starts), (self.value, other.value)]
        if self.count is not None and other.count is not None:
            pairs.append((self.count, other.count))
        return all(np.array_equal(a, b) for a, b in pairs)


def _starts(n: AnyArray) -> IntArray:
    """Return where rows of so many values start, and the end of the last."""
    starts = np.zeros(len(n) + 1, dtype=np.int64)
    np.cumsum(n, out=starts[1:])
    return starts


def _counted(distinct: int, values: int) -> bool:
    """Return True where distinct values with their counts take less room than all values."""
    return 2 * distinct < values


def _narrow(value: AnyArray) -> AnyArray:
    """Return values as int32 where all fit, else as int64."""
    short = int(value.min(initial=0)) >= -_INT32_MAX and int(value.max(initial=0)) <= _INT32_MAX
    return value.astype(np.int32 if short else np.int64, copy=False)


def _repeats(value: AnyArray, first: int, last: int) -> int:
    """Return how many values of a part are the one before, the value before the part included."""
    found = 0
    for start, stop in blocks_in_order(max(first, 1), last):
        found += int(np.count_nonzero(value[start:stop] == value[start - 1 : stop - 1]))
    return found
