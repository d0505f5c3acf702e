"""Laws F and G on drawn books: pipeline, coverage, velocity, durations."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics.calendars import Period
from salesmetrics.domain import Deal
from tests.laws.drawing import Case, cases, deal_book
from tests.laws.law import close
from tests.laws.scaling import times

OWED = cases(period="one", as_of="given", quotas=True)
OPEN = cases(period="one", as_of="given")
COMPLETE = cases(period="one", as_of="given", complete=True)
SEEDS = st.integers(0, 2**32 - 1)
POWERS = st.integers(1, 6)


def coverage(case: Case, **options: Any) -> Any:
    """Return the coverage of a case by rep."""
    ask = case.ask()
    given = {"basis": "full", "by": "rep", **options}
    return sm.pipeline_coverage(ask.deals, ask.quotas, period=ask.period, as_of=ask.as_of, **given)


def velocity(case: Case) -> Any:
    """Return the velocity of a case."""
    ask = case.ask()
    return sm.velocity(ask.deals, period=ask.period, as_of=ask.as_of)


@given(OWED, POWERS)
def test_f6_coverage_scales(case: Case, k: int) -> None:
    """F6 == Amounts times 2^k: coverage times 2^k; quota times 2^k: coverage divided by 2^k."""
    more = attrs.evolve(case, deals=times(case, 2**k).deals)
    harder = attrs.evolve(case, quotas=times(case, 2**k).quotas)
    base = coverage(case).value
    assert (base * 2**k).tobytes() == coverage(more).value.tobytes()
    assert (base / 2**k).tobytes() == coverage(harder).value.tobytes()


@given(OWED, SEEDS)
def test_f7_coverage_adds_up(case: Case, seed: int) -> None:
    """F7 ~ 4 ulp Coverage adds up over disjoint open deals, the target fixed."""
    chosen = [Random(seed + i).random() < 0.5 for i in range(len(case.deals))]
    parts = [
        coverage(attrs.evolve(case, by=(), deals=tuple(d for d, c in zip(case.deals, chosen, strict=True) if c is w)))
        for w in (True, False)
    ]
    whole = coverage(case)
    for label, value in zip(whole.labels, whole.value.tolist(), strict=True):
        found = [part[label].value for part in parts if label in list(part.labels)]
        assert close(sum(found), value, 4)


@given(OWED, st.sampled_from(["full", "remaining"]))
def test_f8_an_open_deal_never_lowers_coverage(case: Case, basis: str) -> None:
    """F8 <= Coverage never falls when an open deal of nonnegative amount is added."""
    assert isinstance(case.period, Period)
    assert case.as_of is not None
    due = max(case.as_of, case.period.start)
    more = Deal("x1", "Ana", 12, case.as_of, due, None, "Proposal", labels={"segment": "SMB", "product": "A"})
    other = attrs.evolve(case, deals=(*case.deals, more))
    before = coverage(case, basis=basis, by=None)["all"].value
    after = coverage(other, basis=basis, by=None)["all"].value
    assert after >= before or np.isnan(before)


def chances(case: Case, probability: float | None) -> Case:
    """Return the case with one probability for every open deal."""
    return attrs.evolve(
        case, deals=tuple(attrs.evolve(d, probability=probability) if d.is_open else d for d in case.deals)
    )


def weighted(case: Case) -> Any:
    """Return the weighted pipeline, by the deals' own probabilities."""
    ask = case.ask()
    return sm.weighted_pipeline(ask.deals, by="rep", as_of=ask.as_of, p="deal", missing_p="exclude")


@given(OPEN)
def test_f9_weighted_lies_below(case: Case) -> None:
    """F9 <= Weighted pipeline lies between 0 and the unweighted one; == it at p = 1, and 0 at p = 0."""
    ask = case.ask()
    table = weighted(case)
    assert (table.value >= 0).all()
    assert (table.value <= table.parts["open"]).all()
    open_now = attrs.evolve(case, deals=tuple(d for d in case.deals if d.is_open))
    sure, never = weighted(chances(open_now, 1.0)), weighted(chances(open_now, 0.0))
    assert sure.value.tobytes() == sure.parts["open"].tobytes()
    assert never.value.tolist() == [0.0] * len(never)
    assert sm.open_pipeline(ask.deals, by="rep", as_of=ask.as_of).value.tobytes() == table.parts["open"].tobytes()


