"""By, period and where: codes and labels of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import runs
from salesmetrics._kernels import Addend, Axis, Range, cell_count, packed_cells, tabulate
from salesmetrics._runs import Laid
from salesmetrics._wide import CellOverflow
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.table import Book
from salesmetrics.calendars import Period, Periods
from salesmetrics.columns import DayColumn, LabelColumn
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, InvalidTypeError, nearest, show
from salesmetrics.labels import Labels, Levels, rows_of_cells
from salesmetrics.structure import lent_on_own_day

if TYPE_CHECKING:
    from salesmetrics.books.reps import RepBook

__all__ = ["Grouping", "Window", "group", "window_of"]

_DENSE_CELLS = 1 << 22
_MOST_CELLS = 50_000_000


@attrs.frozen
class Window:
    """The periods asked for; ``many`` says that the period is a label of the rows."""

    periods: Periods | None
    many: bool

    @property
    def size(self) -> int:
        """How many periods a row is crossed with; all days count as one."""
        return 1 if self.periods is None else len(self.periods)

    @property
    def asked(self) -> Period | Periods | None:
        """The argument that asks for this window."""
        return self.periods if self.many or self.periods is None else self.periods[0]

    def axis(
        self, column: DayColumn | AnyArray, as_of: int | None = None
    ) -> tuple[tuple[Axis, ...], tuple[Range, ...]]:
        """Return the axis of the period of each day, days after ``as_of`` and outside left out."""
        days = column.days if isinstance(column, DayColumn) else column
        high = None if as_of is None else as_of + 1
        if self.periods is None:
            return (), (Range(days, None, high),) if high is not None else ()
        if len(self.periods) == 1:
            end = self.periods[0].end_day
            return (), (Range(days, self.periods[0].start_day, end if high is None else min(end, high)),)
        base, table = self.periods.lookup()
        if high is not None and high < base + len(table):
            table = np.append(table[: max(high - base, 0)], -1)
        placed = column.positions(base, table) if isinstance(column, DayColumn) else None
        if placed is not None:
            return (Axis(placed, len(self.periods), edge="drop"),), ()
        return (Axis(days, len(self.periods), table=table, base=base),), ()

    def cross(self, labels: Labels) -> Labels:
        """Return the rows of the answer: each group with every period, where the period is a label."""
        if not self.many or self.periods is None:
            return labels
        return labels.crossed(Levels("period", tuple(self.periods), ordered=True))


def window_of(period: object) -> Window:
    """Return the window of a Period, of Periods, or of None for all days."""
    if period is None:
        return Window(None, many=False)
    if isinstance(period, Period):
        return Window(Periods([period]), many=False)
    if isinstance(period, Periods):
        return Window(period, many=True)
    if isinstance(period, (list, tuple)) and all(isinstance(p, Period) for p in period):
        return Window(Periods(period), many=True)
    raise InvalidTypeError(
        f"`period` must be a Period or Periods; got {show(period)}.",
        code="SM-ARG-10",
        field="period",
        values=[period],
        hint="calendar.quarter(2026, 3), calendar.quarters(start, end), quotas.periods() or Period(start, end).",
    )


@attrs.frozen(eq=False)
class Grouping:
    """The axes of the groups, and the rows that ``where`` keeps."""

    rows: int
    levels: tuple[Levels, ...]
    axes: tuple[Axis, ...]
    keep: tuple[Range, ...]
    distinct: IntArray | None = None
    laid: Laid | None = None

    @property
    def groups(self) -> int:
        """How many groups the axes can tell apart."""
        return cell_count(self.axes)

    def labels(self, groups: IntArray) -> Labels:
        """Return the labels of these groups."""
        return rows_of_cells(self.levels, groups if self.distinct is None else self.distinct[groups])

    def present(self, counted: AnyArray) -> IntArray:
        """Return the groups that have a row in a table whose first axis is the group."""
        if not self.levels:
            return np.zeros(1, dtype=np.int64)
        return np.flatnonzero(counted.reshape(len(counted), -1).any(axis=1)).astype(np.int64)

    def tabulate(
        self, more: Sequence[Axis], keep: Sequence[Range], sums: Sequence[Addend] = (), *, short: bool = False
    ) -> tuple[IntArray, tuple[IntArray, ...]]:
        """Return counts and exact sums in tables of shape (groups, sizes of the further axes).

        With ``short`` the counts may come in a smaller type than int64. The sum of a product has one more axis, of limbs.
        """
        shape = (self.groups, *(axis.size for axis in more))
        self.check_size(shape)
        try:
            axes, keep = (*self.axes, *more), (*self.keep, *keep)
            tables = None if self.laid is None else self.laid.tabulate(axes, keep, sums)
            if tables is None:
                tables = tabulate(self.rows, axes, keep=keep, sums=sums)
        except CellOverflow as error:
            group = error.cell // max(int(np.prod(shape[1:], dtype=np.int64)), 1)
            raise InvalidDataError(
                f"a sum of money must stay within int64 minor units; got more in group "
                f"{show(next(iter(self.labels(np.array([group])))))}.",
                code="SM-AMT-09",
                field="amount",
                hint="a smaller scale holds larger totals.",
            ) from error
        count = tables.count if short else tables.count.astype(np.int64, copy=False)
        return count.reshape(shape), tuple(total.reshape(*shape, *total.shape[1:]) for total in tables.sums)

    def between(self, start: int, stop: int) -> Self:
        """Return the same groups of a block of the rows, which is not copied."""
        axes = tuple(attrs.evolve(axis, values=axis.values[start:stop]) for axis in self.axes)
        keep = tuple(attrs.evolve(rule, values=rule.values[start:stop]) for rule in self.keep)
        return attrs.evolve(self, rows=stop - start, axes=axes, keep=keep, laid=None)

    def of_rows(self, rows: IntArray) -> Self:
        """Return the same groups of some of the rows only."""
        axes = tuple(attrs.evolve(axis, values=axis.values.take(rows)) for axis in self.axes)
        keep = tuple(attrs.evolve(rule, values=rule.values.take(rows)) for rule in self.keep)
        return attrs.evolve(self, rows=len(rows), axes=axes, keep=keep, laid=None)

    def check_size(self, shape: tuple[int, ...]) -> None:
        """Raise where a dense table would have more cells than the limit, before it is made."""
        cells = 1
        for size in shape:
            cells *= size
        if cells > _MOST_CELLS:
            raise InvalidArgumentError(
                f"`by` and `period` must give at most {_MOST_CELLS:,} cells; got {cells:,}.",
                code="SM-ARG-11",
                field="by",
                values=[cells],
                hint="group by fewer columns, or ask for fewer periods.",
            )

    def compact(self) -> Self:
        """Return the same groups under one axis of those that occur, where the full product would be large."""
        if len(self.axes) < 2 or self.groups <= max(_DENSE_CELLS, 2 * self.rows):
            return self
        if self.groups > 2**62:
            raise InvalidArgumentError(
                f"`by` must tell apart at most {2**62} groups; got {self.groups}.", code="SM-ARG-12", field="by"
            )
        _, packed = packed_cells(self.rows, self.axes)
        distinct, _ = runs(packed)
        codes = np.searchsorted(distinct, packed).astype(np.int32)
        return attrs.evolve(self, axes=(Axis(codes, max(len(distinct), 1)),), distinct=distinct)


def group(
    book: Book,
    by: object,
    where: object,
    reps: RepBook | None = None,
    purpose: str = "`by`",
    *,
    as_of: int | None = None,
) -> Grouping:
    """Return the groups of a book's rows by its own labels and by those that its reps lend.

    Where the structure of the reps changes, they lend what was in force on each row's own day, ``as_of`` at the latest.
    """
    lent = () if reps is None or "rep" not in book.columns else reps.lendable
    known = (*book.label_names, *(name for name in lent if name not in book.label_names))
    names = _asked(by, known, book, purpose)
    axes, levels = [], []
    for name in names:
        if name in book.label_names:
            column: LabelColumn = book.columns[name]  # type: ignore[assignment]
            axes.append(_axis(column))
            levels.append(Levels(name, column.levels, column.ordered))
        elif reps is not None:
            owner: Any = book.columns["rep"]
            lender: Any = reps.columns[name]
            if reps.dated:
                axes.append(_axis(lent_on_own_day(book, reps, name, as_of)))
            else:
                axes.append(_lent_axis(owner, reps.lookup(name, owner), len(lender.levels)))
            levels.append(Levels(name, lender.levels, lender.ordered))
    mask = book.mask(where)
    keep = () if mask is None else (Range(mask.view(np.uint8), 1, None),)
    return Grouping(book.rows, tuple(levels), tuple(axes), keep, laid=getattr(book, "laid", None)).compact()


def _asked(by: object, known: Sequence[str], book: Book, purpose: str) -> tuple[str, ...]:
    """Return the names asked for, each of which must be a label column."""
    for name in by if isinstance(by, (tuple, list)) else (by,):
        if isinstance(name, str) and name in book.columns and name not in known:
            raise InvalidArgumentError(
                f"{purpose} must name label columns of the {book.kind}; got {show(name)}, which holds numbers or days.",
                code="SM-ARG-13",
                field="by",
                values=[name],
                hint=nearest("", known),
            )
    return _check.names(by, known, "by")


def _axis(column: LabelColumn) -> Axis:
    """Return the axis of a label column, with one more place for the missing label."""
    return Axis(column.codes, len(column.levels) + 1, edge="last" if column.any_missing else None)


def _lent_axis(owner: LabelColumn, lookup: IntArray, levels: int) -> Axis:
    """Return the axis of a label that each row's rep lends, looked up row by row without a new column."""
    table = np.where(lookup < 0, levels, lookup)
    return Axis(owner.codes, levels + 1, table=np.append(table[-1], table[:-1]), base=-1)


