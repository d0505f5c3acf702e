"""Where does a running period land? Pace, pace against quota, what each remaining day must bring, and linearity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import attrs
import numpy as np

from salesmetrics import _check, formulas
from salesmetrics.answers import blanked, dated, major, reasons, rolled, words
from salesmetrics.arrays import AnyArray, FloatArray, IntArray, Where
from salesmetrics.books import DealBook, DealHistory, QuotaBook, RepBook, SplitBook
from salesmetrics.calendars import DayLike, Period, PeriodLike, Periods
from salesmetrics.errors import InvalidArgumentError, MergeError, show
from salesmetrics.grouping import window_of
from salesmetrics.keywords import names_keywords
from salesmetrics.labels import Labels, Levels
from salesmetrics.ledgers import Asked, bookings, last_known, reached, sides, some_period
from salesmetrics.results import MetricTable
from salesmetrics.scans import DealScan
from salesmetrics.staffing import Spread, units
from salesmetrics.tallies import BookingTally, QuotaTally

__all__ = ["linearity_curve", "pace", "pace_attainment", "required_run_rate"]

By = str | tuple[str, ...] | list[str] | None
_CLOSE = 1e-9
_GRID = tuple(Fraction(k, 100) for k in range(101))


@names_keywords
def pace(
    deals: DealBook | DealScan | BookingTally,
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
    clock: Literal["calendar", "business_days", "curve"] = "calendar",
    busday: np.busdaycalendar | None = None,
    past: object = None,
    stat: Literal["mean", "median"] = "mean",
) -> MetricTable:
    """Bookings of the whole period if the rest goes as it went so far: where do we land at this rate?

    Also called run rate. Money; a plain extrapolation, not a forecast.

    Parameters
    ----------
    deals : DealBook, DealScan or BookingTally
        The deals, or their tally, which is grouped and dated already.
    period : Period or Periods
        The days of ``closed``: required. Several periods become a label.
    by, where, reps, splits, history, credit, owner, returns
        As in `attainment`.
    as_of : date or str, optional
        The last day whose wins are known, which is the last one elapsed: in the call, or the book's own.
    clock : {"calendar", "business_days", "curve"}
        What the elapsed share of the period is: of its days, of its business days, or the share of bookings that past
        periods had closed by then.
    busday : numpy.busdaycalendar, optional
        Weekmask and holidays for the clock "business_days"; Monday to Friday by default.
    past : Periods, optional
        The periods behind the clock "curve"; those that are not over by ``as_of`` are not read.
    stat : {"mean", "median"}
        Over past periods, for the clock "curve"; one curve of all deals that are asked about, whatever ``by``.

    Returns
    -------
    MetricTable
        Unit ``money``; ``n`` counts the credited deals. A complete period: the bookings themselves. Parts: ``booked`` and
        ``elapsed``, the share. No day elapsed: NaN ``not_started``. A curve without a past period to read: NaN ``no_rows``;
        one on which nothing is ever booked by then: NaN ``zero_denominator``. No interval.

    Raises
    ------
    InvalidArgumentError
        ``period`` or ``as_of`` is missing, or an argument is given that the clock does not read.

    Notes
    -----
    B / elapsed share, where elapsed days are those of the period not after ``as_of``.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [120_000], "outcome": ["won"], "closed": ["2026-01-20"]}, as_of="2026-02-14")
    >>> sm.pace(deals, period=sm.Period("2026-01-01", "2026-04-01"))["all"].value
    240000.0
    """
    how = _clock(clock, busday, past, stat)
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns)
    if not isinstance(deals, BookingTally):
        some_period(window_of(period), "pace")
    tally = bookings(deals, asked, per_rep=False)
    labels, rows = tally.labels.onto(tally.by)
    run = _run(deals, tally, asked, how)
    booked, count, unpriced = (
        rolled(rows, len(labels), table) for table in (tally.amount, tally.count, tally.unpriced)
    )
    share = np.broadcast_to(run.share, booked.shape)
    reason = np.broadcast_to(run.reason, booked.shape).reshape(-1)
    landing = formulas.pace(booked, share) / np.float64(10**tally.scale)
    return MetricTable(
        name="pace",
        unit="money",
        labels=tally.window.cross(labels),
        value=blanked(landing.reshape(-1), reason),
        n=(count - unpriced).reshape(-1),
        reason_code=reason,
        parts={"booked": major(booked.reshape(-1), tally.scale), "elapsed": share.reshape(-1)},
        part_units={"booked": "money", "elapsed": "fraction"},
        left_out={"no amount": int(unpriced.sum())} | run.left_out,
        definition=words(
            f"bookings over the elapsed share of the period, {run.said}",
            tally.credit,
            dated(tally.window, "closed", tally.as_of_day),
        ),
        scale=tally.scale,
        currency=tally.currency,
    )


@names_keywords
def pace_attainment(
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
    clock: Literal["calendar", "business_days", "curve"] = "calendar",
    busday: np.busdaycalendar | None = None,
    past: object = None,
    stat: Literal["mean", "median"] = "mean",
) -> MetricTable:
    """Share of quota that the pace comes to: on pace for what share of the number?

    A fraction; coarser than a rep it is pooled over the reps with a quota above 0, as attainment is.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, splits, history, credit, owner, returns, quota
        As in `attainment`.
    as_of, clock, busday, past, stat
        As in `pace`.

    Returns
    -------
    MetricTable
        Unit ``fraction``; ``n`` counts the credited deals where "rep" is in ``by``, else the reps with a quota. Parts:
        ``booked``, ``pace``, ``quota``. Quota missing or 0: NaN ``no_quota``; else the reasons of `pace`. No interval.

    Notes
    -----
    B / elapsed share / Q, with the quota of the whole period.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [120_000], "outcome": ["won"], "closed": ["2026-01-20"]})
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [300_000]})
    >>> sm.pace_attainment(deals, quotas, period=quotas.periods()[0], as_of="2026-02-14")["all"].value
    0.8
    """
    how = _clock(clock, busday, past, stat)
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names, fine = both.book, both.rows, both.names, both.fine
    run = _run(deals, book, asked, how)
    counted = rows.rolled(names, np.ones_like(rows.has_quota) if fine else rows.has_quota)
    due = rows.rolled(names, rows.days > 0)
    size = len(counted.labels) * book.window.size
    share = np.broadcast_to(run.share, counted.booked.shape)
    reason = reasons(size, ("no_quota", ~counted.has_quota.reshape(-1)))
    late = np.broadcast_to(run.reason, share.shape).reshape(-1)
    reason = np.where(reason == 0, late, reason)
    unit = np.float64(10**book.scale)
    landing = formulas.pace(counted.booked, share) / unit
    parts = {
        "booked": major(counted.booked.reshape(-1), book.scale),
        "pace": blanked(landing.reshape(-1), late),
        "quota": np.where(due.days > 0, due.quota, np.nan).reshape(-1) / unit,
    }
    return MetricTable(
        name="pace_attainment",
        unit="fraction",
        labels=book.window.cross(counted.labels),
        value=blanked(formulas.pace_attainment(counted.booked, counted.quota, share).reshape(-1), reason),
        n=(counted.credited if fine else rows.counted(names, rows.has_quota)).reshape(-1),
        reason_code=reason,
        parts=parts,
        part_units=dict.fromkeys(parts, "money"),
        left_out={"no amount": int(book.unpriced.sum())} | run.left_out,
        definition=words(
            f"bookings over the elapsed share of the period, {run.said}, over quota in force"
            + ("" if fine else ", pooled over reps with a quota"),
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
        scale=book.scale,
        currency=book.currency,
    )


@names_keywords
def required_run_rate(
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
    clock: Literal["calendar", "business_days"] = "calendar",
    busday: np.busdaycalendar | None = None,
) -> MetricTable:
    """Bookings that each remaining day must bring: what must close per day to make the number?

    Money per day; a week or a month is the caller's multiplication.

    Parameters
    ----------
    deals, quotas, period, by, where, reps, splits, history, credit, owner, returns, quota
        As in `attainment`.
    as_of : date or str, optional
        The last day whose wins are known; the days of the period after it remain.
    clock : {"calendar", "business_days"}
        Which days count.
    busday : numpy.busdaycalendar, optional
        Weekmask and holidays for the clock "business_days"; Monday to Friday by default.

    Returns
    -------
    MetricTable
        Unit ``money/day``. With "rep" in ``by``, ``n`` counts the credited deals; coarser rows are quota less bookings over
        the reps with a quota row, whom ``n`` counts, so that one above quota makes up for one below. Parts: ``booked``,
        ``quota``, ``remaining_days``. Quota met (or 0): 0.0. Short with no day left: NaN ``period_over``. No quota: NaN
        ``no_quota``.

    Notes
    -----
    max(Q - B, 0) / remaining days.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"rep": ["Ana"], "amount": [120_000], "outcome": ["won"], "closed": ["2026-01-20"]})
    >>> quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [300_000]})
    >>> sm.required_run_rate(deals, quotas, period=quotas.periods()[0], as_of="2026-02-14")["all"].value
    4000.0
    """
    _check.one_of(clock, ("calendar", "business_days"), "clock")
    how = _clock(clock, busday, None, "mean")
    asked = Asked(period, by, where, reps, as_of, splits, history, credit, owner, returns, quota)
    both = sides(deals, quotas, asked)
    book, rows, names, fine = both.book, both.rows, both.names, both.fine
    periods = some_period(book.window, "required_run_rate")
    due = rows.days > 0
    counted = rows.rolled(names, np.ones_like(due) if fine else due)
    remaining = np.broadcast_to(_days_left(periods, last_known(book, "required_run_rate"), how), counted.booked.shape)
    free = (counted.quota == 0) & (counted.booked >= 0)
    met = (free | (reached(counted, 1.0) == 1)).reshape(-1)
    reason = reasons(
        len(met),
        ("no_quota", counted.days.reshape(-1) == 0),
        ("period_over", ~met & (remaining.reshape(-1) == 0)),
    )
    unit = np.float64(10**book.scale)
    rate = formulas.required_run_rate(counted.booked, counted.quota, remaining).reshape(-1) / unit
    parts = {
        "booked": major(counted.booked.reshape(-1), book.scale),
        "quota": np.where(counted.days > 0, counted.quota, np.nan).reshape(-1) / unit,
        "remaining_days": remaining.reshape(-1),
    }
    return MetricTable(
        name="required_run_rate",
        unit="money/day",
        labels=book.window.cross(counted.labels),
        value=blanked(np.where(met, 0.0, rate), reason),
        n=(counted.credited if fine else rows.counted(names, due)).reshape(-1),
        reason_code=reason,
        parts=parts,
        part_units={"booked": "money", "quota": "money", "remaining_days": "count"},
        left_out={"no amount": int(book.unpriced.sum())},
        definition=words(
            f"quota still to book over the remaining {how.days} of the period"
            + ("" if fine else ", over reps with a quota row"),
            both.credit_words,
            dated(book.window, "closed", book.as_of_day),
        ),
        scale=book.scale,
        currency=book.currency,
    )


@names_keywords
def linearity_curve(
    deals: DealBook | DealScan,
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
    at: Sequence[float] | None = None,
    stat: Literal["mean", "median"] = "mean",
) -> MetricTable:
    """Share of a period's bookings that has closed by each share of the period: how much normally closes by now?

    A fraction for each elapsed share, over past periods; what the clock "curve" of `pace` reads.

    Parameters
    ----------
    deals : DealBook or DealScan
        The deals.
    period : Period or Periods
        The past periods: required. Those that are not over by ``as_of`` are not read. They are no label of the result.
    by, where, reps, splits, history, credit, owner, returns
        As in `attainment`.
    as_of : date or str, optional
        The last day whose wins are known: in the call, or the book's own.
    at : sequence of float, optional
        Elapsed shares of a period in [0, 1], each the decimal as written; None is 0, 0.01, ..., 1.
    stat : {"mean", "median"}
        Over periods; the median is nearest rank.

    Returns
    -------
    MetricTable
        Unit ``fraction``, with the label ``elapsed``. ``n`` counts the periods read, the part ``left_out`` those in which
        nothing above 0 was booked in the end. No period to read: NaN ``no_rows``. No interval.

    Notes
    -----
    For each period, bookings by the end of its first floor(share x days) days over its final bookings. Credits can make a
    share negative or above 1.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.read_deals({"amount": [30, 10, 50, 50], "outcome": ["won"] * 4, "closed": ["2026-01-31", "2026-01-01",
    ...                        "2026-02-01", "2026-02-28"]}, as_of="2026-03-01")
    >>> months = sm.Periods.from_boundaries(["2026-01-01", "2026-02-01", "2026-03-01"])
    >>> sm.linearity_curve(deals, period=months, at=[0.5, 1])["0.5"].value
    0.375
    """
    shares = _GRID if at is None else tuple(_share(x) for x in at)
    asked = Asked(None, by, where, reps, as_of, splits, history, credit, owner, returns)
    periods = some_period(window_of(period), "linearity_curve")
    found = _linearity(deals, periods, shares, asked, stat)
    grid = Levels("elapsed", tuple(float(share) for share in shares), ordered=True)
    n, left = found.n.reshape(-1), found.left_out.reshape(-1)
    reason = reasons(len(n), ("no_rows", n == 0))
    return MetricTable(
        name="linearity_curve",
        unit="fraction",
        labels=found.labels.crossed(grid),
        value=blanked(found.share.reshape(-1), reason),
        n=n,
        reason_code=reason,
        parts={"left_out": left},
        part_units={"left_out": "count"},
        left_out={"no amount": found.unpriced},
        definition=words(
            f"{stat} share of a period's bookings closed by an elapsed share, over {found.complete} complete periods",
            found.credit,
            dated(window_of(periods), "closed", found.as_of),
        ),
    )


# --- clocks ----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Clock:
    """How the elapsed share of a period is told."""

    name: str
    spread: Spread
    past: Periods | None
    stat: str

    @property
    def days(self) -> str:
        """The days that count, in words."""
        return "business days" if self.name == "business_days" else "days"


def _clock(clock: str, busday: np.busdaycalendar | None, past: object, stat: str) -> _Clock:
    """Return a checked clock; what it does not read is refused."""
    _check.one_of(clock, ("calendar", "business_days", "curve"), "clock")
    _check.one_of(stat, ("mean", "median"), "stat")
    curve = clock == "curve"
    unread = [("busday", busday, clock != "business_days"), ("past", past, not curve)]
    unread.append(("stat", None if stat == "mean" else stat, not curve))
    for name, value, refused in unread:
        if refused and value is not None:
            raise InvalidArgumentError(
                f"`{name}` must not be given with clock {show(clock)}, which does not read it; got {show(value)}.",
                code="SM-ARG-27",
                field=name,
                values=[value],
            )
    if curve and past is None:
        raise InvalidArgumentError(
            "`past` must be given with clock 'curve'; got None.",
            code="SM-ARG-28",
            field="past",
            hint="the past periods whose bookings make the curve: calendar.quarters(start, end).",
        )
    unit = "business_day" if clock == "business_days" else "day"
    periods = some_period(window_of(past), "clock 'curve'") if curve else None
    return _Clock(clock, Spread(unit, (), busday), periods, stat)


@attrs.frozen(eq=False)
class _Run:
    """The elapsed share of each period of an answer, or why there is none."""

    share: FloatArray
    reason: AnyArray
    said: str
    left_out: dict[str, int]


def _run(deals: DealBook | DealScan | BookingTally, tally: BookingTally, asked: Asked, how: _Clock) -> _Run:
    """Return the elapsed shares of the periods of a tally."""
    as_of = last_known(tally, "pace")
    periods = some_period(tally.window, "pace")
    starts, ends = periods.starts.astype(np.int64), periods.ends.astype(np.int64)
    over = as_of >= ends - 1
    whole = units(starts, ends, how.spread)
    gone = units(starts, np.clip(as_of + 1, starts, ends), how.spread)
    share = np.where(over, 1.0, gone / np.maximum(whole, 1))
    late = reasons(len(share), ("not_started", share == 0))
    if how.past is None:
        return _Run(share, late, f"by {'calendar' if how.name == 'calendar' else 'business'} days", {})
    if isinstance(deals, BookingTally):
        raise MergeError(
            "`deals` must be a book with clock 'curve'; got a tally, which does not hold past periods.",
            code="SM-TLY-14",
            field="deals",
            hint="give the deals themselves.",
        )
    exact = [Fraction(int(some), int(all_)) for some, all_ in zip(gone, whole, strict=True)]
    curve = _linearity(deals, how.past, exact, attrs.evolve(asked, by=None), how.stat)
    by_then = np.where(over, 1.0, curve.share[0])
    reason = reasons(
        len(share),
        ("", over),
        ("not_started", share == 0),
        ("no_rows", curve.n[0] == 0),
        ("zero_denominator", ~(by_then > 0)),
    )
    said = f"by the {how.stat} curve of {curve.complete} past periods"
    return _Run(by_then, reason, said, {"past periods without bookings": int(curve.left_out.max(initial=0))})


def _days_left(periods: Periods, as_of: int, how: _Clock) -> IntArray:
    """Return how many days of each period are still to come."""
    starts, ends = periods.starts.astype(np.int64), periods.ends.astype(np.int64)
    return units(np.clip(as_of + 1, starts, ends), ends, how.spread)


# --- linearity -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Linearity:
    """Shares closed, periods read and left out: one row for each group, one column for each elapsed share."""

    labels: Labels
    share: FloatArray
    n: IntArray
    left_out: IntArray
    complete: int
    unpriced: int
    credit: str | None
    as_of: int


def _linearity(
    deals: DealBook | DealScan, past: Periods, shares: Sequence[Fraction], asked: Asked, stat: str
) -> _Linearity:
    """Return how much of past periods' bookings had closed by each elapsed share."""
    cuts = [_cut(period, shares) for period in past]
    edges = [days for days, _ in cuts]
    pieces = [Period(_check.date_of(a), _check.date_of(b)) for days in edges for a, b in itertools.pairwise(days)]
    tally = bookings(deals, attrs.evolve(asked, period=Periods(pieces)), per_rep=False)
    as_of = last_known(tally, "linearity_curve")
    over = [at for at, period in enumerate(past) if period.end_day - 1 <= as_of]
    first = np.cumsum([0, *(len(days) - 1 for days in edges)])
    so_far = np.zeros((len(tally.labels), len(shares), len(over), 2), dtype=np.int64)
    used = np.zeros(len(pieces), dtype=bool)
    for column, at in enumerate(over):
        mine = slice(int(first[at]), int(first[at + 1]))
        added = np.cumsum(tally.amount[:, mine], axis=1)
        so_far[:, :, column, 0] = np.insert(added, 0, 0, axis=1)[:, cuts[at][1]]
        so_far[:, :, column, 1] = added[:, -1:]
        used[mine] = True
    seen = np.flatnonzero(tally.count[:, used].any(axis=1)) if tally.by else np.arange(1)
    curve = formulas.linearity_curve(so_far[seen], at=[0.5], stat=stat)
    unpriced = int(tally.unpriced[:, used].sum())
    return _Linearity(
        tally.labels.take(seen),
        curve.share[..., 0],
        np.asarray(curve.n),
        np.asarray(curve.left_out),
        len(over),
        unpriced,
        tally.credit,
        as_of,
    )


def _cut(period: Period, shares: Sequence[Fraction]) -> tuple[list[int], list[int]]:
    """Return the days at which a period is cut, its bounds among them, and at which of them each share has elapsed."""
    ends = [period.start_day + _elapsed_days(share, period.days) for share in shares]
    days = sorted({period.start_day, *ends, period.end_day})
    place = {day: at for at, day in enumerate(days)}
    return days, [place[day] for day in ends]


def _elapsed_days(share: Fraction, days: int) -> int:
    """Return the whole days of a period that have elapsed; a share within 1e-9 of a day's end has it behind."""
    exact = share * days
    nearest = round(exact)
    return nearest if abs(exact - nearest) < _CLOSE * max(nearest, 1) else math.floor(exact)


def _share(value: float) -> Fraction:
    """Return an elapsed share as the decimal as written."""
    return Fraction(str(_check.fraction(value, "at")))