@given(OPEN, SEEDS)
def test_f14_stages_add_up(case: Case, seed: int) -> None:
    """F14 == Stage totals add up to the open total."""
    ask = case.ask()
    stages = sm.open_pipeline(ask.deals, by="stage", as_of=ask.as_of).to_minor()
    assert int(stages.sum()) == int(sm.open_pipeline(ask.deals, as_of=ask.as_of).to_minor()[0])


@given(OPEN)
def test_f13_everything_created_is_somewhere(case: Case) -> None:
    """F13 == Open, won, lost and closed without a decision at a day is what was created by then."""
    dated = tuple(d for d in case.deals if d.created is not None)
    ask = attrs.evolve(case, deals=dated).ask()
    created = sm.pipeline_created(ask.deals, as_of=ask.as_of)["all"].parts["created_count"]
    tally = sm.OutcomeTally.from_book(ask.deals, as_of=ask.as_of, basis="created")
    opened = sm.PipelineTally.from_book(ask.deals, as_of=ask.as_of, weighted=False)
    assert int(tally.count.sum()) == created
    assert int(opened.count.sum()) == int(tally.count[..., 0].sum())


def test_f18_nothing_left_to_book() -> None:
    """F18 ! Coverage at zero remaining quota is NaN `target_met`, and so it is when the quota is already passed."""
    q = Period("2024-01-01", "2024-04-01")
    quotas = sm.read_quotas({"rep": ["Ana"], "start": [q.start], "end": [q.end], "amount": [100]})
    for booked in (100, 250):
        deals = sm.read_deals(
            {
                "rep": ["Ana", "Ana"],
                "amount": [booked, 40],
                "outcome": ["won", "open"],
                "closed": ["2024-01-10", None],
                "expected_close": [None, "2024-03-01"],
            },
            as_of="2024-02-01",
        )
        row = sm.pipeline_coverage(deals, quotas, basis="remaining", period=q)["all"]
        assert np.isnan(row.value)
        assert (row.reason, row.n, row.parts["met"], row.parts["open"]) == ("target_met", 1, 1, 40.0)


