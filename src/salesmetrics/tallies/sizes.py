"""Sizes: all amounts in order, from which quantiles of amounts are exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Axis, Range, kept_cells
from salesmetrics._ranked import Grouped, Ranked
from salesmetrics._threads import BLOCK, Blocks, each_of, thread_count
from salesmetrics.arrays import AnyArray, BoolArray, IntArray
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.domain import OUTCOMES
from salesmetrics.errors import InvalidDataError
from salesmetrics.grouping import Grouping, Window, as_of_day, day_column, group, window_of
from salesmetrics.labels import Labels
from salesmetrics.slicing import opened, sliced
from salesmetrics.tally import Tally, added, owned

__all__ = ["OF", "SizeTally"]

OF: dict[str, tuple[str, ...]] = {
    "won": ("won",),
    "closed": ("won", "lost", "no_decision"),
    "open": ("open",),
    "all": OUTCOMES,
}
_SPARSE = 6
_NO_ROW = 2**62


@attrs.frozen(eq=False, repr=False)
class SizeTally(Tally):
    """The amounts of deals in order, by group and period.

    ``of`` says which deals: ``"won"`` and ``"closed"`` those closed so in the period, ``"open"`` those open on the day and due
    in it, ``"all"`` the closed and the open ones. Its size grows with the distinct amounts: at most four bytes a deal, or eight
    where an amount is 2**31 minor units or more.
    """

    what: ClassVar[str] = "sizes"
    causes: ClassVar[tuple[str, ...]] = ("no amount", "negative amount")

    by: tuple[str, ...]
    of: str
    as_of_day: int | None
    negative: str
    currency: str | None
    scale: int
    amounts: Ranked = owned()
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
        of: str = "won",
        negative: str = "raise",
    ) -> Self:
        """Return the tally of a book of deals."""
        _check.one_of(of, tuple(OF), "of")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        window = window_of(period)
        day, exclude = as_of_day(deals, as_of), negative == "exclude"
        if of in ("won", "closed"):
            needs, kinds = ("outcome", "closed", "amount"), range(WON, WON + len(OF[of]))
            deals, where = sliced(deals, by, where, reps, window, day, needs=needs, outcomes=kinds, credits=exclude)
        elif of == "open" and day is not None:
            needs = ("outcome", "amount", *(() if window.periods is None else ("expected_close",)))
            deals, where = opened(deals, by, where, reps, day, needs=needs, credits=exclude)
        grouping = group(deals, by, where, reps, as_of=day)
        money: MoneyColumn = deals.column("amount", "deal sizes")
        axes, keep = _rows(deals, window, of, day)
        asked = attrs.evolve(grouping, axes=(*grouping.axes, *axes), keep=(*grouping.keep, *keep))
        readers = [_Reader(asked, money) for _ in range(thread_count(deals.rows))]
        labels, amounts = _read(grouping, window.size, readers)
        left_out = np.array([sum(each.unknown for each in readers), sum(each.credits for each in readers)])
        if left_out[1] and not exclude:
            raise _credits(int(left_out[1]), min(each.first for each in readers), money)
        return cls(
            labels=labels,
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            of=of,
            as_of_day=day,
            negative=negative,
            currency=deals.currency,
            scale=deals.scale,
            amounts=amounts,
            left_out=left_out,
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        of: str = "won",
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nobody = DealBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, as_of=as_of, of=of, negative=negative)

    def _merged(self, other: Self, labels: Labels, mine: AnyArray, yours: AnyArray) -> dict[str, Any]:
        """Return the amounts of both."""
        per = self.window.size
        left = (mine[:, None] * per + np.arange(per)).reshape(-1)
        right = (yours[:, None] * per + np.arange(per)).reshape(-1)
        return {"amounts": self.amounts.merged(other.amounts, left, right, len(labels) * per)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same amounts."""
        return self.amounts.equals(other.amounts)


def _rows(deals: DealBook, window: Window, of: str, day: int | None) -> tuple[tuple[Axis, ...], tuple[Range, ...]]:
    """Return the axis of the period and the ranges that pick the deals."""
    outcome: LabelColumn = deals.column("outcome", "deal sizes")
    if of == "open" and "closed" not in deals.columns:
        closed = np.full(deals.rows, -1, dtype=np.int32)  # nothing has been closed
    else:
        closed = day_column(deals, "closed", "deal sizes").days
    if of in ("won", "closed"):
        axes, keep = window.axis(closed, day)
        return axes, (*keep, Range(outcome.codes, 1, 2 if of == "won" else None))
    state = outcome.codes if day is None else outcome.codes * (closed <= day)
    keep = (Range(state, 0, 1 if of == "open" else None),)
    if day is not None and "created" in deals.columns:
        keep = (*keep, Range(day_column(deals, "created", "deal sizes").days, None, day + 1))
    if window.periods is None:
        return (), keep
    if day is None:
        as_of_day(deals, None, needed="open deals due in a period")
    expected = day_column(deals, "expected_close", "open deals due in a period").days
    placed = np.where(state > 0, closed, np.where(expected < day, -1, expected))
    axes, inside = window.axis(placed)
    return axes, (*keep, *inside)


