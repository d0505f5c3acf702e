"""The worked cases of ramp (R15, R16, N29, W22) through the book door."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

import salesmetrics as sm
from tests.oracle_quota import add_months

START, BAR = date(2026, 1, 1), 100


def quotas_of(rep: str, months: int) -> list[sm.Quota]:
    """Return a quota of 100 for each of the first months."""
    return [sm.Quota(rep, add_months(START, k), add_months(START, k + 1), BAR) for k in range(months)]


def sold(rep: str, shares: list[float]) -> list[sm.Deal]:
    """Return one win in each month, a share of the quota."""
    return [
        sm.Deal(f"{rep}{k}", rep, round(BAR * share, 2), closed=add_months(START, k), outcome="won")
        for k, share in enumerate(shares)
    ]


# --- R15, N29: ten reps, six of whom get there ---------------------------------------------------------------------------

EVENTS, CENSORED = (4, 5, 5, 6, 7, 9), (2, 3, 6, 8)


def ten() -> tuple[sm.DealBook, sm.QuotaBook, sm.RepBook]:
    """Return six reps who reach quota in their months and four who leave after theirs without it."""
    deals, quotas, reps = [], [], []
    for number, month in enumerate((*EVENTS, *CENSORED)):
        name, made = f"r{number}", number < len(EVENTS)
        deals += sold(name, [0.5] * (month - 1) + [1.0 if made else 0.5])
        quotas += quotas_of(name, 9)
        reps.append(sm.Rep(name, hired=START, left=None if made else add_months(START, month)))
    return sm.read_deals(deals, as_of="2026-09-30"), sm.read_quotas(quotas), sm.read_reps(reps)


def test_r15_median_and_means() -> None:
    """R15: median 6; the mean of the events alone 6.0; the restricted mean to 9 is 6.666667."""
    books = ten()
    median = sm.ramp_time(*books, threshold=1.0)["all"]
    assert (median.value, median.n, median.parts["events"]) == (6, 10, 6)
    assert sm.ramp_time(*books, threshold=1.0, stat="naive_mean")["all"].value == 6.0
    mean = sm.ramp_time(*books, threshold=1.0, stat="restricted_mean", within=9)["all"]
    assert mean.value == pytest.approx(20 / 3, rel=1e-15)
    assert median.parts["survival"] == 0


@pytest.mark.parametrize(
    ("day", "share"),
    [("2026-03-31", 1), ("2026-04-30", 0.875), ("2026-05-31", 0.625), ("2026-06-30", 0.5), ("2026-07-31", 1 / 3)],
)
def test_r15_survival_as_the_months_pass(day: str, share: float) -> None:
    """R15: S after 4, 5, 6, 7 months is 0.875, 0.625, 0.5, 1/3, as it would be read on the last day of each."""
    row = sm.ramp_time(*ten(), threshold=1.0, as_of=day)["all"]
    assert row.parts["survival"] == pytest.approx(share, rel=1e-15)
    assert row.n == 10


def test_n29_reps_who_are_not_there_yet_stay_in_the_count() -> None:
    """N29: the median is that of all ten, six of them events; of the six alone it would be another number."""
    deals, quotas, reps = ten()
    row = sm.ramp_time(deals, quotas, reps, threshold=1.0)["all"]
    assert (row.value, row.n, row.parts["events"]) == (6, 10, 6)
    only = sm.ramp_time(deals, quotas, reps.filter(np.isnat(reps["left"])), threshold=1.0)["all"]
    assert only.n == 6
    assert only.value == 5


# --- R16: one rep -----------------------------------------------------------------------------------------------------------

R16 = [0.3, 0.85, 0.6, 0.8, 0.9, 1.0]


@pytest.mark.parametrize(
    ("months", "sustained", "month", "event"),
    [(6, 1, 2, True), (6, 2, 4, True), (6, 3, 4, True), (6, 4, 3, False), (5, 3, 3, False), (3, 2, 2, False)],
)
def test_r16_sustained_runs_and_censoring(months: int, sustained: int, month: int, event: bool) -> None:
    """R16: the first month of a run that holds; else censored where one could last have been seen to begin."""
    deals, quotas = sm.read_deals(sold("Ana", R16)), sm.read_quotas(quotas_of("Ana", 6))
    reps = sm.read_reps([sm.Rep("Ana", hired=START)])
    last = add_months(START, months).toordinal() - 1
    asked = {"threshold": 0.8, "sustained": sustained, "as_of": date.fromordinal(last)}
    row = sm.ramp_time(deals, quotas, reps, **asked)["all"]
    assert (row.n, row.parts["events"]) == (1, int(event))
    if event:
        assert row.value == month
    else:
        assert math.isnan(row.value)
        assert row.reason == "not_reached"
        seen = [
            sm.ramp_time(deals, quotas, reps, stat="restricted_mean", within=k, **asked)["all"].reason
            for k in (month, month + 1)
        ]
        assert seen == ["", "not_observed"]


def test_r16_the_curve() -> None:
    """The curve of one rep is his attainment in each month."""
    deals, quotas = sm.read_deals(sold("Ana", R16)), sm.read_quotas(quotas_of("Ana", 6))
    curve = sm.ramp_curve(deals, quotas, sm.read_reps([sm.Rep("Ana", hired=START)]), as_of="2026-06-30")
    assert curve.value.tolist() == R16
    assert curve.n.tolist() == [1] * 6


# --- W22: a ramp of 0, 0.25, 0.5 --------------------------------------------------------------------------------------------


def ramping() -> tuple[sm.QuotaBook, sm.RepBook]:
    """Return a quota of 1.2 million a year and a rep who starts with it."""
    quotas = sm.read_quotas([sm.Quota("Ana", "2026-01-01", "2027-01-01", 1_200_000)])
    return quotas, sm.read_reps([sm.Rep("Ana", hired="2026-01-01", ramp=(0.0, 0.25, 0.5))])


def test_w22_effective_quota() -> None:
    """W22: a full quarter is 300,000; the first 75,000, a quarter of it; a month at half 50,000 (150,000 a quarter)."""
    quotas, reps = ramping()
    quarters = sm.FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    table = sm.effective_quota(quotas, period=quarters, reps=reps, unit="month")
    assert table.value.tolist() == [75_000.0, 300_000.0, 300_000.0, 300_000.0]
    assert table.value[0] / sm.effective_quota(quotas, period=quarters[0], unit="month")["all"].value == 0.25
    march = sm.Period("2026-03-01", "2026-04-01")
    assert 3 * sm.effective_quota(quotas, period=march, reps=reps, unit="month")["all"].value == 150_000.0


@pytest.mark.parametrize(
    ("day", "share"),
    [("2025-12-31", 0), ("2026-01-31", 0), ("2026-02-01", 0.25), ("2026-03-31", 0.5), ("2026-04-01", 1)],
)
def test_w22_ramped_equivalents(day: str, share: float) -> None:
    """The rep counts as 0, a quarter, a half and then a full one."""
    assert sm.ramped_equivalents(ramping()[1], on=day)["all"].value == share


def test_w22_ramp_time_reads_the_full_quota() -> None:
    """Selling just what the ramp asks is on quota, and not yet there: held to the full quota the rep is there in month 4."""
    quotas, reps = ramping()
    sums = [1, 26_000, 53_000, 105_000, 110_000]
    deals = sm.read_deals(
        [sm.Deal(str(k), "Ana", a, closed=add_months(START, k), outcome="won") for k, a in enumerate(sums)]
    )
    asked = {"threshold": 1.0, "as_of": "2026-05-31"}
    assert sm.ramp_time(deals, quotas, reps, **asked)["all"].value == 4
    fitted = sm.ramp_time(deals, quotas, reps, of="assigned_quota", **asked)["all"]
    # the first month asks for nothing: it has no quota, and is skipped
    assert fitted.value == 2
