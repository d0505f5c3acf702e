"""Law B5 of scans: a question of deals in parts is answered as of all deals at once, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
import numpy as np

import salesmetrics as sm
from salesmetrics.books import DealBook
from tests.laws.containers import reads_deals
from tests.laws.drawing import Ask, Case
from tests.laws.law import cut_in, law, same
from tests.laws.registry import Entry, Variant


def scanned(ask: Ask, books: Sequence[DealBook]) -> Ask:
    """Return the question of a scan of some books."""
    scan: Any = sm.scan(books)
    return ask.but(deals=scan, whole=ask.deals)


def own_parts(case: Case, rng: Random) -> list[DealBook]:
    """Return the deals in books that were read one by one: each knows only its own labels, and some have no rows."""
    return [attrs.evolve(part, quotas=()).ask().deals for part in cut_in(case, rng, 6)]


def cut_parts(case: Case, rng: Random) -> list[DealBook]:
    """Return the deals in books that were cut from one, whose labels each of them knows."""
    deals, parts = case.ask().deals, rng.randint(1, 6)
    owner = np.array([rng.randrange(parts) for _ in case.deals], dtype=np.int64)
    return [deals.filter(owner == part) for part in range(parts)]


@law("B5", reads_deals)
def of_parts(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A scan of any parts gives the answer of the book."""
    ask = case.ask()
    expected = entry.answer(ask, variant)
    same(expected, entry.answer(scanned(ask, own_parts(case, rng)), variant))
    same(expected, entry.answer(scanned(ask, cut_parts(case, rng)), variant))


@law("B5", lambda entry: reads_deals(entry) and "where" in entry.takes and "tenures" not in entry.needs)
def of_parts_by_mapping(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A scan of any parts gives the answer of the book for some labels, which need not be in every part."""
    ask = case.ask().but(where={"product": sorted({str(dict(d.labels or ())["product"]) for d in case.deals})[:1]})
    same(entry.answer(ask, variant), entry.answer(scanned(ask, own_parts(case, rng)), variant))


@law("B5", reads_deals)
def measured(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Measured beside itself and others, of a scan or of a book, an answer is what it is by itself."""
    ask = case.ask()
    expected = entry.answer(ask, variant)
    scan: Any = sm.scan(own_parts(case, rng))
    for deals, whole in ((scan, ask.deals), (ask.deals, None)):

        def question(given: Any, whole: Any = whole) -> Any:
            return entry.answer(ask.but(deals=given, whole=whole), variant)

        found = sm.measure(
            deals, {"once": question, "beside": lambda d: sm.win_rate(d, by="segment"), "again": question}
        )
        same(expected, found["once"])
        same(expected, found["again"])