@attrs.define(eq=False)
class _Reader:
    """Reads the amounts that count, and counts those that do not: missing ones, and credits with the first row of them.

    ``beside`` has the cells of those that do not: their groups are rows of the answer all the same.
    """

    asked: Grouping
    money: MoneyColumn
    unknown: int = 0
    credits: int = 0
    first: int = _NO_ROW
    beside: list[AnyArray] = attrs.field(factory=list)

    def over(self, blocks: Iterable[tuple[int, int]]) -> Iterator[tuple[AnyArray, IntArray]]:
        """Yield the cells and the amounts of each block; both are overwritten by the next."""
        room = np.zeros(0, dtype=np.int64)
        for row, cell in kept_cells(blocks, self.asked.axes, keep=self.asked.keep):
            if self.money.known is not None:
                known = self.money.known.take(row)
                self.unknown += len(row) - int(np.count_nonzero(known))
                row, cell = self._without(~known, row, cell)
            room = room if len(room) >= len(row) else np.empty(len(row), dtype=np.int64)
            amount = np.take(self.money.minor, row, out=room[: len(row)], mode="clip")
            if int(amount.min(initial=0)) < 0:
                credit = amount < 0
                self.credits += int(np.count_nonzero(credit))
                self.first = min(self.first, int(row[credit][0]))
                amount, cell = self._without(credit, amount, cell)
            yield cell, amount

    def _without(self, left_out: BoolArray, values: AnyArray, cell: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return what is not left out, and note the cells of the rest."""
        used = np.flatnonzero(~left_out)
        if len(used) == len(values):
            return values, cell
        self.beside.append(np.unique(cell[left_out]).astype(np.int64))
        return values.take(used), cell.take(used)

    def grouped(self, blocks: Iterable[tuple[int, int]], cells: int) -> list[Grouped]:
        """Return the amounts by cell, batch by batch: what is counted in the cache costs least."""
        room = min(max(BLOCK, 32 * cells), self.asked.rows)
        held = np.empty(room, dtype=np.int32 if self.money.largest < 2**31 else np.int64)
        cell, filled = np.empty(room, dtype=np.int32), 0
        found = []
        for place, amount in self.over(blocks):
            if filled + len(place) > room:
                found.append(Grouped.of(cells, cell[:filled], held[:filled]))
                filled = 0
            cell[filled : filled + len(place)] = place
            held[filled : filled + len(place)] = amount
            filled += len(place)
        return [*found, Grouped.of(cells, cell[:filled], held[:filled])]


def _read(grouping: Grouping, per: int, readers: list[_Reader]) -> tuple[Labels, Ranked]:
    """Return the groups that occur, and the amounts in order by group and period."""
    cells, blocks = grouping.groups * per, Blocks(grouping.rows)
    nothing = np.zeros(0, dtype=np.int64)
    if cells > grouping.rows >> _SPARSE:  # a table of all cells would be mostly empty
        pairs = [(cell.astype(np.int64), amount.copy()) for cell, amount in readers[0].over(blocks)]
        where, amounts = (np.concatenate([nothing, *(pair[at] for pair in pairs)]) for at in range(2))
        labels, place = _placed(grouping, np.concatenate([where, *readers[0].beside]), per)
        return labels, Ranked.of(len(labels) * per, place[: len(where)], amounts)
    parts = each_of(lambda at: readers[at].grouped(blocks, cells), len(readers), grouping.rows)
    ranked = Ranked.together(cells, [part for found in parts for part in found])
    there = ranked.n > 0
    there[np.concatenate([nothing, *(cells for each in readers for cells in each.beside)])] = True
    present = grouping.present(there.reshape(grouping.groups, per))
    return grouping.labels(present), ranked.only(present, per)


def _placed(grouping: Grouping, cell: IntArray, per: int) -> tuple[Labels, IntArray]:
    """Return the groups that occur, and the row of each cell among them."""
    if not grouping.levels:
        return grouping.labels(np.zeros(1, dtype=np.int64)), cell
    groups, place = _distinct(cell // per if per > 1 else cell)
    return grouping.labels(groups), place * per + cell % per if per > 1 else place


def _distinct(group: IntArray) -> tuple[IntArray, IntArray]:
    """Return the groups that occur, in order, and the position of each row's group among them."""
    most = int(group.max(initial=-1)) + 1
    if most > 8 * len(group) + 1_000:  # a table of all groups would be mostly empty
        groups = np.unique(group)
        return groups, np.searchsorted(groups, group)
    there = np.zeros(most, dtype=bool)
    there[group] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[group]


def _credits(rows: int, first: int, money: MoneyColumn) -> InvalidDataError:
    """Return the refusal of negative amounts, which were not excluded."""
    return InvalidDataError(
        f"`amount` must be >= 0 in deal sizes; got {rows} rows that are not.",
        code="SM-AMT-08",
        field="amount",
        row=first,
        values=[float(money.user()[first])],
        hint="negative='exclude' leaves credits out and counts them.",
    )
