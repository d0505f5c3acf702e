"""Wrong uses that a type checker finds before the program runs: each is marked with what mypy says of it.

The file is never run. An unmarked mistake fails the check, and so does a mark on a line in which nothing is found any more.
"""

# ruff: noqa: B018
from __future__ import annotations

import salesmetrics as sm


def names(deals: sm.DealBook, table: sm.MetricTable) -> None:
    """Names that are not there: at the front door, in the rooms behind it, on books and on tables."""
    sm.winrate(deals)  # type: ignore[attr-defined]
    sm.formulas.winrate(3, 7)  # type: ignore[attr-defined]
    sm.datasets.sample(20_000)  # type: ignore[attr-defined]
    deals.amount  # type: ignore[attr-defined]
    deals.win_rate()  # type: ignore[attr-defined]
    table.values  # type: ignore[attr-defined]
    table["Ana"].booked  # type: ignore[attr-defined]


def arguments(deals: sm.DealBook, quotas: sm.QuotaBook, q1: sm.Period) -> None:
    """Arguments that are missing, misspelt, by place instead of by name, or the wrong way round."""
    sm.attainment(deals, period=q1)  # type: ignore[call-arg]
    sm.attainment(quotas, deals, period=q1)  # type: ignore[arg-type]
    sm.win_rate(deals, "rep")  # type: ignore[call-arg]
    sm.win_rate(deals=deals)  # type: ignore[call-arg]
    sm.win_rate(deals, group_by="rep")  # type: ignore[call-arg]


def kinds(deals: sm.DealBook, forecasts: sm.ForecastBook, q1: sm.Period, rows: dict[str, list[float]]) -> None:
    """Things of another kind: rows in place of a book, a text in place of a period, a percentage as text, another tally."""
    sm.win_rate(rows)  # type: ignore[arg-type]
    sm.win_rate(forecasts)  # type: ignore[arg-type]
    sm.win_rate(deals, period="2026Q3")  # type: ignore[arg-type]
    sm.win_rate(deals, period=("2026-01-01", "2026-04-01"))  # type: ignore[arg-type]
    sm.win_rate(deals, by=3)  # type: ignore[arg-type]
    sm.win_rate(deals, as_of=20260331)  # type: ignore[arg-type]
    sm.win_rate(deals, confidence_level="95 %")  # type: ignore[arg-type]
    sm.win_rate(sm.BookingTally.from_book(deals, period=q1))  # type: ignore[arg-type]
    sm.read_deals("deals.csv", "Amount")  # type: ignore[arg-type]
    sm.read_deals("deals.csv", as_of=2026)  # type: ignore[arg-type]
    sm.FiscalCalendar(start_month="February")  # type: ignore[arg-type]


def choices(deals: sm.DealBook, quotas: sm.QuotaBook, q1: sm.Period) -> None:
    """Words that name no variant of a definition."""
    sm.win_rate(deals, basis="time_to_event")  # type: ignore[arg-type]
    sm.win_rate(deals, weight="amounts")  # type: ignore[arg-type]
    sm.deal_size(deals, stat="average")  # type: ignore[arg-type]
    sm.pipeline_coverage(deals, quotas, period=q1, basis="rest")  # type: ignore[arg-type]
    sm.read_deals("deals.csv", on_error="ignore")  # type: ignore[arg-type]


def answers(deals: sm.DealBook, outcomes: sm.OutcomeTally, sizes: sm.SizeTally) -> None:
    """Answers taken for something else: a table for a number, a curve for a table, and what never changes for what does."""
    rate: float = sm.win_rate(deals)  # type: ignore[assignment]
    table: sm.MetricTable = sm.win_rate_curve(deals)  # type: ignore[assignment]
    table.n = table.n  # type: ignore[misc]
    deals["rep"] = "Ana"  # type: ignore[index]
    outcomes + sizes  # type: ignore[operator]
    print(rate)
