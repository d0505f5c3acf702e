"""Laws C and D on drawn books: bookings, attainment and quotas."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Quota
from tests.laws.drawing import REPS, Case, cases, day, quota_book
from tests.laws.law import close, minor_by_label, split_period, values_by_label
from tests.laws.registry import BY_NAME
from tests.laws.scaling import times

OWED = cases(period="one", quotas=True)
BOOKED = cases(period="one")
SEEDS = st.integers(0, 2**32 - 1)
ATTAINMENT, BOOKINGS, QUOTA = (BY_NAME[name] for name in ("attainment", "credited_bookings", "effective_quota"))


def answer(entry: Any, case: Case, **changes: Any) -> Any:
    """Return the answer of a metric in its plainest form."""
    return entry.answer(attrs.evolve(case, **changes), entry.variants[0])


def halves(case: Case, seed: int) -> tuple[Case, Case]:
    """Return the deals in two parts, the quotas in both."""
    chosen = [Random(seed + i).random() < 0.5 for i in range(len(case.deals))]
    return tuple(  # type: ignore[return-value]
        attrs.evolve(case, deals=tuple(d for d, c in zip(case.deals, chosen, strict=True) if c is wanted))
        for wanted in (True, False)
    )


@given(BOOKED, SEEDS)
def test_c1_bookings_add_up(case: Case, seed: int) -> None:
    """C1 == Bookings add up over disjoint deals."""
    one, other = (minor_by_label(answer(BOOKINGS, part)) for part in halves(case, seed))
    whole = minor_by_label(answer(BOOKINGS, case))
    assert whole == {label: one.get(label, 0) + other.get(label, 0) for label in {*one, *other}}


@given(OWED, SEEDS)
def test_c2_attainment_adds_up(case: Case, seed: int) -> None:
    """C2 ~ 4 ulp With the quota fixed, attainment adds up over disjoint deals."""
    one, other = (values_by_label(answer(ATTAINMENT, part, by=("rep",))) for part in halves(case, seed))
    for label, value in values_by_label(answer(ATTAINMENT, case, by=("rep",))).items():
        parts = [side[label] for side in (one, other) if label in side]
        assert close(sum(parts), value, 4)


@given(cases(period="one", quotas=True), st.integers(1, 9))
def test_c5_half_the_quota(case: Case, k: int) -> None:
    """C5 == Half the quota, twice the attainment."""
    even = times(case, 2**k)
    half = attrs.evolve(even, quotas=times(case, 2 ** (k - 1)).quotas)
    one, two = answer(ATTAINMENT, even), answer(ATTAINMENT, half)
    assert (one.value * 2).tobytes() == two.value.tobytes()


@given(OWED)
def test_c6_team_is_the_weighted_mean(case: Case) -> None:
    """C6 A team's attainment is the quota-weighted mean of its reps', and lies between the least and the greatest."""
    team, reps = answer(ATTAINMENT, case, by=())["all"], answer(ATTAINMENT, case, by=("rep",))
    known = ~reps.undefined
    if not known.any():
        assert team.reason == "no_quota"
        return
    weights, values = reps.parts["quota"][known], reps.value[known]
    mean = sum(Fraction(w) * Fraction(v) for w, v in zip(weights, values, strict=True)) / sum(map(Fraction, weights))
    m = len(values)
    assert close(team.value, float(mean), m + 4 + len(case.quotas))
    slack = (m + 4) * np.spacing(team.value)
    assert values.min() - slack <= team.value <= values.max() + slack
    assert team.n == m


@given(BOOKED, SEEDS)
def test_c8_a_deal_moved(case: Case, seed: int) -> None:
    """C8 == A deal moved from one rep to another moves exactly its amount; the total stays."""
    if not case.deals:
        return
    at = seed % len(case.deals)
    moved = attrs.evolve(case.deals[at], rep=REPS[seed % 5])
    other = (*case.deals[:at], moved, *case.deals[at + 1 :])
    before = minor_by_label(answer(BOOKINGS, case, by=("rep",)))
    after = minor_by_label(answer(BOOKINGS, case, by=("rep",), deals=other))
    single = minor_by_label(answer(BOOKINGS, case, by=(), deals=(moved,)))["all"]
    assert sum(before.values()) == sum(after.values())
    source, target = case.deals[at].rep, moved.rep
    if source != target:
        assert after.get(target, 0) - before.get(target, 0) == single
        assert before.get(source, 0) - after.get(source, 0) == single


@given(OWED)
def test_c10_attainment_never_falls_as_days_pass(case: Case) -> None:
    """C10 <= Cumulative attainment never falls when amounts are nonnegative."""
    assert isinstance(case.period, Period)
    days = [np.datetime64(case.period.start_day + d, "D").item() for d in (0, case.period.days // 2, case.period.days)]
    values = [answer(ATTAINMENT, case, by=(), as_of=day)["all"].value for day in days]
    assert all(np.isnan(values)) or values == sorted(values)


@given(BOOKED)
def test_c11_a_reversal(case: Case) -> None:
    """C11 == A deal and its exact reversal together restore bookings."""
    back = tuple(attrs.evolve(d, id=f"-{d.id}", amount=None if d.amount is None else -d.amount) for d in case.deals)
    both = answer(BOOKINGS, case, deals=(*case.deals, *back), by=())
    assert both.to_minor().tolist() == [0]


@given(OWED, st.integers(2, 50), st.integers(1, 6))
def test_c12_one_factor_on_all_quotas(case: Case, factor: int, k: int) -> None:
    """C12 <= One common whole factor on all quotas never turns two reps' order around; 2^k keeps the ranking."""
    before = answer(ATTAINMENT, case, by=("rep",)).value
    after = answer(ATTAINMENT, attrs.evolve(case, quotas=times(case, factor).quotas), by=("rep",)).value
    for i in range(len(before)):
        assert not ((before[i] < before) & (after[i] > after)).any()
    power = answer(ATTAINMENT, attrs.evolve(case, quotas=times(case, 2**k).quotas), by=("rep",)).value
    assert np.argsort(before, kind="stable").tolist() == np.argsort(power, kind="stable").tolist()


