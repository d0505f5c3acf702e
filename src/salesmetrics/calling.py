"""Calls read block by block: their periods told apart, and the one that counts kept in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Range, kept_cells
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.forecasts import ForecastBook
from salesmetrics.calendars import Period
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.grouping import Grouping, Window, day_column
from salesmetrics.labels import Labels, Levels

__all__ = ["NEVER", "SPAN", "Bounds", "CallReader", "Calls", "LastCalls", "latest_calls"]

SPAN = "period of the call"
NEVER = -(2**62)
_LEAST = np.iinfo(np.int64).min
_BLOCK = 1 << 16
_MOST_KEYS = 1 << 28


@attrs.frozen(eq=False)
class Bounds:
    """The first days and ends that calls are about, each pair once, in order.

    A pair is told by a key: its first day times the number of lengths, plus its length. ``table`` has the position of each
    key, where such a table is small: looking a pair up costs a tenth of searching it.
    """

    starts: IntArray
    ends: IntArray
    base: tuple[int, int, int]
    keys: IntArray
    table: AnyArray | None

    @classmethod
    def of(cls, start: AnyArray, end: AnyArray) -> Self:
        """Return the distinct pairs of two columns of days."""
        nothing = np.zeros(0, dtype=np.int64)
        if not len(start):
            return cls(nothing, nothing, (0, 0, 1), nothing, None)
        blocks = [slice(at, at + _BLOCK) for at in range(0, len(start), _BLOCK)]
        lengths = [(int(length.min()), int(length.max())) for length in (end[each] - start[each] for each in blocks)]
        least, most = min(short for short, _ in lengths), max(long for _, long in lengths)
        first, per = int(start.min()), most - least + 1
        size = (int(start.max()) - first + 1) * per
        base = (first, least, per)
        if size > min(max(4 * len(start), _BLOCK), _MOST_KEYS):
            keys = np.unique(np.concatenate([np.unique(_keys(start[each], end[each], base)) for each in blocks]))
            return cls(*_days(keys, base), base, keys, None)
        seen = np.zeros(size, dtype=bool)
        for each in blocks:
            seen[_keys(start[each], end[each], base)] = True
        keys = np.flatnonzero(seen)
        table = np.zeros(size, dtype=np.int32)
        table[keys] = np.arange(len(keys))
        return cls(*_days(keys, base), base, keys, table)

    def places(self, start: AnyArray, end: AnyArray) -> IntArray:
        """Return which pair each is."""
        keys = _keys(start, end, self.base)
        return np.searchsorted(self.keys, keys) if self.table is None else self.table.take(keys)

    def within(self, window: Window) -> tuple[BoolArray, BoolArray]:
        """Return which lie in one of the periods asked for, and which only overlap them."""
        start, end = self.starts, self.ends
        if window.periods is None:
            return np.ones(len(start), dtype=bool), np.zeros(len(start), dtype=bool)
        starts, ends = window.periods.starts.astype(np.int64), window.periods.ends.astype(np.int64)
        first = np.searchsorted(ends, start, side="right")
        shared = np.searchsorted(starts, end, side="left") > first
        if not len(starts):
            return shared, shared
        near = np.minimum(first, len(starts) - 1)
        inside = shared & (starts[near] <= start) & (end <= ends[near])
        return inside, shared & ~inside


def _keys(start: AnyArray, end: AnyArray, base: tuple[int, int, int]) -> IntArray:
    """Return the number that tells a pair of days from all others."""
    first, least, per = base
    keys = start.astype(np.int64)
    keys -= first
    if per > 1:
        keys *= per
        keys += end - start
        keys -= least
    return keys


def _days(keys: IntArray, base: tuple[int, int, int]) -> tuple[IntArray, IntArray]:
    """Return the first day and the end that a key stands for."""
    first, least, per = base
    starts = keys // per + first
    return starts, starts + keys % per + least


@attrs.frozen(eq=False)
class Calls:
    """Some calls for periods that lie in those asked for.

    ``cell`` is the forecaster times the number of pairs of days, plus the pair; ``kind`` the category, -1 for one that is not
    asked for.
    """

    cell: IntArray
    span: IntArray
    kind: IntArray
    given: IntArray
    amount: IntArray


@attrs.define(eq=False)
class CallReader:
    """Reads the calls that count and counts the others, by cause: no amount, a period that only overlaps, no rep."""

    forecasts: ForecastBook
    grouping: Grouping
    window: Window
    kind: AnyArray
    bounds: Bounds
    left_out: IntArray = attrs.field(factory=lambda: np.zeros(3, dtype=np.int64))

    @property
    def cells(self) -> int:
        """How many forecasters and pairs of days there may be."""
        return self.grouping.groups * len(self.bounds.starts)

    def over(self) -> Iterator[Calls]:
        """Yield the calls block by block."""
        days = [day_column(self.forecasts, name, "forecast calls").days for name in ("start", "end", "given")]
        start, end, said = days
        money: MoneyColumn = self.forecasts.column("amount", "forecast calls")
        owner = self.forecasts.columns.get("rep")
        inside, beside = self.bounds.within(self.window)
        edges = range(0, self.forecasts.rows, _BLOCK)
        blocks = ((at, min(at + _BLOCK, self.forecasts.rows)) for at in edges)
        for rows, group in kept_cells(blocks, self.grouping.axes, keep=(*self.grouping.keep, Range(said, 0))):
            span, kind = self.bounds.places(_at(start, rows), _at(end, rows)), _at(self.kind, rows)
            used, asked = inside.take(span), kind >= 0
            if money.known is not None:
                known = _at(money.known, rows)
                self.left_out[0] += np.count_nonzero(used & asked & ~known)
                used &= known
            self.left_out[1] += np.count_nonzero(beside.take(span) & asked)
            if isinstance(owner, LabelColumn) and owner.any_missing:
                owned = _at(owner.codes, rows) >= 0
                self.left_out[2] += np.count_nonzero(used & asked & ~owned)
                used &= owned
            cell = group.astype(np.int64)
            cell *= len(inside)
            cell += span
            calls = Calls(cell, span, kind, _at(said, rows), _at(money.minor, rows))
            yield calls if used.all() else _taken(calls, np.flatnonzero(used))

    def labels(self, cells: IntArray) -> Labels:
        """Return the forecasters and periods of some cells, which rise."""
        size = max(len(self.bounds.starts), 1)
        names = len(self.grouping.levels)
        if len(cells) % size == 0 and _follow(cells) and not int(cells[0]) % size:  # everybody called for every period
            spans = np.arange(size)
            codes = np.empty((len(cells) // size, size, names + 1), dtype=np.int64)
            codes[..., :-1] = self._owners(cells[::size] // size)[:, None]
            codes[..., -1] = spans
        else:
            group = cells // size
            spans, span = _distinct(cells - group * size, size)
            first = np.flatnonzero(np.concatenate((np.ones(min(len(group), 1), dtype=bool), group[1:] != group[:-1])))
            codes = np.empty((len(cells), names + 1), dtype=np.int64)
            codes[:, :-1] = np.repeat(self._owners(group[first]), np.diff(np.append(first, len(cells))), axis=0)
            codes[:, -1] = span
        bounds = zip(self.bounds.starts[spans].tolist(), self.bounds.ends[spans].tolist(), strict=True)
        periods = tuple(Period(_check.date_of(start), _check.date_of(end)) for start, end in bounds)
        return Labels((*self.grouping.levels, Levels(SPAN, periods)), codes.reshape(-1, names + 1))

    def _owners(self, groups: IntArray) -> IntArray:
        """Return the codes of forecasters; without labels there is nothing to tell of any."""
        if not self.grouping.levels:
            return np.zeros((len(groups), 0), dtype=np.int64)
        return self.grouping.labels(groups).codes


def _follow(rows: IntArray) -> bool:
    """Return True where rising rows follow one another."""
    return bool(len(rows)) and int(rows[-1]) - int(rows[0]) == len(rows) - 1


def _at(column: AnyArray, rows: IntArray) -> AnyArray:
    """Return some rows of a column, without a copy where they follow one another."""
    return column[int(rows[0]) : int(rows[-1]) + 1] if _follow(rows) else column.take(rows)


def _distinct(codes: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the codes that occur, in order, and the position of each row's code among them."""
    there = np.zeros(size, dtype=bool)
    there[codes] = True
    found = np.flatnonzero(there)
    return found, codes if len(found) == size else (np.cumsum(there) - 1)[codes]


