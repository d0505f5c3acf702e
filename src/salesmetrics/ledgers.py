"""Bookings beside quotas, rep by rep: what every question about attainment starts from."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from salesmetrics import _check
from salesmetrics.answers import Ledger, ledger
from salesmetrics.arrays import IntArray
from salesmetrics.asking import deal_book, no_period, one_currency, quota_book
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.credit import Credit
from salesmetrics.errors import InvalidDataError, MergeError, show
from salesmetrics.grouping import Window
from salesmetrics.tallies import BookingTally, QuotaTally
from salesmetrics.tally import refuse_grouping

__all__ = ["Asked", "Sides", "quota_tally", "sides"]

By = str | tuple[str, ...] | list[str] | None


@attrs.frozen
class Asked:
    """What a question about attainment is asked with: the arguments that every function of the family has."""

    period: object = None
    by: By = None
    where: object = None
    reps: RepBook | None = None
    as_of: object = None
    splits: SplitBook | None = None
    history: DealHistory | None = None
    credit: str = "revenue"
    owner: str = "at_close"
    returns: str = "net"
    quota: str = "effective"


@attrs.frozen(eq=False)
class Sides:
    """Bookings and quotas of the same groups and periods."""

    book: BookingTally
    quota: QuotaTally
    rows: Ledger

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the answer is grouped by."""
        return self.book.by

    @property
    def window(self) -> Window:
        """The periods of the answer."""
        return self.book.window

    @property
    def fine(self) -> bool:
        """True where every row of the answer is one rep's."""
        return "rep" in self.names

    @property
    def credit_words(self) -> str | None:
        """Who gets the credit and which quota counts, in words."""
        said = [self.book.credit, "full quota" if self.quota.quota == "full" else None]
        if any(self.quota.staffing[:2]):
            said.append("quota by active days" + (" and ramp" if self.quota.staffing[1] else ""))
        return ", ".join(word for word in said if word) or None


def sides(deals: DealBook | BookingTally, quotas: QuotaBook | QuotaTally, asked: Asked) -> Sides:
    """Return bookings and quotas, grouped alike; tallies are taken as they are."""
    if isinstance(deals, BookingTally):
        given = {"by": asked.by, "period": asked.period, "where": asked.where, "as_of": asked.as_of}
        refuse_grouping(deals, given | {"splits": asked.splits, "history": asked.history})
        book = deals
        if not book.per_rep and "rep" not in book.by:
            raise MergeError(
                "`deals` must be a tally kept rep by rep for attainment; got one that is not.",
                code="SM-TLY-05",
                field="per_rep",
                hint="BookingTally.from_book(..., per_rep=True).",
            )
    else:
        if asked.period is None and not isinstance(quotas, QuotaTally):
            raise no_period()
        book = BookingTally.from_book(
            deal_book(deals),
            by=asked.by,
            period=asked.period if not isinstance(quotas, QuotaTally) else asked.period or quotas.window.asked,
            where=asked.where,
            reps=asked.reps,
            as_of=asked.as_of,
            per_rep=True,
            splits=asked.splits,
            history=asked.history,
            how=Credit(asked.credit, asked.owner, asked.returns),
        )
    quota = _quotas(book, quotas, asked)
    one_currency(book.currency, quota.currency)
    return Sides(book, quota, _ledger(book, quota))


def _quotas(book: BookingTally, quotas: QuotaBook | QuotaTally, asked: Asked) -> QuotaTally:
    """Return the tally of quotas that fits the bookings."""
    if isinstance(quotas, QuotaTally):
        if (quotas.by, quotas.window) != (book.by, book.window):
            raise MergeError(
                f"`quotas` must be a tally with the `by` and `period` of the deals; got by={show(list(quotas.by))} beside "
                f"{show(list(book.by))}.",
                code="SM-TLY-06",
                field="quotas",
                values=[quotas.by],
            )
        return quotas
    narrowed = {}
    if isinstance(asked.where, Mapping):
        narrowed = {name: labels for name, labels in asked.where.items() if name in quota_book(quotas).names}
    return quota_tally(quotas, attrs.evolve(asked, by=book.by, period=book.window.asked, where=narrowed or None))


def quota_tally(quotas: QuotaBook | QuotaTally, asked: Asked) -> QuotaTally:
    """Return the tally of quotas, or the one that was given."""
    if isinstance(quotas, QuotaTally):
        given = {"by": asked.by, "period": asked.period, "where": asked.where, "reps": asked.reps}
        refuse_grouping(quotas, given)
        return quotas
    _check.one_of(asked.quota, ("effective", "full"), "quota")
    book = quota_book(quotas)
    if asked.period is None:
        raise no_period()
    where = asked.where if isinstance(asked.where, Mapping) else None
    return QuotaTally.from_book(
        book, by=asked.by, period=asked.period, where=where, reps=asked.reps, quota=asked.quota
    )


def _ledger(book: BookingTally, quota: QuotaTally) -> Ledger:
    """Return bookings beside quotas in the minor units of the deals."""
    labels, whole, rest, covered, _ = quota.exact()
    if labels.names != book.labels.names:
        raise MergeError(
            f"`quotas` must be grouped as the deals are; got {show(list(labels.names))} beside "
            f"{show(list(book.labels.names))}.",
            code="SM-TLY-06",
            field="quotas",
        )
    factor = decimals_apart(quota.scale, book.scale, whole)
    counted = (book.labels, book.amount, book.count - book.unpriced)
    return ledger(counted, (labels, whole * factor, rest * factor, covered))


def decimals_apart(scale: int, wanted: int, whole: IntArray) -> int:
    """Return what quotas are multiplied by to be in the minor units of the deals."""
    if scale > wanted:
        raise InvalidDataError(
            f"`quotas` must have at most the decimals of the deals; got {scale} beside {wanted}.",
            code="SM-CUR-06",
            field="quotas",
            values=[scale],
            hint="give both the same scale when they are read.",
        )
    factor: int = 10 ** (wanted - scale)
    if int(np.abs(whole).max(initial=0)) * factor > 2**63 - 1:
        raise InvalidDataError(
            "the sum of quotas must stay within int64 minor units; got more.",
            code="SM-QTA-09",
            field="amount",
            hint="a smaller scale, or quotas for shorter periods.",
        )
    return factor
