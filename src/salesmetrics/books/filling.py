"""Columns that are worked out block by block, for several answers at once, each block put into its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics._threads import in_order
from salesmetrics.arrays import AnyArray
from salesmetrics.columns import Column, MoneyColumn

__all__ = ["filled"]

_BLOCK = 1 << 17
_LEAST = 1 << 15
_Bounds: TypeAlias = tuple[int, int]


def filled(
    rows: int, counts: Callable[[int, int], list[int]], work: Callable[[int, int], Iterator[Mapping[str, Column]]]
) -> list[dict[str, Column]]:
    """Return the columns of each answer, from those that ``work`` yields for a range of rows, one answer after the other.

    ``counts`` says how many rows a range makes in each answer. All answers of a block are worked out before the next block,
    while what they read is in the cache.
    """
    likes, sizes = list(work(0, 0)), counts(0, rows)
    room = _Room(likes, sizes)
    targets = [_Target(columns, size, room) for columns, size in zip(likes, sizes, strict=True)]

    def part(start: int, stop: int) -> None:
        places = counts(0, start)
        step = max(_BLOCK // len(targets), _LEAST) if targets else _BLOCK
        for at in range(start, stop, step):
            for i, columns in enumerate(work(at, min(at + step, stop))):
                places[i] += targets[i].put(places[i], columns)

    in_order(part, rows)
    return [target.columns() for target in targets]


class _Room:
    """One stretch of memory for all columns of a type, of all answers, handed out piece by piece.

    Fresh memory costs as much as what is written into it where it comes in small pieces, and next to nothing where the system
    gives it in large ones: that is why several answers together are cheaper than one by one.
    """

    def __init__(self, answers: Sequence[Mapping[str, Column]], sizes: Sequence[int]) -> None:
        wanted: Counter[np.dtype[Any]] = Counter()
        for columns, size in zip(answers, sizes, strict=True):
            for column in columns.values():
                for values in _arrays(column).values():
                    wanted[values.dtype] += size
        self.free = {kind: np.empty(size, dtype=kind) for kind, size in wanted.items()}

    def take(self, kind: np.dtype[Any], size: int) -> AnyArray:
        """Return the next piece."""
        piece, self.free[kind] = self.free[kind][:size], self.free[kind][size:]
        return piece


class _Target:
    """The columns of one answer: empty ones at first, of the kinds that are to come."""

    def __init__(self, columns: Mapping[str, Column], size: int, room: _Room) -> None:
        self.like, self.size = columns, size
        self.arrays = {
            name: {field: room.take(values.dtype, size) for field, values in _arrays(column).items()}
            for name, column in columns.items()
        }
        self.partly: dict[str, list[tuple[int, AnyArray]]] = {name: [] for name in columns}

    def put(self, at: int, columns: Mapping[str, Column]) -> int:
        """Put the rows of a block at a place; return how many they are."""
        rows = 0
        for name, column in columns.items():
            rows = len(column)
            for field, values in _arrays(column).items():
                self.arrays[name][field][at : at + rows] = values
            if isinstance(column, MoneyColumn) and column.known is not None:
                self.partly[name].append((at, column.known))
        return rows

    def columns(self) -> dict[str, Column]:
        """Return the columns."""
        return {name: self._column(name, column) for name, column in self.like.items()}

    def _column(self, name: str, like: Any) -> Column:
        made: dict[str, AnyArray | None] = dict(self.arrays[name])
        if isinstance(like, MoneyColumn):
            made["known"] = self._known(name)
        column: Column = attrs.evolve(like, **made)
        return column

    def _known(self, name: str) -> AnyArray | None:
        """Return which amounts are known, None where all are."""
        known = np.ones(self.size, dtype=bool)
        for at, block in self.partly[name]:
            known[at : at + len(block)] = block
        return None if known.all() else locked(known)


def _arrays(column: Any) -> dict[str, AnyArray]:
    """Return what a column holds row by row, but for which amounts are known, by the name it is made with."""
    held = {field.alias or field.name: getattr(column, field.name) for field in attrs.fields(type(column))}
    return {name: values for name, values in held.items() if isinstance(values, np.ndarray) and name != "known"}
