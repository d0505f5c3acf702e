"""How long do deals sit in a stage?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, dated, reasons, words
from salesmetrics.arrays import FloatArray, IntArray, Where
from salesmetrics.asking import deal_book, deal_history
from salesmetrics.books import DealBook, DealHistory, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Levels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.stepping import at_stages, of_population, refuse_given, wrong_tally
from salesmetrics.tallies import DwellTally
from salesmetrics.tally import Tally, refuse_grouping

__all__ = ["stage_age", "stage_dwell"]

By = str | tuple[str, ...] | list[str] | None
_BASES = {"completed": "exit", "time_to_event": "exit_or_now"}
_REENTRY = {"sum": "all visits of a deal together", "first": "the first visit", "last": "the last visit"}


@names_keywords
def stage_dwell(
    deals: DealBook | DealScan | DwellTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    stat: Literal["median", "mean", "restricted_mean"] | float = "median",
    basis: Literal["completed", "time_to_event"] | None = None,
    reentry: Literal["sum", "first", "last"] | None = None,
    population: Literal["closed", "all", "created"] | None = None,
    within: int | None = None,
    quantile_method: Literal["nearest_rank", "linear"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Days that deals spend in each stage: how long do deals sit there?

    Also called time in stage, sojourn. Whole days, one number for each open stage; a deal that left on the day it came was
    there 0 days. A stage that was skipped has no days: the deal is absent from it, not 0.

    Parameters
    ----------
    deals : DealBook, DealScan or DwellTally
        The deals, or their tally, which is grouped and dated already.
    history : DealHistory
        The changes of their stages.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        The days that count: of the date that ``population`` names, or with basis "time_to_event" of the entry to the stage.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose changes are known; the book's own day by default. Basis "time_to_event" needs one.
    stat : {"median", "mean", "restricted_mean"} or float in [0, 1]
        A float is a quantile; "restricted_mean", with basis "time_to_event", is the mean of the days up to ``within``.
    basis : {"completed", "time_to_event"}, default "completed"
        Visits that are over, the last one ending with the closing of the deal; or all visits of the deals that entered the
        stage in the period, those that last being censored on ``as_of`` (Kaplan-Meier).
    reentry : {"sum", "first", "last"}, default "sum"
        Of a deal that came back: the days of all its visits, of its first or of its last.
    population : {"closed", "all", "created"}, default "closed"
        With basis "completed": deals closed in the period; those and the deals that are open; deals created in the period.
    within : int, optional
        The days of the restricted mean.
    quantile_method : {"nearest_rank", "linear"}, default "nearest_rank"
        Of completed visits.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``days``, labels those of ``by``, the period and "stage"; ``n`` counts the deals, with "time_to_event" also those
        still in the stage. None: NaN ``no_rows``. A quantile that the curve does not come to: NaN ``not_reached``, a restricted
        mean beyond the longest follow-up: NaN ``not_observed``. The interval of a mean is Student's t from 30 deals on, of
        quantiles order statistics, or where the curve's interval crosses; a restricted mean has none. Part with
        "time_to_event": ``left``, the deals that have left.

    Raises
    ------
    InvalidArgumentError
        ``stat`` and ``basis`` do not fit each other: only "time_to_event" has a restricted mean, and no plain one.

    Notes
    -----
    Completed visits understate how long deals sit in a stage while the slow ones are still in it.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "closed": ["2026-02-20", "2026-01-30"],
    ...                        "stage": ["Won", "Lost"], "outcome": ["won", "lost"]}, process=process)
    >>> history = sm.read_history({"deal": [1, 1, 1, 2, 2], "stage": ["Lead", "Bid", "Won", "Lead", "Lost"],
    ...     "date": ["2026-01-05", "2026-01-15", "2026-02-20", "2026-01-05", "2026-01-30"]})
    >>> sm.stage_dwell(deals, history, stat="mean").value
    array([17.5, 36. ])
    """
    level = _check.level(confidence_level)
    q = _quantile(stat)
    until = None if basis is None else _BASES[_check.one_of(basis, tuple(_BASES), "basis")]
    tally = _tally(deals, history, (by, period, where, reps, as_of), until, population, reentry)
    if tally.until == "exit":
        if stat == "restricted_mean":
            raise _unfit("stat", stat, "completed", "basis='time_to_event' keeps the deals that are still there.")
        refuse_given({"within": within}, "basis 'completed'", "only stat='restricted_mean' reads it.")
        return _completed(tally, q, quantile_method or "nearest_rank", level)
    if stat == "mean":
        raise _unfit(
            "stat", stat, "time_to_event", "stat='restricted_mean' with within=90 is defined with open visits."
        )
    refuse_given({"quantile_method": quantile_method}, "basis 'time_to_event'", "a curve is read at the least day.")
    return _followed(tally, q, within, level)


