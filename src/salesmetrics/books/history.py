"""All changes of deals at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import attrs
import numpy as np

from salesmetrics._check import day as _check_day
from salesmetrics._check import locked
from salesmetrics._threads import blocks_in_order, in_order
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.table import Book
from salesmetrics.columns import Column, DayColumn, KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES, SalesProcess

if TYPE_CHECKING:
    from salesmetrics.books.deals import DealBook
    from salesmetrics.books.differing import Differences
    from salesmetrics.calendars import DayLike

__all__ = ["TRACKED", "DealHistory", "ordered", "untold_order"]

TRACKED = ("stage", "outcome", "expected_close", "amount", "rep", "actor", "forecast_category")
"""Columns that may change, besides ``deal``, ``date`` and ``seq``."""

_BLOCK = 1 << 18
_DAY_BITS = 20


@attrs.frozen(eq=False, repr=False)
class DealHistory(Book):
    """Changes of deals in columns, one row for each change, holding the state after it; made by `read_history`.

    Columns: ``deal, date``, then those of ``seq, stage, outcome, expected_close, amount, rep, actor, forecast_category`` that
    were tracked, and ``source_currency`` where amounts were converted. Rows are kept sorted by deal, then by day, then by
    ``seq``; changes of one deal on one day that ``seq`` does not tell apart follow the order of their stages, then that of
    their values, so that nothing depends on the order in which
    rows come in.

    Attributes
    ----------
    process : SalesProcess or None
        The stages, in order.
    """

    kind: ClassVar[str] = "changes"
    _unlisted: ClassVar[tuple[str, ...]] = (
        "alive",
        "born",
        "corrected",
        "ended",
        "in_force",
        "last_by",
        "last_by_both",
        "left_open",
        "open_on",
        "starts",
        "stretch",
        "tied",
    )
    process: SalesProcess | None = None

    def __attrs_post_init__(self) -> None:
        if "deal" in self.columns and "date" in self.columns and self.rows > 1:
            order = ordered(self.columns)
            if order is not None:
                columns = {name: column.take(order) for name, column in self.columns.items()}
                object.__setattr__(self, "columns", type(self.columns)(columns))  # type: ignore[call-arg]

    @classmethod
    def empty(
        cls,
        *,
        stages: tuple[str, ...] = (),
        currency: str | None = None,
        scale: int = 2,
        process: SalesProcess | None = None,
    ) -> Self:
        """Return a history of no changes."""
        no_day, no_code = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)
        levels = stages if process is None else process.names
        columns: dict[str, Column] = {
            "deal": KeyColumn(np.zeros(0, dtype=np.int64)),
            "date": DayColumn(no_day),
            "stage": LabelColumn(no_code, levels, ordered=True),
            "outcome": LabelColumn(no_code.copy(), OUTCOMES, ordered=True),
            "expected_close": DayColumn(no_day.copy()),
            "amount": MoneyColumn(np.zeros(0, dtype=np.int64), None, scale),
        }
        return cls(columns=columns, rows=0, currency=currency, scale=scale, process=process)

    @cached_property
    def tied(self) -> dict[str, Any]:
        """What was last worked out of this history and a deal book; each entry names the deal book it is for."""
        return {}

    # --- deal by deal ------------------------------------------------------------------------------------------------

    @cached_property
    def starts(self) -> IntArray:
        """Where the rows of each deal begin, and behind them the number of rows: one more than there are deals."""
        keys: KeyColumn = self.column("deal", "a history")
        values = keys.values

        def part(start: int, stop: int) -> list[tuple[int, AnyArray]]:
            # places within a block are short: half of the memory, until it is known how many there are
            return [
                (at + 1, np.flatnonzero(values[at + 1 : end + 1] != values[at:end]).astype(np.int32))
                for at, end in blocks_in_order(start, stop)
            ]

        inner = [block for blocks in in_order(part, max(self.rows - 1, 0)) for block in blocks]
        first = min(1, self.rows)
        starts = np.zeros(first + sum(len(found) for _, found in inner) + 1, dtype=np.int64)
        for at, found in inner:
            np.add(found, at, out=starts[first : first + len(found)])
            first += len(found)
        starts[-1] = self.rows
        return locked(starts)

    @property
    def ids(self) -> AnyArray:
        """The deals that have rows, ascending; looked up each time, since few questions ask and eight bytes a deal add up."""
        keys: KeyColumn = self.column("deal", "a history")
        return locked(keys.values[self.starts[:-1]])

    @cached_property
    def born(self) -> AnyArray:
        """Day of the first row of each deal."""
        return self._days_at(self.starts[:-1])

    @cached_property
    def ended(self) -> AnyArray:
        """Day of the last row of each deal."""
        return self._days_at(self.starts[1:], 1)

    def _days_at(self, rows: IntArray, before: int = 0) -> AnyArray:
        """Return the days of so many rows before these, block by block."""
        date: DayColumn = self.column("date", "a history")
        out = np.empty(len(rows), dtype=date.days.dtype)

        def part(start: int, stop: int) -> None:
            for at, end in blocks_in_order(start, stop):
                out[at:end] = date.days.take(rows[at:end] - before)

        in_order(part, len(rows))
        return locked(out)

    @cached_property
    def left_open(self) -> BoolArray:
        """True for the deals that their last row leaves open."""
        told: LabelColumn = self.column("outcome", "open deals")
        out = np.empty(len(self.starts) - 1, dtype=bool)

        def part(start: int, stop: int) -> None:
            for at, end in blocks_in_order(start, stop):
                np.equal(told.codes.take(self.starts[at + 1 : end + 1] - 1), 0, out=out[at:end])

        in_order(part, len(out))
        return locked(out)

    def alive(self, first: int, last: int) -> IntArray:
        """Return the deals that may have been open at the end of a day from ``first`` to ``last``, or in between, ascending.

        A deal whose last row has closed it by ``first`` moves no more, and one that begins after ``last`` is not there yet.
        """
        self.left_open  # noqa: B018 - worked out once, before threads ask for it
        return _joined(in_order(lambda start, stop: list(self._alive(first, last, start, stop)), len(self.born)))

    def _alive(self, first: int, last: int, start: int, stop: int) -> Iterator[IntArray]:
        """Yield those of a range of deals, block by block."""
        for at, end in blocks_in_order(start, stop):
            moving = self.ended[at:end] > first
            moving |= self.left_open[at:end]
            moving &= self.born[at:end] <= last
            found = np.flatnonzero(moving)
            found += at
            yield found

    def open_on(self, day: int) -> IntArray:
        """Return the rows in force at the end of a day of the deals that are open then, ascending."""
        told: LabelColumn = self.column("outcome", "open deals")
        date: DayColumn = self.column("date", "a history")

        def part(start: int, stop: int) -> list[IntArray]:
            found = []
            for deals in self._alive(day, day, start, stop):
                low, rows = self.starts.take(deals), self.starts.take(deals + 1) - 1
                running = np.flatnonzero(self.ended.take(deals) > day)
                rows[running] = _searched(date.days, low.take(running), rows.take(running), day)
                found.append(rows.take(np.flatnonzero(told.codes.take(rows) == 0)))
            return found

        self.left_open  # noqa: B018 - worked out once, before threads ask for it
        return _joined(in_order(part, len(self.born)))

    def last_by(self, day: int | AnyArray, among: IntArray | None = None) -> IntArray:
        """Return the row of each deal that is in force at the end of a day, -1 where its first one comes later.

        ``among`` are the positions of the deals that are asked about, None for all; ``day`` may be a day for each of them.
        Only deals with rows on both sides of the day are searched; what is before its first row, or behind its last, is known
        from those two.
        """
        date: DayColumn = self.column("date", "a history")
        starts = self.starts
        if among is None:
            born, ended, last = self.born, self.ended, starts[1:] - 1
        else:
            born, ended, last = self.born.take(among), self.ended.take(among), starts.take(among + 1) - 1
        running = ended > day
        alive = np.flatnonzero(running & (born <= day))
        high = last.take(alive)
        last[np.flatnonzero(running)] = -1
        low = starts.take(alive if among is None else among.take(alive))
        last[alive] = _searched(date.days, low, high, day.take(alive) if isinstance(day, np.ndarray) else day)
        return last

    def last_by_both(self, days: tuple[int, int], among: IntArray) -> tuple[IntArray, IntArray]:
        """Return what `last_by` says of two days, looking each deal up only once."""
        date: DayColumn = self.column("date", "a history")
        low, high = self.starts.take(among), self.starts.take(among + 1) - 1
        born, ended = date.days.take(low), date.days.take(high)

        def rows_by(day: int) -> IntArray:
            there = born <= day
            # -1 where it is not there, without the time that a choice between two arrays takes
            rows = (high + 1) * there - 1
            there &= ended > day
            alive = np.flatnonzero(there)
            rows[alive] = _searched(date.days, low.take(alive), high.take(alive), day)
            return rows

        return rows_by(days[0]), rows_by(days[1])

    def in_force(self, day: int, start: int, stop: int) -> tuple[IntArray, IntArray, BoolArray]:
        """Return the deals of a range that are there at the end of a day, the row of each in force, and if it is the last.

        What `last_by` says of them, for neighbouring deals and so without looking each of them up.
        """
        date: DayColumn = self.column("date", "a history")
        there, running = self.born[start:stop] <= day, self.ended[start:stop] > day
        rows = self.starts[start + 1 : stop + 1] - 1
        alive = np.flatnonzero(running & there)
        rows[alive] = _searched(date.days, self.starts[start:stop].take(alive), rows.take(alive), day)
        kept = np.flatnonzero(there)
        return kept + start, rows.take(kept), ~running.take(kept)

    def stretch(self, first: int, last: int) -> Self:
        """Return the days, stages and outcomes of neighbouring deals as they lie in memory: no copy, and no ids."""
        start, stop = int(self.starts[first]), int(self.starts[last])
        columns: dict[str, Column] = {}
        for name in ("date", "stage", "outcome", "expected_close"):
            column = self.columns.get(name)
            if isinstance(column, LabelColumn):
                columns[name] = attrs.evolve(column, codes=column.codes[start:stop])
            elif isinstance(column, DayColumn):
                columns[name] = DayColumn(column.days[start:stop])
        part = attrs.evolve(self, columns=columns, rows=stop - start)
        # where deals begin cannot be found without their ids
        object.__setattr__(part, "starts", locked(self.starts[first : last + 1] - start))
        return part

    def until(self, day: int) -> Self:
        """Return the rows dated on that day or before."""
        date: DayColumn = self.column("date", "a history")
        return self if date.last <= day else self.take(np.flatnonzero(date.days <= day))

    @cached_property
    def corrected(self) -> bool:
        """True where some decided deal has a further row with the same outcome."""
        column = self.columns.get("outcome")
        codes = column.codes if isinstance(column, LabelColumn) else np.zeros(self.rows, dtype=np.int8)
        for at in range(0, self.rows - 1, _BLOCK):
            end = min(at + _BLOCK, self.rows - 1)
            again = np.flatnonzero((codes[at:end] > 0) & (codes[at:end] == codes[at + 1 : end + 1])) + at
            keys: KeyColumn = self.column("deal", "a history")
            if len(again) and bool((keys.values[again] == keys.values[again + 1]).any()):
                return True
        return False

    @overload  # type: ignore[override]
    def as_of(self, day: DayLike, deals: DealBook | None = None) -> DealBook: ...

    @overload
    def as_of(self, day: list[Any] | tuple[Any, ...], deals: DealBook | None = None) -> tuple[DealBook, ...]: ...

    def as_of(self, day: Any, deals: DealBook | None = None) -> DealBook | tuple[DealBook, ...]:
        """Deal book as it stood at the end of a day, or one for each of several days.

        Nothing dated later is read: deals created later are not in it, and each deal is in the state of its last change by
        then. A deal that was reopened and not closed again is open. `closed` is the day on which a deal came to what it is;
        a correction after the close does not move it.

        Parameters
        ----------
        day : date or ISO text, or a list or tuple of them
            The last day whose changes are known.
        deals : DealBook, optional
            The deal book that the history belongs to: its labels and creation days come along, its order of rows is kept, and
            deals without a history are in the book too. What the history does not track (a probability, say) is as in the
            deal book for deals that have not changed since, and missing for the others.

        Returns
        -------
        DealBook or tuple of DealBook
            The book, with `as_of` set to the day; a tuple where several days were asked for.

        Raises
        ------
        InvalidDataError
            If the history contradicts the deal book, as `check` says.
        MissingColumnError
            If nothing says what deals came to: neither an outcome, nor a sales process, nor ``deals``.

        Examples
        --------
        >>> import salesmetrics as sm
        >>> company = sm.datasets.sample_company(deals=500, rng=1)
        >>> then = company.history.as_of("2025-06-30", company.deals)
        >>> len(then), sm.open_pipeline(then)["all"].n
        (309, 26)
        >>> company.history.as_of(company.as_of, company.deals)["stage"].tolist() == company.deals["stage"].tolist()
        True
        """
        from salesmetrics.books.standing import standing

        if isinstance(day, (list, tuple)):
            return standing(self, [_check_day(each, "day") for each in day], deals)
        return standing(self, [_check_day(day, "day")], deals)[0]

    def check(self, deals: DealBook) -> Differences:
        """Differences between the last state of each deal and the deal book.

        Parameters
        ----------
        deals : DealBook
            The deal book that the history belongs to.

        Returns
        -------
        Differences
            The deals that differ, by column; nothing is mended.

        Raises
        ------
        InvalidDataError
            If the history holds deals that the book does not, changes before a deal was created or after it was closed, or
            stages that the sales process does not know.

        Examples
        --------
        >>> import salesmetrics as sm
        >>> company = sm.datasets.sample_company(deals=200, rng=1)
        >>> len(company.history.check(company.deals))
        0
        """
        from salesmetrics.books.differing import differences

        return differences(deals, self)

    def equals(self, other: object) -> bool:
        """Return True where both hold the same columns, rows, currency, scale and sales process."""
        return super().equals(other) and isinstance(other, DealHistory) and self.process == other.process


def _joined(parts: Sequence[Sequence[IntArray]]) -> IntArray:
    """Return what was found in all blocks of all parts."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *(each for found in parts for each in found)])


