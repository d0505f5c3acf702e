"""The doors of what is asked of people: pace, teams, tenures and forecasts, from the books of a case and books made of them.

Reps with days and forecast calls are made of the case, so that whatever a law does to the case happens to them as well: who
started when follows from the rep's name, and every closed deal stands for some calls of its rep.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

import salesmetrics as sm
from salesmetrics.books import ForecastBook, QuotaBook, RepBook
from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Quota, Rep
from salesmetrics.results import MetricTable
from salesmetrics.tally import Tally
from tests.laws.doors import asked, quota_days
from tests.laws.drawing import FIRST, REPS, Ask, quota_book, rep_book

Tallies = tuple[Tally, ...]
Needs = frozenset[Any]


def given(needs: Needs, ask: Ask) -> tuple[list[Any], dict[str, Any]] | None:
    """Return the books and keywords of a metric of tenures or forecasts, None for another."""
    if "forecasts" in needs:
        said = calls(ask)
        return [ask.deals, said], asked(ask)
    if "tenures" not in needs:
        return None
    if "deals" not in needs:
        return [staff(ask)], {"on": ask.as_of, **narrowed(ask)}
    return [chosen(ask).deals, *([owed(ask)] if "moves" in needs else []), staff(ask)], tenured(ask)


def none(ask: Ask, **options: Any) -> Tallies:
    """Return no tallies: the metric is asked of books only."""
    return ()


# --- pace, teams, spread ---------------------------------------------------------------------------------------------


def of_deals(metric: Callable[..., MetricTable]) -> Callable[..., MetricTable]:
    """Return the book door of a metric of deals."""

    def call(ask: Ask, **options: Any) -> MetricTable:
        return metric(ask.deals, **asked(ask), **options)

    return call


def of_both(metric: Callable[..., MetricTable]) -> Callable[..., MetricTable]:
    """Return the book door of a metric of deals and quotas."""

    def call(ask: Ask, **options: Any) -> MetricTable:
        return metric(ask.deals, ask.quotas, **asked(ask), **options)

    return call


def read(metric: Callable[..., MetricTable]) -> Callable[..., MetricTable]:
    """Return the tally door of a metric that is told its options when it reads."""

    def reading(tallies: Tallies, **options: Any) -> MetricTable:
        return metric(*tallies, **options)

    return reading


def bookings(ask: Ask, **options: Any) -> Tallies:
    """Return bookings group by group."""
    return (sm.BookingTally.from_book(ask.deals, **asked(ask), per_rep=False),)


def bookings_by_rep(ask: Ask, **options: Any) -> Tallies:
    """Return bookings rep by rep."""
    return (sm.BookingTally.from_book(ask.deals, **asked(ask)),)


def booked_and_owed(ask: Ask, **options: Any) -> Tallies:
    """Return bookings and quotas rep by rep."""
    return *bookings_by_rep(ask), *quota_days(ask)


# --- tenures ---------------------------------------------------------------------------------------------------------

STARTS = (-45, 0, 31, 45, 91, None)
"""Days from the first of all days to each rep's start; one is before the data, one is not known."""
TENURES = {"since": FIRST}


def number(name: object) -> int | None:
    """Return the place of a rep among those that are drawn, whatever they are called in turn."""
    text = str(name)
    return REPS.index(text) if text in REPS else REPS.index(text[1:]) if text[1:] in REPS else None


def rep_of(name: Any, team: Any) -> Rep:
    """Return a rep with a start, an end, an absence and a ramp that follow from who it is."""
    at = number(name)
    begun = None if at is None else STARTS[at]
    if at is None or begun is None:
        return Rep(name, team=team)
    start = FIRST + timedelta(begun)
    away = (Period(start + timedelta(50), start + timedelta(64)),) if at == 1 else ()
    left = start + timedelta(200) if at == 2 else None
    return Rep(name, team=team, hired=start, left=left, absences=away, ramp=(0.25, 0.5) if at % 2 else ())


def staff(ask: Ask) -> RepBook:
    """Return the reps with their days."""
    reps = () if ask.reps is None else zip(ask.reps["id"].tolist(), ask.reps["team"].tolist(), strict=True)
    book = rep_book(tuple(rep_of(name, team) for name, team in reps))
    assert book is not None
    return book


def owed(ask: Ask) -> QuotaBook:
    """Return a quota for every rep, of whom one has 0: those of a case do not stay whole in its parts."""
    names = [] if ask.reps is None else ask.reps["id"].tolist()
    return quota_book(tuple(Quota(n, FIRST, date(2025, 1, 1), 1300 * (number(n) or 0)) for n in names))


def narrowed(ask: Ask) -> dict[str, Any]:
    """Return the labels asked for that reps have."""
    by = tuple(name for name in ask.by if name in ("rep", "team"))
    return {"by": by} if by else {}


def chosen(ask: Ask) -> Ask:
    """Return the question of the deals that are chosen: these metrics choose among reps."""
    return ask if ask.where is None else ask.but(deals=ask.deals.filter(ask.where), where=None)


def tenured(ask: Ask) -> dict[str, Any]:
    """Return what is asked of tenures."""
    return {**narrowed(ask), "as_of": ask.as_of, **TENURES}


def time_to_first_deal(ask: Ask, **options: Any) -> MetricTable:
    return sm.time_to_first_deal(chosen(ask).deals, staff(ask), **tenured(ask), **options)


