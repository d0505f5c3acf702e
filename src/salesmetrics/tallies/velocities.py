"""Velocity: open deals beside the wins, amounts and days of the deals closed in each period."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs
import numpy as np

from salesmetrics._kernels import Addend, Axis, Range
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.books.deals import OPEN, WON, DealBook
from salesmetrics.books.reps import RepBook
from salesmetrics.columns import LabelColumn, MoneyColumn
from salesmetrics.errors import InvalidDataError
from salesmetrics.grouping import as_of_day, day_column, group, known_days, limit, window_of
from salesmetrics.slicing import sliced
from salesmetrics.tally import Tally, added

__all__ = ["VelocityTally"]


@attrs.frozen(eq=False, repr=False)
class VelocityTally(Tally):
    """Deals open at ``as_of``, and of the deals closed in each period: won, lost, won with an amount or a duration, sums."""

    what: ClassVar[str] = "velocities"
    causes: ClassVar[tuple[str, ...]] = ()

    by: tuple[str, ...]
    as_of_day: int
    currency: str | None
    scale: int
    opened: IntArray = added()
    decided: IntArray = added()
    priced: IntArray = added()
    amount: IntArray = added()
    timed: IntArray = added()
    days: IntArray = added()

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
    ) -> Self:
        """Return the tally of a book of deals."""
        window = window_of(period)
        day = as_of_day(deals, as_of, needed="velocity, which counts the deals open on a day")
        assert day is not None
        needs = ("outcome", "amount", "closed", "created")
        deals, where = sliced(deals, by, where, reps, window, day, needs=needs, open_on=day, credits=False)
        outcome: LabelColumn = deals.column("outcome", "velocity")
        money: MoneyColumn = deals.column("amount", "velocity")
        closed, created = (day_column(deals, name, "velocity") for name in ("closed", "created"))
        grouping = group(deals, by, where, reps, as_of=day)
        still_open, _ = grouping.of_rows(deals.open_rows(day)).tabulate((), ())
        more, keep = window.axis(closed, limit(closed, day))
        known = () if money.known is None else (Range(money.known, 1, None),)
        won = (Range(outcome.codes, WON, WON + 1), *keep)
        # open deals need no filter of their own: they fall in cells of their own, which are emptied
        sure = keep if not outcome.any_missing else (Range(outcome.codes, WON, None), *keep)
        decided, _ = grouping.tabulate((*more, Axis(outcome.codes, 4)), sure)
        decided[..., OPEN] = 0
        _refuse_credits(money, outcome.codes, won, grouping.rows)
        dated = known_days(created)
        sums = [Addend(money.minor, money.largest), Addend(closed.days, 1 << 31, minus=created.days)]
        if known or dated:
            priced, (amount,) = grouping.tabulate(more, (*won, *known), sums[:1])
            timed, (days,) = grouping.tabulate(more, (*won, *dated), sums[1:])
        else:
            priced, (amount, days) = grouping.tabulate(more, won, sums)
            timed = priced
        present = grouping.present(decided.reshape(len(decided), -1).sum(axis=1) + still_open)
        shape = (len(present), window.size)
        return cls(
            labels=grouping.labels(present),
            window=window,
            by=(by,) if isinstance(by, str) else tuple(by or ()),
            as_of_day=day,
            currency=deals.currency,
            scale=deals.scale,
            opened=still_open[present],
            decided=decided[present].reshape(*shape, 4),
            priced=priced[present].reshape(shape),
            amount=amount[present].reshape(shape),
            timed=timed[present].reshape(shape),
            days=days[present].reshape(shape),
        )

    @classmethod
    def empty(
        cls,
        *,
        as_of: object,
        by: str | tuple[str, ...] | list[str] | None = None,
        period: object = None,
        currency: str | None = None,
        scale: int = 2,
    ) -> Self:
        """Return the tally of no deals: what every other is added to without change."""
        names = (by,) if isinstance(by, str) else tuple(by or ())
        nobody = DealBook.empty(names, currency=currency, scale=scale)
        return cls.from_book(nobody, by=by, period=period, as_of=as_of)


def _refuse_credits(money: MoneyColumn, outcome: AnyArray, won: tuple[Range, ...], rows: int) -> None:
    """Raise where a won deal that counts has a negative amount."""
    if not rows or money.smallest >= 0:
        return
    bad = np.flatnonzero((money.minor < 0) & (outcome == WON))
    if len(bad):
        raise InvalidDataError(
            f"`amount` must be >= 0 in velocity; got {len(bad)} won deals that are not.",
            code="SM-AMT-08",
            field="amount",
            row=int(bad[0]),
            rows=bad,
            values=money.user()[bad[:10]].tolist(),
            hint="leave credits out: deals.filter(deals['amount'] >= 0).",
        )
