"""Whose forecasts can be trusted? Errors of calls as fractions of what was booked."""

from __future__ import annotations

from typing import Literal

import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, major, reasons, words
from salesmetrics.arrays import IntArray, Where
from salesmetrics.books import DealBook, ForecastBook, RepBook
from salesmetrics.calendars import DayLike, PeriodLike
from salesmetrics.errors import InvalidArgumentError, show
from salesmetrics.forecasting import Asked, pairs_of, pooled_answer
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels, Levels
from salesmetrics.pairing import Pairs, Pools
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally

__all__ = ["ape", "bias", "forecast_accuracy", "mape", "wape"]

By = str | tuple[str, ...] | list[str] | None
_BELOW = {"actual": "|actual|", "forecast": "|forecast|", "max": "the larger of |forecast| and |actual|"}


@names_keywords
def forecast_accuracy(
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
    variant: Literal["actual", "forecast", "max", "ratio"] = "actual",
    floor: float | None = None,
    aggregate: Literal["pooled", "mean"] = "pooled",
) -> MetricTable:
    """What is left of 1 after the error of the calls: whose forecasts can be trusted?

    A fraction: ``1 - |error| / |actual|``, pooled over forecasters; not floored, so a bad forecast is negative.

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally, which is grouped and dated already.
    forecasts : ForecastBook or CallTally
        The calls, or their tally. A call is a total for its period, what is won already included.
    period : Period or Periods, optional
        Where the periods that calls are about must lie: a year pools the calls for its quarters, unless somebody called for
        that very year. Several periods become a label: with ``calendar.quarters(first, last)`` each quarter is a row. None
        pools all periods that calls are about.
    by : str or sequence of str, optional
        Labels that both sides have, or that ``reps`` lend. None is one row, "all".
    where : mapping or array of bool, optional
        A mapping picks among deals and calls alike; an array among the deals only.
    reps : RepBook, optional
        Lends team, manager and its other labels to ``by`` on both sides.
    as_of : date or str, optional
        The last day whose wins are known, the book's own by default; periods that end later are left out.
    category : str or sequence of str, default "commit"
        The kind of call; several become a label.
    week : int, "last" or a sequence of them, default 1
        The call that counts is the latest given on or before the last day of this week of the period; several weeks become
        a label.
    weeks_left : int or sequence of int, optional
        The same, counted from the end, 1 being the last week.
    variant : {"actual", "forecast", "max", "ratio"}
        The error over ``|actual|``, over ``|forecast|`` or over the larger of the two; or actual / forecast, which is no
        accuracy but often called one.
    floor : float, optional
        The least that is returned, 0 as a rule.
    aggregate : {"pooled", "mean"}
        Errors and what they are measured by are added up first, or the pairs' own accuracies are averaged.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the pairs used, one for each forecaster and complete period with a call; nothing booked
        is an actual of 0. Pooled: the errors of two reps never cancel. Parts: ``forecast`` and ``actual``, sums over the
        pairs. Left out and counted: pairs without a call by then (a rep with bookings and no call is one), periods not over.
        No pair: NaN ``no_rows``; what it is measured by adds up to 0: NaN ``zero_denominator``; period not over: NaN
        ``period_running``. No interval: it is a census.

    Raises
    ------
    InvalidArgumentError
        ``as_of`` is missing, ``by`` or ``where`` name a column that one side lacks, or calls are about periods that overlap.

    Notes
    -----
    The actual is what the same forecaster booked: won deals, ``closed`` in the period. Forecasters are reps; where the calls
    have no column ``rep``, they are the groups of ``by``. Of several calls on one day the largest counts. With the default
    variant the answer is 1 - `wape`.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [80, 70], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-03-20"]}, as_of="2026-03-31")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "amount": [100, 50]})
    >>> quarter = sm.Period("2026-01-01", "2026-04-01")
    >>> round(sm.forecast_accuracy(deals, calls, period=quarter)["all"].value, 6)
    0.733333
    >>> sm.forecast_accuracy(deals, calls, period=quarter, by="rep")["Ana"].value
    0.75
    """
    _check.one_of(variant, (*_BELOW, "ratio"), "variant")
    _check.one_of(aggregate, ("pooled", "mean"), "aggregate")
    least = _floor(floor)
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = formulas.forecast_accuracy(pools.forecast, pools.actual, variant=variant, floor=least, aggregate=aggregate)
    n = pools.n
    if aggregate == "mean":
        each = formulas.forecast_accuracy(pools.forecast[..., None], pools.actual[..., None], variant=variant)
        n = np.asarray((~np.isnan(each)).sum(axis=-1), dtype=np.int64)
    how = "actual / forecast" if variant == "ratio" else f"1 - |forecast - actual| / {_BELOW[variant]}"
    added = "mean of the pairs" if aggregate == "mean" else "sums over the pairs"
    return pooled_answer(
        "forecast_accuracy",
        "fraction",
        pairs,
        pools,
        value,
        words(f"{how}, {added}", None if least is None else f"at least {least:g}"),
        n=n,
        left_out={"zero denominator": int((pools.n - n).sum())},
    )