@names_keywords
def stage_age(
    deals: DealBook | DealScan | DwellTally,
    history: DealHistory | None = None,
    /,
    *,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    reentry: Literal["last", "first"] | None = None,
    edges: Sequence[int] = (30, 60, 90),
) -> MetricTable:
    """Open deals by how long they have been in their stage: how long has each been there?

    Also called ageing. Counts of the deals open on ``as_of``, for each stage and each bucket of days since the deal entered it.

    Parameters
    ----------
    deals, history, by, where, reps
        As in `stage_dwell`; a DwellTally with ``until="now"``.
    as_of : date or str, optional
        The day of the snapshot; the book's own day by default, and required where it has none.
    reentry : {"last", "first"}, default "last"
        Of a deal that came back: since its latest entry to the stage, or since its first.
    edges : sequence of int, default (30, 60, 90)
        Where buckets begin, in days; the first begins at 0. A day on an edge is in the bucket that begins there.

    Returns
    -------
    MetricTable
        Unit ``count``, labels those of ``by``, "stage" and "age"; ``n`` is the count. A deal whose entry is not known is in the
        bucket "unknown". No such deal: 0. No interval: it is a census.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    >>> process = sm.SalesProcess([sm.Stage("Lead", 1), sm.Stage("Bid", 2), *ends])
    >>> deals = sm.read_deals({"id": [1, 2], "created": ["2026-01-05"] * 2, "stage": ["Bid", "Lead"],
    ...                        "outcome": ["open"] * 2}, process=process, as_of="2026-03-06")
    >>> history = sm.read_history({"deal": [1, 1], "date": ["2026-01-05", "2026-02-20"], "stage": ["Lead", "Bid"]})
    >>> ages = sm.stage_age(deals, history)
    >>> ages["Lead", "60-89"].value, ages["Bid", "0-29"].value
    (1.0, 1.0)
    """
    bounds = _bounds(edges)
    tally = _tally(deals, history, (by, None, where, reps, as_of), "now", None, reentry)
    counts = np.zeros((tally.rows, len(bounds) + 1), dtype=np.int64)
    for rows, block in tally.blocks():
        days = np.searchsorted(bounds, np.arange(block.shape[-1]), side="right") - 1
        for bucket in range(len(bounds)):
            counts[rows, bucket] = block[:, 0, days == bucket].sum(axis=-1)
        counts[rows, -1] = block[:, 1].sum(axis=-1)
    names = [f"{low}-{high - 1}" for low, high in itertools.pairwise(bounds)]
    ages = Levels("age", (*names, f"{bounds[-1]}+", "unknown"), ordered=True)
    return MetricTable(
        name="stage_age",
        unit="count",
        labels=at_stages(tally.labels, tally.window, tally.stages).crossed(ages),
        value=counts.reshape(-1).astype(np.float64),
        n=counts.reshape(-1),
        reason_code=np.zeros(counts.size, dtype=np.int8),
        definition=words(
            f"open deals by days since their {'latest' if tally.reentry == 'last' else 'first'} entry to the stage",
            None if tally.as_of_day is None else f"on {_check.date_of(tally.as_of_day)}",
        ),
    )


# --- behind the doors ------------------------------------------------------------------------------------------------


def _quantile(stat: str | float) -> float | None:
    """Return the quantile asked for, None for a mean, or raise naming the statistics there are."""
    if isinstance(stat, str):
        _check.one_of(stat, ("mean", "median", "restricted_mean"), "stat")
        return 0.5 if stat == "median" else None
    return _check.fraction(stat, "stat")


def _bounds(edges: Sequence[int]) -> list[int]:
    """Return where buckets begin, 0 among them, or raise where they do not rise."""
    given = list(edges) if np.ndim(edges) else [edges]
    bounds = [0, *(_check.count(edge, "edges", least=1) for edge in given)]
    if sorted(set(bounds)) != bounds:
        raise InvalidArgumentError(
            f"`edges` must rise; got {show(given)}.", code="SM-MOV-10", field="edges", values=[edges]
        )
    return bounds


def _unfit(argument: str, value: object, basis: str, way: str) -> InvalidArgumentError:
    """Return the refusal of an argument that a basis cannot answer."""
    return InvalidArgumentError(
        f"`{argument}` must fit the basis {show(basis)}; got {show(value)}.",
        code="SM-MOV-11",
        field=argument,
        values=[value],
        hint=way,
    )


