"""Worked examples of people and their numbers, through the books: W18 to W21, R1 to R6, N22 to N24."""

from __future__ import annotations

import math
from typing import Any

import pytest

import salesmetrics as sm

Q1 = sm.Period("2026-01-01", "2026-04-01")
MONTHS = sm.Periods.from_boundaries(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"])


def won(*rows: tuple[str, Any, str]) -> Any:
    """Return won deals of (rep, amount, closed)."""
    return sm.read_deals(
        {
            "id": [f"d{at}" for at in range(len(rows))],
            "rep": [rep for rep, _, _ in rows],
            "amount": [amount for _, amount, _ in rows],
            "closed": [closed for _, _, closed in rows],
            "outcome": ["won"] * len(rows),
        }
    )


def test_w18_attainment_of_one_rep() -> None:
    """235,000 of 250,000 is 0.94."""
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 250_000)])
    assert sm.attainment(won(("Ana", 235_000, "2026-02-01")), quotas, period=Q1, by="rep")["Ana"].value == 0.94


def test_w19_attainment_by_month_and_to_date() -> None:
    """Months of 0.85, 1.10 and 1.05 are 0.85, 0.975 and 1.00 to date: to date is pooled."""
    deals = won(("Ana", 42_500, "2026-01-31"), ("Ana", 55_000, "2026-02-28"), ("Ana", 52_500, "2026-03-31"))
    quotas = sm.read_quotas([sm.Quota("Ana", month.start, month.end, 50_000) for month in MONTHS])
    assert sm.attainment(deals, quotas, period=MONTHS, by="rep").value.tolist() == [0.85, 1.1, 1.05]
    to_date = [sm.Period(Q1.start, month.end) for month in MONTHS]
    assert [sm.team_attainment(deals, quotas, period=p)["all"].value for p in to_date] == [0.85, 0.975, 1.0]


@pytest.mark.parametrize(
    ("booked", "quota", "value"), [(70_000, 90_000, 7 / 9), (240_000, 300_000, 0.8), (19_500, 25_000, 0.78)]
)
def test_w20_attainment(booked: int, quota: int, value: float) -> None:
    """Bookings over quota, three published rows."""
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, quota)])
    assert sm.attainment(won(("Ana", booked, "2026-02-01")), quotas, period=Q1)["all"].value == value


def test_w21_half_a_deal_and_three_quarters_of_a_quota() -> None:
    """A share of 0.5 of 40,000 is 20,000; a quota of 100,000 at ramp 0.75 is 75,000."""
    splits = sm.read_splits({"deal": ["d0", "d0"], "rep": ["Ana", "Ben"], "share": [0.5, 0.5]})
    deals = won(("Ana", 40_000, "2026-02-01"))
    assert sm.credited_bookings(deals, by="rep", splits=splits)["Ben"].value == 20_000
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-01-01", ramp=(0.75, 0.75, 0.75))])
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 100_000)])
    assert sm.effective_quota(quotas, period=Q1, reps=reps)["all"].value == 75_000
    assert sm.effective_quota(quotas, period=Q1, reps=reps, quota="full")["all"].value == 100_000


def test_r1_the_team_is_pooled_and_the_mean_of_its_reps_is_another_number() -> None:
    """120 and 150 against 100 and 300: pooled 0.675, mean of reps 0.85."""
    deals = won(("Ana", 120, "2026-02-01"), ("Ben", 150, "2026-02-01"))
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 100), sm.Quota("Ben", Q1.start, Q1.end, 300)])
    assert sm.team_attainment(deals, quotas, period=Q1)["all"].value == 0.675
    assert sm.team_attainment(deals, quotas, period=Q1, method="mean_of_reps")["all"].value == 0.85


def test_r2_a_joiner_by_day_and_by_month() -> None:
    """90,000 for a quarter, active from February: 59,000 by day, 60,000 by month."""
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 90_000)])
    reps = sm.read_reps([sm.Rep("Ana", hired="2026-02-01")])
    assert sm.effective_quota(quotas, period=Q1, reps=reps)["all"].value == 59_000
    assert sm.effective_quota(quotas, period=Q1, reps=reps, unit="month")["all"].value == 60_000


