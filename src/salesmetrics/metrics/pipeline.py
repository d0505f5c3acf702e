"""What is in play? Open, weighted and created pipeline."""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check
from salesmetrics._wide import wide_ints
from salesmetrics.answers import dated, major, words
from salesmetrics.arrays import AnyArray, FloatArray, Where
from salesmetrics.asking import deal_book, deal_history
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.columns import PPM
from salesmetrics.entering import AMOUNTS
from salesmetrics.errors import MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import CreationTally, PipelineTally
from salesmetrics.tally import refuse_grouping

__all__ = ["open_pipeline", "pipeline_created", "weighted_pipeline"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def open_pipeline(
    deals: DealBook | DealScan | PipelineTally,
    /,
    *,
    by: By = None,
    due: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
) -> MetricTable:
    """Money in deals that are open: what is in play?

    Also called total pipeline. Money, an exact sum.

    Parameters
    ----------
    deals : DealBook, DealScan or PipelineTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals (stage, forecast category, rep, ...), or labels that ``reps`` lend.
    due : Period or Periods, optional
        Only deals expected to close in it, on or after ``as_of``. None is every open deal, whatever its date.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    overdue, undated : {"exclude", "include", "only"}
        With ``due``: what to do with deals whose expected day has passed (those inside the period), or is missing.
    negative : {"raise", "exclude"}, default "raise"
        What to do about credits.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the open deals that have an amount, the others are left out and counted. Nothing open:
        0 with n = 0. No interval: it is a census.

    Notes
    -----
    A deal is open at the end of ``as_of`` where it was created by then and not closed by then; one without a creation day is
    taken to have been there.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100, 250], "outcome": ["open", "open"], "created": ["2026-01-05", "2026-02-01"]})
    >>> sm.open_pipeline(deals, as_of="2026-01-31")["all"].value
    100.0
    """
    tally = _tally(deals, by, due, where, reps, as_of, overdue, undated, negative)
    return MetricTable(
        name="open_pipeline",
        unit="money",
        labels=tally.window.cross(tally.labels),
        value=major(tally.amount.reshape(-1), tally.scale),
        n=tally.priced.reshape(-1),
        reason_code=np.zeros(tally.amount.size, dtype=np.int8),
        left_out=_left_out(tally),
        definition=words("sum of amounts of open deals", dated(tally.window, "expected_close", tally.as_of_day)),
        minor=tally.amount.reshape(-1),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def weighted_pipeline(
    deals: DealBook | DealScan | PipelineTally,
    /,
    *,
    by: By = None,
    due: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    p: Literal["deal_or_stage", "deal", "stage"] = "deal_or_stage",
    multiplier: float = 1.0,
    missing_p: Literal["raise", "exclude"] = "raise",
    overdue: Literal["exclude", "include", "only"] | None = None,
    undated: Literal["exclude", "include", "only"] | None = None,
    negative: Literal["raise", "exclude"] | None = None,
) -> MetricTable:
    """Amount times probability of open deals: what is the pipeline worth on average?

    Also called expected or prorated revenue. Money; not rounded to the minor unit.

    Parameters
    ----------
    deals, by, due, where, reps, as_of, overdue, undated, negative
        As in `open_pipeline`.
    p : {"deal_or_stage", "deal", "stage"}
        The deal's own probability and, where it has none, its stage's default; or one of the two only.
    multiplier : float, default 1.0
        Times every probability, which never passes 1.
    missing_p : {"raise", "exclude"}
        What to do about a deal without a probability from any source; excluded ones are counted.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the deals that were weighed. Parts: ``open``, the unweighted amount.

    Raises
    ------
    InvalidDataError
        With ``missing_p`` "raise", an open deal whose chance is not known.

    Notes
    -----
    Probabilities are held in whole parts per million, so the sum is exact and does not depend on the order of deals.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100_000, 200_000, 150_000], "outcome": ["open"] * 3,
    ...                        "probability": [0.8, 0.5, 0.3]}, as_of="2026-01-31")
    >>> sm.weighted_pipeline(deals)["all"].value
    225000.0
    """
    if isinstance(deals, PipelineTally):
        tally = _tally(deals, by, due, where, reps, as_of, overdue, undated, negative)
    else:
        tally = PipelineTally.from_book(
            deal_book(deals),
            by=by,
            period=due,
            where=where,
            reps=reps,
            as_of=as_of,
            weighted=True,
            p=p,
            multiplier=multiplier,
            missing_p=missing_p,
            overdue=overdue or "exclude",
            undated=undated or "exclude",
            negative=negative or "raise",
        )
    if tally.weighed is None:
        raise _unweighed()
    weighed = tally.weighed.reshape(-1)
    return MetricTable(
        name="weighted_pipeline",
        unit="money",
        labels=tally.window.cross(tally.labels),
        value=_expected(tally),
        n=weighed,
        reason_code=np.zeros(len(weighed), dtype=np.int8),
        parts={"open": major(tally.amount.reshape(-1), tally.scale)},
        part_units={"open": "money"},
        left_out=_left_out(tally) | {"no probability": int((tally.priced - tally.weighed).sum())},
        definition=words(
            f"sum of amount x probability ({tally.p.replace('_', ' ')}) of open deals",
            None if tally.multiplier == 1.0 else f"probabilities x {tally.multiplier}, at most 1",
            dated(tally.window, "expected_close", tally.as_of_day),
        ),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def pipeline_created(
    deals: DealBook | DealScan | CreationTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    at: object = None,
    amount: Literal["as_of", "at_entry"] | None = None,
) -> MetricTable:
    """Money in deals created in the period: are we generating enough?

    Also called pipegen. Money, an exact sum of the amounts as they stand, whatever became of the deals.

    Parameters
    ----------
    deals : DealBook, DealScan or CreationTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory, optional
        Their changes, which ``at`` a stage and ``amount="at_entry"`` read.
    by, where, reps
        As in `open_pipeline`.
    period : Period or Periods, optional
        The days that count: of ``created``, or of coming to the stage. None is all days.
    as_of : date or str, optional
        Deals created after it do not exist yet.
    at : str, default "created"
        A stage instead: deals count on the day they first came to that stage or one behind it (a stage that was skipped
        counts as reached). Where a team creates deals long before they are qualified, that day is when pipeline is made.
    amount : {"as_of", "at_entry"}, default "as_of"
        Amounts as they stand, or as they were on the day that counts.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the deals that have an amount. Nothing created: 0 with n = 0. Parts: ``created_count``.

    Raises
    ------
    InvalidArgumentError
        ``at`` or ``amount`` need a history and there is none, or ``at`` is no stage.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [100, 250], "outcome": ["open", "open"], "created": ["2026-01-05", "2026-02-01"]})
    >>> sm.pipeline_created(deals, period=sm.Period("2026-02-01", "2026-03-01"))["all"].value
    250.0
    >>> company = sm.datasets.sample_company(deals=500, rng=1)
    >>> books, q3 = (company.deals, company.history), sm.FiscalCalendar(start_month=2).quarter(2026, 3)
    >>> sm.pipeline_created(*books, period=q3, at="Proposal", amount="at_entry")["all"].n
    23
    """
    if isinstance(deals, CreationTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"history": history, "at": at, "amount": amount})
        tally = deals
    else:
        tally = CreationTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            history=None if history is None else deal_history(history),
            at="created" if at is None else at,
            valued=_check.one_of(amount or "as_of", AMOUNTS, "amount"),
        )
    money = tally.amount.reshape(-1)
    came = "created" if tally.at == "created" else f"that came to {show(tally.at)}, or behind it, for the first time"
    return MetricTable(
        name="pipeline_created",
        unit="money",
        labels=tally.window.cross(tally.labels),
        value=major(money, tally.scale),
        n=tally.priced.reshape(-1),
        reason_code=np.zeros(len(money), dtype=np.int8),
        parts={"created_count": tally.count.reshape(-1)},
        part_units={"created_count": "count"},
        left_out={"no amount": int((tally.count - tally.priced).sum())}
        | dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=words(
            f"sum of amounts of deals {came}",
            "amounts of that day" if tally.valued == "at_entry" else None,
            dated(tally.window, "created" if tally.at == "created" else "coming to the stage", tally.as_of_day),
        ),
        minor=money,
        scale=tally.scale,
        currency=tally.currency,
    )


def _tally(
    deals: DealBook | DealScan | PipelineTally,
    by: By,
    due: object,
    where: object,
    reps: RepBook | None,
    as_of: object,
    overdue: str | None,
    undated: str | None,
    negative: str | None,
) -> PipelineTally:
    """Return the tally of a book, unweighted, or the one that was given."""
    if isinstance(deals, PipelineTally):
        given = {"by": by, "due": due, "where": where, "reps": reps, "as_of": as_of}
        refuse_grouping(deals, given | {"overdue": overdue, "undated": undated, "negative": negative})
        return deals
    return PipelineTally.from_book(
        deal_book(deals),
        by=by,
        period=due,
        where=where,
        reps=reps,
        as_of=as_of,
        weighted=False,
        overdue=overdue or "exclude",
        undated=undated or "exclude",
        negative=negative or "raise",
    )


def _left_out(tally: PipelineTally) -> dict[str, int]:
    """Return the open deals that do not count, by cause."""
    return {"no amount": int((tally.count - tally.priced).sum())} | dict(
        zip(tally.causes, tally.left_out.tolist(), strict=True)
    )


def _expected(tally: PipelineTally) -> FloatArray:
    """Return the weighted amounts in major units, each the correctly rounded quotient of whole numbers."""
    assert tally.weighted is not None
    unit = PPM * 10**tally.scale
    values: AnyArray = np.array([whole / unit for whole in wide_ints(tally.weighted)], dtype=np.float64)
    return values


def _unweighed() -> MergeError:
    """Return the refusal of a tally that was made without probabilities."""
    return MergeError(
        "the tally must hold weighted amounts; got one without.",
        code="SM-TLY-08",
        field="weighted",
        hint="PipelineTally.from_book(..., weighted=True).",
    )
