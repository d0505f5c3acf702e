"""Are we at the number? Bookings, quotas, attainment and the gap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from salesmetrics import formulas
from salesmetrics.answers import Ledger, blanked, dated, ledger, major, reasons, rescaled, words
from salesmetrics.arrays import AnyArray, IntArray
from salesmetrics.asking import deal_book, no_period, one_currency, quota_book
from salesmetrics.books import DealBook, QuotaBook, RepBook
from salesmetrics.errors import MergeError
from salesmetrics.results import MetricTable
from salesmetrics.tallies import BookingTally, QuotaTally
from salesmetrics.tallies.quotas import SPAN
from salesmetrics.tally import refuse_grouping

__all__ = ["attainment", "attainment_gap", "credited_bookings", "effective_quota"]

By = str | tuple[str, ...] | list[str] | None


def credited_bookings(
    deals: DealBook | BookingTally,
    /,
    *,
    by: By = None,
    period: object = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
) -> MetricTable:
    """Money won in the period: what counts towards the number?

    Also called bookings, credited amount, achieved. Money, an exact sum.

    Parameters
    ----------
    deals : DealBook or BookingTally
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
        refuse_grouping(deals, {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of})
        tally = deals
    else:
        book = deal_book(deals)
        tally = BookingTally.from_book(book, by=by, period=period, where=where, reps=reps, as_of=as_of, per_rep=False)
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
        definition=words("sum of amounts of won deals", dated(tally.window, "closed", tally.as_of_day)),
        minor=amount,
        scale=tally.scale,
    )


def effective_quota(
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: object = None,
    by: By = None,
    where: Mapping[str, object] | None = None,
    reps: RepBook | None = None,
) -> MetricTable:
    """Quota in force in the period: what was the number?

    Also called prorated quota. Money; a quota is spread evenly over its own days, so a part of its days carries that part.

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
        Lends team, manager and its other labels to ``by``.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the days (of all reps together) with a quota in force. No such day: NaN ``no_quota``.

    Notes
    -----
    Of rows with the same rep, start and end, each day has the one with the latest ``effective_from``. Numbers stated for a
    team stay out: a team's number is the sum of its reps'.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [90_000]})
    >>> sm.effective_quota(quotas, period=sm.Period("2026-02-01", "2026-03-01"), by="rep")["Ana"].value
    28000.0
    """
    tally = _quota_tally(quotas, by, period, where, reps)
    lengths = np.array(tally.labels.column(SPAN), dtype=np.int64)[:, None] if len(tally.labels) else 1
    whole, left = np.divmod(tally.amount_days, lengths)
    labels, rows = tally.labels.onto(tally.by)
    size = len(labels)
    total = _added(rows, size, whole) + _added(rows, size, left / lengths)
    days = _added(rows, size, tally.days)
    reason = reasons(len(days), ("no_quota", days == 0))
    return MetricTable(
        name="effective_quota",
        unit="money",
        labels=tally.window.cross(labels),
        value=blanked(total / np.float64(10**tally.scale), reason),
        n=days,
        reason_code=reason,
        definition=words("quota in force, spread evenly over its own days", dated(tally.window, "days")),
    )


def attainment(
    deals: DealBook | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: object = None,
    by: By = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
) -> MetricTable:
    """Share of quota that is booked: are we at the number?

    Also called achievement, percent to plan, quota attainment. A fraction: 0.94 is 94 %; it may exceed 1.

    Parameters
    ----------
    deals : DealBook or BookingTally
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
    book, quota, names = _both(deals, quotas, period, by, where, reps, as_of)
    rows = _ledger(book, quota)
    fine = "rep" in names
    counted = rows.rolled(names, np.ones_like(rows.days, dtype=bool) if fine else rows.has_quota)
    out = rows.rolled(names, ~rows.has_quota)
    size = len(counted.labels) * book.window.size
    booked, target = counted.booked.reshape(size), counted.quota.reshape(size)
    covered = counted.days.reshape(size) > 0
    n = counted.credited if fine else rows.counted(names, rows.has_quota)
    reason = reasons(size, ("no_quota", ~counted.has_quota.reshape(size)))
    parts = _money_parts(booked, np.where(covered, target, np.nan), book.scale)
    units = dict.fromkeys(parts, "money")
    if not fine:
        parts["booked_without_quota"] = major(out.booked.reshape(size), book.scale)
        parts["reps_without_quota"] = rows.counted(names, ~rows.has_quota & _there(rows)).reshape(size)
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
            dated(book.window, "closed", book.as_of_day),
        ),
    )


def attainment_gap(
    deals: DealBook | BookingTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    period: object = None,
    by: By = None,
    where: object = None,
    reps: RepBook | None = None,
    as_of: object = None,
) -> MetricTable:
    """Money booked above the quota, negative where it is short: how far off?

    Also called variance, gap to goal.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, as_of
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
    book, quota, names = _both(deals, quotas, period, by, where, reps, as_of)
    rows = _ledger(book, quota)
    fine = "rep" in names
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
            dated(book.window, "closed", book.as_of_day),
        ),
    )


