"""Pipeline: deals open on a day, their amounts, weighted and not; and what was created."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics._kernels import Addend, Range
from salesmetrics._wide import LIMBS
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import PPM
from salesmetrics.snapshots import snapshot
from salesmetrics.tally import Tally, added

__all__ = ["PipelineTally"]


@attrs.frozen(eq=False, repr=False)
class PipelineTally(Tally):
    """Deals open at the end of ``as_of``, due in each period: how many, how many with an amount, and the exact amounts.

    Overdue deals (expected before ``as_of``) and undated ones are counted beside, and belong to no period unless
    ``overdue`` or ``undated`` includes them. ``weighted`` is the sum of amount times parts per million.
    """

    what: ClassVar[str] = "pipeline"
    causes: ClassVar[tuple[str, ...]] = ("overdue", "undated", "negative amount")

    by: tuple[str, ...]
    as_of_day: int
    p: str
    multiplier: float
    overdue: str
    undated: str
    negative: str
    currency: str | None
    scale: int
    count: IntArray = added()
    priced: IntArray = added()
    amount: IntArray = added()
    left_out: IntArray = added(total=True)
    weighed: IntArray | None = added(optional=True)
    weighted: IntArray | None = added(limbs=True, optional=True)

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
        weighted: bool | None = None,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        missing_p: str = "raise",
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
    ) -> Self:
        """Return the tally of a book of deals; without a period, of all open deals whatever their date."""
        _check.one_of(missing_p, ("raise", "exclude"), "missing_p")
        _check.one_of(negative, ("raise", "exclude"), "negative")
        if weighted is None:
            weighted = "probability" in deals.columns or deals.process is not None
        open_ = snapshot(
            deals, by, period, where, reps, as_of, weighted=weighted, p=p, overdue=overdue, undated=undated
        )
        grouping, more, keep, money = open_.grouping, open_.more, open_.keep, open_.money
        everyone, (amount,) = grouping.tabulate(more, keep, [Addend(money.minor, money.largest)])
        count = everyone
        if money.smallest < 0:
            keep = open_.without_negative(negative)
            count, (amount,) = grouping.tabulate(more, keep, [Addend(money.minor, money.largest)])
        known = open_.priced
        priced = count if not known else grouping.tabulate(more, (*keep, *known))[0]
        present = grouping.present(everyone)
        shape = (len(present), open_.window.size)
        weighed = limbs = None
        if weighted:
            ppm = open_.chances(p, multiplier, missing_p, keep)
            sure = (*keep, *known, Range(ppm, 0, None))
            product = Addend(money.minor, money.largest * PPM, times=ppm)
            weighed, (limbs,) = grouping.tabulate(more, sure, [product])
            weighed, limbs = weighed[present].reshape(shape), limbs[present].reshape(*shape, LIMBS)
        return cls(
            labels=grouping.labels(present),
            window=open_.window,
            by=open_.names,
            as_of_day=open_.day,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
            currency=deals.currency,
            scale=deals.scale,
            count=count[present].reshape(shape),
            priced=priced[present].reshape(shape),
            amount=amount[present].reshape(shape),
            weighed=weighed,
            weighted=limbs,
            left_out=np.array([open_.late, open_.blank, int((everyone - count).sum())], dtype=np.int64),
        )

    @classmethod
    def empty(
        cls,
        *,
        as_of: object,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        weighted: bool = True,
        p: str = "deal_or_stage",
        multiplier: float = 1.0,
        overdue: str = "exclude",
        undated: str = "exclude",
        negative: str = "raise",
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        return cls.from_book(
            DealBook.empty(names, currency=currency, scale=scale),
            by=by,
            period=period,
            as_of=as_of,
            weighted=weighted,
            p=p,
            multiplier=multiplier,
            overdue=overdue,
            undated=undated,
            negative=negative,
        )
