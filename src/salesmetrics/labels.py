"""Names and levels of the rows of a tally or a result; union and alignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeAlias

import attrs
import numpy as np

from salesmetrics._check import Rebuilt, locked
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.columns import merged_levels
from salesmetrics.errors import InvalidArgumentError, nearest, show

__all__ = ["Labels"]

Label: TypeAlias = Any
ALL = "all"


@attrs.frozen(eq=False)
class Levels:
    """The possible labels of one name, in their order; ``ordered`` says that the order is their own."""

    name: str
    values: tuple[Label, ...]
    ordered: bool = False


@attrs.frozen(eq=False)
class Labels(Rebuilt):
    """One label for each name and row, rows in the order of the levels, a missing label (None) last.

    Without names there is one row, "all".
    """

    levels: tuple[Levels, ...]
    codes: IntArray = attrs.field(repr=False, converter=locked)  # (rows, names); a missing label is len(levels)

    @classmethod
    def single(cls) -> Self:
        """Return the labels of the one row of an answer that is not grouped."""
        return cls((), np.zeros((1, 0), dtype=np.int64))

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of ``by``."""
        return tuple(level.name for level in self.levels)

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Label]:
        """Yield the label of each row: a tuple where there are several names."""
        columns = [self.column(name) for name in self.names]
        if len(columns) == 1:
            yield from columns[0]
        elif columns:
            yield from zip(*columns, strict=True)
        else:
            yield from (ALL for _ in range(len(self)))

    def typed(self) -> list[Label]:
        """Return the labels as they are typed between the brackets of a table: a period by its name, none that is missing."""
        return [key for key in map(_typed, self) if key is not None]

    def column(self, name: str) -> list[Label]:
        """Return the labels under one name, row by row."""
        at = self.names.index(name)
        values = (*self.levels[at].values, None)
        return [values[code] for code in self.codes[:, at].tolist()]

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        return attrs.evolve(self, codes=self.codes[rows])

    def index(self, key: Label) -> int:
        """Return the row of a label, or raise naming the nearest."""
        wanted = key if isinstance(key, tuple) and len(self.names) > 1 else (key,)
        if not self.names:
            wanted = () if key in (ALL, ()) else wanted
        rows = list(self)
        for i, row in enumerate(rows):
            have = row if isinstance(row, tuple) and len(self.names) > 1 else (row,) if self.names else ()
            if len(have) == len(wanted) and all(_same(h, w) for h, w in zip(have, wanted, strict=True)):
                return i
        raise InvalidArgumentError(
            f"a row must be named by {' and '.join(self.names) or ALL!r}; got {show(key)}.",
            code="SM-ROW-01",
            field="row",
            values=[key],
            hint=nearest(key, [r if r is None or isinstance(r, (str, int)) else str(r) for r in rows]),
        )

    def crossed(self, extra: Levels) -> Self:
        """Return each row once for every level of one more name, which varies fastest."""
        size = len(extra.values)
        codes = (
            np.column_stack([np.repeat(self.codes, size, axis=0), np.tile(np.arange(size), len(self))])
            if len(self) * size
            else np.zeros((0, len(self.levels) + 1), dtype=np.int64)
        )
        return type(self)((*self.levels, extra), codes.astype(np.int64))

    def equals(self, other: Labels) -> bool:
        """Return True where both name the same rows in the same order."""
        return self.names == other.names and list(self) == list(other)

    def union(self, other: Labels) -> tuple[Self, IntArray, IntArray]:
        """Return the rows of both, and where the rows of each went."""
        if self.alike(other):
            every = np.arange(len(self), dtype=np.int64)
            return self, every, every
        levels: list[Levels] = []
        mine: list[IntArray] = []
        theirs: list[IntArray] = []
        for at, (left, right) in enumerate(zip(self.levels, other.levels, strict=True)):
            alike = left.values == right.values
            values = (
                left.values if alike else merged_levels([(left.values, left.ordered), (right.values, right.ordered)])
            )
            place = {} if alike else {value: i for i, value in enumerate(values)}
            levels.append(Levels(left.name, values, left.ordered and right.ordered))
            for have, column, out in ((left, self.codes[:, at], mine), (right, other.codes[:, at], theirs)):
                if alike or have.values == values:
                    out.append(column)
                    continue
                lookup = np.array([*(place[v] for v in have.values), len(values)], dtype=np.int64)
                out.append(lookup[column])
        if not levels:
            return self, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
        both = np.concatenate([np.column_stack(mine), np.column_stack(theirs)])
        rows, inverse = distinct_rows(both, [len(level.values) + 1 for level in levels])
        return type(self)(tuple(levels), rows), inverse[: len(self)], inverse[len(self) :]

    def alike(self, other: Labels) -> bool:
        """Return True where both have the same rows of the same levels, as the parts of one file mostly have."""
        pairs = zip(self.levels, other.levels, strict=True)
        same = all((a.values, a.ordered) == (b.values, b.ordered) for a, b in pairs)
        return same and bool(self.levels) and np.array_equal(self.codes, other.codes)

    def onto(self, names: Sequence[str]) -> tuple[Self, IntArray]:
        """Return the distinct labels under some of the names, and which of them each row has."""
        if not names:
            return type(self).single(), np.zeros(len(self), dtype=np.int64)
        at = [self.names.index(name) for name in names]
        levels = tuple(self.levels[i] for i in at)
        leading = at == list(range(len(at)))  # a view will do
        codes = self.codes[:, : len(at)] if leading else self.codes[:, at]
        rows, inverse = distinct_rows(codes, [len(level.values) + 1 for level in levels])
        return type(self)(levels, rows), inverse


