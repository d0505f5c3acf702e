"""Pipeline created: deals by the day they were created, whatever became of them."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Range
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.history import DealHistory
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import MoneyColumn
from salesmetrics.entering import entered
from salesmetrics.grouping import as_of_day, day_column, group, limit, window_of
from salesmetrics.tally import Tally, added

__all__ = ["CreationTally"]


@attrs.frozen(eq=False, repr=False)
class CreationTally(Tally):
    """Deals that came in in each period: how many, how many with an amount, and the exact amount.

    ``at`` is "created" or the stage at which they came in, ``valued`` says whether amounts are as they stand ("as_of") or as
    they were then ("at_entry").
    """

    what: ClassVar[str] = "creations"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    at: object
    valued: str
    as_of_day: int | None
    currency: str | None
    scale: int
    count: IntArray = added()
    priced: IntArray = added()
    amount: IntArray = added()
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
        history: DealHistory | None = None,
        at: object = "created",
        valued: str = "as_of",
    ) -> Self:
        """Return the tally of a book of deals."""
        window = window_of(period)
        snapshot = as_of_day(deals, as_of)
        if at != "created" or valued != "as_of":
            deals, where = entered(deals, history, at, valued, where, snapshot), None
        grouping = group(deals, by, where, reps, as_of=snapshot)
        made = day_column(deals, "created", "pipeline created")
        created = made.days
        more, keep = window.axis(made, limit(made, snapshot))
        keep = (*keep, Range(created, 0, None))
        money: MoneyColumn = deals.column("amount", "pipeline created")
        count, (amount,) = grouping.tabulate(more, keep, [Addend(money.minor, money.largest)])
        priced = count
        if money.known is not None:
            priced, _ = grouping.tabulate(more, (*keep, Range(money.known, 1, None)))
        undated, _ = grouping.tabulate((), (Range(created, None, 0),))
        present = grouping.present(count)
        if window.periods is None:
            present = np.union1d(present, grouping.present(undated))
        shape = (len(present), window.size)
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            at=at,
            valued=valued,
            as_of_day=snapshot,
            currency=deals.currency,
            scale=deals.scale,
            count=count[present].reshape(shape),
            priced=priced[present].reshape(shape),
            amount=amount[present].reshape(shape),
            left_out=np.array([int(undated.sum())], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        as_of: object = None,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nobody = DealBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, as_of=as_of)
