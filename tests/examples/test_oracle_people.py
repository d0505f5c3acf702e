"""The worked cases of people and forecasts (W18 to W25, R1 to R6, N22 to N24) through the slow module."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep, Split
from tests import oracle_accuracy as accuracy
from tests import oracle_credit as credit
from tests import oracle_pace as pacing
from tests import oracle_quota as quotas_of
from tests import oracle_team as teams
from tests.oracle_credit import CreditTerms, OwnerChange, Terms
from tests.oracle_quota import QuotaTerms
from tests.oracle_rows import Answer

Q1 = Period("2026-01-01", "2026-04-01")
Q2 = Period("2026-04-01", "2026-07-01")
YEAR = Period("2026-01-01", "2027-01-01")
JAN, FEB, MAR = [Period(f"2026-0{m}-01", f"2026-0{m + 1}-01") for m in (1, 2, 3)]
ANA, BO = ("Ana",), ("Bo",)


def day(text: str) -> date:
    """A day of 2026, or of the year that is written."""
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def won(id: str, amount: Any, closed: str = "02-15", rep: str | None = "Ana", **more: Any) -> Deal:
    return Deal(id, rep, amount, closed=day(closed), outcome="won", **more)


def quota(rep: Any, amount: Any, period: Period = Q1, **more: Any) -> Quota:
    return Quota(rep, period.start, period.end, amount, **more)


def about(number: Any, digits: int = 6) -> str:
    """A number as the sources print it."""
    return f"{float(number):.{digits}f}"


# --- quotas ----------------------------------------------------------------------------------------------------------


def test_ramped_year_w22() -> None:
    """W22: the first quarter of a ramp of 0, 1/4, 1/2 is a quarter of the full one."""
    rows, month = [quota("Ana", 1_200_000, YEAR)], QuotaTerms(unit="month")
    reps = [Rep("Ana", hired="2026-01-01", ramp=(0, 0.25, 0.5))]
    assert quotas_of.full_quota(rows, periods=Q1, reps=reps, terms=month)[()].value == 300_000
    found = quotas_of.effective_quota(rows, by="rep", periods=Q1, reps=reps, terms=month)[ANA]
    assert (found.value, found.n) == (75_000, 90)
    half = [Rep("Ana", hired="2026-01-01", ramp=(0.5,) * 12)]
    assert quotas_of.effective_quota(rows, periods=Q1, reps=half, terms=month)[()].value == 150_000


def test_deal_share_and_ramp_w21() -> None:
    """W21: half of a deal, three quarters of a quota."""
    terms = CreditTerms(splits=(Split("a", "Ana", 0.5), Split("a", "Bo", 0.5)))
    assert credit.credited_bookings([won("a", 40_000)], by="rep", terms=terms)[ANA].value == 20_000
    reps = [Rep("Ana", hired="2026-01-01", ramp=(0.75,) * 3)]
    assert quotas_of.effective_quota([quota("Ana", 100_000)], periods=Q1, reps=reps)[()].value == 75_000


def test_capacity_w23_w24() -> None:
    """W23, W24: what effective quotas add up to, times the attainment expected."""
    reps = [Rep(i, hired="2026-01-01", ramp=(1.0,) if i < 10 else (0.5,) * 12) for i in range(13)]
    found = quotas_of.effective_quota([quota(r.id, 300_000) for r in reps], periods=Q1, reps=reps)[()]
    assert found.value == 3_450_000
    assert F(str(found.value)) * F("0.85") == 2_932_500
    five = [Rep(i, hired="2026-01-01", ramp=(0.5,) * 12) for i in range(5)]
    rows = [quota(r.id, 10_000) for r in five]
    assert quotas_of.full_quota(rows, periods=Q1)[()].value == 50_000
    assert quotas_of.effective_quota(rows, periods=Q1, reps=five)[()].value == 25_000
    street = [quota("Ana", 400_000), quota("Bo", 600_000)]
    own = teams.team_attainment([won("a", 800_000)], street, periods=Q1, team_quota=800_000)[()]
    assert (own.value, own.parts["quota"], own.n) == (1, 800_000, 2)


@pytest.mark.parametrize(
    ("unit", "expected"), [("day", 59_000), ("month", 60_000), ("business_day", F(90_000 * 42, 64))]
)
def test_joiner_r2(unit: str, expected: F) -> None:
    """R2: a rep who is there from February; by business days 42 of 64."""
    reps = [Rep("Ana", hired="2026-02-01")]
    terms = QuotaTerms(unit=unit)
    found = quotas_of.effective_quota([quota("Ana", 90_000)], by="rep", periods=Q1, reps=reps, terms=terms)[ANA]
    assert (found.value, found.n) == (expected, 59)
    assert quotas_of.full_quota([quota("Ana", 90_000)], periods=Q1, reps=reps, terms=terms)[()].value == 90_000


def test_changed_quota_r3() -> None:
    """R3: raised on March 1."""
    rows = [quota("Ana", 90_000), quota("Ana", 120_000, effective_from="2026-03-01")]
    found = quotas_of.effective_quota(rows, periods=Q1)[()]
    assert (about(found.value, 2), found.n) == ("100333.33", 90)
    assert found.value == 90_000 * F(59, 90) + 120_000 * F(31, 90)


def test_leaver_absence_and_weights() -> None:
    """A leaver and an absence take their days out; seasonal weights move money between months."""
    reps = [Rep("Ana", hired="2025-01-01", left="2026-03-01", absences=[("2026-01-01", "2026-01-11")])]
    found = quotas_of.effective_quota([quota("Ana", 90_000)], periods=Q1, reps=reps)[()]
    assert (found.value, found.n) == (49_000, 49)
    plain = quotas_of.effective_quota([quota("Ana", 90_000)], periods=Q1, reps=reps, terms=QuotaTerms(prorate=False))
    assert plain[()].value == 90_000
    seasonal = QuotaTerms(weights=(0.2, 0.3, 0.5))
    sums = quotas_of.effective_quota([quota("Ana", 90_000)], periods=[JAN, FEB, MAR], terms=seasonal)
    assert [sums[(k,)].value for k in range(3)] == [18_000, 27_000, 45_000]
    with pytest.raises(ValueError, match="add up to 1"):
        quotas_of.effective_quota([quota("Ana", 1)], periods=Q1, terms=QuotaTerms(weights=(0.2, 0.3, 0.4)))


def test_tenure_months_are_clamped() -> None:
    """C10: tenure from January 31 has its second month from February 28 on."""
    start = day("01-31")
    assert [quotas_of.tenure_month(start, day(d)) for d in ("01-31", "02-27", "02-28", "03-30", "03-31")] == [
        1,
        1,
        2,
        2,
        3,
    ]


# --- credit and attainment -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("booked", "target", "expected"),
    [
        (235_000, 250_000, F(94, 100)),
        (70_000, 90_000, F(7, 9)),
        (240_000, 300_000, F(8, 10)),
        (19_500, 25_000, F(78, 100)),
    ],
)
def test_attainment_w18_w20(booked: int, target: int, expected: F) -> None:
    """W18, W20: booked over quota."""
    found = credit.attainment([won("a", booked)], [quota("Ana", target)], periods=Q1)[ANA]
    assert (found.value, found.n, found.parts["gap"]) == (expected, 1, booked - target)


def test_months_and_to_date_w19() -> None:
    """W19: by month, and to date pooled."""
    deals = [won("a", 42_500, "01-15"), won("b", 55_000, "02-15"), won("c", 52_500, "03-15")]
    rows = [quota("Ana", 50_000, p) for p in (JAN, FEB, MAR)]
    found = credit.attainment(deals, rows, periods=[JAN, FEB, MAR])
    assert [found["Ana", k].value for k in range(3)] == [F("0.85"), F("1.1"), F("1.05")]
    to_date = [credit.attainment(deals, rows, periods=Period(Q1.start, p.end))[ANA].value for p in (JAN, FEB, MAR)]
    assert to_date == [F("0.85"), F("0.975"), 1]


def test_quantity_w25() -> None:
    """W25: 20 pieces shared by two against 50 each."""
    terms = Terms(CreditTerms(measure="quantity", splits=(Split("a", "Ana", 0.5), Split("a", "Bo", 0.5))))
    deals = [won("a", 1_000, labels={"quantity": 20})]
    found = credit.attainment_gap(deals, [quota("Ana", 50), quota("Bo", 50)], periods=Q1, terms=terms)
    assert [found[key].value for key in (ANA, BO)] == [-40, -40]
    assert found[ANA].parts["booked"] == 10


def test_splits_r5() -> None:
    """R5: thirds of 10,001 minor units add up, the smaller label first; a quota likewise; a reversal cancels."""
    third = 1 / 3
    shares = {rep: F(repr(third)) for rep in "abc"}
    assert credit.largest_remainder(10_001, shares) == {"a": 3_334, "b": 3_334, "c": 3_333}
    assert credit.largest_remainder(1_000_000, shares) == {"a": 333_334, "b": 333_333, "c": 333_333}
    assert credit.largest_remainder(-10_001, shares) == {"a": -3_334, "b": -3_334, "c": -3_333}
    terms = CreditTerms(splits=tuple(Split("x", rep, third) for rep in "cba"))
    found = credit.credited_bookings([won("x", Decimal("100.01"))], by="rep", terms=terms)
    assert {key[0]: answer.value for key, answer in found.items()} == {
        "a": F("33.34"),
        "b": F("33.34"),
        "c": F("33.33"),
    }
    assert credit.credited_bookings([won("x", Decimal("100.01"))], terms=terms)[()] == Answer(
        F("100.01"), 1, "", {"missing_amount": 0}
    )
    with pytest.raises(ValueError, match="E14"):
        credit.credited_bookings([won("x", 1)], terms=CreditTerms(splits=(Split("x", "a", 0.5),)))


def test_overlay_rounds_half_to_even() -> None:
    """C9: half of 5 cents is 2 cents, half of 7 cents is 4; overlay credit leaves revenue credit alone."""
    splits = (Split("x", "Bo", 0.5, "overlay"), Split("y", "Bo", 0.5, "overlay"))
    deals = [won("x", Decimal("0.05")), won("y", Decimal("0.07"))]
    found = credit.credited_bookings(deals, by="rep", terms=CreditTerms(credit="overlay", splits=splits))
    assert {key: (a.value, a.n) for key, a in found.items()} == {BO: (F("0.06"), 2)}
    assert credit.credited_bookings(deals, by="rep", terms=CreditTerms(splits=splits))[ANA].value == F("0.12")


def test_owner_e11() -> None:
    """E11: the owner on the closed day, today's, and the one who closed it."""
    deals = [won("x", 100, "02-15", rep="Cy")]
    changes = (
        OwnerChange("x", day("01-01"), "Ana"),
        OwnerChange("x", day("02-15"), "Bo", 1, closing=True),
        OwnerChange("x", day("02-15"), "Di", 2),
        OwnerChange("x", day("03-01"), "Cy"),
    )
    for owner, expected in (("at_close", "Di"), ("current", "Cy"), ("actor", "Bo")):
        terms = CreditTerms(owner=owner, changes=changes)
        assert set(credit.credited_bookings(deals, by="rep", as_of=day("03-31"), terms=terms)) == {(expected,)}
    assert set(credit.credited_bookings(deals, by="rep")) == {("Cy",)}


