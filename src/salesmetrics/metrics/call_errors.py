"""How much money were the calls off by?"""

from __future__ import annotations

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import words
from salesmetrics.arrays import FloatArray, Where
from salesmetrics.books import DealBook, ForecastBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.forecasting import Asked, pairs_of, pooled_answer
from salesmetrics.keywords import names_keywords
from salesmetrics.pairing import Pairs, Pools
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally

__all__ = ["mae", "mase", "mean_error", "rmse"]

By = str | tuple[str, ...] | list[str] | None


@names_keywords
def mean_error(
    deals: DealBook | DealScan | BookingTally,
    forecasts: ForecastBook | CallTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    category: object = None,
    week: object = None,
    weeks_left: object = None,
    confidence_level: float | None = 0.95,
) -> MetricTable:
    """Mean of forecast less actual: how much money too high (above 0) or too low is a call?

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the pairs of a forecaster and a period. The interval is Student's t, NaN below 30 pairs.
        No pairs: NaN ``no_rows``. Parts: ``forecast`` and ``actual``, sums over the pairs.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [80], "outcome": ["won"], "closed": ["2026-02-03"]})
    >>> calls = sm.read_forecasts({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "given": ["2026-01-05"],
    ...                            "amount": [100]})
    >>> sm.mean_error(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"), as_of="2026-03-31")["all"].value
    20.0
    """
    level = _check.level(confidence_level)
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = _mean(pools.forecast - pools.actual, pools, pairs.scale)
    low, high = (None, None) if level is None else _interval(pools, value, pairs.scale, level)
    how = "mean of forecast - actual over the pairs"
    return pooled_answer("mean_error", "money", pairs, pools, value, how, low=low, high=high)


@names_keywords
def mae(
    deals: DealBook | DealScan | BookingTally,
    forecasts: ForecastBook | CallTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    category: object = None,
    week: object = None,
    weeks_left: object = None,
) -> MetricTable:
    """Mean size of the errors: how much money is a call off by?

    Also called mean absolute error.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the pairs of a forecaster and a period. Never below the size of `mean_error`, never above
        `rmse`. No pairs: NaN ``no_rows``. Parts: ``forecast`` and ``actual``, sums over the pairs.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [80, 70], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-03-20"]}, as_of="2026-03-31")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "amount": [100, 50]})
    >>> sm.mae(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"))["all"].value
    20.0
    """
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = _mean(np.abs(pools.forecast - pools.actual), pools, pairs.scale)
    return pooled_answer("mae", "money", pairs, pools, value, "mean of |forecast - actual| over the pairs")


@names_keywords
def rmse(
    deals: DealBook | DealScan | BookingTally,
    forecasts: ForecastBook | CallTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    category: object = None,
    week: object = None,
    weeks_left: object = None,
) -> MetricTable:
    """Root of the mean squared error: how much money is a call off by, large misses counting more?

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the pairs of a forecaster and a period. The mean of groups' numbers is not that of the
        whole. No pairs: NaN ``no_rows``. Parts: ``forecast`` and ``actual``, sums over the pairs.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [80, 70], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-03-20"]}, as_of="2026-03-31")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "amount": [90, 0]})
    >>> sm.rmse(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"))["all"].value
    50.0
    """
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = np.asarray(formulas.rmse(pools.forecast, pools.actual)) / np.float64(10**pairs.scale)
    return pooled_answer(
        "rmse", "money", pairs, pools, value, "root of the mean of (forecast - actual)^2 over the pairs"
    )


@names_keywords
def mase(
    deals: DealBook | DealScan | BookingTally,
    forecasts: ForecastBook | CallTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    category: object = None,
    week: object = None,
    weeks_left: object = None,
    season: int = 1,
) -> MetricTable:
    """Mean error of the calls over that of saying what was last time: is a call better than that?

    Also called mean absolute scaled error. Below 1 the calls are worth having.

    Parameters
    ----------
    deals, forecasts, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.
    period : Period or Periods, optional
        Where the periods of the series must lie; several become a label, each with a series of its own. None is all periods
        that calls are about.
    season : int, default 1
        How many periods ago "last time" was: 4 for the same quarter last year.

    Returns
    -------
    MetricTable
        Unit ``fraction``: `mae` / mean ``|actual - actual a season ago|``, over the series of the forecasters with a pair:
        every period that is over, whether they called or not. ``n`` counts the pairs. Fewer than ``season`` + 1 periods: NaN
        ``no_rows``; a series that never moved: NaN ``zero_denominator``. Parts: ``naive_error``, and ``forecast`` and
        ``actual``, sums over the pairs.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ana"], "amount": [80, 120], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-05-20"]}, as_of="2026-06-30")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ana"], "start": ["2026-01-01", "2026-04-01"],
    ...                            "end": ["2026-04-01", "2026-07-01"], "given": ["2026-01-05", "2026-04-02"],
    ...                            "amount": [90, 110]})
    >>> sm.mase(deals, calls, period=sm.FiscalCalendar().year(2026))["all"].value
    0.25
    """
    back = _check.count(season, "season", least=1)
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    series = _series(pairs, back)
    naive = np.asarray(formulas.naive_error(series, back))
    return pooled_answer(
        "mase",
        "fraction",
        pairs,
        pools,
        np.asarray(formulas.mase(pools.forecast, pools.actual, series=series, season=back)),
        words("mean of |forecast - actual| over the pairs / mean of |actual - actual a season ago|", f"season {back}"),
        parts={"naive_error": (naive / np.float64(10**pairs.scale), "money")},
        too_short=np.isnan(naive),
    )


def _series(pairs: Pairs, season: int) -> FloatArray:
    """Return what the forecasters with a pair booked in every period that is over, a season of NaN behind each of them."""
    heard = ~np.isnan(pairs.spread(pairs.actual, pairs.used))
    table = np.where(heard.any(axis=-1, keepdims=True), pairs.spread(pairs.actual, pairs.complete), np.nan)
    gap = np.full((*table.shape[:-1], season), np.nan)
    apart = np.concatenate([table, gap], axis=-1)
    return apart.reshape(-1, apart.shape[-2] * apart.shape[-1])


def _mean(errors: FloatArray, pools: Pools, scale: int) -> FloatArray:
    """Return the mean of errors in major units, by one division of an exact sum."""
    return np.asarray(formulas.mean_error_from(np.nansum(errors, axis=-1), pools.n * np.float64(10**scale)))


def _interval(pools: Pools, mean: FloatArray, scale: int, level: float) -> tuple[FloatArray, FloatArray]:
    """Return Student's t interval in major units, NaN below 30 pairs; sums of squares are exact."""
    error = pools.forecast - pools.actual
    variance = np.full(len(mean), np.nan)
    for at in np.flatnonzero(pools.n >= 30).tolist():
        whole = [int(e) for e in error[at][~np.isnan(error[at])].tolist()]
        count, total = len(whole), sum(whole)
        variance[at] = (count * sum(e * e for e in whole) - total * total) / (count * (count - 1) * 100**scale)
    low, high = formulas.student_t_mean(mean, pools.n, variance, level)
    return np.asarray(low), np.asarray(high)
