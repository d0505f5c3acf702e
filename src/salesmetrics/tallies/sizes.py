"""Sizes: a count per distinct amount, from which quantiles of amounts are exact."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._histograms import Histogram
from salesmetrics._kernels import Axis, Range, packed_cells
from salesmetrics.arrays import AnyArray, IntArray
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


@attrs.frozen(eq=False, repr=False)
class SizeTally(Tally):
    """How many deals have which amount, by group and period.

    ``of`` says which deals: ``"won"`` and ``"closed"`` those closed so in the period, ``"open"`` those open on the day and due
    in it, ``"all"`` the closed and the open ones. Its size grows with the distinct amounts.
    """

    what: ClassVar[str] = "sizes"
    causes: ClassVar[tuple[str, ...]] = ("no amount", "negative amount")

    by: tuple[str, ...]
    of: str
    as_of_day: int | None
    negative: str
    currency: str | None
    scale: int
    amounts: Histogram = owned()
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
        row, cell = packed_cells(grouping.rows, (*grouping.axes, *axes), keep=(*grouping.keep, *keep))
        labels, place = _placed(grouping, cell, window.size)
        amounts = money.minor[row]
        known = np.ones(len(row), dtype=bool) if money.known is None else money.known[row]
        credit = known & (amounts < 0)
        _refuse_credits(credit, row, money, negative)
        left_out = np.array([int((~known).sum()), int(credit.sum())], dtype=np.int64)
        if left_out.any():
            used = np.flatnonzero(known & ~credit)
            place, amounts = place[used], amounts[used]
        del row, cell, known, credit  # eight bytes each for every deal that counts: the sort needs the room
        return cls(
            labels=labels,
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            of=of,
            as_of_day=day,
            negative=negative,
            currency=deals.currency,
            scale=deals.scale,
            amounts=Histogram.of(place, amounts),
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
        """Return the counts of both."""
        per = self.window.size
        left = (mine[:, None] * per + np.arange(per)).reshape(-1)
        right = (yours[:, None] * per + np.arange(per)).reshape(-1)
        return {"amounts": self.amounts.merged(other.amounts, left, right)}

    def _same(self, other: Self) -> bool:
        """Return True where both hold the same counts."""
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


def _refuse_credits(credit: AnyArray, row: IntArray, money: MoneyColumn, negative: str) -> None:
    """Raise where there are negative amounts and they were not excluded."""
    if negative == "raise" and credit.any():
        first = int(row[np.flatnonzero(credit)[0]])
        raise InvalidDataError(
            f"`amount` must be >= 0 in deal sizes; got {int(credit.sum())} rows that are not.",
            code="SM-AMT-08",
            field="amount",
            row=first,
            values=[float(money.user()[first])],
            hint="negative='exclude' leaves credits out and counts them.",
        )