def _searched(days: AnyArray, low: IntArray, high: IntArray, day: int | AnyArray) -> IntArray:
    """Return the last row not after the day between a row that is not and one that is, for each pair of them."""
    while len(low) and int((high - low).max()) > 1:
        middle = (low + high) >> 1
        past = days.take(middle) > day
        step = (middle - low) * ~past
        high = high - (high - middle) * past
        low = low + step
    return low


def ordered(columns: Mapping[str, Column]) -> IntArray | None:
    """Return the order of rows by deal, day, seq, stage and the rest of their values; None where they are in order."""
    keys = [key for name in _sorting(columns) for key in _values(columns[name])]
    if _in_order(keys):
        return None
    deal, day = keys[0], keys[1]
    packed = (_ranked(deal) << _DAY_BITS) | (day.astype(np.int64) & ((1 << _DAY_BITS) - 1))
    order = np.argsort(packed, kind="stable")
    there = packed.take(order)
    same = np.flatnonzero(there[1:] == there[:-1])
    if len(same):
        tied = np.unique(np.concatenate([same, same + 1]))
        rows = order.take(tied)
        finer = [key.take(rows) for key in reversed(keys[2:])]
        order[tied] = rows.take(np.lexsort((*finer, there.take(tied))))
    return order.astype(np.int64, copy=False)