def distinct_rows(codes: IntArray, sizes: Sequence[int]) -> tuple[IntArray, IntArray]:
    """Return the distinct rows of codes in order, and which of them each row is."""
    cells = 1
    for size in sizes:
        cells *= size
    if cells >= 2**62:
        rows, inverse = np.unique(codes, axis=0, return_inverse=True)
        return rows, inverse.reshape(-1).astype(np.int64)
    packed = codes[:, 0].astype(np.int64) if len(sizes) else np.zeros(len(codes), dtype=np.int64)
    for at, size in enumerate(sizes[1:], 1):
        packed *= size
        packed += codes[:, at]
    if cells <= max(4 * len(codes), 1 << 12):
        seen = np.zeros(cells, dtype=bool)
        seen[packed] = True
        cell = np.flatnonzero(seen)
        found = np.unravel_index(cell, tuple(sizes)) if len(sizes) else ()
        every = len(cell) and int(cell[-1]) == len(cell) - 1
        return np.stack(found, axis=1).astype(np.int64), packed if every else (np.cumsum(seen) - 1)[packed]
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return codes[first], inverse.reshape(-1).astype(np.int64)


def _typed(label: Label) -> Label:
    """Return a label as it is typed, None where one is missing."""
    if isinstance(label, tuple):
        keys = tuple(_typed(part) for part in label)
        return None if None in keys else keys
    return label if label is None or isinstance(label, (str, int)) else str(label)


def _same(have: Label, wanted: Label) -> bool:
    """Return True where a label is meant, by itself or by its text (a period's name)."""
    if have is None or wanted is None:
        return have is wanted
    if isinstance(wanted, np.ndarray):
        return False
    return bool(have == wanted) or (isinstance(wanted, str) and not isinstance(have, str) and str(have) == wanted)


def rows_of_cells(levels: Sequence[Levels], cells: IntArray) -> Labels:
    """Return the labels of packed cells, each axis having one place more than levels for the missing label."""
    if not levels:
        return Labels.single()
    sizes = [len(level.values) + 1 for level in levels]
    codes = []
    for size in reversed(sizes):
        codes.append(cells % size)
        cells = cells // size
    return Labels(tuple(levels), np.column_stack(codes[::-1]).astype(np.int64))