# --- what the two share ----------------------------------------------------------------------------------------------


def _both(
    deals: DealBook | BookingTally,
    quotas: QuotaBook | QuotaTally,
    period: object,
    by: By,
    where: object,
    reps: RepBook | None,
    as_of: object,
) -> tuple[BookingTally, QuotaTally, tuple[str, ...]]:
    """Return the tallies of deals and quotas, grouped alike."""
    if isinstance(deals, BookingTally):
        refuse_grouping(deals, {"by": by, "period": period, "where": where, "as_of": as_of})
        book = deals
        if not book.per_rep and "rep" not in book.by:
            raise MergeError(
                "`deals` must be a tally kept rep by rep for attainment; got one that is not.",
                code="SM-TLY-05",
                field="per_rep",
                hint="BookingTally.from_book(..., per_rep=True).",
            )
        period = book.window.asked
        by = book.by
    else:
        if period is None and not isinstance(quotas, QuotaTally):
            raise no_period()
        book = BookingTally.from_book(
            deal_book(deals), by=by, period=period, where=where, reps=reps, as_of=as_of, per_rep=True
        )
    if isinstance(quotas, QuotaTally):
        quota = quotas
        if (quota.by, quota.window) != (book.by, book.window):
            raise MergeError(
                "`quotas` must be a tally with the same `by` and `period` as the deals; got others.",
                code="SM-TLY-06",
                field="quotas",
                values=[quota.by],
            )
    else:
        narrowed = {n: w for n, w in where.items() if n in quotas.names} if isinstance(where, Mapping) else None
        quota = _quota_tally(quotas, by, period, narrowed or None, reps)
    one_currency(book.currency, quota.currency)
    return book, quota, book.by


def _quota_tally(
    quotas: QuotaBook | QuotaTally, by: By, period: object, where: Mapping[str, object] | None, reps: RepBook | None
) -> QuotaTally:
    """Return the tally of quotas, or the one that was given."""
    if isinstance(quotas, QuotaTally):
        refuse_grouping(quotas, {"by": by, "period": period, "where": where, "reps": reps})
        return quotas
    book = quota_book(quotas)
    if period is None:
        raise no_period()
    return QuotaTally.from_book(book, by=by, period=period, where=where, reps=reps)


def _ledger(book: BookingTally, quota: QuotaTally) -> Ledger:
    """Return bookings beside quotas in the minor units of the deals."""
    return ledger(
        (book.labels, book.amount, book.count - book.unpriced),
        (quota.labels, rescaled(quota.amount_days, quota.scale, book.scale), quota.days),
        SPAN,
    )


def _there(rows: Ledger) -> AnyArray:
    """Return True for the reps who have a deal or a quota in a period."""
    there: AnyArray = (rows.credited > 0) | (rows.booked != 0) | (rows.days > 0)
    return there


def _money_parts(booked: IntArray, quota: AnyArray, scale: int) -> dict[str, AnyArray]:
    """Return bookings, quota and gap in major units."""
    unit = np.float64(10**scale)
    return {"booked": major(booked, scale), "quota": quota / unit, "gap": (booked - quota) / unit}


def _added(rows: IntArray, size: int, table: AnyArray) -> AnyArray:
    """Return a table added up into its groups, one row for each group and period."""
    out = np.zeros((size, table.shape[1]), dtype=table.dtype)
    np.add.at(out, rows, table)
    return out.reshape(-1)