def test_r3_a_quota_that_is_raised_inside_its_period() -> None:
    """59 days of 90,000 and 31 days of 120,000, of 90 days."""
    rows = [sm.Quota("Ana", Q1.start, Q1.end, 90_000)]
    rows.append(sm.Quota("Ana", Q1.start, Q1.end, 120_000, effective_from="2026-03-01"))
    found = sm.effective_quota(sm.read_quotas(rows), period=Q1)["all"].value
    assert found == pytest.approx(59 / 90 * 90_000 + 31 / 90 * 120_000, rel=1e-15)
    assert found == pytest.approx(100_333.33, abs=5e-3)


def test_r4_pace_and_required_run_rate_half_way() -> None:
    """120,000 of 300,000 after 45 of 90 days: pace 240,000, 4,000 a day required; none once it is met."""
    deals = won(("Ana", 120_000, "2026-02-14"), ("Ana", 180_000, "2026-02-15"))
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 300_000)])
    pace = sm.pace(deals, period=Q1, as_of="2026-02-14")["all"]
    assert (pace.value, pace.parts["elapsed"]) == (240_000, 45 / 90)
    assert sm.pace_attainment(deals, quotas, period=Q1, as_of="2026-02-14")["all"].value == 0.8
    assert sm.required_run_rate(deals, quotas, period=Q1, as_of="2026-02-14")["all"].value == 4_000
    assert sm.required_run_rate(deals, quotas, period=Q1, as_of="2026-02-15")["all"].value == 0.0


def test_r5_a_split_adds_up_to_the_minor_unit() -> None:
    """10,001 minor units in three thirds are 3,334, 3,334 and 3,333."""
    splits = sm.read_splits({"deal": ["d0"] * 3, "rep": ["a", "b", "c"], "share": [1 / 3] * 3})
    table = sm.credited_bookings(won(("a", 100.01, "2026-02-01")), by="rep", splits=splits)
    assert table.to_minor().tolist() == [3_334, 3_334, 3_333]


def test_r6_concentration_and_weeks() -> None:
    """Gini of 10, 20, 30, 40 is 0.25; the last week of a quarter takes what is left."""
    deals = won(*((rep, amount, "2026-02-01") for rep, amount in zip("abcd", (10, 20, 30, 40), strict=True)))
    assert sm.gini(deals, period=Q1)["all"].value == 0.25
    assert [Q1.week_of(day) for day in ("2026-01-07", "2026-01-08", "2026-03-26", "2026-03-31")] == [1, 2, 13, 13]


def test_n22_the_same_month_of_another_year_is_another_month() -> None:
    """Wins in February 2024 do not count towards February 2025."""
    deals = won(("Ana", 100, "2024-02-10"), ("Ana", 70, "2025-02-10"))
    february = sm.Period("2025-02-01", "2025-03-01")
    quotas = sm.read_quotas([sm.Quota("Ana", february.start, february.end, 140)])
    assert sm.attainment(deals, quotas, period=february)["all"].value == 0.5
    assert sm.pace(deals, period=february, as_of="2025-02-28")["all"].value == 70


def test_n23_a_quota_of_february_is_none_of_march() -> None:
    """The end of a quota is the first day it does not hold."""
    quotas = sm.read_quotas([sm.Quota("Ana", "2026-02-01", "2026-03-01", 90_000)])
    deals = won(("Ana", 45_000, "2026-02-28"), ("Ana", 5_000, "2026-03-01"))
    table = sm.attainment(deals, quotas, period=MONTHS[1:], by="rep")
    assert table.reason.tolist() == ["", "no_quota"]
    assert table.value[0] == 0.5
    assert math.isnan(table.value[1])


def test_n24_a_team_without_a_number_of_its_own_has_the_sum_of_its_reps() -> None:
    """No team quota given: the sum of the reps' quotas stands below the line, not 0."""
    reps = sm.read_reps([sm.Rep("Ana", team="East"), sm.Rep("Ben", team="East")])
    quotas = sm.read_quotas([sm.Quota("Ana", Q1.start, Q1.end, 100), sm.Quota("Ben", Q1.start, Q1.end, 300)])
    row = sm.team_attainment(won(("Ana", 200, "2026-02-01")), quotas, period=Q1, by="team", reps=reps)["East"]
    assert (row.value, row.parts["quota"]) == (0.5, 400)