def test_returns_e8() -> None:
    """Credits are kept, or left out as gross."""
    deals = [won("x", 100), won("y", -30)]
    assert credit.credited_bookings(deals)[()].value == 70
    gross = credit.credited_bookings(deals, terms=CreditTerms(returns="gross"))[()]
    assert (gross.value, gross.n) == (100, 1)


def test_one_year_and_one_month_n22_n23() -> None:
    """N22, N23: bookings of another year do not count; a February quota is none of March."""
    feb = Period("2025-02-01", "2025-03-01")
    deals = [won("a", 100, "2024-02-10"), won("b", 50, "2025-02-10"), won("c", 70, "2025-03-01")]
    found = credit.attainment(deals, [quota("Ana", 100, feb)], periods=[feb, Period("2025-03-01", "2025-04-01")])
    assert (found["Ana", 0].value, found["Ana", 0].parts["booked"]) == (F(1, 2), 50)
    assert (found["Ana", 1].value, found["Ana", 1].reason, found["Ana", 1].parts["booked"]) == (None, "no_quota", 70)


# --- pace ------------------------------------------------------------------------------------------------------------


def test_pace_r4() -> None:
    """R4: halfway through the quarter."""
    today, rows = day("02-14"), [quota("Ana", 300_000)]
    half = [won("a", 120_000, "02-14"), won("late", 500_000, "02-15")]
    assert pacing.pace(half, periods=Q1, as_of=today)[()].value == 240_000
    assert pacing.required_run_rate(half, rows, periods=Q1, as_of=today)[ANA].value == 4_000
    assert pacing.pace_attainment(half, rows, periods=Q1, as_of=today)[ANA].value == F(8, 10)
    met = pacing.required_run_rate([won("a", 300_000, "02-14")], rows, periods=Q1, as_of=today)[ANA]
    assert (met.value, met.reason) == (0, "")