def _tally(
    deals: Any,
    history: Any,
    asked: tuple[Any, Any, Any, Any, Any],
    until: str | None,
    population: str | None,
    reentry: str | None,
) -> DwellTally:
    """Return the tally of deals, or the one that was given."""
    by, period, where, reps, as_of = asked
    wanted = ("now",) if until == "now" else ("exit", "exit_or_now")
    if isinstance(deals, DwellTally):
        given = {"history": history, "by": by, "period": period, "where": where, "reps": reps, "as_of": as_of}
        basis = None if until is None or until == deals.until else until
        refuse_grouping(deals, given | {"population": population, "reentry": reentry})
        if deals.until not in wanted or basis is not None:
            raise wrong_tally(deals, f"a DwellTally with until={until or 'exit'!r}")
        return deals
    if isinstance(deals, Tally):
        raise wrong_tally(deals, "a DwellTally")
    return DwellTally.from_book(
        deal_book(deals),
        deal_history(history),
        by=by,
        period=period,
        where=where,
        reps=reps,
        as_of=as_of,
        until=until or "exit",
        population=population,
        reentry=reentry,
    )


def _completed(tally: DwellTally, q: float | None, method: str, level: float | None) -> MetricTable:
    """Return a statistic of the visits that are over."""
    n = np.zeros(tally.rows, dtype=np.int64)
    value, low, high = (np.full(tally.rows, np.nan) for _ in range(3))
    for rows, block in tally.blocks():
        counts = block[:, 0]
        n[rows], total, squares = formulas.cycle_moments(counts)
        if q is None:
            with np.errstate(all="ignore"):
                value[rows] = total / n[rows]
            if level is not None:
                spread = formulas.sample_variance(n[rows], total, squares)
                low[rows], high[rows] = formulas.student_t_mean(value[rows], n[rows], spread, level)
            continue
        value[rows] = formulas.day_quantile(counts, q, quantile_method=method)
        if level is not None and 0 < q < 1:
            below, above = formulas.quantile_interval_ranks(n[rows], q, level)
            low[rows], high[rows] = formulas.day_at_rank(counts, below), formulas.day_at_rank(counts, above)
    assert tally.population is not None
    what = "mean" if q is None else f"{q:g} quantile ({method.replace('_', ' ')})"
    said = f"{what} of the days in the stage, {_REENTRY[tally.reentry]}, visits that are over"
    return _table(
        tally,
        (n, value, low, high),
        level,
        {},
        words(said, of_population(tally.population, tally.window, tally.as_of_day)),
        "no_rows",
    )


def _followed(tally: DwellTally, q: float | None, within: int | None, level: float | None) -> MetricTable:
    """Return a statistic of all visits, those that last being censored."""
    if q is None and within is None:
        raise InvalidArgumentError(
            "`within` must be given with stat 'restricted_mean'; got None.", code="SM-MOV-12", field="within"
        )
    if q is not None:
        refuse_given({"within": within}, "a quantile", "only stat='restricted_mean' reads it.")
        _check.fraction(q, "stat", open_ends=True)
    n, left = np.zeros(tally.rows, dtype=np.int64), np.zeros(tally.rows, dtype=np.int64)
    value, low, high = (np.full(tally.rows, np.nan) for _ in range(3))
    for rows, block in tally.blocks():
        n[rows], left[rows] = block.sum(axis=(1, 2)), block[:, 0].sum(axis=-1)
        curve = formulas.kaplan_meier(block[:, 0], block[:, 1])
        if q is None:
            value[rows] = formulas.restricted_mean(curve, _check.count(within, "within"))
            continue
        value[rows] = formulas.survival_quantile(curve, q)
        if level is not None:
            low[rows], high[rows] = formulas.survival_quantile_interval(curve, q, level)
    what = f"mean of the days in the stage up to {within}" if q is None else f"{q:g} quantile of the days in the stage"
    said = f"{what}, {_REENTRY[tally.reentry]}, those still there censored"
    return _table(
        tally,
        (n, value, low, high),
        level,
        {"left": left},
        words(said, dated(tally.window, "entry", tally.as_of_day)),
        "not_observed" if q is None else "not_reached",
    )


def _table(
    tally: DwellTally,
    numbers: tuple[IntArray, FloatArray, FloatArray, FloatArray],
    level: float | None,
    parts: dict[str, IntArray],
    definition: str,
    otherwise: str,
) -> MetricTable:
    """Return a number of days for each stage, with the reason of those that are not defined."""
    n, value, low, high = numbers
    reason = reasons(tally.rows, ("no_rows", n == 0), (otherwise, np.isnan(value)))
    return MetricTable(
        name="stage_dwell",
        unit="days",
        labels=at_stages(tally.labels, tally.window, tally.stages),
        value=blanked(value, reason),
        n=n,
        reason_code=reason,
        low=None if level is None else low,
        high=None if level is None else high,
        parts=parts,
        part_units=dict.fromkeys(parts, "count"),
        left_out=dict(zip(tally.causes, tally.left_out.tolist(), strict=True)),
        definition=definition,
    )