def _taken(calls: Calls, rows: IntArray) -> Calls:
    """Return some of the calls."""
    return Calls(*(getattr(calls, field.name).take(rows) for field in attrs.fields(Calls)))


@attrs.frozen(eq=False)
class LastCalls:
    """How many calls there are for each cell, and the last before each end: its day, and its amount.

    Tables of day and amount have the axes week, and cell with category.
    """

    calls: IntArray
    given: IntArray
    amount: IntArray

    @classmethod
    def none(cls, cells: int, kinds: int, weeks: int) -> Self:
        """Return the tables before the first call."""
        shape = (weeks, cells * kinds)
        return cls(
            np.zeros(cells, dtype=np.int64), np.full(shape, NEVER, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        )

    def take_in(self, calls: Calls, place: IntArray, ends: IntArray) -> None:
        """Let the calls of a block count, ``place`` being their rows, ``ends`` the ends of each week by pair of days."""
        np.add.at(self.calls, place, np.ones(len(place), dtype=np.int64))
        kinds = self.given.shape[1] // max(len(self.calls), 1)
        slot = place if kinds == 1 else place * kinds + calls.kind
        for week in range(len(self.given)):
            early = calls.given < ends[week].take(calls.span)
            early &= calls.kind >= 0
            columns = (slot, calls.given, calls.amount)
            if not early.all():
                rows = np.flatnonzero(early)
                slot_, given, amount = (column.take(rows) for column in columns)
                columns = (slot_, given, amount)
            _later(self.given[week], self.amount[week], *columns)


def _later(day: IntArray, largest: IntArray, slot: IntArray, given: AnyArray, amount: IntArray) -> None:
    """Put later calls in the place of earlier ones; of several on one day the largest counts."""
    given = given.astype(np.int64)
    before = day.take(slot)
    if (slot[1:] > slot[:-1]).all():  # none for the same place as another: what is there decides
        wins = (given > before) | ((given == before) & (amount > largest.take(slot)))
        if not wins.all():
            slot, given, amount = slot[wins], given[wins], amount[wins]
        day[slot], largest[slot] = given, amount
        return
    np.maximum.at(day, slot, given)
    now = day.take(slot)
    largest[slot[now > before]] = _LEAST
    last = np.flatnonzero(given == now)
    np.maximum.at(largest, slot.take(last), amount.take(last))


def latest_calls(reader: CallReader, kinds: int, ends: IntArray) -> tuple[Labels, LastCalls]:
    """Return the forecasters and periods that somebody called for, and the calls that count, with axes row, category, week."""
    dense = reader.cells <= 2 * reader.forecasts.rows
    if dense:
        found = LastCalls.none(reader.cells, kinds, len(ends))
        for calls in reader.over():
            found.take_in(calls, calls.cell, ends)
        cells = np.flatnonzero(found.calls)
    else:  # a table of all cells would be mostly empty: those that occur are looked for first
        apart = [np.unique(calls.cell) for calls in attrs.evolve(reader, left_out=np.zeros(3, dtype=np.int64)).over()]
        cells = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *apart]))
        found = LastCalls.none(len(cells), kinds, len(ends))
        for calls in reader.over():
            found.take_in(calls, np.searchsorted(cells, calls.cell), ends)
    rows = cells if dense else np.arange(len(cells))

    def by_row(table: IntArray) -> IntArray:
        apart = table.reshape(len(table), len(found.calls), kinds)
        chosen = apart[:, int(rows[0]) : int(rows[-1]) + 1] if _follow(rows) else apart[:, rows]
        return np.ascontiguousarray(chosen.transpose(1, 2, 0))

    return reader.labels(cells), LastCalls(_at(found.calls, rows), by_row(found.given), by_row(found.amount))