def test_pace_at_the_ends() -> None:
    """Before the period there is no pace, after it the bookings are; short with no day left is period_over."""
    deals, rows = [won("a", 100, "02-15")], [quota("Ana", 300)]
    early = pacing.pace(deals, periods=Q1, as_of=day("2025-12-31"))[()]
    assert (early.value, early.reason, early.n) == (None, "not_started", 0)
    assert pacing.pace(deals, periods=Q1, as_of=day("03-31"))[()].value == 100
    over = pacing.required_run_rate(deals, rows, periods=Q1, as_of=day("03-31"))[ANA]
    assert (over.value, over.reason, over.n) == (None, "period_over", 1)
    work = pacing.required_run_rate(deals, rows, periods=Q1, as_of=day("03-29"), clock="business_days")[ANA]
    assert work.value == 100


def test_linearity() -> None:
    """Two past quarters, one with everything on its last day; the third had nothing and is left out."""
    past = [Period("2025-04-01", "2025-07-01"), Period("2025-07-01", "2025-10-01"), Period("2025-10-01", "2026-01-01")]
    deals = [
        won("a", 50, "2025-04-01"),
        won("b", 50, "2025-06-30"),
        won("c", 100, "2025-09-30"),
        won("d", 100, "01-20"),
    ]
    found = pacing.linearity_curve(deals, past, [F(0), F(1, 2), F(1)], as_of=day("02-14"))
    assert [a.value for a in found.values()] == [0, F(1, 4), 1]
    assert {(a.n, a.parts["left_out"]) for a in found.values()} == {(2, 1)}
    assert pacing.pace(deals, periods=Q1, as_of=day("02-14"), clock="curve", past=past)[()].value == 400


