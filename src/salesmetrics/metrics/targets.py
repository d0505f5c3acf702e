"""Are we at the number? Bookings, quotas, attainment and the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from salesmetrics import formulas
from salesmetrics.answers import blanked, dated, major, reasons, rolled, words
from salesmetrics.arrays import AnyArray, IntArray, Where
from salesmetrics.asking import deal_book, no_period, quota_book
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.columns import PPM
from salesmetrics.credit import Credit
from salesmetrics.keywords import names_keywords
from salesmetrics.ledgers import Asked, quota_tally, sides
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally, QuotaTally
from salesmetrics.tally import refuse_grouping

__all__ = ["attainment", "attainment_gap", "credited_bookings", "effective_quota"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def credited_bookings(
    deals: DealBook | DealScan | BookingTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
) -> MetricTable:
    """Money won in the period: what counts towards the number?

    Also called bookings, credited amount, achieved. Money, an exact sum.

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend. None is one row, "all".
    period : Period or Periods, optional
        The days of ``closed`` that count; several periods become a label. None is all days.
    where : array of bool or mapping, optional
        The deals to read: one boolean per deal, or ``{"segment": ["SMB"]}``.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known; the book's own day by default, else no limit.
    splits : SplitBook, optional
        Shares of deals: revenue shares add up to the amount of the deal to the minor unit. Without, the owner has it all.
    history : DealHistory, optional
        Changes of owner, for ``owner``; without, the deal's own ``rep`` stands.
    credit : {"revenue", "overlay"}
        Which splits count. Overlay credit stays out of team totals: it is asked for by itself.
    owner : {"at_close", "current", "actor"}
        The owner on the day the deal closed, the owner now, or who performed the closing change.
    returns : {"net", "gross"}
        With credits (negative amounts), or without.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the won deals that have an amount. No won deals: 0 with n = 0, never NaN. Deals without
        an amount are left out and counted; credits (negative amounts) are kept.

    Raises
    ------
    MissingColumnError
        The book has no ``outcome``, ``closed`` or ``amount``.

    Notes
    -----
    Rows: deals with outcome won, ``closed`` in the period and not after ``as_of``; the owner is the deal's ``rep``.
    Definition: definitions, section 4 of the metrics reference.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [1200.5, 800], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-02-20"]})
    >>> sm.credited_bookings(deals, by="rep")["Ana"].value
    1200.5
    """
    if isinstance(deals, BookingTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"splits": splits, "history": history})
        tally = deals
    else:
        tally = BookingTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            per_rep=False,
            splits=splits,
            history=history,
            how=Credit(credit, owner, returns),
        )
    labels, rows = tally.labels.onto(tally.by)
    amount, count, unpriced = (
        _added(rows, len(labels), table) for table in (tally.amount, tally.count, tally.unpriced)
    )
    return MetricTable(
        name="credited_bookings",
        unit="money",
        labels=tally.window.cross(labels),
        value=major(amount, tally.scale),
        n=count - unpriced,
        reason_code=np.zeros(len(amount), dtype=np.int8),
        left_out={"no amount": int(unpriced.sum())},
        definition=words("sum of amounts of won deals", tally.credit, dated(tally.window, "closed", tally.as_of_day)),
        minor=amount,
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def effective_quota(
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Mapping[str, object] | None = None,
    reps: RepBook | None = None,
    quota: Literal["effective", "full"] = "effective",
    unit: Literal["day", "business_day", "month"] = "day",
    weights: Sequence[float] | None = None,
    busday: np.busdaycalendar | None = None,
    ramp: Literal["schedule", "none"] = "schedule",
    ramp_from: Literal["role_start", "hired"] = "role_start",
    prorate: bool = True,
) -> MetricTable:
    """Quota in force in the period, fitted to the person: what was the number, given start date, absence and ramp?

    Also called prorated, ramped or adjusted quota. Money; a quota spreads over its own days, so a part of its days carries
    that part, and adjacent periods add up.

    Parameters
    ----------
    quotas : QuotaBook or QuotaTally
        The quotas, or their tally, which is grouped and dated already.
    period : Period or Periods
        The days to cover: required, ``quotas.periods()`` gives the quotas' own.
    by : str or sequence of str, optional
        Label columns of the quotas, or labels that ``reps`` lend. None is one row, "all".
    where : mapping, optional
        The quotas to read, such as ``{"rep": ["Ana"]}``.
    reps : RepBook, optional
        Who was there, away, and ramped how far; also lends team, manager and its other labels to ``by``. Without it every
        share is 1.
    quota : {"effective", "full"}
        With active days and ramp share of ``reps``, or without.
    unit : {"day", "business_day", "month"}
        How the amount spreads: evenly over days, over business days, or so that every month weighs the same.
    weights : sequence of float, optional
        Shares of equal numbers of months of every quota that add up to 1: (0.2, 0.3, 0.5) for the months of a quarter. Held
        in whole parts per million.
    busday : numpy.busdaycalendar, optional
        Weekmask and holidays for unit "business_day".
    ramp : {"schedule", "none"}
        Times the share of the rep's ramp schedule for the tenure month, or not.
    ramp_from : {"role_start", "hired"}
        The day from which tenure months count.
    prorate : bool, default True
        Leave out the days on which a rep was not there.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the days (of all reps together) on which a quota is in force and its rep is there. A quota
        in force and nobody there: 0.0. No day with a quota in force: NaN ``no_quota``.

    Raises
    ------
    InvalidArgumentError
        ``period`` is missing.

    Notes
    -----
    The sum over the days d of the period of amount in force x weight(d) x active(d) x ramp(d). Of rows with the same rep,
    start and end, each day has the one with the latest ``effective_from``. Numbers stated for a team stay out: a team's
    number is the sum of its reps'.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [90_000]})
    >>> sm.effective_quota(quotas, period=sm.Period("2026-02-01", "2026-03-01"), by="rep")["Ana"].value
    28000.0
    >>> hired = sm.read_reps([sm.Rep("Ana", hired="2026-02-01")])
    >>> sm.effective_quota(quotas, period=quotas.periods()[0], reps=hired, unit="month")["all"].value
    60000.0
    """
    if isinstance(quotas, QuotaTally):
        tally = quota_tally(quotas, Asked(period, by, where, reps))
    else:
        if period is None:
            raise no_period()
        tally = QuotaTally.from_book(
            quota_book(quotas),
            by=by,
            period=period,
            where=where,
            reps=reps,
            quota=quota,
            unit=unit,
            weights=weights,
            busday=busday,
            ramp=ramp,
            ramp_from=ramp_from,
            prorate=prorate,
        )
    grain, _, _, covered, active, value = tally.exact()
    labels, rows = grain.onto(tally.by)
    size = len(labels)
    total = _added(rows, size, value)
    days = _added(rows, size, active)
    reason = reasons(len(days), ("no_quota", _added(rows, size, covered) == 0))
    spread = {"day": "days", "business_day": "business days", "month": "months"}[tally.spread.unit]
    shares = "full" if not any(tally.staffing[:2]) else "by active days" + (" and ramp" if tally.staffing[1] else "")
    return MetricTable(
        name="effective_quota",
        unit="money",
        labels=tally.window.cross(labels),
        value=blanked(total / np.float64(10**tally.scale), reason),
        n=days,
        reason_code=reason,
        definition=words(
            f"quota in force, {shares}, spread over its own {spread}",
            f"weights {', '.join(f'{w / PPM:g}' for w in tally.spread.weights)}" if tally.spread.weights else None,
            dated(tally.window, "days"),
        ),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def attainment(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
) -> MetricTable:
    """Share of quota that is booked: are we at the number?

    Also called achievement, percent to plan, quota attainment. A fraction: 0.94 is 94 %; it may exceed 1.

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally, which is grouped and dated already.
    quotas : QuotaBook or QuotaTally
        The quotas of the reps.
    period : Period or Periods
        The days of ``closed`` and of the quota: required, ``quotas.periods()`` gives the quotas' own.
    by : str or sequence of str, optional
        Labels that both sides have, or that ``reps`` lend (``by="team"``). None is one row, "all".
    where : mapping or array of bool, optional
        A mapping is applied to the deals, and to the quotas where they have the column.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by`` on both sides.
    as_of : date or str, optional
        The last day whose wins are known; the quota is always that of the whole period.
    splits : SplitBook, optional
        Shares of deals: revenue shares add up to the amount of the deal to the minor unit. Without, the owner has it all.
    history : DealHistory, optional
        Changes of owner, for ``owner``; without, the deal's own ``rep`` stands.
    credit : {"revenue", "overlay"}
        Which splits count. Overlay credit stays out of team totals: it is asked for by itself.
    owner : {"at_close", "current", "actor"}
        The owner on the day the deal closed, the owner now, or who performed the closing change.
    returns : {"net", "gross"}
        With credits (negative amounts), or without.
    quota : {"effective", "full"}
        With ``reps``: quota by active days and ramp share, or as it stands.

    Returns
    -------
    MetricTable
        Unit ``fraction``. Parts: ``booked``, ``quota``, ``gap`` (booked - quota). With "rep" in ``by``, ``n`` counts the
        credited deals. Coarser rows are pooled: sum of bookings over sum of quotas of the reps with a quota above 0, whom
        ``n`` counts; bookings of the others are left out and stand in ``booked_without_quota``. Quota missing or 0: NaN
        ``no_quota``, bookings still reported. Nothing booked against a quota: 0.0. No interval: it is a census.

    Raises
    ------
    InvalidArgumentError
        ``period`` is missing, or ``by`` names a column that one side lacks.
    InvalidDataError
        Deals and quotas are in different currencies.

    Notes
    -----
    Rows: won deals, ``closed`` in the period and not after ``as_of``; quotas in force in the period, prorated by day where
    the period is not the quota's own. A pooled row is the quota-weighted mean of its reps, not their plain mean.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ana"], "amount": [150_000, 85_000], "outcome": ["won", "won"],
    ...                        "closed": ["2026-01-20", "2026-03-31"]})
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [250_000]})
    >>> sm.attainment(deals, quotas, period=quotas.periods()[0], by="rep")["Ana"].value
    0.94
    """
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names, fine = both.book, both.rows, both.names, both.fine
    counted = rows.rolled(names, np.ones_like(rows.days, dtype=bool) if fine else rows.has_quota)
    size = len(counted.labels) * book.window.size
    booked, target = counted.booked.reshape(size), counted.quota.reshape(size)
    covered = counted.days.reshape(size) > 0
    n = counted.credited if fine else rows.counted(names, rows.has_quota)
    reason = reasons(size, ("no_quota", ~counted.has_quota.reshape(size)))
    parts = _money_parts(booked, np.where(covered, target, np.nan), book.scale)
    units = dict.fromkeys(parts, "money")
    if not fine:
        out = rows.rolled(names, ~rows.has_quota)
        parts["booked_without_quota"] = major(out.booked.reshape(size), book.scale)
        parts["reps_without_quota"] = rows.counted(names, ~rows.has_quota & rows.there).reshape(size)
        units |= {"booked_without_quota": "money", "reps_without_quota": "count"}
    return MetricTable(
        name="attainment",
        unit="fraction",
        labels=book.window.cross(counted.labels),
        value=blanked(formulas.attainment(booked, target), reason),
        n=n.reshape(size),
        reason_code=reason,
        parts=parts,
        part_units=units,
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            "bookings over quota in force" + ("" if fine else ", pooled over reps with a quota"),
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
        scale=book.scale,
        currency=book.currency,
    )


@names_keywords
def attainment_gap(
    deals: DealBook | DealScan | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    splits: SplitBook | None = None,
    history: DealHistory | None = None,
    credit: Literal["revenue", "overlay"] = "revenue",
    owner: Literal["at_close", "current", "actor"] = "at_close",
    returns: Literal["net", "gross"] = "net",
    quota: Literal["effective", "full"] = "effective",
) -> MetricTable:
    """Money booked above the quota, negative where it is short: how far off?

    Also called variance, gap to goal.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, as_of, splits, history, credit, owner, returns, quota
        As in `attainment`.

    Returns
    -------
    MetricTable
        Unit ``money``: bookings - quota, over the reps with a quota row (a quota of 0 counts). With "rep" in ``by``, ``n``
        counts the credited deals, else the reps. Parts: ``booked``, ``quota``. No quota: NaN ``no_quota``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [235_000], "outcome": ["won"], "closed": ["2026-01-20"]})
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [250_000]})
    >>> sm.attainment_gap(deals, quotas, period=quotas.periods()[0])["all"].value
    -15000.0
    """
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names, fine = both.book, both.rows, both.names, both.fine
    due = rows.days > 0
    counted = rows.rolled(names, np.ones_like(due) if fine else due)
    size = len(counted.labels) * book.window.size
    booked, target = counted.booked.reshape(size), counted.quota.reshape(size)
    reason = reasons(size, ("no_quota", counted.days.reshape(size) == 0))
    parts = _money_parts(booked, np.where(reason != 0, np.nan, target), book.scale)
    gap = parts.pop("gap")
    return MetricTable(
        name="attainment_gap",
        unit="money",
        labels=book.window.cross(counted.labels),
        value=gap,
        n=(counted.credited if fine else rows.counted(names, due)).reshape(size),
        reason_code=reason,
        parts=parts,
        part_units=dict.fromkeys(parts, "money"),
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            "bookings less quota in force" + ("" if fine else ", over reps with a quota row"),
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
        scale=book.scale,
        currency=book.currency,
    )


# --- what they share -------------------------------------------------------------------------------------------------


def _money_parts(booked: IntArray, quota: AnyArray, scale: int) -> dict[str, AnyArray]:
    """Return bookings, quota and gap in major units."""
    unit = np.float64(10**scale)
    return {"booked": major(booked, scale), "quota": quota / unit, "gap": (booked - quota) / unit}


def _added(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table added up into its groups, one row for each group and period."""
    return rolled(rows, size, table).reshape(-1)