@names_keywords
def ape(
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
    denominator: Literal["actual", "forecast", "max"] = "actual",
) -> MetricTable:
    """Error of each call as a share of what came: how far off was each forecaster in each period?

    Also called absolute percentage error; a fraction here. It is not symmetric: 50 for 100 is 0.5, 100 for 50 is 1.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`; the rows are always one for each forecaster and period that calls are about.
    denominator : {"actual", "forecast", "max"}
        ``|actual|``, ``|forecast|``, or the larger of the two.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` is 1 where there is a pair. Parts: ``forecast``, ``actual`` and ``error``, the forecast less
        the actual: positive is over-forecast. Nothing booked: NaN ``zero_denominator``, also where nothing was called. No
        call: NaN ``no_rows``. Period not over: NaN ``period_running``, the actual as it stands.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [25], "outcome": ["won"], "closed": ["2026-02-03"]})
    >>> calls = sm.read_forecasts({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "given": ["2026-01-05"],
    ...                            "amount": [100]})
    >>> quarter = sm.Period("2026-01-01", "2026-04-01")
    >>> row = sm.ape(deals, calls, period=quarter, as_of="2026-03-31")["Ana"]
    >>> row.value, row.parts["error"]
    (3.0, 75.0)
    """
    _check.one_of(denominator, tuple(_BELOW), "denominator")
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    said, came = (np.ascontiguousarray(table).reshape(-1) for table in (pairs.forecast, pairs.actual))
    used, known = pairs.used.reshape(-1), pairs.known.reshape(-1)
    value = np.asarray(formulas.ape(said, came, denominator=denominator))
    reason = reasons(
        len(value),
        ("period_running", ~pairs.complete.reshape(-1)),
        ("no_rows", ~used),
        ("zero_denominator", np.isnan(value)),
    )
    parts = {
        "forecast": np.where(known, major(said, pairs.scale), np.nan),
        "actual": major(came, pairs.scale),
        "error": np.where(known, major(said - came, pairs.scale), np.nan),
    }
    return MetricTable(
        name="ape",
        unit="fraction",
        labels=pairs.calls.kinds(_each_period(pairs)),
        value=blanked(value, reason),
        n=used.astype(np.int64),
        reason_code=reason,
        parts=parts,
        part_units=dict.fromkeys(parts, "money"),
        left_out={**pairs.counts_left_out, "zero denominator": int((used & np.isnan(value)).sum())},
        definition=words(f"|forecast - actual| / {_BELOW[denominator]}", pairs.said),
        notes=pairs.notes,
        scale=pairs.scale,
        currency=pairs.calls.currency,
    )


