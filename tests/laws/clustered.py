"""Law A6 of the sorted copy: no metric can tell a clustered book from the same book without one."""

from __future__ import annotations

from random import Random

import attrs

from salesmetrics.calendars import Period, Periods
from tests.laws.containers import reads_deals
from tests.laws.drawing import Case
from tests.laws.law import law, masked, same, split_period
from tests.laws.registry import Entry, Variant


@law("A6", reads_deals)
def clustered(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A clustered book gives the same answer, asked twice."""
    ask = case.ask()
    deals = ask.deals.clustered()
    expected = entry.answer(ask, variant)
    same(expected, entry.answer(ask.but(deals=deals), variant))
    same(expected, entry.answer(ask.but(deals=deals), variant))


@law("A6", reads_deals)
def clustered_and_filtered(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A clustered book gives the same answer under a mask in the order of its rows, and of what is left of it."""
    ask, mask = case.ask(), masked(case, rng)
    deals = ask.deals.clustered()
    expected = entry.answer(ask.but(where=mask), variant)
    same(expected, entry.answer(ask.but(where=mask, deals=deals), variant))
    same(expected, entry.answer(ask.but(deals=deals.filter(mask)), variant))
    same(expected, entry.answer(ask.but(deals=deals.filter(mask).clustered()), variant))


@law("A6", lambda entry: reads_deals(entry) and not entry.quotas)
def clustered_by_mapping(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A clustered book gives the same answer for some labels."""
    ask = case.ask().but(where={"product": sorted({str(dict(d.labels or ())["product"]) for d in case.deals})[:1]})
    same(entry.answer(ask, variant), entry.answer(ask.but(deals=ask.deals.clustered()), variant))


@law("A6", reads_deals)
def clustered_by_periods(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A clustered book gives the same answer for several periods, with gaps between them, and for one after the other."""
    if variant.period == "one":
        return
    parts = split_period(case.period if isinstance(case.period, Period) else Period("2024-01-01", "2024-07-01"), rng)
    some = Periods([part for part in parts if rng.random() < 0.7] or [parts[0]])
    ask = attrs.evolve(case, period=some).ask()
    deals = ask.deals.clustered()
    same(entry.answer(ask, variant), entry.answer(ask.but(deals=deals), variant))
    for period in some:
        one = ask.but(period=period)
        same(entry.answer(one, variant), entry.answer(one.but(deals=deals), variant))
