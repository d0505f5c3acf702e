"""Turns: deals won, and those of them that were born in the period in which they were won."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Axis, Range, positions
from salesmetrics.arrays import IntArray
from salesmetrics.books.deals import WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.grouping import as_of_day, day_column, group, window_of
from salesmetrics.slicing import sliced
from salesmetrics.tally import Tally, added

__all__ = ["TurnTally"]

By = str | tuple[str, ...] | list[str] | None
_BLOCK = 1 << 19


@attrs.frozen(eq=False, repr=False)
class TurnTally(Tally):
    """Deals won in each period, created before it (0) or in it (1): how many, how many with an amount, and the amounts."""

    what: ClassVar[str] = "turns"
    causes: ClassVar[tuple[str, ...]] = ("no creation day",)

    by: tuple[str, ...]
    as_of_day: int | None
    currency: str | None
    scale: int
    count: IntArray = added()
    priced: IntArray = added()
    amount: IntArray = added()
    credits: IntArray = added(total=True)
    left_out: IntArray = added(total=True)

    @classmethod
    def from_book(
        cls,
        deals: DealBook,
        *,
        period: object,
        by: By = None,
        where: object = None,
        reps: RepBook | None = None,
        as_of: object = None,
    ) -> Self:
        """Return the tally of a book of deals; without a creation day a deal counts as created before."""
        window = window_of(period)
        if window.periods is None:
            raise InvalidArgumentError(
                "`period` must be given for deals that are created and won in it; got None.",
                code="SM-TRN-01",
                field="period",
                hint="calendar.quarter(2026, 3), calendar.quarters(start, end) or Period(start, end).",
            )
        snapshot = as_of_day(deals, as_of)
        names = (by,) if isinstance(by, str) else tuple(by or ())
        group(deals.take(np.zeros(0, dtype=np.int64)), by, None, reps)
        needs, wins = ("outcome", "closed", "created", "amount"), range(WON, WON + 1)
        deals, where = sliced(deals, by, where, reps, window, snapshot, needs=needs, outcomes=wins)
        outcome: LabelColumn = deals.column("outcome", "deals won")
        closed, created = (day_column(deals, name, "deals created and won") for name in ("closed", "created"))
        money: MoneyColumn = deals.column("amount", "deals created and won")
        periods = window.periods
        first, last = int(periods.starts.min(initial=2**31 - 1)), int(periods.ends.max(initial=0))
        high = last if snapshot is None else min(last, snapshot + 1)
        mask = deals.mask(where)
        keep = [Range(outcome.codes, WON, WON + 1), Range(closed.days, first, max(high, first))]
        keep += [] if mask is None else [Range(mask.view(np.uint8), 1, None)]
        read = [name for name in dict.fromkeys([*names, "rep"]) if name in deals.label_names]

        def counted(start: int, stop: int) -> dict[str, Any]:
            here = [attrs.evolve(rule, values=rule.values[start:stop]) for rule in keep]
            rows = positions(stop - start, here) + start
            columns = {name: deals.columns[name].take(rows) for name in (*read, "closed")}
            grouping = group(attrs.evolve(deals, columns=columns, rows=len(rows)), by, None, reps, as_of=snapshot)
            days, born, amount = closed.days.take(rows), created.days.take(rows), money.take(rows)
            place = periods.period_of(days).astype(np.int64)
            own = (place >= 0) & (born >= periods.starts.take(np.maximum(place, 0))) & (born >= 0)
            axes = (Axis(place, window.size, table=np.arange(-1, window.size), base=-1), Axis(own.astype(np.int8), 2))
            count, (total,) = grouping.tabulate(axes, (), [Addend(amount.minor, amount.largest)])
            priced = count
            if amount.known is not None:
                priced, _ = grouping.tabulate(axes, (Range(amount.known, 1, None),))
            present = grouping.present(count)
            return {
                "labels": grouping.labels(present),
                "window": window,
                "by": names,
                "as_of_day": snapshot,
                "currency": deals.currency,
                "scale": deals.scale,
                "count": count[present],
                "priced": priced[present],
                "amount": total[present],
                "credits": np.array([int(((amount.minor < 0) & (place >= 0)).sum())], dtype=np.int64),
                "left_out": np.array([int(((born < 0) & (place >= 0)).sum())], dtype=np.int64),
            }

        # what is taken of the deals won is a part of the book: a part of them at a time
        whole = cls(**counted(0, min(_BLOCK, deals.rows)))
        for start in range(_BLOCK, deals.rows, _BLOCK):
            whole = whole + cls(**counted(start, min(start + _BLOCK, deals.rows)))
        return whole

    @classmethod
    def empty(
        cls, *, period: object, by: By = None, as_of: object = None, currency: str | None = None, scale: int = 2
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nobody = DealBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, as_of=as_of)
