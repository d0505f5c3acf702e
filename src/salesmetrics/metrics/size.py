"""How big is a deal?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics._histograms import Histogram
from salesmetrics._wide import LIMBS, carried, wide_variance
from salesmetrics.answers import dated, reasons, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import MergeError, show
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import OutcomeTally, SizeTally
from salesmetrics.tally import refuse_grouping

__all__ = ["deal_size"]

By = str | tuple[str, ...] | list[str] | None
Stat = str | float


@names_keywords
def deal_size(
    deals: DealBook | DealScan | OutcomeTally | SizeTally,
    /,
    *,
    by: By = None,
    period: PeriodLike | None = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    of: Literal["won", "closed", "open", "all"] | None = None,
    stat: Literal["mean", "median"] | float = "mean",
    quantile_method: Literal["nearest_rank", "linear"] = "nearest_rank",
    negative: Literal["raise", "exclude"] | None = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Amount of a deal: how big is a win?

    Also called average selling price, contract value, ticket. Money.

    Parameters
    ----------
    deals : DealBook, DealScan, OutcomeTally or SizeTally
        The deals, or their tally: an `OutcomeTally` for means of closed deals, a `SizeTally` for any statistic.
    by : str or sequence of str, optional
        Label columns of the deals, or labels that ``reps`` lend.
    period : Period or Periods, optional
        The days of ``closed`` that count (of ``expected_close`` for open deals). None is all days.
    where : array of bool or mapping, optional
        The deals to read.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by``.
    as_of : date or str, optional
        The last day whose events are known.
    of : {"won", "closed", "open", "all"}, default "won"
        Which deals.
    stat : {"mean", "median"} or float in [0, 1]
        A float is a quantile.
    quantile_method : {"nearest_rank", "linear"}
        Nearest rank always gives an amount that was observed.
    negative : {"raise", "exclude"}, default "raise"
        What to do about credits.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the deals with an amount, the others are left out and counted. No such deal: NaN
        ``no_rows``. The interval of a mean is Student's t from 30 deals on, NaN below: on skewed amounts it covers less than
        it says. The interval of a quantile is made of order statistics.

    Notes
    -----
    An amount of zero counts, a missing one does not. Means are exact sums divided once.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [60_000, 40_000, 200_000], "outcome": ["won", "won", "lost"],
    ...                        "closed": ["2026-01-15"] * 3})
    >>> sm.deal_size(deals)["all"].value
    50000.0
    """
    q = _share(stat)
    level = _check.level(confidence_level)
    _check.one_of(quantile_method, ("nearest_rank", "linear"), "quantile_method")
    if isinstance(deals, (OutcomeTally, SizeTally)):
        given = {"by": by, "period": period, "where": where, "reps": reps, "as_of": as_of, "negative": negative}
        refuse_grouping(deals, given)
        if isinstance(deals, SizeTally):
            refuse_grouping(deals, {"of": of})
            return _from_sizes(deals, q, quantile_method, level)
        return _from_outcomes(deals, of or "won", q, level)
    which = _check.one_of(of or "won", ("won", "closed", "open", "all"), "of")
    book, negative = deal_book(deals), negative or "raise"
    if q is None and which in ("won", "closed"):
        measures = ("count", "amount") + (("squares",) if level is not None else ())
        outcomes = OutcomeTally.from_book(
            book,
            by=by,
            period=period,
            where=where,
            reps=reps,
            as_of=as_of,
            measures=measures,
            negative=negative,
            only="won" if which == "won" else None,
        )
        return _from_outcomes(outcomes, which, q, level)
    sizes = SizeTally.from_book(
        book, by=by, period=period, where=where, reps=reps, as_of=as_of, of=which, negative=negative
    )
    return _from_sizes(sizes, q, quantile_method, level)


def _share(stat: Stat) -> float | None:
    """Return the quantile that is asked for, None for the mean."""
    if isinstance(stat, str):
        return None if _check.one_of(stat, ("mean", "median"), "stat") == "mean" else 0.5
    return _check.fraction(stat, "stat")


