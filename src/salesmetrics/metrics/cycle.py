"""How long does a deal take?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import dated, reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError
from salesmetrics.keywords import names_keywords
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import DurationTally
from salesmetrics.tally import refuse_grouping

__all__ = ["cycle_length"]

By = str | tuple[str, ...] | list[str] | None
_ENDS = {"won": ("won",), "lost": ("lost",), "closed": ("won", "lost", "no_decision")}


@names_keywords
def cycle_length(
    deals: DealBook | DealScan | DurationTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    outcome: Literal["won", "lost", "closed"] = "won",
    stat: Literal["mean", "median"] | float = "mean",
    basis: Literal["closed", "created"] | None = None,
    quantile_method: Literal["nearest_rank", "linear"] = "nearest_rank",
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Days from creation to close: how long does a win take?

    Also called days to close, sales cycle. Whole days; a deal closed on its first day took 0.

    Parameters
    ----------
    deals : DealBook, DealScan or DurationTally
        The deals, or their tally, which is grouped and dated already.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        The days that count, of ``closed`` (basis "closed") or of ``created`` (basis "created"). None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known.
    outcome : {"won", "lost", "closed"}
        Which ends: wins, losses (time to loss), or any.
    stat : {"mean", "median"} or float in [0, 1]
        A float is a quantile.
    basis : {"closed", "created"}, default "closed"
        Deals closed in the period, or deals created in it that have closed.
    quantile_method : {"nearest_rank", "linear"}
        Nearest rank always gives a duration that was observed.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``days``; ``n`` counts the deals. No such deal: NaN ``no_rows``. The interval of a mean is Student's t from 30
        deals on, NaN below; that of a quantile is made of order statistics. Deals without a creation day are left out and
        counted.

    Raises
    ------
    InvalidArgumentError
        ``basis`` is "time_to_event": `cycle_curve` keeps the open deals in.

    Notes
    -----
    Closed deals only understate how long deals take: the slow ones are still open. In a simulated book the mean won cycle read
    83 days over all closed deals and 56 over those created in the last 180 days, against a true 104. `cycle_curve` keeps the
    open deals in: its median and restricted mean are the cycle by time to event.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"created": ["2026-01-01", "2026-01-10", "2026-01-20"], "outcome": ["won"] * 3,
    ...                        "closed": ["2026-02-15", "2026-03-05", "2026-02-28"]})
    >>> sm.cycle_length(deals)["all"].value
    46.0
    """
    _check.one_of(outcome, tuple(_ENDS), "outcome")
    asked: object = basis
    if asked == "time_to_event":
        raise InvalidArgumentError(
            "`basis` must be 'closed' or 'created' in cycle_length; got 'time_to_event'.",
            code="SM-ARG-66",
            field="basis",
            values=[basis],
            hint="cycle_curve(deals, as_of=...).median or .restricted_mean(within) for any close, and "
            "cycle_curve(deals, as_of=..., outcome='won', within=360).mean or .median for wins.",
        )
    _check.one_of(quantile_method, ("nearest_rank", "linear"), "quantile_method")
    q = None if stat == "mean" else 0.5 if stat == "median" else _quantile(stat)
    level = _check.level(confidence_level)
    if isinstance(deals, DurationTally):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of, "basis": basis}
        refuse_grouping(deals, given)
        tally = deals
    else:
        tally = DurationTally.from_book(
            deal_book(deals),
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            basis=basis or "closed",
            outcomes=_ENDS[outcome],
        )
    n, value, low, high = _statistics(tally, tally.places(_ENDS[outcome]), q, quantile_method, level)
    what = "mean" if q is None else f"{q:g} quantile ({quantile_method.replace('_', ' ')})"
    return MetricTable(
        name="cycle_length",
        unit="days",
        labels=tally.window.cross(tally.labels),
        value=value,
        n=n,
        reason_code=reasons(len(n), ("no_rows", n == 0)),
        low=low,
        high=high,
        left_out=tally.unread(),
        definition=words(
            f"{what} of closed - created over {outcome} deals", dated(tally.window, tally.basis, tally.as_of_day)
        ),
    )


def _quantile(stat: str | float) -> float:
    """Return a quantile, or raise naming the statistics there are."""
    if isinstance(stat, str):
        _check.one_of(stat, ("mean", "median"), "stat")
    return _check.fraction(stat, "stat")


def _together(block: IntArray, kinds: list[int]) -> IntArray:
    """Return the counts of some outcomes added up."""
    counts: IntArray = block[:, kinds[0]].astype(np.int64)
    for kind in kinds[1:]:
        counts += block[:, kind]
    return counts


def _statistics(
    tally: DurationTally, kinds: list[int], q: float | None, method: str, level: float | None
) -> tuple[IntArray, FloatArray, FloatArray | None, FloatArray | None]:
    """Return n, the statistic and its interval for every row, a block of rows at a time."""
    n = np.zeros(tally.rows, dtype=np.int64)
    value = np.full(tally.rows, np.nan)
    low, high = np.full(tally.rows, np.nan), np.full(tally.rows, np.nan)
    for rows, block in tally.blocks():
        counts = block[:, kinds[0]] if len(kinds) == 1 else _together(block, kinds)
        if q is None:
            n[rows], total, squares = formulas.cycle_moments(counts)
            with np.errstate(all="ignore"):
                value[rows] = total / n[rows]
            if level is not None:
                variance = formulas.sample_variance(n[rows], total, squares)
                low[rows], high[rows] = formulas.student_t_mean(value[rows], n[rows], variance, level)
            continue
        n[rows] = counts.sum(axis=1)
        value[rows] = formulas.day_quantile(counts, q, quantile_method=method)
        if level is not None and 0 < q < 1:
            below, above = formulas.quantile_interval_ranks(n[rows], q, level)
            low[rows] = formulas.day_at_rank(counts, below)
            high[rows] = formulas.day_at_rank(counts, above)
    ends: tuple[AnyArray | None, AnyArray | None] = (None, None) if level is None else (low, high)
    return n, value, *ends