# --- teams -----------------------------------------------------------------------------------------------------------

TWO = [won("a", 120), won("b", 150, rep="Bo"), won("c", 40, rep="Cy")]
TWO_QUOTAS = [quota("Ana", 100), quota("Bo", 300)]


def test_team_r1_n24() -> None:
    """R1, N24: pooled against the mean; the team's number is the sum; credits without quota stand apart."""
    pooled = teams.team_attainment(TWO, TWO_QUOTAS, periods=Q1)[()]
    assert (pooled.value, pooled.n, pooled.parts["quota"]) == (F("0.675"), 2, 400)
    assert (pooled.parts["booked_without_quota"], pooled.parts["reps_without_quota"]) == (40, 1)
    assert teams.team_attainment(TWO, TWO_QUOTAS, periods=Q1, method="mean_of_reps")[()].value == F("0.85")
    assert teams.team_attainment(TWO, TWO_QUOTAS, periods=Q1, no_quota="include")[()].value == F("0.775")
    assert teams.team_attainment(TWO, TWO_QUOTAS, periods=Q1, team_quota=540)[()].value == F(1, 2)


def test_share_at_quota() -> None:
    """One of two makes it; a ramping rep is judged by its own threshold; a rep hardly there is left out."""
    found = teams.share_at_quota(TWO, TWO_QUOTAS, periods=Q1)[()]
    assert (found.value, found.n, found.parts["reps_without_quota"]) == (F(1, 2), 2, 1)
    assert (about(found.low, 4), about(found.high, 4)) == ("0.0945", "0.9055")
    reps = [Rep("Ana", hired="2025-01-01"), Rep("Bo", hired="2026-01-01", ramp=(0.5, 0.5, 0.75))]
    assert teams.share_at_quota(TWO, TWO_QUOTAS, periods=Q1, reps=reps, ramping_threshold="0.7")[()].value == 1
    late = [Rep("Ana", hired="2026-03-01"), Rep("Bo", hired="2025-01-01")]
    found = teams.share_at_quota(TWO, TWO_QUOTAS, periods=Q1, reps=late, min_active_share=0.5)[()]
    assert (found.value, found.n, found.parts["inactive"]) == (0, 1, 1)
    nobody = teams.share_at_quota(TWO, [], periods=Q1)[()]
    assert (nobody.value, nobody.n, nobody.low, nobody.high) == (None, 0, 0, 1)


