"""Read-only columns of a book, one class per kind: label, money, day, probability, key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, Self, TypeAlias

import attrs
import numpy as np

from salesmetrics._check import Rebuilt, locked
from salesmetrics._kernels import largest_difference, looked_up
from salesmetrics.arrays import AnyArray, BoolArray, CodeArray, IntArray
from salesmetrics.errors import InvalidDataError, show
from salesmetrics.money import to_major

__all__ = ["Column", "DayColumn", "KeyColumn", "LabelColumn", "MoneyColumn", "ProbabilityColumn", "ShareColumn"]

Label: TypeAlias = Any
PPM = 1_000_000
_TABLES_KEPT = 4
_TEXTS_AT_ONCE = 1 << 16


def _lock(array: AnyArray) -> AnyArray:
    return locked(array)


def ascii_texts(held: AnyArray) -> AnyArray:
    """Return bytes of ASCII as texts, block by block."""
    texts = np.empty(len(held), dtype=object)
    for start in range(0, len(held), _TEXTS_AT_ONCE):
        texts[start : start + _TEXTS_AT_ONCE] = held[start : start + _TEXTS_AT_ONCE].astype("U")
    return texts


def smallest_codes(codes: AnyArray, levels: int) -> CodeArray:
    """Return codes in the smallest signed type that holds that many levels and -1."""
    kind = np.int8 if levels <= 127 else np.int16 if levels <= 32767 else np.int32
    return np.ascontiguousarray(codes, dtype=kind)


def merged_levels(lists: Sequence[tuple[tuple[Label, ...], bool]]) -> tuple[Label, ...]:
    """Return one list of levels for several columns: the longest own order that holds the others, else sorted."""
    distinct = {levels for levels, _ in lists}
    if len(distinct) == 1:
        return distinct.pop()
    union = set().union(*distinct)
    owned = sorted((levels for levels, ordered in lists if ordered), key=lambda levels: (-len(levels), levels))
    if owned and union == set(owned[0]):
        return owned[0]
    try:
        return tuple(sorted(union))
    except TypeError as error:
        text, number = (next(level for level in union if isinstance(level, str) is wanted) for wanted in (True, False))
        raise InvalidDataError(
            f"labels must be all texts or all whole numbers; got {show(text)} beside {show(number)}.",
            code="SM-LAB-06",
            values=[text, number],
            hint="make them of one kind in all parts: str(label) for each.",
        ) from error


class Column(Protocol):
    """What every column can do."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def take(self, rows: AnyArray) -> Self:
        """Return the column with these rows only, in this order."""
        ...

    def user(self) -> AnyArray:
        """Return the column as a read-only array in the user's terms."""
        ...

    def missing(self) -> BoolArray:
        """Return True where the row has no value."""
        ...

    def concat(self, others: Sequence[Self]) -> Self:
        """Return this column with the rows of others behind it."""
        ...

    def equals(self, other: object) -> bool:
        """Return True where both hold the same values in the same order."""
        ...


@attrs.frozen(eq=False)
class LabelColumn(Rebuilt):
    """Names as whole codes into levels; -1 is missing.

    Levels are sorted, or, where ``ordered``, in an order of their own (outcomes, stages).
    """

    codes: CodeArray = attrs.field(converter=_lock)
    levels: tuple[Label, ...]
    ordered: bool = False

    @cached_property
    def any_missing(self) -> bool:
        """True where some row has no label."""
        return bool(len(self.codes)) and int(self.codes.min()) < 0

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows; levels that no row uses stay."""
        return attrs.evolve(self, codes=self.codes.take(rows))

    def missing(self) -> BoolArray:
        """Return True where there is no label."""
        return self.codes < 0

    def user(self) -> AnyArray:
        """Return the labels as objects, None where missing."""
        lookup = np.empty(len(self.levels) + 1, dtype=object)
        lookup[:-1] = np.fromiter(self.levels, dtype=object, count=len(self.levels))
        lookup[-1] = None
        return locked(lookup[self.codes])

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns under one list of levels.

        Levels of which none of the orders holds all have no order any more.
        """
        columns = [self, *others]
        levels = merged_levels([(c.levels, c.ordered) for c in columns])
        ordered = self.ordered and any(c.ordered and c.levels == levels for c in columns)
        place = {level: i for i, level in enumerate(levels)}
        parts = []
        for column in columns:
            lookup = np.array([place[level] for level in column.levels] + [-1], dtype=np.int64)
            parts.append(lookup[column.codes])
        return type(self)(smallest_codes(np.concatenate(parts), len(levels)), levels, ordered)

    def equals(self, other: object) -> bool:
        """Return True where both name the same labels in the same order; unused levels do not count."""
        if not isinstance(other, LabelColumn) or len(self) != len(other):
            return False
        if self.levels == other.levels:
            return bool(np.array_equal(self.codes, other.codes))
        return bool(np.array_equal(self.user(), other.user()))


