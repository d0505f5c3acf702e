"""Bookings: won deals and their amounts, by group, rep and period."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Addend, Axis, Range, packed_cells
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.books.splits import SplitBook
from salesmetrics.columns import KeyColumn, LabelColumn, MoneyColumn
from salesmetrics.credit import Credit, credit_words, credited
from salesmetrics.grouping import Grouping, as_of_day, day_column, group, limit, taken, window_of
from salesmetrics.slicing import sliced
from salesmetrics.tally import Tally, added

__all__ = ["BookingTally"]


@attrs.frozen(eq=False, repr=False)
class BookingTally(Tally):
    """Won deals whose ``closed`` lies in each period: how many, how many without an amount, and the exact amount.

    ``per_rep`` keeps the reps of each group apart, which attainment needs: bookings count against a quota rep by rep.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> first, second = company.deals.take(range(250)), company.deals.take(range(250, 500))
    >>> by_parts = sm.BookingTally.from_book(first, by="rep") + sm.BookingTally.from_book(second, by="rep")
    >>> by_parts.equals(sm.BookingTally.from_book(company.deals, by="rep"))
    True
    """

    what: ClassVar[str] = "bookings"
    trails: ClassVar[bool] = False

    by: tuple[str, ...]
    per_rep: bool
    as_of_day: int | None
    credit: str | None
    currency: str | None
    scale: int
    count: IntArray = added()
    unpriced: IntArray = added()
    amount: IntArray = added()

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
        per_rep: bool = True,
        splits: SplitBook | None = None,
        history: DealHistory | None = None,
        how: Credit | None = None,
    ) -> Self:
        """Return the tally of a book of deals, credited by split and owner as ``how`` says."""
        how = how or Credit()
        names = _check.name_list(by, "by")
        held = [name for name in names if name != "rep" and name in deals.label_names]
        rule = credit_words(how, splits, history, held)
        if splits is not None or history is not None or how != Credit():
            chosen = deals.filter(where)
            deals = credited(chosen, how, splits=splits, history=history, as_of=as_of_day(deals, as_of))
            where = None
        apart = per_rep and "rep" not in names
        window = window_of(period)
        snapshot = as_of_day(deals, as_of)
        groups = (*names, "rep") if apart else names
        if splits is None:
            needs, wins = ("outcome", "amount", "closed"), range(WON, WON + 1)
            deals, where = sliced(deals, groups, where, reps, window, snapshot, needs=needs, outcomes=wins)
        outcome: LabelColumn = deals.column("outcome", "bookings")
        money: MoneyColumn = deals.column("amount", "bookings")
        if apart:
            deals.column("rep", "bookings rep by rep")
        grouping = group(deals, groups, where, reps)
        closed = day_column(deals, "closed", "bookings")
        more, keep = window.axis(closed, limit(closed, snapshot))
        won = (Range(outcome.codes, WON, WON + 1), *keep)
        count, (amount,) = grouping.tabulate(more, won, [Addend(money.minor, money.largest)])
        unpriced = count * 0
        blank = (*won, Range(money.known, None, 1)) if money.known is not None else None
        if blank is not None:
            unpriced, _ = grouping.tabulate(more, blank)
        if splits is not None:
            count = _deals(grouping, more, won, deals, count)
            unpriced = unpriced if blank is None else _deals(grouping, more, blank, deals, unpriced)
        present = grouping.present(count)
        shape = (len(present), window.size)
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=names,
            per_rep=per_rep,
            as_of_day=snapshot,
            credit=rule,
            currency=deals.currency,
            scale=deals.scale,
            count=taken(count, present).reshape(shape),
            unpriced=taken(unpriced, present).reshape(shape),
            amount=taken(amount, present).reshape(shape),
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        per_rep: bool = True,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nobody = DealBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, as_of=as_of, per_rep=per_rep)


def _deals(
    grouping: Grouping, more: tuple[Axis, ...], keep: tuple[Range, ...], deals: DealBook, like: IntArray
) -> IntArray:
    """Return how many deals there are in each cell, one that is split among several of its reps counted once."""
    ids: KeyColumn = deals.column("id", "deals that are split")
    rows, cells = packed_cells(grouping.rows, (*grouping.axes, *more), keep=(*grouping.keep, *keep))
    distinct = np.unique(np.column_stack([cells, ids.values[rows]]), axis=0)
    return np.bincount(distinct[:, 0], minlength=like.size).astype(np.int64).reshape(like.shape)