@st.composite
def one_quota(draw: st.DrawFn) -> tuple[Quota, Periods]:
    """A quota and sub-periods that cover its days."""
    start, days = draw(st.integers(0, 300)), draw(st.integers(1, 400))
    period = Period(day(start), day(start + days))
    quota = Quota("Ana", period.start, period.end, draw(st.integers(0, 10**9)))
    return quota, split_period(period, Random(draw(SEEDS)), most=12)


@given(one_quota())
def test_d3_d4_sub_periods_add_up(drawn: tuple[Quota, Periods]) -> None:
    """D3, D4 == A quota over its sub-periods adds up to it, to the minor unit; over all its days it is itself."""
    quota, parts = drawn
    book = quota_book((quota,))
    split = sm.effective_quota(book, period=parts)
    whole = sm.effective_quota(book, period=Period(quota.start, quota.end))
    assert whole.value.tolist() == [float(quota.amount)]
    assert round(float(split.value.sum()) * 100) == round(float(quota.amount) * 100)
    assert int(split.n.sum()) == int(whole.n[0]) == (quota.end - quota.start).days
    exact = sum(int(np.asarray(sm.QuotaTally.from_book(book, period=p).amount_days).sum()) for p in parts)
    assert exact == round(float(quota.amount) * 100) * (quota.end - quota.start).days


def test_x4_the_mean_of_reps_is_not_the_team() -> None:
    """X4 The mean of the reps' attainment is not the team's: 50 of 100 and 300 of 200."""
    q = Period("2024-01-01", "2024-04-01")
    book = sm.read_deals({"rep": ["a", "b"], "amount": [50, 300], "outcome": ["won"] * 2, "closed": ["2024-02-01"] * 2})
    quotas = sm.read_quotas({"rep": ["a", "b"], "start": [q.start] * 2, "end": [q.end] * 2, "amount": [100, 200]})
    assert sm.attainment(book, quotas, period=q, by="rep").value.mean() == 1.0
    assert sm.attainment(book, quotas, period=q)["all"].value == 7 / 6