@pytest.mark.parametrize(("days", "reps", "cents"), [(9, 9, 1), (9, 9, 4), (10, 10, 7), (3, 3, 10)])
def test_f18_a_target_met_to_the_last_cent(days: int, reps: int, cents: int) -> None:
    """F18 ! A number met through prorated quotas is met: the rounding of the quota opens no gap (C15)."""
    names = [f"r{i}" for i in range(reps)]
    end = (np.datetime64("2024-01-01") + days).item()
    quotas = sm.read_quotas(
        {"rep": names, "start": ["2024-01-01"] * reps, "end": [end] * reps, "amount": [cents / 100] * reps}
    )
    first = Period("2024-01-01", "2024-01-02")
    for booked, wanted in ((reps * cents // days, "target_met"), (reps * cents // days - 1, "")):
        deals = sm.read_deals(
            {
                "rep": ["r0"],
                "amount": [booked / 100],
                "outcome": ["won"],
                "closed": ["2024-01-01"],
                "expected_close": [None],
            },
            as_of="2024-01-01",
        )
        row = sm.pipeline_coverage(deals, quotas, basis="remaining", period=first)["all"]
        assert (row.reason, row.parts["met"]) == (wanted, int(wanted == "target_met"))


@given(COMPLETE, POWERS)
def test_g1_velocity_scales(case: Case, k: int) -> None:
    """G1 == Velocity has degree 1 in amount and 1 in copies of the book, for factors 2^k."""
    base = velocity(case).value
    assert (base * 2**k).tobytes() == velocity(times(case, 2**k)).value.tobytes()
    copies = tuple(attrs.evolve(d, id=f"{d.id}-{i}") for d in case.deals for i in range(2**k))
    assert (base * 2**k).tobytes() == velocity(attrs.evolve(case, deals=copies)).value.tobytes()


@given(COMPLETE)
def test_g8_factors_multiply_back(case: Case) -> None:
    """G8 ~ 4 ulp The four factors returned beside velocity multiply back to it."""
    row = velocity(case)["all"]
    if row.reason:
        return
    parts = {name: Fraction(value) for name, value in row.parts.items()}
    product = parts["open_count"] * parts["win_rate"] * parts["mean_amount"] / parts["cycle_days"]
    assert close(row.value, float(product), 4)


def cycles(case: Case, **options: Any) -> Any:
    """Return the cycle length of all deals of a case."""
    return sm.cycle_length(case.ask().deals, outcome="closed", **options)


@given(COMPLETE)
def test_g2_g4_quantiles(case: Case) -> None:
    """G2, G4 <= The mean lies between the shortest and the longest; quantiles never fall as q rises."""
    levels = (0.0, 0.07, 0.25, 0.5, 0.9, 1.0)
    for method in ("nearest_rank", "linear"):
        values = [cycles(case, stat=q, quantile_method=method)["all"].value for q in levels]
        assert values == sorted(values) or all(np.isnan(values))
        mean = cycles(case)["all"].value
        assert np.isnan(mean) or values[0] <= mean <= values[-1]


@given(COMPLETE, SEEDS, st.sampled_from([0.07, 0.25, 0.5, 0.9]))
def test_g3_the_quantile_of_a_union(case: Case, seed: int, q: float) -> None:
    """G3 <= A nearest-rank quantile of a union lies between the parts'."""
    chosen = [Random(seed + i).random() < 0.5 for i in range(len(case.deals))]
    parts = [
        cycles(attrs.evolve(case, deals=tuple(d for d, c in zip(case.deals, chosen, strict=True) if c is w)), stat=q)
        for w in (True, False)
    ]
    ends = [part["all"].value for part in parts if part["all"].n]
    if ends:
        assert min(ends) <= cycles(case, stat=q)["all"].value <= max(ends)


@given(COMPLETE, st.integers(1, 100), st.sampled_from([0.07, 0.5, 0.9]))
def test_g5_longer_by_some_days(case: Case, days: int, q: float) -> None:
    """G5 == Some days added to every duration add them to quantiles, and to the mean to 4 ulp."""
    longer = attrs.evolve(
        case,
        deals=tuple(d if d.closed is None else attrs.evolve(d, closed=d.closed + timedelta(days)) for d in case.deals),
    )
    assert (cycles(case, stat=q).value + days).tobytes() == cycles(longer, stat=q).value.tobytes()
    assert close(cycles(case)["all"].value + days, cycles(longer)["all"].value, 4)


@given(COMPLETE)
def test_g6_open_deals_move_the_curve_only(case: Case) -> None:
    """G6 == An open deal added leaves closed-only statistics alone, and does move the Kaplan-Meier one."""
    assert case.as_of is not None
    more = Deal("x1", "Ana", 1, case.as_of - timedelta(500), None, None, "Proposal", labels={"product": "A"})
    other = attrs.evolve(case, deals=(*case.deals, more))
    assert cycles(case).equals(cycles(other))
    ask, bigger = case.ask(), other.ask()
    before, after = (sm.cycle_curve(x.deals, as_of=x.as_of).at(400)["all"] for x in (ask, bigger))
    assert after.n == before.n + 1
    assert after.value >= before.value or np.isnan(before.value)


@given(COMPLETE)
def test_g7_swapped_dates_raise(case: Case) -> None:
    """G7 ! Swapping create and close dates of all deals raises; a negative duration never passes in silence."""
    rows = [d for d in case.deals if d.closed is not None and d.created is not None and d.closed > d.created]
    if not rows:
        return
    source = {
        "created": [d.closed for d in rows],
        "closed": [d.created for d in rows],
        "outcome": [d.outcome for d in rows],
    }
    with pytest.raises(sm.InvalidDataError, match="closed"):
        deal_book(source, staged=False)