def ramp_time(ask: Ask, **options: Any) -> MetricTable:
    return sm.ramp_time(chosen(ask).deals, owed(ask), staff(ask), **tenured(ask), **options)


def ramp_curve(ask: Ask, **options: Any) -> MetricTable:
    return sm.ramp_curve(chosen(ask).deals, owed(ask), staff(ask), **tenured(ask), **options)


def tenures(ask: Ask, **options: Any) -> Tallies:
    """Return tenures without quotas."""
    return (sm.TenureTally.from_book(chosen(ask).deals, staff(ask), **tenured(ask)),)


def tenures_owed(ask: Ask, **options: Any) -> Tallies:
    """Return tenures with quotas."""
    return (sm.TenureTally.from_book(chosen(ask).deals, staff(ask), owed(ask), **tenured(ask)),)


def ramped_equivalents(ask: Ask, **options: Any) -> MetricTable:
    return sm.ramped_equivalents(staff(ask), on=ask.as_of, **narrowed(ask), **options)


# --- forecasts -------------------------------------------------------------------------------------------------------

SPANS = Periods(
    [
        Period(date(2023 + at // 12, at % 12 + 1, 1), date(2023 + (at + 1) // 12, (at + 1) % 12 + 1, 1))
        for at in range(11, 18)
    ]
)
LENT = ("segment", "product", "stage", "forecast_category")


def asked_about(ask: Ask) -> list[Period]:
    """Return the periods of a question, of all days the months."""
    return list(SPANS) if ask.period is None else list(ask.period) if isinstance(ask.period, Periods) else [ask.period]


def spans_of(ask: Ask) -> list[Period]:
    """Return the periods that people call for: those that are asked about, and the months beside them."""
    told = asked_about(ask)
    return sorted([*told, *(span for span in SPANS if not any(span.overlaps(period) for period in told))])


def calls(ask: Ask) -> ForecastBook:
    """Return the calls that the closed deals stand for: of each rep, for every month, low and high."""
    mask = ask.where if isinstance(ask.where, np.ndarray) else np.ones(len(ask.held), dtype=bool)
    deals = ask.held.filter(np.asarray(mask, dtype=bool))
    shown = {name: deals[name].tolist() for name in ("rep", "amount", "closed", *LENT) if name in deals.names}
    rows = tuple(
        zip(*(shown.get(name, [None] * len(deals)) for name in ("rep", "amount", "closed", *LENT)), strict=True)
    )
    ended = tuple(row for row in rows if row[0] is not None and row[2] is not None)
    return calls_of(ended, tuple(spans_of(ask)), ask.held.scale, ask.held.currency)


@lru_cache(maxsize=256)
def calls_of(
    rows: tuple[tuple[Any, ...], ...], spans: tuple[Period, ...], scale: int, currency: str | None
) -> ForecastBook:
    """Return the calls for rep, amount, day and labels of each deal; one far from the others is called for its month."""
    columns: dict[str, list[Any]] = {name: [] for name in ("rep", "start", "end", "given", "category", "amount", *LENT)}
    for rep, amount, day, *labels in rows:
        near = date(2020, 1, 1) < day < date(2030, 1, 1)
        for at, span in enumerate(spans if near else (Period(day.replace(day=1), day.replace(day=28)),)):
            turn = day.toordinal() + 3 * at
            said = span.start + timedelta(turn % 14 - 5)
            low = None if amount != amount else abs(amount) * (turn % 4)
            high = None if low is None else low + abs(amount) * (turn % 3)
            for category, told in (("commit", low), ("best_case", high)):
                row = (rep, span.start, span.end, said, category, told, *labels)
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        return sm.read_forecasts(columns, scale=scale, currency=currency)


def of_calls(metric: Callable[..., MetricTable]) -> Callable[..., MetricTable]:
    """Return the book door of a metric of deals and calls."""

    def call(ask: Ask, **options: Any) -> MetricTable:
        return metric(ask.deals, calls(ask), **asked(ask), **options)

    return call


CHOICE = ("category", "week", "weeks_left")


def said_and_booked(ask: Ask, history: bool = False, **options: Any) -> Tallies:
    """Return the bookings of the periods that are asked about, with ``history`` of the months beside, and the calls."""
    told = {**asked(ask), "period": Periods(spans_of(ask) if history else asked_about(ask))}
    about = {name: value for name, value in asked(ask).items() if name not in ("as_of", "where")}
    about |= {name: value for name, value in options.items() if name in CHOICE}
    return sm.BookingTally.from_book(ask.deals, **told), sm.CallTally.from_book(calls(ask), **about)


def said_beside_history(ask: Ask, **options: Any) -> Tallies:
    """Return the bookings of all months, and the calls."""
    return said_and_booked(ask, True, **options)


def two_ends(ask: Ask, **options: Any) -> Tallies:
    """Return bookings, and calls for both ends of a range."""
    return said_and_booked(ask, category=("commit", "best_case"), **options)


def read_calls(metric: Callable[..., MetricTable]) -> Callable[..., MetricTable]:
    """Return the tally door of a metric of deals and calls; which call counts is settled in the tally."""

    def reading(tallies: Tallies, **options: Any) -> MetricTable:
        return metric(*tallies, **{name: value for name, value in options.items() if name not in CHOICE})

    return reading