@names_keywords
def mape(
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
    """Mean error of a call as a share of what came: how far off is one, each counting the same?

    Also called mean absolute percentage error; a fraction here.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the pairs whose error is defined. A pair with nothing booked has none: it is counted in
        the part ``zero_actual`` and in ``left_out``. None defined: NaN. Further parts: ``forecast`` and ``actual``, sums over
        all pairs.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ben"], "amount": [100], "outcome": ["won"], "closed": ["2026-02-03"]},
    ...                       as_of="2026-03-31")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "amount": [10, 90]})
    >>> row = sm.mape(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"))["all"]
    >>> row.value, row.n, row.parts["zero_actual"]
    (0.1, 1, 1)
    """
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    zero = _zero_actuals(pools)
    return pooled_answer(
        "mape",
        "fraction",
        pairs,
        pools,
        np.asarray(formulas.mape(pools.forecast, pools.actual)),
        "mean of |forecast - actual| / |actual| over the pairs",
        n=pools.n - zero,
        parts={"zero_actual": (zero, "count")},
        left_out={"zero actual": int(zero.sum())},
    )


@names_keywords
def wape(
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
    """Absolute errors over absolute actuals, both added up first: how far off, large calls counting more?

    Also called WMAPE, weighted absolute percentage error; a fraction here.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the pairs. Never below the size of `bias`. All actuals 0: NaN ``zero_denominator``; a
        single one is fine. Parts: ``forecast`` and ``actual``, sums over the pairs, in which errors do cancel: compare.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ben"], "amount": [80, 70], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-03-20"]}, as_of="2026-03-31")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ben"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "amount": [100, 50]})
    >>> row = sm.wape(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"))["all"]
    >>> round(row.value, 6), row.parts["forecast"] - row.parts["actual"]
    (0.266667, 0.0)
    """
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = np.asarray(formulas.wape(pools.forecast, pools.actual))
    return pooled_answer(
        "wape", "fraction", pairs, pools, value, "sum of |forecast - actual| / sum of |actual| over the pairs"
    )


@names_keywords
def bias(
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
    """Signed errors over absolute actuals: too high (above 0) or too low on the whole?

    Also called forecast bias, weighted mean percentage error.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.

    Returns
    -------
    MetricTable
        Unit ``fraction``, positive where more was called than came; ``n`` counts the pairs. All actuals 0: NaN
        ``zero_denominator``. Parts: ``forecast`` and ``actual``, sums over the pairs.

    Notes
    -----
    The direction is the sign of the sum, never a count of periods: three over and three under can still be over on the whole.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [80], "outcome": ["won"], "closed": ["2026-02-03"]})
    >>> calls = sm.read_forecasts({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "given": ["2026-01-05"],
    ...                            "amount": [100]})
    >>> sm.bias(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"), as_of="2026-03-31")["all"].value
    0.25
    """
    pairs = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    pools = pairs.pooled()
    value = np.asarray(formulas.bias(pools.forecast, pools.actual))
    return pooled_answer(
        "bias", "fraction", pairs, pools, value, "sum of (forecast - actual) / sum of |actual| over the pairs"
    )


def _each_period(pairs: Pairs) -> Labels:
    """Return each forecaster with every period, which is a label unless one is asked for and calls are about that one."""
    asked = pairs.calls.window
    if not asked.many and asked.periods is not None and tuple(asked.periods) == pairs.spans.periods:
        return pairs.labels
    return pairs.labels.crossed(Levels("period", pairs.spans.periods, ordered=True))


def _zero_actuals(pools: Pools) -> IntArray:
    """Return how many pairs of each row have an actual of 0."""
    return np.asarray((pools.actual == 0).sum(axis=-1), dtype=np.int64)


def _floor(floor: object) -> float | None:
    """Return the least value, None for no floor."""
    if floor is None:
        return None
    if isinstance(floor, (int, float)) and not isinstance(floor, bool) and np.isfinite(floor):
        return float(floor)
    raise InvalidArgumentError(
        f"`floor` must be a number or None; got {show(floor)}.", code="SM-ARG-35", field="floor", values=[floor]
    )
