"""The worked cases of people and forecasts (R15, R16, R23, W30 to W32, N13 to N15, N29) through the slow module."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, ForecastCall, Quota, Rep
from tests import oracle
from tests import oracle_accuracy as accuracy
from tests import oracle_credit as credit
from tests import oracle_pace as pacing
from tests import oracle_quota as quotas_of
from tests import oracle_ramp as ramp
from tests import oracle_team as teams
from tests import strategies_people as people
from tests.oracle_credit import CreditTerms, Terms
from tests.oracle_quota import QuotaTerms
from tests.oracle_ramp import Life, RampTerms

Q1 = Period("2026-01-01", "2026-04-01")
Q2 = Period("2026-04-01", "2026-07-01")
JAN, FEB = Period("2026-01-01", "2026-02-01"), Period("2026-02-01", "2026-03-01")


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


# --- ramp ------------------------------------------------------------------------------------------------------------


def test_kaplan_meier_r15_n29() -> None:
    """R15, N29: ten reps of whom six made it, with all ten in the denominator."""
    lives = [Life(0, t, "event") for t in (4, 5, 5, 6, 7, 9)] + [Life(0, t, "open") for t in (2, 3, 6, 8)]
    curve = ramp.tenures_of(lives)
    assert [curve.at(t) for t in (4, 5, 6, 7, 9)] == [F(7, 8), F(5, 8), F(1, 2), F(1, 3), 0]
    found = ramp.summary(curve, "median", None, "censor", {})
    assert (found.value, found.n, found.parts["events"]) == (6, 10, 6)
    assert ramp.summary(curve, "naive_mean", None, "censor", {}).value == 6
    assert ramp.summary(curve, "restricted_mean", 9, "censor", {}).value == F(20, 3)
    assert ramp.tenures_of([life._replace(entry=0) for life in lives]) == curve


R16 = (0.3, 0.85, 0.6, 0.8, 0.9, 1.0)


@pytest.mark.parametrize(
    ("months", "sustained", "age", "kind"),
    [
        (6, 1, 2, "event"),
        (6, 2, 4, "event"),
        (6, 3, 4, "event"),
        (6, 4, 3, "open"),
        (5, 3, 3, "open"),
        (3, 2, 2, "open"),
    ],
)
def test_ramp_life_r16(months: int, sustained: int, age: int, kind: str) -> None:
    """R16: the first month of a sustained run; else censored where a run could last have been seen."""
    made: list[tuple[int, bool | None]] = [(t, a >= 0.8) for t, a in enumerate(R16[:months], start=1)]
    assert ramp.ramp_life(made, sustained=sustained) == Life(0, age, kind)


def test_ramp_time_of_a_book_r16() -> None:
    """R16 from deals and monthly quotas, with a running month that is not read."""
    months = [quotas_of.tenure_period(day("01-15"), t) for t in range(1, 9)]
    deals = [won(str(t), F_100(a), str(p.start)) for t, (a, p) in enumerate(zip(R16, months, strict=False))]
    rows = [quota("Ana", 100, p) for p in months]
    reps, today = [Rep("Ana", hired="2026-01-15")], months[5].end
    for sustained, expected in ((1, 2), (2, 4), (3, 4), (4, None)):
        found = ramp.ramp_time(deals, rows, reps, threshold=0.8, sustained=sustained, as_of=today)[()]
        assert (found.value, found.n) == (expected, 1)
    found = ramp.ramp_time(deals, rows, reps, threshold=0.8, sustained=4, as_of=today)[()]
    assert (found.reason, found.parts["events"], found.parts["survival"]) == ("not_reached", 0, 1)
    curve = ramp.ramp_curve(deals, rows, reps, as_of=today)
    assert [curve[(t,)].value for t in range(1, 7)] == [F(str(a)) for a in R16]
    assert len(curve) == 6


def F_100(share: float) -> Decimal:
    """That share of 100, exactly."""
    return Decimal(str(share)) * 100


def test_gaps_in_quota() -> None:
    """A month without quota neither breaks nor extends a run, or counts as a miss."""
    made: list[tuple[int, bool | None]] = [(1, False), (2, True), (3, None), (4, True), (5, False)]
    assert ramp.ramp_life(made, sustained=2) == Life(0, 2, "event")
    assert ramp.ramp_life(made, sustained=2, no_quota="count") == Life(0, 4, "open")
    assert ramp.ramp_life(made[2:], sustained=2) == Life(0, 4, "open")
    assert ramp.ramp_life([(1, None)], sustained=1) == Life(0, 0, "open")


def test_time_to_first_deal() -> None:
    """Two won after 10 and 30 days, one left, one is waiting, one began before the data, one has no start."""
    reps = [
        *(Rep("a", hired="2026-01-01"), Rep("b", hired="2026-01-01"), Rep("c", hired="2026-01-01", left="2026-01-21")),
        *(Rep("d", hired="2026-02-01"), Rep("e", hired="2025-06-01"), Rep("f"), Rep("g", hired="2027-01-01")),
    ]
    deals = [won("1", 5, "01-11", rep="a"), won("2", 5, "01-31", rep="b"), won("3", 5, "01-05", rep="e")]
    terms = RampTerms(begin=day("01-01"))
    found = ramp.time_to_first_deal(deals, reps, as_of=day("02-10"), ramp=terms)[()]
    assert (found.value, found.n, found.parts["events"]) == (30, 4, 2)
    assert (found.parts["early"], found.parts["undated"]) == (1, 1)
    mean = ramp.time_to_first_deal(deals, reps, as_of=day("02-10"), ramp=terms, stat="naive_mean")[()]
    assert mean.value == 20
    late = ramp.time_to_first_deal(deals, reps, as_of=day("02-10"), ramp=terms._replace(early="truncate"))[()]
    assert (late.n, late.parts["events"], late.parts["early"]) == (5, 3, 0)
    lost = ramp.time_to_first_deal(deals, reps, as_of=day("02-10"), ramp=terms._replace(leavers="compete"))[()]
    assert (lost.value, lost.reason, lost.n, lost.low) == (30, "", 4, None)


def test_late_entry_and_competing_leavers() -> None:
    """A rep seen late is not at risk before; with leavers competing, shares add up to 1."""
    curve = ramp.tenures_of([Life(0, 2, "event"), Life(3, 4, "event"), Life(0, 5, "open")])
    assert [(s.age, s.at_risk) for s in curve.steps] == [(2, 2), (4, 2)]
    curve = ramp.tenures_of([Life(0, 2, "event"), Life(0, 3, "left"), Life(0, 5, "open")], "compete")
    last = curve.steps[-1]
    assert (last.event, last.left, last.share) == (F(1, 3), F(1, 3), F(1, 3))


def test_ramped_equivalents() -> None:
    """A full rep, one at half, one absent, one gone."""
    reps = [
        *(Rep("a", hired="2025-01-01"), Rep("b", hired="2026-01-01", ramp=(0.5,))),
        *(Rep("c", absences=[("2026-01-01", "2026-02-01")]), Rep("d", hired="2025-01-01", left="2026-01-15")),
    ]
    found = ramp.ramped_equivalents(reps, on=day("01-15"))[()]
    assert (found.value, found.n) == (F("1.5"), 2)


# --- forecast accuracy -----------------------------------------------------------------------------------------------

W30 = accuracy.pairs_of(
    [f * 1000 for f in (420, 480, 510, 550, 520, 580)], [a * 1000 for a in (445, 460, 525, 510, 540, 560)]
)


def test_series_w30_r23_n13() -> None:
    """W30, R23, N13: six months, over-forecast in sum, and worse in the second half."""
    scores: list[Any] = [s(W30).value for s in (accuracy.mape, accuracy.wape, accuracy.bias)]
    assert [about(v) for v in scores] == ["0.046569", "0.046053", "0.006579"]
    assert about(accuracy.mean_error(W30).value, 2) == "3333.33"
    assert about(accuracy.mae(W30).value, 2) == "23333.33"
    assert about(accuracy.rmse(W30).value, 2) == "24664.41"
    assert about(accuracy.mase(W30).value) == "0.804598"
    assert about(accuracy.mape(W30, denominator="forecast").value) == "0.046046"
    halves = [accuracy.mape(half).value for half in (W30[:3], W30[3:])]
    assert [about(v) for v in halves] == ["0.042743", "0.050394"]
    assert about(F(str(halves[1])) - F(str(halves[0]))) == "0.007651"


def test_variants_w31() -> None:
    """W31: A 25, F 100."""
    pairs = accuracy.pairs_of([100], [25])
    assert accuracy.ape(pairs[0]) == 3
    for options, expected in (
        ({}, F(-2)),
        ({"floor": 0}, F(0)),
        ({"variant": "max"}, F(1, 4)),
        ({"variant": "ratio"}, F(1, 4)),
        ({"variant": "forecast"}, F(1, 4)),
        ({"aggregate": "mean"}, F(-2)),
    ):
        assert accuracy.forecast_accuracy(pairs, **options).value == expected


def test_value_added_w32() -> None:
    """W32: naive, statistical, analyst, executive."""
    steps, net = accuracy.value_added_of(["0.146", "0.123", "0.136", "0.153"])
    assert (steps, net) == ([F("0.023"), F("-0.013"), F("-0.017")], F("-0.007"))
    with pytest.raises(ValueError, match="same periods"):
        accuracy.value_added([accuracy.pairs_of([1], [2]), accuracy.pairs_of([1], [3])])


def test_zero_actual_n14() -> None:
    """N14: a zero actual is reported."""
    pairs = accuracy.pairs_of([10, 90], [0, 100])
    assert (accuracy.ape(pairs[0]), accuracy.ape(pairs[1])) == (None, F(1, 10))
    found = accuracy.mape(pairs)
    assert (found.value, found.n, found.parts["left_out"], found.parts["zero_actuals"]) == (F(1, 10), 1, 1, 1)
    assert accuracy.wape(pairs).value == F(1, 5)


def test_totals_hide_n15() -> None:
    """N15: errors of parts do not cancel; through calls and deals of two months."""
    deals = [won("a", 80, "01-20"), won("b", 70, "02-20"), won("x", 9, "02-20", rep="Bo")]
    calls = [ForecastCall("Ana", JAN, "2026-01-02", 100), ForecastCall("Ana", FEB, "2026-02-02", 50)]
    found = accuracy.scored(accuracy.wape, deals, calls, as_of=day("02-28"))[()]
    assert (found.value, found.n, found.parts["no_call"]) == (F(40, 150), 2, 1)
    assert accuracy.scored(accuracy.bias, deals, calls, as_of=day("02-28"))[()].value == 0
    running = accuracy.scored(accuracy.wape, deals, calls, as_of=day("02-27"))[()]
    assert (running.value, running.n) == (F(20, 80), 1)
    by_rep = accuracy.scored(accuracy.wape, deals, calls, by="rep", periods=[JAN, FEB], as_of=day("02-28"))
    assert {key: (a.value, a.n) for key, a in by_rep.items()} == {
        ("Ana", 0): (F(1, 4), 1),
        ("Ana", 1): (F(2, 7), 1),
        ("Bo", 0): (None, 0),
        ("Bo", 1): (None, 0),
    }


def test_which_call_counts() -> None:
    """The latest one of the category by the last day of the week."""
    said = [("2025-12-20", 1), ("2026-01-07", 2), ("2026-01-08", 3), ("2026-03-31", 4), ("2026-04-01", 5)]
    calls = [ForecastCall("Ana", Q1, d, a) for d, a in said] + [ForecastCall("Ana", Q1, "2026-01-05", 9, "best_case")]
    for terms, expected in (
        (accuracy.CallTerms(), 2),
        (accuracy.CallTerms(week=2), 3),
        (accuracy.CallTerms(week="last"), 4),
        (accuracy.CallTerms(weeks_left=2), 3),
        (accuracy.CallTerms(category="best_case"), 9),
        (accuracy.CallTerms(category="worst"), None),
        (accuracy.CallTerms(week=14), None),
    ):
        assert accuracy.call_of(calls, "Ana", Q1, terms) == expected


def test_range_and_benchmarks() -> None:
    """A range that holds both ends; the calls against the last actual and against the run rate."""
    assert accuracy.range_hit_rate([(1, 1, 2), (1, 3, 2)]).value == F(1, 2)
    deals = [won("a", 100, "01-05"), won("b", 120, "04-03"), won("c", 60, "06-01")]
    calls = [ForecastCall("Ana", Q1, "2026-01-02", 90), ForecastCall("Ana", Q2, "2026-04-02", 162)]
    today = day("06-30")
    last = accuracy.forecast_value_added(deals, calls, as_of=today, metric="mae")[()]
    assert (last.value, last.n, last.parts["left_out"]) == (80 - 18, 1, 1)
    rate = accuracy.forecast_value_added(deals, calls, as_of=today, against="run_rate", metric="mae", periods=Q2)[()]
    assert rate.parts["benchmark"] == 120 * F(91, 7) - 180


# --- laws on drawn companies ------------------------------------------------------------------------------------------

FEW = settings(max_examples=25)
UNITS = st.sampled_from(["day", "business_day", "month"])


@FEW
@given(people.team(), UNITS, st.sampled_from(["effective", "full"]))
def test_quotas_of_adjoining_periods_add_up(firm: people.Team, unit: str, which: str) -> None:
    """D4: months add up to the year."""
    terms = QuotaTerms(unit=unit, quota=which)
    year = Period(date(2024, 1, 1), date(2025, 1, 1))
    whole = quotas_of.effective_quota(firm.quotas, periods=year, reps=firm.reps, terms=terms)[()]
    parts = quotas_of.effective_quota(firm.quotas, periods=people.MONTHS[:12], reps=firm.reps, terms=terms).values()
    assert (whole.value or 0, whole.n) == (sum(F(str(a.value or 0)) for a in parts), sum(a.n for a in parts))


@FEW
@given(people.team(credits=True))
def test_splits_conserve_credit(firm: people.Team) -> None:
    """Splits move money between reps and leave the total, to the minor unit (C8, A14)."""
    plain = credit.credited_bookings(firm.deals)[()]
    terms = CreditTerms(splits=tuple(firm.splits))
    found = credit.credited_bookings(firm.deals, by="rep", terms=terms)
    assert sum(F(str(a.value)) for a in found.values()) == plain.value
    assert all((F(str(a.value)) * 100).denominator == 1 for a in found.values())
    assert credit.credited_bookings(firm.deals, terms=terms)[()].n == plain.n


@FEW
@given(people.team(), st.integers(1, 3), people.THRESHOLDS, people.as_of_days())
def test_a_higher_bar_never_brings_a_month_forward(firm: people.Team, k: int, bar: float, today: date) -> None:
    """H14, for one rep alone; and a rep who is not there yet is censored, never left out."""
    for rep in firm.reps:
        low, high = [
            ramp.ramp_time(firm.deals, firm.quotas, [rep], threshold=b, sustained=k, as_of=today)[()]
            for b in (bar, 2 * bar)
        ]
        assert low.n == high.n
        assert high.value is None or (low.value is not None and low.value <= high.value)


@FEW
@given(people.team(), people.as_of_days(), st.sampled_from([1, 2, 13, "last"]))
def test_errors_are_in_order(firm: people.Team, today: date, week: int | str) -> None:
    """J2, J3: |ME| <= MAE <= RMSE, |bias| <= WAPE, and calls after the week change nothing (J12)."""
    terms = accuracy.CallTerms(week=week)
    me, mae, rmse, bias, wape = [
        accuracy.scored(s, firm.deals, firm.calls, as_of=today, terms=terms)[()]
        for s in (accuracy.mean_error, accuracy.mae, accuracy.rmse, accuracy.bias, accuracy.wape)
    ]
    if me.value is not None:
        assert abs(float(me.value)) <= float(mae.value or 0) <= float(rmse.value or 0) * (1 + 1e-12)
    if bias.value is not None:
        assert abs(F(str(bias.value))) <= F(str(wape.value))


@FEW
@given(people.team(), people.as_of_days())
def test_every_oracle_runs(firm: people.Team, today: date) -> None:
    """Nothing drawn is refused; n never exceeds what was given, and a value is missing with a reason only."""
    terms = Terms(CreditTerms(splits=tuple(firm.splits), changes=tuple(firm.changes)))
    more: dict[str, Any] = {"periods": people.QUARTERS, "as_of": today, "terms": terms, "reps": firm.reps}
    books = (firm.deals, firm.quotas)
    results = [
        credit.attainment(*books, **more),
        credit.attainment_gap(*books, by="team", **more),
        pacing.pace(firm.deals, by="team", **more),
        pacing.pace_attainment(*books, **more),
        pacing.required_run_rate(*books, clock="business_days", **more),
        teams.team_attainment(*books, by="team", **more),
        teams.share_at_quota(*books, ramping_threshold=0.7, **more),
        teams.attainment_distribution(*books, **more),
        teams.attainment_streak(*books, **more),
        ramp.time_to_first_deal(firm.deals, firm.reps, by="team", as_of=today, ramp=RampTerms(date(2024, 2, 1))),
        ramp.ramp_curve(*books, firm.reps, as_of=today),
        ramp.ramped_equivalents(firm.reps, by="team", on=today),
        accuracy.forecast_value_added(firm.deals, firm.calls, by="rep", against="seasonal", as_of=today),
    ]
    assert all((a.value is None) == bool(a.reason) for result in results for a in result.values())


@FEW
@given(people.team(credits=True), people.as_of_days())
def test_without_rep_book_and_splits_it_is_the_plain_attainment(firm: people.Team, today: date) -> None:
    """Both slow copies of attainment and team attainment agree where they speak of the same."""
    for by in ("rep", ()):
        old = oracle.attainment(firm.deals, firm.quotas, by=by, periods=people.QUARTERS, as_of=today)
        find = credit.attainment if by else teams.team_attainment
        assert find(firm.deals, firm.quotas, by=by, periods=people.QUARTERS, as_of=today) == old


@FEW
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=20))
def test_the_curve_is_the_plain_one(ends: list[tuple[int, bool]]) -> None:
    """H11, H2: without late entries the curve of tenures is the curve of cycles."""
    curve = ramp.tenures_of(Life(0, age, "event" if event else "open") for age, event in ends)
    plain = oracle.curve_of((age, "won" if event else "open") for age, event in ends)
    assert [(s.age, s.at_risk, s.share, s.spread) for s in curve.steps] == [
        (s.age, s.at_risk, s.share, s.spread) for s in plain.steps
    ]


def test_days_are_whole() -> None:
    """A tenure month is as long as the calendar says."""
    spans = [quotas_of.tenure_period(day("2024-01-31"), t) for t in (1, 2, 3)]
    assert [p.days for p in spans] == [29, 31, 30]
    assert spans[0].end - spans[0].start == timedelta(29)
