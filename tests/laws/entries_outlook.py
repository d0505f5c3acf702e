"""Entries of the forecast as a law, and its doors: one number is read of each law."""

from __future__ import annotations

from typing import Any

import salesmetrics as sm
from salesmetrics.results import MetricTable
from tests.laws.doors import Tallies, asked, quota_days
from tests.laws.drawing import Ask
from tests.laws.entry import ALL, BOTH, DEALS, INF, Entry, several
from tests.laws.references import plain, staged

MADE = ("missing_p", "p", "multiplier", "overdue", "undated", "negative")
LENIENT = {"missing_p": "exclude"}


def read_of(laws: sm.OutlookTable, q: float | None) -> MetricTable:
    """Return one number of each law: the mean, or a quantile."""
    return laws.mean if q is None else laws.quantile(q)


def forecast_distribution(ask: Ask, q: float | None, **options: Any) -> MetricTable:
    return read_of(sm.forecast_distribution(ask.deals, **asked(ask), **options), q)


def chances(ask: Ask, **options: Any) -> Tallies:
    made = {name: value for name, value in options.items() if name in MADE}
    return (
        sm.ChanceTally.from_book(ask.deals, **asked(ask), **made),
        sm.BookingTally.from_book(ask.deals, **asked(ask), per_rep=False),
    )


def read_distribution(tallies: Tallies, q: float | None, **options: Any) -> MetricTable:
    open_, won = tallies
    assert isinstance(open_, sm.ChanceTally)
    assert isinstance(won, sm.BookingTally)
    return read_of(sm.forecast_distribution(open_, bookings=won), q)


def p_hit_quota(ask: Ask, **options: Any) -> MetricTable:
    return sm.p_hit_quota(ask.deals, ask.quotas, **asked(ask), **options)


def chances_and_quotas(ask: Ask, **options: Any) -> Tallies:
    return *chances(ask, **options), *quota_days(ask)


def read_hit(tallies: Tallies, **options: Any) -> MetricTable:
    open_, won, owed = tallies
    assert isinstance(open_, sm.ChanceTally)
    assert isinstance(won, sm.BookingTally)
    assert isinstance(owed, sm.QuotaTally)
    return sm.p_hit_quota(open_, owed, bookings=won)


OUTLOOKS: tuple[Entry, ...] = (
    Entry(
        name="forecast_distribution",
        call=forecast_distribution,
        tally=chances,
        from_tally=read_distribution,
        reference=staged(plain("forecast_distribution")),
        oracle="scipy.stats.poisson_binom and worked examples, tests/unit/test_outlook.py",
        variants=several(
            {**LENIENT, "q": None},
            {**LENIENT, "q": 0.5},
            {**LENIENT, "q": 0.9, "p": "deal", "overdue": "include"},
            {**LENIENT, "q": 0.1, "negative": "exclude", "multiplier": 2},
            as_of="given",
        ),
        needs=DEALS,
        unit="money",
        additive=False,
        money_degree=1,
        time_degree=0,
        bounds=(-INF, INF),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="never: without open deals it is what is won, 0 where nothing is",
        exempt={"A14": "means add up, but are no whole number of minor units; quantiles do not add up"},
    ),
    Entry(
        name="p_hit_quota",
        call=p_hit_quota,
        tally=chances_and_quotas,
        from_tally=read_hit,
        reference=staged(plain("p_hit_quota", books=("deals", "quotas"))),
        oracle="scipy.stats.poisson_binom and worked examples, tests/unit/test_outlook.py",
        variants=several(
            LENIENT,
            {**LENIENT, "negative": "exclude"},
            {**LENIENT, "p": "stage"},
            period="given",
            as_of="given",
            error="(m + 4) ulp",
        ),
        needs=BOTH,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, 1.0),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="the quota is missing or 0",
        exempt={},
    ),
)