def _from_outcomes(tally: OutcomeTally, of: str, q: float | None, level: float | None) -> MetricTable:
    """Return means of closed deals from their sums."""
    if q is not None or of not in ("won", "closed") or tally.basis != "closed":
        raise MergeError(
            f"the tally must be a SizeTally for stat {show('mean' if q is None else q)} of {show(of)} deals; "
            "got an OutcomeTally.",
            code="SM-TLY-10",
            field="stat",
            hint="SizeTally.from_book(deals, of=...).",
        )
    if tally.priced is None or tally.amount is None:
        raise MergeError("the tally must hold amounts; got one of counts only.", code="SM-TLY-07", field="measures")
    kinds = slice(1, 2) if of == "won" else slice(1, 4)
    size = len(tally.labels) * tally.window.size
    count, priced, amount = (
        table.reshape(size, 4)[:, kinds].sum(axis=1) for table in (tally.count, tally.priced, tally.amount)
    )
    variance = None
    if tally.squares is not None and level is not None:
        limbs = tally.squares.reshape(size, 4, LIMBS)[:, kinds].sum(axis=1)
        variance = wide_variance(priced, amount, carried(limbs))
    low, high = _mean_interval(priced, amount, variance, level)
    return _table(
        tally.window.cross(tally.labels),
        formulas.deal_size(amount, priced * 10**tally.scale),
        priced,
        low,
        high,
        tally,
        _left_out(tally.negative, int((count - priced).sum())),
        words(f"mean amount of {of} deals", dated(tally.window, "closed", tally.as_of_day)),
    )


def _mean_interval(
    n: IntArray, total: AnyArray, variance: FloatArray | None, level: float | None
) -> tuple[FloatArray | None, FloatArray | None]:
    """Return Student's t interval in minor units, NaN below 30 rows."""
    if level is None:
        return None, None
    if variance is None:
        nothing = np.full(len(n), np.nan)
        return nothing, nothing
    low, high = formulas.student_t_mean(formulas.deal_size(total.astype(np.float64), n), n, variance, level)
    return np.asarray(low), np.asarray(high)


def _from_sizes(tally: SizeTally, q: float | None, method: str, level: float | None) -> MetricTable:
    """Return any statistic from all amounts."""
    held = tally.amounts
    n = held.n
    low: AnyArray | None
    high: AnyArray | None
    if q is None:
        total, squares = _exact_moments(held.histogram(), held.rows)
        unit = 10**tally.scale
        value = np.array([t / (c * unit) if c else np.nan for t, c in zip(total, n.tolist(), strict=True)])
        low, high = _mean_interval(n, np.array(total, dtype=object), _variance(n, total, squares), level)
    else:
        found = formulas.value_quantile(held.value, held.count, q, starts=held.starts, quantile_method=method)
        value = found / 10**tally.scale
        low = high = None
        if level is not None and q in (0.0, 1.0):
            low = high = np.full(held.rows, np.nan)
        elif level is not None:
            ranks = np.stack(formulas.quantile_interval_ranks(n, q, level), axis=-1)
            low, high = formulas.value_at_rank(held.value, held.count, ranks, starts=held.starts).T
    what = "mean amount" if q is None else f"{q:g} quantile of amounts ({method.replace('_', ' ')})"
    return _table(
        tally.window.cross(tally.labels),
        np.asarray(value, dtype=np.float64),
        n,
        low,
        high,
        tally,
        _left_out(tally.negative, int(tally.left_out.sum())),
        words(f"{what} of {tally.of} deals", dated(tally.window, "closed", tally.as_of_day)),
    )


def _variance(n: IntArray, total: list[int], squares: list[int]) -> FloatArray:
    """Return sample variances from exact sums, NaN below 30 rows."""
    variance = np.full(len(n), np.nan)
    for at in np.flatnonzero(n >= 30).tolist():
        count = int(n[at])
        variance[at] = (count * squares[at] - total[at] ** 2) / (count * (count - 1))
    return variance


def _left_out(negative: str, rows: int) -> dict[str, int]:
    """Return the deals that do not count, under one name whatever the tally."""
    return {"no amount" if negative == "raise" else "no amount, or a credit": rows}


def _exact_moments(held: Histogram, rows: int) -> tuple[list[int], list[int]]:
    """Return sums and sums of squares of each row as Python ints."""
    total, squares = [], []
    starts, values, often = np.searchsorted(held.row, np.arange(rows + 1)), held.value, held.count
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        pairs = list(zip(values[first:last].tolist(), often[first:last].tolist(), strict=True))
        total.append(sum(v * c for v, c in pairs))
        squares.append(sum(v * v * c for v, c in pairs))
    return total, squares


def _table(
    labels: Labels,
    value: FloatArray,
    n: IntArray,
    low: FloatArray | None,
    high: FloatArray | None,
    tally: OutcomeTally | SizeTally,
    left_out: dict[str, int],
    definition: str,
) -> MetricTable:
    """Return the table of values in major units, whose interval is still in minor ones."""
    unit = np.float64(10**tally.scale)
    return MetricTable(
        name="deal_size",
        unit="money",
        labels=labels,
        value=value,
        n=n,
        reason_code=reasons(len(n), ("no_rows", n == 0)),
        low=None if low is None else low / unit,
        high=None if high is None else high / unit,
        left_out=left_out,
        definition=definition,
        scale=tally.scale,
        currency=tally.currency,
    )