def _sorting(columns: Mapping[str, Column]) -> list[str]:
    """Return the columns that rows are sorted by, the first one first."""
    first = [name for name in ("deal", "date", "seq", "stage") if name in columns]
    return [*first, *(name for name in columns if name not in first)]


def _values(column: Column) -> list[AnyArray]:
    """Return what a column is sorted by."""
    if isinstance(column, LabelColumn):
        return [column.codes]
    if isinstance(column, MoneyColumn):
        return [column.minor] if column.known is None else [column.known, column.minor]
    if isinstance(column, DayColumn):
        return [column.days]
    return [column.user()]


def _in_order(keys: Sequence[AnyArray]) -> bool:
    """Return True where no row is greater than the one behind it, compared key by key."""

    def part(start: int, stop: int) -> bool:
        return all(_block_in_order(keys, at, end) for at, end in blocks_in_order(start, stop))

    return all(in_order(part, max(len(keys[0]) - 1, 0)))


def _block_in_order(keys: Sequence[AnyArray], at: int, end: int) -> bool:
    """Return True where no row of a block is greater than the one behind it."""
    tied: AnyArray | None = None
    for key in keys:
        before, after = key[at:end], key[at + 1 : end + 1]
        if tied is not None:
            before, after = before.take(tied), after.take(tied)
        if (after < before).any():
            return False
        same = np.flatnonzero(after == before)
        if not len(same):
            break
        tied = same if tied is None else tied.take(same)
    return True


def _ranked(values: AnyArray) -> IntArray:
    """Return small whole numbers in the order of the values."""
    if values.dtype.kind == "i" and len(values):
        least = int(values.min())
        if int(values.max()) - least < 1 << (62 - _DAY_BITS):
            return values.astype(np.int64) - least
    place = np.unique(values, return_inverse=True)[1]
    return place.astype(np.int64)


def untold_order(history: DealHistory) -> int:
    """Return how many rows of one deal and moment nothing tells the order of but their values."""
    keys = [
        key for name in ("deal", "date", "seq") if name in history.columns for key in _values(history.columns[name])
    ]
    rest = [column for name, column in history.columns.items() if name not in ("deal", "date", "seq")]
    tied = np.arange(history.rows - 1) if history.rows > 1 else np.zeros(0, dtype=np.int64)
    for key in keys:
        tied = tied[key.take(tied) == key.take(tied + 1)]
    apart = np.zeros(len(tied), dtype=bool)
    for column in rest:
        for values in _values(column):
            apart |= values.take(tied) != values.take(tied + 1)
    return len(np.union1d(tied[apart], tied[apart] + 1))
