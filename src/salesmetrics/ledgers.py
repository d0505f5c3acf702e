"""Bookings beside quotas, rep by rep: what every question about attainment starts from."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import Ledger, ledger
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray
from salesmetrics.asking import deal_book, no_period, one_currency, quota_book
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import Periods
from salesmetrics.columns import LabelColumn
from salesmetrics.credit import Credit
from salesmetrics.errors import InvalidArgumentError, InvalidDataError, MergeError, show
from salesmetrics.grouping import Window, window_of
from salesmetrics.scans import DealScan
from salesmetrics.staffing import days_within, ramping_within, shares_of
from salesmetrics.tallies import BookingTally, QuotaTally
from salesmetrics.tally import refuse_grouping

__all__ = [
    "Asked",
    "Sides",
    "bookings",
    "last_known",
    "presence",
    "quota_tally",
    "reached",
    "sides",
    "some_period",
    "stated_quotas",
]

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


def sides(deals: DealBook | DealScan | BookingTally, quotas: QuotaBook | QuotaTally, asked: Asked) -> Sides:
    """Return bookings and quotas, grouped alike; tallies are taken as they are."""
    if not isinstance(deals, BookingTally):
        if asked.period is None and not isinstance(quotas, QuotaTally):
            raise no_period()
        if isinstance(quotas, QuotaTally):
            asked = attrs.evolve(asked, period=asked.period or quotas.window.asked)
    book = bookings(deals, asked)
    quota = _quotas(book, quotas, asked)
    one_currency(book.currency, quota.currency)
    return Sides(book, quota, _ledger(book, quota))


def bookings(deals: DealBook | DealScan | BookingTally, asked: Asked, *, per_rep: bool = True) -> BookingTally:
    """Return the tally of bookings, or the one that was given; with ``per_rep`` kept rep by rep."""
    if not isinstance(deals, BookingTally):
        return BookingTally.from_book(
            deal_book(deals),
            by=asked.by,
            period=asked.period,
            where=asked.where,
            reps=asked.reps,
            as_of=asked.as_of,
            per_rep=per_rep,
            splits=asked.splits,
            history=asked.history,
            how=Credit(asked.credit, asked.owner, asked.returns),
        )
    given = {"by": asked.by, "period": asked.period, "where": asked.where, "as_of": asked.as_of}
    refuse_grouping(deals, given | {"splits": asked.splits, "history": asked.history})
    if per_rep and not deals.per_rep and "rep" not in deals.by:
        raise MergeError(
            "`deals` must be a tally kept rep by rep for attainment; got one that is not.",
            code="SM-TLY-05",
            field="per_rep",
            hint="BookingTally.from_book(..., per_rep=True).",
        )
    return deals


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

    def made() -> QuotaTally:
        return QuotaTally.from_book(
            book, by=asked.by, period=asked.period, where=where, reps=asked.reps, quota=asked.quota
        )

    # quotas change rarely and are asked for by every metric of the family: without reps their spread is worked out once
    if where is not None or asked.reps is not None:
        return made()
    window = window_of(asked.period)
    names = tuple(period.name for period in window.periods or ())  # equal periods may bear other names
    return book.kept((_check.name_list(asked.by, "by"), window, names, asked.quota), made)


def _ledger(book: BookingTally, quota: QuotaTally) -> Ledger:
    """Return bookings beside quotas in the minor units of the deals."""
    labels, whole, rest, covered, _, value = quota.exact()
    if labels.names != book.labels.names:
        raise MergeError(
            f"`quotas` must be grouped as the deals are; got {show(list(labels.names))} beside "
            f"{show(list(book.labels.names))}.",
            code="SM-TLY-06",
            field="quotas",
        )
    factor = decimals_apart(quota.scale, book.scale, whole)
    counted = (book.labels, book.amount, book.count - book.unpriced)
    return ledger(counted, (labels, whole * factor, rest * factor, covered, value * factor), book.unpriced)


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


# --- what the family asks of both sides ------------------------------------------------------------------------------


def last_known(tally: BookingTally, needed: str) -> int:
    """Return the last day whose events are known, or refuse what cannot do without."""
    if tally.as_of_day is None:
        raise InvalidArgumentError(
            f"`as_of` must be given for {needed}; got None, and the deals have no day of their own.",
            code="SM-DAY-03",
            field="as_of",
            hint="as_of='2026-10-31' in the call, or once in read_deals(..., as_of='2026-10-31').",
        )
    return tally.as_of_day


def some_period(window: Window, needed: str) -> Periods:
    """Return the periods of an answer, or refuse what cannot be asked of all days."""
    if window.periods is None:
        raise InvalidArgumentError(
            f"`period` must be given for {needed}; got None.",
            code="SM-ARG-26",
            field="period",
            hint="calendar.quarter(2026, 3), calendar.quarters(start, end) or Period(start, end).",
        )
    return window.periods


def reached(rows: Ledger, threshold: AnyArray | float) -> FloatArray:
    """Return 1.0 where bookings are at or above a threshold of quota, 0.0 where not, NaN without a quota above 0.

    Whole minor units compare exactly, the threshold being the decimal as written; where proration leaves a fraction of a
    minor unit, a relative difference below 1e-9 counts as equal.
    """
    exact = formulas.reached_quota(rows.booked, rows.whole, threshold)
    near = formulas.reached_quota(rows.booked, rows.quota, threshold)
    answer: FloatArray = np.where(rows.rest == 0, exact, near)
    return answer


def stated_quotas(quotas: QuotaBook) -> QuotaBook:
    """Return the numbers that are stated for a team as a whole, each under its team."""
    team: LabelColumn = quotas.column("team", "numbers stated for teams")
    owner: LabelColumn = quotas.column("rep", "numbers stated for teams")
    own = quotas.take(np.flatnonzero((owner.codes < 0) & (team.codes >= 0)))
    return attrs.evolve(own, columns={**own.columns, "rep": own.columns["team"]})


def presence(both: Sides, quotas: QuotaBook | QuotaTally, asked: Asked) -> tuple[IntArray, BoolArray | None]:
    """Return, for each rep and period, the days on which the rep is there, and whether any day with a quota is ramping.

    Without reps everybody is there and nobody ramps; None where a tally of quotas does not tell on which days they lie.
    """
    periods = some_period(both.window, "the days on which reps are there")
    starts, ends = periods.starts.astype(np.int64), periods.ends.astype(np.int64)
    always = np.broadcast_to(ends - starts, both.rows.days.shape)
    if asked.reps is None:
        return always, np.zeros(always.shape, dtype=bool)
    people = asked.reps.latest()
    place = {key: at for at, key in enumerate(people["id"].tolist())}
    at = both.rows.labels.names.index("rep")
    level = both.rows.labels.levels[at].values
    row = np.array([*(place.get(key, -1) for key in level), -1], dtype=np.int64)[both.rows.labels.codes[:, at]]
    known = (row >= 0)[:, None]
    spans = shares_of(people)
    days = days_within(spans, people.rows + 1, starts, ends)
    active = np.where(known, days[row], always)
    if isinstance(quotas, QuotaTally):
        return active, None
    owner: LabelColumn = quotas.column("rep", "quotas rep by rep")
    theirs = np.array([*(place.get(key, -1) for key in owner.levels), -1], dtype=np.int64)
    segments = quotas.segments()
    whose = theirs[owner.codes[segments.row]]
    mine = np.flatnonzero(whose >= 0)
    below = ramping_within(spans, whose[mine], segments.start[mine], segments.until[mine])
    ramping = days_within(below, people.rows + 1, starts, ends) > 0
    return active, known & ramping[row]