@attrs.frozen(eq=False)
class MoneyColumn(Rebuilt):
    """Exact amounts in whole minor units, 0 where missing; ``known`` is None where none is missing."""

    minor: IntArray = attrs.field(converter=_lock)
    known: BoolArray | None
    scale: int

    @cached_property
    def largest(self) -> int:
        """The largest absolute amount in minor units."""
        return max(int(self.minor.max()), -self.smallest) if len(self.minor) else 0

    @cached_property
    def smallest(self) -> int:
        """The smallest amount in minor units, 0 where there is none."""
        return int(self.minor.min()) if len(self.minor) else 0

    def __len__(self) -> int:
        return len(self.minor)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        known = None if self.known is None else self.known[rows]
        return attrs.evolve(
            self, minor=self.minor.take(rows), known=None if known is None or known.all() else locked(known)
        )

    def missing(self) -> BoolArray:
        """Return True where there is no amount."""
        return np.zeros(len(self), dtype=bool) if self.known is None else ~self.known

    def user(self) -> AnyArray:
        """Return amounts in major units as float64, NaN where missing."""
        major = to_major(self.minor, self.scale)
        if self.known is not None:
            major[~self.known] = np.nan
        return locked(major)

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns, which must share one scale."""
        columns = [self, *others]
        known = ~np.concatenate([c.missing() for c in columns])
        minor = np.concatenate([c.minor for c in columns])
        return type(self)(minor, None if known.all() else locked(known), self.scale)

    def equals(self, other: object) -> bool:
        """Return True where both hold the same amounts at the same scale."""
        return (
            isinstance(other, MoneyColumn)
            and self.scale == other.scale
            and bool(np.array_equal(self.minor, other.minor))
            and bool(np.array_equal(self.missing(), other.missing()))
        )


@attrs.frozen(eq=False)
class DayColumn(Rebuilt):
    """Days since 1970-01-01 as int32; -1 is missing."""

    days: AnyArray = attrs.field(converter=_lock)

    @cached_property
    def last(self) -> int:
        """The last day, -1 where there is none."""
        return int(self.days.max()) if len(self.days) else -1

    @cached_property
    def any_missing(self) -> bool:
        """True where some row has no day."""
        return bool(len(self.days)) and int(self.days.min()) < 0

    @cached_property
    def _positions(self) -> dict[tuple[int, bytes], AnyArray | None]:
        """The positions worked out so far, None where they were asked for once."""
        return {}

    def positions(self, base: int, table: AnyArray) -> AnyArray | None:
        """Return where each day stands in a table of positions (-1: nowhere), in bytes; None when first asked.

        Whoever asks for the same periods a second time will ask again: from then on the positions are kept, those of the
        last few tables. A single question need not pay for them.
        """
        key = (base, table.tobytes())
        if key not in self._positions:
            for oldest in list(self._positions)[: len(self._positions) - _TABLES_KEPT + 1]:
                self._positions.pop(oldest, None)
            self._positions[key] = None
            return None
        found = self._positions.get(key)
        if found is None:
            narrow = table.astype(np.int8 if int(table.max()) < 128 else np.int16)
            found = self._positions[key] = locked(looked_up(self.days, narrow, base))
        return found

    @cached_property
    def _longest(self) -> dict[int | None, tuple[AnyArray, int]]:
        """The longest spans worked out so far: since which days, by the day on which open spans were cut."""
        return {}

    def longest_since(self, earlier: DayColumn, cut: int | None = None) -> int:
        """Return the most days from an earlier column to this one, -1 where there are none; it is kept.

        With ``cut`` later days, and those of rows without one, count as that day.
        """
        held = self._longest.get(cut)
        if held is None or held[0] is not earlier.days:
            if len(self._longest) >= _TABLES_KEPT:
                self._longest.clear()
            held = self._longest[cut] = (earlier.days, largest_difference(self.days, earlier.days, cut))
        return held[1]

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        return attrs.evolve(self, days=self.days.take(rows))

    def missing(self) -> BoolArray:
        """Return True where there is no day."""
        return self.days < 0

    def user(self) -> AnyArray:
        """Return the days as ``datetime64[D]``, NaT where missing."""
        days = self.days.astype("datetime64[D]")
        days[self.days < 0] = np.datetime64("NaT")
        return locked(days)

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns."""
        return type(self)(np.concatenate([self.days, *(o.days for o in others)]))

    def equals(self, other: object) -> bool:
        """Return True where both hold the same days."""
        return isinstance(other, DayColumn) and bool(np.array_equal(self.days, other.days))