def day_column(book: Book, name: str, purpose: str) -> DayColumn:
    """Return a day column, or raise saying what needs it."""
    column: DayColumn = book.column(name, purpose)
    return column


def limit(column: DayColumn, as_of: int | None) -> int | None:
    """Return the last day that counts, None where no row of the column lies after it."""
    return None if as_of is None or column.last <= as_of else as_of


def known_days(column: DayColumn, as_of: int | None = None) -> tuple[Range, ...]:
    """Return the range of the rows that have a day, not after ``as_of``; none where that is every row."""
    low = 0 if column.any_missing else None
    high = None if as_of is None or column.last <= as_of else as_of + 1
    return () if low is None and high is None else (Range(column.days, low, high),)


def taken(table: AnyArray, rows: IntArray) -> AnyArray:
    """Return rows of a table, without a copy where they follow one another."""
    if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1:
        return table[int(rows[0]) : int(rows[-1]) + 1]
    return table[rows]


def as_of_day(book: Book, as_of: object, *, needed: str | None = None) -> int | None:
    """Return the day of the snapshot: the argument, else the book's own; refuse where one is needed and none is given."""
    day = _check.optional_day(as_of, "as_of")
    day = book.as_of_day if day is None else day
    if day is None and needed is not None:
        raise InvalidArgumentError(
            f"`as_of` must be given for {needed}; got None, and the book has no day of its own.",
            code="SM-DAY-03",
            field="as_of",
            hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
        )
    return day