def test_distribution_and_concentration_r6() -> None:
    """R6: Gini of 10, 20, 30, 40; the two largest have 0.7; quantiles are observed values."""
    assert teams.gini_of([10, 20, 30, 40]) == F(1, 4)
    assert (teams.top_share_of([10, 20, 30, 40], 2), teams.top_share_of([10, 20, 30, 40], 0.3)) == (F("0.7"), F("0.7"))
    assert (teams.gini_of([0, 0]), teams.gini_of([-1, 2]), teams.gini_of([])) == (None, None, None)
    deals = [won(str(k), 10 * k, rep=f"r{k}") for k in range(1, 5)]
    found = teams.concentration(deals, periods=Q1)[()]
    assert (found.value, found.n) == (F(1, 4), 4)
    spread = teams.attainment_distribution(deals, [quota(f"r{k}", 100) for k in range(1, 6)], periods=Q1)
    assert [(key[0], float(a.value or 0)) for key, a in spread.items()] == [
        ("minimum", 0),
        *[("0.1", 0), ("0.25", 0.1), ("0.5", 0.2), ("0.75", 0.3), ("0.9", 0.4)],
        ("maximum", 0.4),
    ]


def test_weeks_r6() -> None:
    """R6: cutoffs of weeks; the last week of a quarter ends with it."""
    ends = [accuracy.cutoff(Q1, accuracy.CallTerms(week=k)) for k in (1, 2, 12, 13, "last")]
    assert ends == [day(d) for d in ("01-07", "01-14", "03-25", "03-31", "03-31")]
    assert accuracy.cutoff(Q1, accuracy.CallTerms(weeks_left=1)) == day("03-31")


@pytest.mark.parametrize(
    ("made", "which", "undefined", "expected"),
    [
        ([True, True, False, True], "current", "skip", 1),
        ([True, True, False, True], "longest", "skip", 2),
        ([True, None, True], "current", "skip", 2),
        ([True, None, True], "current", "break", 1),
        ([True, None], "current", "break", 0),
        ([], "longest", "skip", 0),
    ],
)
def test_streaks(made: list[bool | None], which: str, undefined: str, expected: int) -> None:
    """A period without attainment is passed over, or breaks."""
    assert teams.streak_of(made, which=which, undefined=undefined) == expected


def test_streak_ignores_the_running_period() -> None:
    """February and January made it; March is running."""
    deals = [won("a", 100, "01-05"), won("b", 100, "02-05")]
    rows = [quota("Ana", 100, p) for p in (JAN, FEB, MAR)]
    found = teams.attainment_streak(deals, rows, periods=[JAN, FEB, MAR], as_of=day("03-15"))[ANA]
    assert (found.value, found.n) == (2, 2)
    none = teams.attainment_streak(deals, rows, periods=[MAR], as_of=day("03-15"))[ANA]
    assert (none.value, none.n, none.reason) == (None, 0, "period_running")