@attrs.frozen(eq=False)
class ProbabilityColumn(Rebuilt):
    """Probabilities in whole parts per million as int32; -1 is missing."""

    ppm: AnyArray = attrs.field(converter=_lock)

    def __len__(self) -> int:
        return len(self.ppm)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        return attrs.evolve(self, ppm=self.ppm.take(rows))

    def missing(self) -> BoolArray:
        """Return True where there is no probability."""
        return self.ppm < 0

    def user(self) -> AnyArray:
        """Return probabilities as fractions in float64, NaN where missing."""
        share = self.ppm / np.float64(PPM)
        share[self.ppm < 0] = np.nan
        return locked(share)

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns."""
        return type(self)(np.concatenate([self.ppm, *(o.ppm for o in others)]))

    def equals(self, other: object) -> bool:
        """Return True where both hold the same probabilities."""
        return isinstance(other, ProbabilityColumn) and bool(np.array_equal(self.ppm, other.ppm))


@attrs.frozen(eq=False)
class ShareColumn(Rebuilt):
    """Shares as the floats they came as; NaN does not occur."""

    values: AnyArray = attrs.field(converter=_lock)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        return attrs.evolve(self, values=self.values.take(rows))

    def missing(self) -> BoolArray:
        """Return False everywhere: a share is never missing."""
        return np.zeros(len(self), dtype=bool)

    def user(self) -> AnyArray:
        """Return the shares."""
        return self.values

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns."""
        return type(self)(np.concatenate([self.values, *(o.values for o in others)]))

    def equals(self, other: object) -> bool:
        """Return True where both hold the same shares."""
        return isinstance(other, ShareColumn) and bool(np.array_equal(self.values, other.values))


@attrs.frozen(eq=False)
class KeyColumn(Rebuilt):
    """Ids in the form they came in: int64, or text as objects; None or absent ids do not occur.

    Texts that came in as bytes stay so, a quarter of the size, until a join or an error needs them.
    """

    _held: AnyArray = attrs.field(converter=_lock, alias="values")

    @cached_property
    def values(self) -> AnyArray:
        """The ids: whole numbers, or texts as objects."""
        return self._held if self._held.dtype.kind != "S" else locked(ascii_texts(self._held))

    @property
    def are_texts(self) -> bool:
        """True where the ids are texts."""
        return self._held.dtype.kind in "SO"

    def __len__(self) -> int:
        return len(self._held)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows."""
        return type(self)(self._held.take(rows))

    def missing(self) -> BoolArray:
        """Return False everywhere: a key is never missing."""
        return np.zeros(len(self), dtype=bool)

    def user(self) -> AnyArray:
        """Return the ids as they came in."""
        return self.values

    def concat(self, others: Sequence[Self]) -> Self:
        """Return the rows of all columns."""
        columns = [self, *others]
        packed = all(column._held.dtype.kind == "S" for column in columns)
        return type(self)(np.concatenate([column._held if packed else column.values for column in columns]))

    def equals(self, other: object) -> bool:
        """Return True where both hold the same ids."""
        if not isinstance(other, KeyColumn):
            return False
        if self._held.dtype.kind == other._held.dtype.kind == "S":
            return bool(np.array_equal(self._held, other._held))
        return bool(np.array_equal(self.values, other.values))
