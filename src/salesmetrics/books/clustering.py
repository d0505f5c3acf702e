"""A second copy of the columns that questions read most, sorted by outcome, month decided and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from math import prod
from typing import Any, Self

import attrs
import numpy as np

from salesmetrics._check import locked
from salesmetrics._lasting import counted_days
from salesmetrics._runs import Laid
from salesmetrics._threads import BLOCK, blocks_in_order, in_order
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.laying import Lie, MonthDays, Spans, joined
from salesmetrics.columns import Column, DayColumn, LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError

__all__ = ["Cluster"]

_BOUNDS = ("any_missing", "largest", "smallest", "last")
_KEYS = 1 << 22
_DIGIT = 1 << 20
_FEW = 1 << 16
_SPARSE = 4
_MOSTLY = 0.7
_TABLES_KEPT = 4


@attrs.frozen(eq=False)
class Cluster:
    """The rows of a book in the order of outcome, month decided and labels, and the columns that were read in that order.

    ``order`` is the row of the book at each place. A *slot* holds the deals of one outcome (none at all, open, won, ...)
    that have no day, or were decided in one month; ``index`` is the place where each begins, ``months`` the first day of each
    month from that of the first deal on, and the day behind the last one. Within a slot deals stand by labels, then by which
    of ``gaps`` (columns with values missing) they have none of, then as they came: a *run* holds those alike in all of that.
    ``starts`` is the place where each run begins, and where the last one ends; ``keys`` what it has in common, ``per`` how many
    keys a slot has. What questions ask of the runs (lengths, codes, sums of amounts or days) is kept, as the columns are.
    """

    order: IntArray
    index: IntArray
    months: IntArray
    labels: tuple[str, ...]
    sizes: tuple[int, ...]
    gaps: tuple[str, ...]
    starts: IntArray
    keys: IntArray
    per: int
    _read: dict[str, Column] = attrs.field(factory=dict)
    _kept: dict[str, IntArray] = attrs.field(factory=dict)
    _placed: dict[tuple[int, bytes], tuple[AnyArray, AnyArray] | None] = attrs.field(factory=dict)

    @classmethod
    def of(
        cls, outcome: LabelColumn, closed: DayColumn, labels: tuple[str, ...], columns: Mapping[str, Column]
    ) -> Self:
        """Return the order of a book's rows."""
        named: list[Any] = [columns[name] for name in labels]
        sizes = tuple(len(column.levels) + 1 for column in named)
        gaps = {name: missing for name in ("amount", "created") if (missing := _missing(columns.get(name))) is not None}
        first = int(closed.days.min(initial=2**31 - 1, where=closed.days >= 0))
        months, place = _months(first, closed.last)
        slots, per = (len(outcome.levels) + 1) * len(months), prod(sizes) << len(gaps)
        _refuse_too_many(slots * per)
        rows = len(outcome)
        key: AnyArray = np.empty(rows, dtype=np.int32 if slots * per < 2**31 else np.int64)
        place = place.astype(key.dtype)

        def part(start: int, stop: int) -> None:
            for at, end in blocks_in_order(start, stop):
                one = place.take(closed.days[at:end] - (first - 1), mode="clip")
                one += (outcome.codes[at:end].astype(key.dtype) + 1) * len(months)
                for column, size in zip(named, sizes, strict=True):
                    one *= size
                    one += column.codes[at:end]
                    one += 1
                for missing in gaps.values():
                    one += one
                    one += missing(at, end)
                key[at:end] = one

        in_order(part, rows)
        order, starts, keys = _sorted(key, slots * per)
        edges = np.append(starts, rows)
        index = edges[np.searchsorted(keys, np.arange(slots + 1) * per)]
        made = cls(order, index, months, labels, sizes, tuple(gaps), edges, keys, per)
        for name, column in zip(("outcome", *labels), (outcome, *named), strict=True):
            made._read[name] = made._repeated(name, column)
        return made

    @property
    def width(self) -> int:
        """How many slots an outcome has: one for those without a day, and one for each month."""
        return len(self.months)

    @property
    def levels(self) -> int:
        """How many outcomes there are."""
        return (len(self.index) - 1) // self.width - 1

    @cached_property
    def _dense(self) -> bool:
        """Whether the sums of runs are held for each slot and key, empty ones included: most are not, or all are few."""
        return (len(self.index) - 1) * self.per <= max(_SPARSE * len(self.keys), _FEW)

    def codes(self, name: str) -> IntArray:
        """Return the label of each key, -1 for none."""
        at = self.labels.index(name)
        below = prod(self.sizes[at + 1 :]) << len(self.gaps)
        return np.arange(self.per) // below % self.sizes[at] - 1

    def _each(self, name: str, make: Callable[[], IntArray]) -> IntArray:
        """Return a number for each run under a name; it is kept."""
        found = self._kept.get(name)
        if found is None:
            found = make()
            if self._dense:
                whole = np.zeros((len(self.index) - 1) * self.per, dtype=np.int64)
                whole[self.keys] = found
                found = whole
            self._kept[name] = locked(found)
        return found

    def _repeated(self, name: str, column: LabelColumn) -> Column:
        """Return a label column from the code of each run, which need not be looked up row by row."""
        codes = self.keys // self.per // self.width - 1 if name == "outcome" else self.codes(name)[self.keys % self.per]
        repeated = np.repeat(codes.astype(column.codes.dtype), np.diff(self.starts))
        return bounded(attrs.evolve(column, codes=repeated), column)

    def kept(self, name: str) -> Column | None:
        """Return a column in this order, where it was read before."""
        return self._read.get(name)

    def column(self, name: str, column: Column) -> Column:
        """Return a column of the book in this order; it is kept."""
        found = self._read.get(name)
        if found is None:
            ordered = _with_arrays(column, lambda values: _gathered(values, self.order))
            found = self._read[name] = bounded(ordered, column)
        return found

    def decided(self, kinds: range, first: int | None, last: int | None) -> Spans:
        """Return where the deals stand that were decided with some outcomes in the months that a span of days touches.

        Both ends are included. Without a first day those without a day belong to it.
        """
        early = 0 if first is None else max(int(np.searchsorted(self.months, first, side="right")), 1)
        late = self.width if last is None else int(np.searchsorted(self.months[:-1], last, side="right")) + 1
        slots = ((kind + 1) * self.width for kind in kinds)
        return [(int(self.index[slot + early]), int(self.index[slot + max(early, late)])) for slot in slots]

    @property
    def opened(self) -> Spans:
        """Where the open deals stand."""
        return [(int(self.index[self.width]), int(self.index[2 * self.width]))]

    @staticmethod
    def wanted(spans: Spans) -> Spans:
        """Return spans without empty ones, neighbours as one; one for all where they are most of what lies between."""
        found: Spans = []
        for start, stop in sorted(span for span in spans if span[0] < span[1]):
            if found and found[-1][1] == start:
                start = found.pop()[0]
            found.append((start, stop))
        between = found[-1][1] - found[0][0] if found else 0
        mostly = sum(stop - start for start, stop in found) > _MOSTLY * between
        return [(found[0][0], found[-1][1])] if mostly else found

    def rows(self, spans: Spans) -> IntArray:
        """Return the rows of the book that stand in these spans."""
        return joined(self.order, spans)

    def part(self, names: Iterable[str], columns: Mapping[str, Column], spans: Spans) -> tuple[dict[str, Column], Laid]:
        """Return columns where they stand in these spans (views of one span, copies of several), and how they lie in runs."""
        slots = _pairs(np.searchsorted(self.index, np.array(spans).reshape(-1, 2)))
        runs, which = [(start * self.per, stop * self.per) for start, stop in slots], None
        if not self._dense:
            runs = _pairs(np.searchsorted(self.starts, np.array(spans).reshape(-1, 2)))
            moved = np.cumsum([0, *(stop - start for start, stop in slots)])
            pairs = zip(slots, runs, moved, strict=False)
            which = np.concatenate(
                [self.keys[:0], *(self.keys[a:b] + (to - slot) * self.per for (slot, _), (a, b), to in pairs)]
            )
        lie = Lie(self, spans, slots, runs)
        laid = Laid(
            np.cumsum([0, *joined(np.diff(self.index), slots).tolist()]),
            self.per,
            which,
            lambda: joined(self._each("lengths", lambda: np.diff(self.starts).astype(np.int64)), runs),
        )
        found: dict[str, Column] = {}
        for name in names:
            whole = self.column(name, columns[name])
            part = bounded(_with_arrays(whole, lambda values: joined(values, spans)), whole)
            if name == "closed" and isinstance(part, DayColumn) and isinstance(whole, DayColumn):
                part = bounded(MonthDays(part.days, lie, whole, laid), whole)
            found[name] = part
            lie.tell(name, part, whole, laid)
        lie.tell_days(found, laid)
        return found, laid

    def days(self) -> tuple[IntArray, IntArray]:
        """Return the first and the last day of each slot of an outcome, -1 and -1 of the one without."""
        return np.append(-1, self.months[:-1]), np.append(-1, self.months[1:] - 1)

    def sums(self, name: str, values: AnyArray) -> IntArray:
        """Return the sum over each run of a column in this order; where it could leave int64 nobody may read it."""
        if not len(self.keys):
            return self._each(name, lambda: np.zeros(0, dtype=np.int64))
        return self._each(name, lambda: np.add.reduceat(values, self.starts[:-1], dtype=np.int64))

    def squares(self, name: str, values: IntArray) -> tuple[IntArray, IntArray]:
        """Return the sums over each run of the squares of a column in this order: of their upper and lower 32 bits."""
        if f"{name} squared, upper" not in self._kept:
            upper, lower = np.zeros((2, len(self.keys)), dtype=np.int64)
            cuts = np.searchsorted(self.starts, np.arange(0, len(values), BLOCK), side="right") - 1
            edges = np.append(np.unique(cuts), len(self.keys))
            for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                start, stop = int(self.starts[first]), int(self.starts[last])
                begin = self.starts[first:last] - start
                square = values[start:stop] * values[start:stop]
                np.add.reduceat(square >> 32, begin, out=upper[first:last])
                np.add.reduceat(square & 0xFFFFFFFF, begin, out=lower[first:last])
            self._each(f"{name} squared, upper", lambda: upper)
            self._each(f"{name} squared, lower", lambda: lower)
        return self._kept[f"{name} squared, upper"], self._kept[f"{name} squared, lower"]

    def days_taken(self) -> IntArray | None:
        """Return deals by outcome (from won on), key and days from creation to close; None where most cells would be empty.

        It is kept.
        """
        found = self._kept.get("days taken")
        if found is None:
            closed: Any = self._read["closed"]
            created: Any = self._read["created"]
            days = closed.longest_since(created) + 1
            if (self.levels - 1) * self.per * days > max(len(self.order) // 2, _FEW):
                return None
            tables = []
            for kind in range(1, self.levels):
                start, stop = (int(self.index[(kind + side) * self.width]) for side in (1, 2))
                first, last = np.searchsorted(self.starts, [start, stop])
                key = (self.keys[first:last] % self.per).astype(np.int16 if self.per < 2**15 else np.int32)
                rows = np.repeat(key, np.diff(self.starts[first : last + 1]))
                table = counted_days(closed.days[start:stop], created.days[start:stop], rows, self.per, max(days, 1))
                tables.append(table)
            found = self._kept["days taken"] = locked(np.stack(tables))
        return found

    def gap(self, name: str) -> AnyArray:
        """Return True for the keys of deals that have no value in a column."""
        if name not in self.gaps:
            return np.zeros(self.per, dtype=bool)
        return (np.arange(self.per) >> (len(self.gaps) - 1 - self.gaps.index(name)) & 1).astype(bool)

    def placed(self, base: int, table: AnyArray) -> tuple[AnyArray, AnyArray] | None:
        """Return where each row, and each slot, stands in a table of positions by day; None where a month is in several.

        Those of the last few tables are kept.
        """
        key = (base, table.tobytes())
        if key not in self._placed:
            for oldest in list(self._placed)[: len(self._placed) - _TABLES_KEPT + 1]:
                self._placed.pop(oldest, None)
            self._placed[key] = self._places(base, table)
        return self._placed[key]

    def _places(self, base: int, table: AnyArray) -> tuple[AnyArray, AnyArray] | None:
        days = np.arange(int(self.months[0]), int(self.months[-1]))
        of_day = table.take(np.append(-1, days) - base, mode="clip")
        starts = np.append(0, self.months[:-1] - self.months[0] + 1)
        lowest, highest = np.minimum.reduceat(of_day, starts), np.maximum.reduceat(of_day, starts)
        if not np.array_equal(lowest, highest):
            return None
        slots = np.tile(lowest.astype(np.int8 if int(table.max()) < 128 else np.int16), self.levels + 1)
        return locked(np.repeat(slots, np.diff(self.index))), slots


def _pairs(edges: AnyArray) -> Spans:
    """Return starts and stops as whole numbers."""
    return [(int(start), int(stop)) for start, stop in edges]


def _missing(column: Column | None) -> Callable[[int, int], AnyArray] | None:
    """Return what tells which rows of a block have no value, None where all have one."""
    if isinstance(column, MoneyColumn) and column.known is not None:
        known = column.known
        return lambda at, end: ~known[at:end]
    if isinstance(column, DayColumn) and column.any_missing:
        days = column.days
        return lambda at, end: days[at:end] < 0
    return None


def _refuse_too_many(keys: int) -> None:
    """Raise where outcome, month and labels make more keys than a whole number holds."""
    if keys >= 2**62:
        raise InvalidArgumentError(
            f"`by` must tell apart at most {2**62} groups; got {keys}.", code="SM-ARG-12", field="by", values=[keys]
        )


def _months(first: int, last: int) -> tuple[IntArray, IntArray]:
    """Return the first day of each month between two days and the day behind the last, and the month of each day from 1 on.

    The day before the first is in no month, 0.
    """
    if last < first:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    month = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    new = np.append(0, np.flatnonzero(np.diff(month)) + 1)
    place = np.append(0, np.repeat(np.arange(len(new)) + 1, np.diff(np.append(new, len(month)))))
    return first + np.append(new, len(month)), place


def _sorted(key: AnyArray, keys: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the rows in the order of their keys, those of one key as they came; where each key begins, and which it is."""
    if keys <= _KEYS:
        order, index = _counted(key, keys)
        found = np.flatnonzero(np.diff(index))
        return order, index[found], found
    order, rest, left = np.arange(len(key)), key, keys
    while left > 1:
        order = order.take(_counted((rest % _DIGIT).take(order), min(left, _DIGIT))[0])
        rest, left = rest // _DIGIT, -(-left // _DIGIT)
    ordered = key.take(order)
    starts = np.flatnonzero(np.append(True, np.diff(ordered) != 0)[: len(key)])
    return order, starts, ordered[starts]


def _counted(key: AnyArray, keys: int) -> tuple[IntArray, IntArray]:
    """Return the rows by key, and where each key begins, by a counting sort."""
    from scipy.sparse import csr_array

    rows = len(key)
    data = np.arange(rows, dtype=np.int32 if rows < 2**31 else np.int64)
    found = csr_array((data, key, np.array([0, rows], dtype=key.dtype)), shape=(1, keys)).tocsc()
    return found.data, found.indptr


def bounded(part: Column, whole: Column) -> Column:
    """Return some rows of a column that take over what was worked out of all: bounds of all are bounds of a part."""
    for name in _BOUNDS:
        if hasattr(type(whole), name):
            object.__setattr__(part, name, getattr(whole, name))
    return part


def _with_arrays(column: Column, change: Any) -> Column:
    """Return a column with each of its arrays changed in the same way."""
    fields: Any = attrs.fields(type(column))  # type: ignore[arg-type]
    held = {field.alias: getattr(column, field.name) for field in fields}
    arrays = {name: locked(change(values)) for name, values in held.items() if isinstance(values, np.ndarray)}
    changed: Column = attrs.evolve(column, **arrays)  # type: ignore[misc]
    return changed


def _gathered(values: AnyArray, order: IntArray) -> AnyArray:
    """Return the values in an order, on threads where that pays."""
    out = np.empty(len(order), dtype=values.dtype)

    def part(start: int, stop: int) -> None:
        for at, end in blocks_in_order(start, stop):
            np.take(values, order[at:end], out=out[at:end], mode="clip")

    in_order(part, len(order))
    return out
