"""Laws C3, C4, C7, C9, E2, G6: what becomes of an answer when money is multiplied, deals are added, periods are cut."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import attrs

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal
from salesmetrics.results import MetricTable
from tests.laws.drawing import Case
from tests.laws.law import close, has, hexed, law, same, split_period
from tests.laws.registry import Entry, Variant


def times(case: Case, factor: int | Decimal) -> Case:
    """Return the case with all amounts and quotas multiplied."""
    factor = Decimal(factor)
    deals = tuple(
        d if d.amount is None else attrs.evolve(d, amount=Decimal(str(d.amount)) * factor) for d in case.deals
    )
    quotas = tuple(attrs.evolve(q, amount=Decimal(str(q.amount)) * factor) for q in case.quotas)
    return attrs.evolve(case, deals=deals, quotas=quotas)


def numbers(table: MetricTable) -> list[Any]:
    """Return value and interval of every row."""
    ends = [] if table.low is None or table.high is None else [table.low.tolist(), table.high.tolist()]
    return [table.value.tolist(), *ends]


def multiplied(one: MetricTable, other: MetricTable, factor: float, ulps: int) -> None:
    """Assert that the other answer is the first times a factor."""
    assert list(one.labels) == list(other.labels)
    assert one.n.tolist() == other.n.tolist()
    assert one.reason.tolist() == other.reason.tolist()
    for mine, theirs in zip(numbers(one), numbers(other), strict=True):
        largest = max((abs(x) * factor for x in mine if x == x and abs(x) != float("inf")), default=0.0)
        size = largest if ulps else 0.0
        for a, b in zip(mine, theirs, strict=True):
            assert a * factor == b or close(a * factor, b, ulps, size), (
                f"{hexed(one)}\ntimes {factor} is not\n{hexed(other)}"
            )


@law("C3", lambda entry: entry.money_degree == 1)
def money_times_a_power_of_two(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """All amounts times 2^k: the answer times 2^k, to the last bit."""
    factor = 2 ** rng.randint(1, 6)
    multiplied(entry.answer(case, variant), entry.answer(times(case, factor), variant), factor, 0)


@law("C3", lambda entry: entry.additive)
def sums_times_a_whole_number(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """All amounts times a whole number c: sums times c, exactly."""
    factor = rng.randint(2, 50)
    one, other = entry.answer(case, variant), entry.answer(times(case, factor), variant)
    assert (one.to_minor() * factor).tolist() == other.to_minor().tolist()


@law("C4", lambda entry: entry.money_degree == 0)
def fractions_stay(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Amounts and quotas times the same factor leave a number that is no money as it is."""
    one = entry.answer(case, variant)
    multiplied(one, entry.answer(times(case, 2 ** rng.randint(1, 6)), variant), 1, 0)
    if entry.name != "pipeline_coverage":
        other = entry.answer(times(case, rng.choice((3, 5, 7))), variant)
        multiplied(one, other, 1, len(case.deals) + len(case.quotas) + 4 if entry.quotas else 64)


COHORTS = ("created", "open_at")


def closed_only(entry: Entry, variant: Variant) -> bool:
    """Tell whether this way of asking reads closed deals only."""
    cohort = variant.options.get("basis") in COHORTS and entry.name in ("win_rate", "required_coverage")
    return not entry.reads_open_deals and not cohort and variant.options.get("of") not in ("open", "all")


@law("C7", lambda entry: has(entry, "deals") and not entry.reads_open_deals)
def an_open_deal_more(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """An open deal added leaves what reads closed deals alone."""
    if not closed_only(entry, variant):
        return
    day = case.as_of or Period("2024-02-01", "2024-02-02").start
    more = Deal("x1", "Ana", 12, day, day, None, "Proposal", probability=0.5, labels={"segment": "SMB", "product": "A"})
    other = attrs.evolve(case, deals=(*case.deals, more))
    same(entry.answer(case, variant), entry.answer(other, variant))


@law("C7", lambda entry: entry.name in ("credited_bookings", "attainment", "attainment_gap"))
def a_lost_deal_more(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A lost deal added leaves bookings and attainment alone."""
    day = Period("2024-02-01", "2024-02-02").start
    more = Deal("x1", "Ana", 12, day, day, day, "Closed Lost", "lost", labels={"segment": "SMB", "product": "A"})
    other = attrs.evolve(case, deals=(*case.deals, more))
    same(entry.answer(case, variant), entry.answer(other, variant))


@law("G6", lambda entry: entry.name in ("open_pipeline", "cycle_curve", "velocity"))
def an_open_deal_counts(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """An open deal added is counted by what reads open deals."""
    if variant.options.get("overdue") == "only" or variant.options.get("undated") == "only":
        return
    period = case.period if isinstance(case.period, Period) else Period("2024-01-01", "2024-07-01")
    day = period.start
    case = attrs.evolve(case, by=(), period=period, as_of=day)
    more = Deal("x1", "Ana", 12, day, day, None, "Proposal", probability=0.5, labels={"segment": "SMB", "product": "A"})
    other = attrs.evolve(case, deals=(*case.deals, more))
    assert (entry.answer(case, variant).n + 1).tolist() == entry.answer(other, variant).n.tolist()


@law("C9", lambda entry: entry.additive)
def periods_add_up(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Parts of a period add up to the period."""
    if variant.period == "one":
        return
    period = case.period if isinstance(case.period, Period) else Period("2024-01-01", "2024-07-01")
    whole = entry.answer(attrs.evolve(case, period=period, by=()), variant)
    parts = entry.answer(attrs.evolve(case, period=split_period(period, rng), by=()), variant)
    assert int(parts.to_minor().sum()) == int(whole.to_minor()[0])
    assert int(parts.n.sum()) == int(whole.n[0])
