"""Is the forecast worth making? Ranges that hold, and errors against those of simple rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, dated, reasons, words
from salesmetrics.arrays import AnyArray, BoolArray, FloatArray, IntArray, Where
from salesmetrics.asking import deal_book
from salesmetrics.books import DealBook, ForecastBook, RepBook
from salesmetrics.calendars import DayLike, Period, PeriodLike, Periods
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.forecasting import Asked, booked_until, pairs_of, pooled_answer, spans_of
from salesmetrics.grouping import as_of_day
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Levels
from salesmetrics.pairing import Pairs, Pools
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.tallies import BookingTally
from salesmetrics.tallies.calls import CallTally
from salesmetrics.tally import refuse_grouping

__all__ = ["forecast_value_added", "naive_forecast", "range_hit_rate"]

By = str | tuple[str, ...] | list[str] | None
KINDS = ("last", "seasonal", "run_rate")
_MEASURES = {"mape": formulas.mape, "wape": formulas.wape, "mae": formulas.mae}
_YEAR = 365.25


@names_keywords
def range_hit_rate(
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
    """Share of the ranges that held what came: is the span from commit to best case worth anything?

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, week, weeks_left
        As in `forecast_accuracy`.
    category : (low, high), default ("commit", "best_case")
        The kinds of call that are the ends of the range, both inside.
    confidence_level : float or None, default 0.95
        None leaves the interval out.

    Returns
    -------
    MetricTable
        Unit ``fraction``, with Wilson's interval; ``n`` counts the pairs of a forecaster and a period with both calls. None:
        NaN ``no_rows``, interval (0, 1). Parts: ``hits``, and ``actual``, the sum over the pairs. A range whose low end is
        above its high one holds nothing: a miss, and said in a note.

    Raises
    ------
    InvalidArgumentError
        ``category`` does not name two, the low end and the high end.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [110], "outcome": ["won"], "closed": ["2026-02-03"]})
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ana"], "start": ["2026-01-01"] * 2, "end": ["2026-04-01"] * 2,
    ...                            "given": ["2026-01-05"] * 2, "category": ["commit", "best_case"], "amount": [90, 110]})
    >>> sm.range_hit_rate(deals, calls, period=sm.Period("2026-01-01", "2026-04-01"), as_of="2026-03-31")["all"].value
    1.0
    """
    level = _check.level(confidence_level)
    if category is None and not isinstance(forecasts, CallTally):
        category = ("commit", "best_case")
    both = pairs_of(deals, forecasts, Asked(period, by, where, reps, as_of, category, week, weeks_left))
    if len(both.calls.categories) != 2:
        raise InvalidArgumentError(
            f"`category` must be two, the low end and the high end; got {show(both.calls.categories)}.",
            code="SM-ARG-36",
            field="category",
            values=[category],
        )
    low, high = both.forecast[:, :, :1], both.forecast[:, :, 1:]
    pairs = _narrow(both, np.asarray(both.known.all(axis=2, keepdims=True)), weeks=True)
    proper = pairs.used & (low <= high)
    ends = (np.where(proper, low, 1), np.where(proper, high, 1), np.where(proper, pairs.actual, 0))
    hit = np.asarray(formulas.range_hits(*(end[..., None] for end in ends))[0])
    pools = pairs.pooled()
    hits = np.nansum(pairs.put(hit, pairs.used), axis=-1).astype(np.int64)
    odd = int((pairs.used & ~proper).sum())
    below, above = (None, None) if level is None else formulas.wilson(hits, pools.n, level)
    table = pooled_answer(
        "range_hit_rate",
        "fraction",
        pairs,
        pools,
        np.asarray(formulas.mean_error_from(hits, pools.n)),
        "pairs with low <= actual <= high / pairs",
        low=None if below is None else np.where(pools.running, np.nan, below),
        high=None if above is None else np.where(pools.running, np.nan, above),
        parts={"hits": (hits, "count")},
        notes=(f"{odd} ranges have a low end above the high one: they count as missed.",) if odd else (),
    )
    return attrs.evolve(table, parts={name: part for name, part in table.parts.items() if name != "forecast"})


@names_keywords
def naive_forecast(
    deals: DealBook | DealScan | BookingTally,
    /,
    *,
    period: PeriodLike | None = None,
    by: By = None,
    where: Where | None = None,
    reps: RepBook | None = None,
    as_of: DayLike | None = None,
    kind: Literal["last", "seasonal", "run_rate"] = "last",
    season: int | None = None,
) -> MetricTable:
    """Forecast by a simple rule, the benchmark of every other: what would saying last time's number again have said?

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally by period.
    period : Period or Periods
        The periods to say something about, required. ``"last"`` and ``"seasonal"`` look back among them, so they must be
        several: begin with a period before the first you need.
    by, where, reps
        As in `credited_bookings`.
    as_of : date or str, optional
        The last day whose wins are known; the book's own day by default.
    kind : {"last", "seasonal", "run_rate"}
        What was booked in the period before; in the same period a year before; or by ``as_of``, over the share of the
        period's days that are gone.
    season : int, optional
        With "seasonal": how many periods a year has; by default told from their length, 4 for quarters.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` is 1 where a period was used. No period far enough back, or one with a gap since: NaN
        ``not_observed``; that period not over: NaN ``period_running``; a run rate before the first day: NaN ``not_started``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> quarters = sm.FiscalCalendar().quarters("2026-01-01", "2026-07-01")
    >>> deals = sm.read_deals({"amount": [80, 20], "outcome": ["won", "won"], "closed": ["2026-02-03", "2026-04-02"]})
    >>> sm.naive_forecast(deals, period=quarters, as_of="2026-04-10")["FY2026 Q2"].value
    80.0
    """
    _check.one_of(kind, KINDS, "kind")
    tally = _bookings(deals, Asked(period, by, where, reps, as_of))
    periods = tally.window.periods
    assert periods is not None
    assert tally.as_of_day is not None
    labels, rows = tally.labels.onto(tally.by)
    booked = np.zeros((len(labels), len(periods)), dtype=np.int64)
    np.add.at(booked, rows, tally.amount)
    value, missing, running = _naive(booked, periods, kind, season, tally.as_of_day)
    size = len(labels) * len(periods)
    holds = [np.broadcast_to(rule, value.shape).reshape(-1) for rule in (missing, running)]
    absent = "not_started" if kind == "run_rate" else "not_observed"
    why = reasons(size, (absent, holds[0]), ("period_running", holds[1]))
    return MetricTable(
        name="naive_forecast",
        unit="money",
        labels=tally.window.cross(labels),
        value=blanked(value.reshape(-1) / np.float64(10**tally.scale), why),
        n=(why == 0).astype(np.int64),
        reason_code=why,
        left_out={"no amount": int(tally.unpriced.sum())},
        definition=words(f"bookings, {kind.replace('_', ' ')}", dated(tally.window, "closed", tally.as_of_day)),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def forecast_value_added(
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
    kind: Literal["last", "seasonal", "run_rate"] = "last",
    season: int | None = None,
    metric: Literal["mape", "wape", "mae"] = "mape",
) -> MetricTable:
    """What each step of making a forecast took off the error: is the call better than a simple rule?

    Also called FVA. The first step is a naive forecast; the next are the calls asked for: several categories, or weeks, are
    several steps, in their order.

    Parameters
    ----------
    deals, forecasts, period, by, where, reps, as_of, category, week, weeks_left
        As in `forecast_accuracy`.
    kind : {"last", "seasonal", "run_rate"}
        The naive forecast, as in `naive_forecast`; a run rate is that of the last day on which the first call counts.
    season : int, optional
        With "seasonal": how many periods a year has; by default told from their length.
    metric : {"mape", "wape", "mae"}
        The error that is compared.

    Returns
    -------
    MetricTable
        One row for each "step", and "net" for all of them together: error of the step before less error of this one, positive
        where it is better. Unit ``fraction``, with "mae" ``money``. All steps are on the same pairs of a forecaster and a
        period, those that every step has: ``n`` counts them (with "mape" those with an actual other than 0), ``left_out`` the
        others. Parts: ``error_before`` and ``error``. No pairs: NaN ``no_rows``.

    Notes
    -----
    Periods before the first one asked for serve as history where calls are about them; with tallies, where the deals' has them.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana", "Ana"], "amount": [80, 100], "outcome": ["won", "won"],
    ...                        "closed": ["2026-02-03", "2026-05-20"]}, as_of="2026-06-30")
    >>> calls = sm.read_forecasts({"rep": ["Ana", "Ana"], "start": ["2026-01-01", "2026-04-01"],
    ...                            "end": ["2026-04-01", "2026-07-01"], "given": ["2026-01-05", "2026-04-02"],
    ...                            "amount": [90, 95]})
    >>> row = sm.forecast_value_added(deals, calls)["net"]
    >>> round(row.value, 6), row.n
    (0.15, 1)
    """
    _check.one_of(kind, KINDS, "kind")
    measure = _MEASURES[_check.one_of(metric, tuple(_MEASURES), "metric")]
    asked = Asked(period, by, where, reps, as_of, category, week, weeks_left)
    steps = pairs_of(deals, forecasts, asked, spans_of(forecasts))
    naive, known = _benchmark(deals, forecasts, steps, asked, kind, season)
    pairs = _narrow(steps, np.asarray(steps.known.all(axis=(2, 3), keepdims=True)))
    left_out = {**pairs.counts_left_out, "no benchmark": int((pairs.used & ~known).sum())}
    pairs = pairs.only(known)
    tables = [naive, *(steps.forecast[:, :, [c], [w]][..., None] for c, w in np.ndindex(steps.forecast.shape[2:]))]
    said = np.stack([pairs.put(table, pairs.used) for table in tables], axis=1)
    pools = pairs.pooled()
    error = np.asarray(measure(said, pools.actual[:, None, :]))
    zero = np.asarray((pools.actual == 0).sum(axis=-1)) if metric == "mape" else np.zeros(len(pools.n), dtype=np.int64)
    how = words(f"{metric} of the step before less that of the step, from {kind.replace('_', ' ')}", steps.said)
    left_out["zero actual"] = int(zero.sum())
    return _steps_table(steps, pools, error, pools.n - zero, metric == "mae", left_out, how)


def _steps_table(
    steps: Pairs, pools: Pools, error: FloatArray, n: IntArray, money: bool, left_out: dict[str, int], how: str
) -> MetricTable:
    """Return what each step took off the error, and all of them together."""
    names = (*_step_names(steps.calls), "net")
    added = formulas.forecast_value_added(error)
    value, before, after = (
        np.concatenate([each, np.reshape(last, (-1, 1))], axis=1).reshape(-1)
        / np.float64(10**steps.scale if money else 1)
        for each, last in ((added.steps, added.net), (error[:, :-1], error[:, 0]), (error[:, 1:], error[:, -1]))
    )
    why = reasons(
        len(value),
        ("period_running", np.repeat(pools.running, len(names))),
        ("no_rows", np.repeat(pools.n == 0, len(names))),
        ("zero_denominator", np.isnan(value)),
    )
    unit = "money" if money else "fraction"
    return MetricTable(
        name="forecast_value_added",
        unit=unit,
        labels=pools.labels.crossed(Levels("step", names, ordered=True)),
        value=blanked(value, why),
        n=np.repeat(n, len(names)),
        reason_code=why,
        parts={"error_before": before, "error": after},
        part_units={"error_before": unit, "error": unit},
        left_out=left_out,
        definition=how,
        notes=steps.notes,
        scale=steps.scale,
        currency=steps.calls.currency,
    )


# --- benchmarks ------------------------------------------------------------------------------------------------------


def _benchmark(
    deals: object, forecasts: object, pairs: Pairs, asked: Asked, kind: str, season: int | None
) -> tuple[AnyArray, BoolArray]:
    """Return what a simple rule says for each forecaster and period, and where it says anything."""
    shape = (*pairs.forecast.shape[:2], 1, 1)
    if kind == "run_rate":
        _season((), kind, season)
        ends = pairs.calls.cutoffs(pairs.spans.periods)[:, 0]
        starts = np.array([period.start_day for period in pairs.spans.periods], dtype=np.int64)
        days = np.array([period.days for period in pairs.spans.periods], dtype=np.int64)
        begun = ends > starts
        booked = booked_until(deals, forecasts, pairs, asked, np.where(begun, ends, starts + 1))
        value = np.asarray(formulas.pace(booked, np.where(begun, (ends - starts) / np.maximum(days, 1), np.nan)))
        known = np.broadcast_to(begun, value.shape)
    else:
        periods = tuple(pairs.bookings.window.periods or ())
        back = _back(periods, _season(periods, kind, season))[pairs.spans.of_bookings]
        value = pairs.history[:, back]
        known = np.broadcast_to(back >= 0, value.shape)
    return value.reshape(shape), known.reshape(shape)


def _naive(
    booked: IntArray, periods: Periods, kind: str, season: int | None, as_of: int
) -> tuple[AnyArray, BoolArray, BoolArray]:
    """Return what a rule says for each group and period, the periods without, and those whose source is not over."""
    starts, ends = periods.starts.astype(np.int64), periods.ends.astype(np.int64)
    if kind == "run_rate":
        _season(tuple(periods), kind, season)
        gone = np.clip(as_of + 1 - starts, 0, ends - starts)
        return np.asarray(formulas.pace(booked, gone / (ends - starts))), gone == 0, np.zeros(len(periods), dtype=bool)
    back = _back(tuple(periods), _season(tuple(periods), kind, season))
    return np.where(back >= 0, booked[:, back], 0), back < 0, (back >= 0) & (ends[back] - 1 > as_of)


def _season(periods: Sequence[Period], kind: str, season: int | None) -> int:
    """Return how many periods to look back."""
    if kind != "seasonal" and season is not None:
        raise InvalidArgumentError(
            f"`season` must not be given with kind {show(kind)}; got {show(season)}.",
            code="SM-ARG-37",
            field="season",
            values=[season],
            hint="kind='seasonal' looks back a year.",
        )
    if kind != "seasonal":
        return 1
    if season is not None:
        return _check.count(season, "season", least=1)
    days = float(np.median([period.days for period in periods])) if periods else _YEAR
    return max(round(_YEAR / days), 1)


def _back(periods: Sequence[Period], steps: int) -> IntArray:
    """Return the position of the period so many before each, -1 where there is none or there is a gap between."""
    back = np.full(len(periods), -1, dtype=np.int64)
    for at in range(steps, len(periods)):
        run = periods[at - steps : at + 1]
        if all(before.end == after.start for before, after in pairwise(run)):
            back[at] = at - steps
    return back


def _bookings(deals: DealBook | DealScan | BookingTally, asked: Asked) -> BookingTally:
    """Return the tally of bookings by period, known on a day."""
    if isinstance(deals, BookingTally):
        given = {"by": asked.by, "period": asked.period, "where": asked.where, "reps": asked.reps, "as_of": asked.as_of}
        refuse_grouping(deals, given)
        tally = deals
    else:
        book = deal_book(deals)
        as_of_day(book, asked.as_of, needed="a naive forecast")
        tally = BookingTally.from_book(
            book,
            by=asked.by,
            period=asked.period,
            where=asked.where,
            reps=asked.reps,
            as_of=asked.as_of,
            per_rep=False,
        )
    if tally.window.periods is None or tally.as_of_day is None:
        raise MergeError(
            "`period` and `as_of` must be given for a naive forecast; got None.",
            code="SM-ARG-24",
            field="period",
            hint="calendar.quarters(first, last), from the quarter before the first you need.",
        )
    return tally


# --- steps -----------------------------------------------------------------------------------------------------------


def _narrow(pairs: Pairs, known: BoolArray, *, weeks: bool = False) -> Pairs:
    """Return the pairs with one category, and but for ``weeks`` one week, where these calls are known."""
    last = slice(None) if weeks else slice(0, 1)
    cut = {name: getattr(pairs, name)[:, :, :1, last] for name in ("forecast", "actual", "there", "complete")}
    many = tuple(name for name in pairs.calls.many if weeks and name != "category")
    return attrs.evolve(pairs, **cut, known=known, calls=attrs.evolve(pairs.calls, many=many))


def _step_names(calls: CallTally) -> tuple[str, ...]:
    """Return what the calls are named as steps."""
    weeks = ["last" if week == "last" else f"{calls.counted.replace('_', ' ')} {week}" for week in calls.weeks]
    return tuple(f"{category} {week}" for category in calls.categories for week in weeks)
