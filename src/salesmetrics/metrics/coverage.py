"""Is there enough pipeline?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from salesmetrics import _check, formulas
from salesmetrics.answers import reasons, words
from salesmetrics.arrays import Where
from salesmetrics.asking import deal_book, no_period, one_currency, quota_book
from salesmetrics.books import DealBook, QuotaBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.covering import coverage
from salesmetrics.errors import MergeError
from salesmetrics.keywords import names_keywords
from salesmetrics.ledgers import Asked, quota_tally
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally, PipelineTally, QuotaTally
from salesmetrics.tally import refuse_grouping

__all__ = ["pipeline_coverage", "required_coverage"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def pipeline_coverage(
    deals: DealBook | DealScan | PipelineTally,
    quotas: QuotaBook | QuotaTally,
    /,
    *,
    basis: Literal["remaining", "full"],
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    weight: Literal["amount", "weighted"] = "amount",
    missing_p: Literal["raise", "exclude"] = "raise",
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    quota: Literal["effective", "full"] = "effective",
    bookings: BookingTally | None = None,
) -> MetricTable:
    """Open pipeline due in the period over the number it must fill: is there enough?

    Also called pipeline-to-quota ratio. A fraction: 3.0 is "3x".

    Parameters
    ----------
    deals : DealBook, DealScan or PipelineTally
        The deals, or the tally of the open ones.
    quotas : QuotaBook or QuotaTally
        The quotas of the reps.
    basis : {"remaining", "full"}
        The number: quota less what is booked to date, or the whole quota. It has no default, since sources split evenly and
        the two answers differ a lot.
    period : Period or Periods
        The days of ``expected_close``, of the quota and of the bookings: required.
    by : str or sequence of str, optional
        Labels that both sides have, or that ``reps`` lend.
    where : mapping or array of bool, optional
        A mapping is applied to the deals, and to the quotas where they have the column.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by`` on both sides.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    weight : {"amount", "weighted"}
        Amounts, or amounts times probability.
    missing_p : {"raise", "exclude"}
        With weight "weighted": what to do about a deal without a probability.
    overdue, undated : {"exclude", "include", "only"}
        As in `open_pipeline`.
    quota : {"effective", "full"}
        With ``reps``: quota by active days and ramp share, or as it stands.
    bookings : BookingTally, optional
        The bookings to date, where ``deals`` is a tally and the basis is "remaining".

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the deals due that have an amount. Quota missing or 0: NaN ``no_quota``. Nothing left
        to book: NaN ``target_met``, never infinite. Nothing due against a number: 0.0. Parts: ``open`` (or ``weighted``),
        ``target``, ``quota``, ``booked`` and ``met``, 1 where the number is booked already. Rows coarser than a rep take
        quota and bookings of the reps with a quota above 0, and everybody's pipeline.

    Raises
    ------
    InvalidArgumentError
        ``period`` is missing, or ``by`` names a column that one side lacks.
    InvalidDataError
        Deals and quotas are in different currencies.
    MergeError
        A tally of pipeline with basis "remaining" and without ``bookings``.

    Notes
    -----
    Overdue and undated deals are not due in any period, and are counted beside. "3x" is a rule of thumb: `required_coverage`
    says what a win rate asks for.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [4_800_000], "outcome": ["open"], "created": ["2026-01-05"],
    ...                        "closed": [None], "expected_close": ["2026-03-20"]}, as_of="2026-01-31")
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [1_600_000]})
    >>> sm.pipeline_coverage(deals, quotas, basis="full", period=quotas.periods()[0])["all"].value
    3.0
    """
    _check.one_of(basis, ("remaining", "full"), "basis")
    _check.one_of(weight, ("amount", "weighted"), "weight")
    if isinstance(deals, PipelineTally):
        given = {"by": by, "period": period, "where": where, "as_of": as_of, "overdue": overdue, "undated": undated}
        refuse_grouping(deals, given)
        pipeline, names = deals, deals.by
        asked: object = deals.window.asked
        if basis == "remaining" and bookings is None:
            raise MergeError(
                "`bookings` must be given with a tally and basis 'remaining'; got None.",
                code="SM-TLY-09",
                field="bookings",
                hint="BookingTally.from_book(deals, by=..., period=..., as_of=...) of the same deals.",
            )
    else:
        book = deal_book(deals)
        if period is None:
            raise no_period()
        pipeline = PipelineTally.from_book(
            book,
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            weighted=weight == "weighted",
            missing_p=missing_p,
            overdue=overdue or "exclude",
            undated=undated or "exclude",
        )
        names, asked = pipeline.by, period
        if basis == "remaining":
            day = _check.date_of(pipeline.as_of_day)
            bookings = BookingTally.from_book(book, by=by, period=period, where=where, reps=reps, as_of=day)
    narrowed = where if isinstance(where, Mapping) and not isinstance(quotas, QuotaTally) else {}
    known = (
        {name: labels for name, labels in narrowed.items() if name in quota_book(quotas).names} if narrowed else None
    )
    target = quotas
    if not isinstance(target, QuotaTally):
        target = quota_tally(target, Asked(asked, names, known, reps, quota=quota))
    one_currency(pipeline.currency, target.currency)
    return coverage(pipeline, target, bookings if basis == "remaining" else None, names, weight)


@names_keywords
def required_coverage(win_rate: MetricTable | npt.ArrayLike) -> MetricTable | float | npt.NDArray[np.float64]:
    """Coverage that a win rate asks for on average: how much is enough?

    Parameters
    ----------
    win_rate : MetricTable, float or array_like
        A result of `win_rate` (the fitting one is ``basis="open_at", weight="amount"``), or plain fractions.

    Returns
    -------
    MetricTable, float or numpy.ndarray
        1 / win rate, in the shape that was given. NaN where the rate is 0 or NaN.

    Notes
    -----
    It is enough on average, which is near a coin flip: for equal independent deals with a win rate of 1/3, three times the
    quota reaches it with probability 0.62 (9 deals), 0.57 (30), 0.54 (90) or 0.52 (300).

    Examples
    --------
    >>> import salesmetrics as sm
    >>> sm.required_coverage(0.25)
    4.0
    """
    if not isinstance(win_rate, MetricTable):
        plain: float | npt.NDArray[np.float64] = formulas.required_coverage(win_rate)
        return plain
    value = np.asarray(formulas.required_coverage(win_rate.value))
    zero = win_rate.value == 0
    code = np.where(zero, reasons(1, ("zero_denominator", np.array([True])))[0], win_rate.reason_code)
    return MetricTable(
        name="required_coverage",
        unit="fraction",
        labels=win_rate.labels,
        value=value,
        n=win_rate.n,
        reason_code=code,
        parts={"win_rate": win_rate.value},
        part_units={"win_rate": "fraction"},
        definition=words("1 / win rate", win_rate.definition),
        notes=("enough on average only: near an even chance of reaching the number.",),
    )
