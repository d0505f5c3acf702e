"""Laws A20 and B: an answer by parts is the answer."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.calendars import Period
from salesmetrics.tally import Tally
from tests.laws.drawing import Ask, Case, deal_book
from tests.laws.law import cut_in, law, masked, same
from tests.laws.registry import Entry, Variant

Tallies = tuple[Tally, ...]


def merged(left: Tallies, right: Tallies) -> Tallies:
    """Return the tallies of both."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def equal(left: Tallies, right: Tallies) -> bool:
    """Tell whether all tallies are the same, bit for bit."""
    return all(a.equals(b) for a, b in zip(left, right, strict=True))


def pieces(case: Case, rng: Random, most: int = 64) -> list[Ask]:
    """Return the question in parts that share their labels, deals and quotas anywhere; some parts are empty."""
    ask, parts = case.ask(), rng.randint(2, most)
    owner = np.array([rng.randrange(parts) for _ in case.deals], dtype=np.int64)
    home: dict[Any, int] = {}
    at = np.array([home.setdefault(q.rep, rng.randrange(parts)) for q in case.quotas], dtype=np.int64)
    return [
        ask.but(deals=ask.deals.filter(owner == part), quotas=ask.quotas.filter(at == part)) for part in range(parts)
    ]


def tree(parts: Sequence[Tallies], rng: Random) -> Tallies:
    """Merge parts in an order and over a tree that are drawn."""
    left = list(parts)
    rng.shuffle(left)
    while len(left) > 1:
        at = rng.randrange(len(left) - 1)
        left[at : at + 2] = [merged(left[at], left[at + 1])]
    return left[0]


@law("B6")
def reading(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Reading the tally of a book is the answer for the book."""
    ask = case.ask()
    same(entry.answer(ask, variant), entry.read(entry.tallies(ask, variant), variant))


@law("B1")
def together(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The tally of two books together is the tally of one and of the other, merged."""
    parts = cut_in(case, rng, 2)
    whole = entry.tallies(case.ask(), variant)
    added = [entry.tallies(part.ask(), variant) for part in parts]
    assert equal(whole, added[0] if len(added) == 1 else merged(*added))


@law("B2")
def commutative(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Merge is commutative."""
    left, right = (
        entry.tallies(part.ask(), variant) for part in (*cut_in(case, rng, 2), attrs.evolve(case, deals=()))[:2]
    )
    assert equal(merged(left, right), merged(right, left))


@law("B3")
def associative(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Merge is associative, over any tree."""
    parts = [entry.tallies(part.ask(), variant) for part in cut_in(case, rng, 6)]
    assert equal(tree(parts, rng), tree(parts, rng))


@law("B4")
def identity(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The tally of no rows is the identity."""
    whole = entry.tallies(case.ask(), variant)
    nothing = entry.tallies(attrs.evolve(case, deals=(), quotas=()).ask(), variant)
    assert equal(whole, merged(whole, nothing))
    assert equal(whole, merged(nothing, whole))
    same(entry.read(whole, variant), entry.read(merged(nothing, whole), variant))


@law("B5")
def any_cut(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Any partition into 1 to 64 parts, in any order over any tree, gives the same final bits."""
    asks = pieces(case, rng) if rng.random() < 0.2 else [part.ask() for part in cut_in(case, rng, 6)]
    parts = [entry.tallies(ask, variant) for ask in asks]
    added = tree(parts, rng)
    assert equal(added, entry.tallies(case.ask(), variant))
    same(entry.read(added, variant), entry.answer(case, variant))


@law("B7")
def kept(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """A tally that is pickled and read back is the same, and is read the same."""
    whole = entry.tallies(case.ask(), variant)
    again = pickle.loads(pickle.dumps(whole))
    assert equal(whole, again)
    same(entry.read(whole, variant), entry.read(again, variant))
    assert equal(merged(whole, whole), merged(again, whole))


@law("B8")
def operands(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Merge changes neither operand."""
    left = entry.tallies(case.ask(), variant)
    right = entry.tallies(attrs.evolve(case, deals=case.deals[: len(case.deals) // 2]).ask(), variant)
    before = pickle.loads(pickle.dumps((left, right)))
    merged(left, right)
    assert equal(left, before[0])
    assert equal(right, before[1])


def others(case: Case) -> list[tuple[str, Ask]]:
    """Return the question with one thing of the schema changed, and the name of what differs."""
    ask = case.ask()
    by = ("rep",) if case.by != ("rep",) else ()
    found = [("by", ask.but(by=by)), ("window", ask.but(period=Period("2020-01-01", "2020-02-01")))]
    if case.as_of is not None:
        found.append(("as_of_day", ask.but(as_of=case.as_of + timedelta(4000))))
    coarse = tuple(attrs.evolve(d, amount=None if d.amount is None else int(d.amount)) for d in case.deals)
    found.append(("scale", ask.but(deals=deal_book(coarse, case.staged, scale=4))))
    found.append(("currency", ask.but(deals=deal_book(case.deals, case.staged, currency="USD"))))
    return found


@law("B9")
def refusal(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Tallies that differ in by, period, day, scale or currency refuse to merge, and the error says which."""
    mine = entry.tallies(case.ask(), variant)
    for field, ask in others(case):
        if field == "window" and entry.name == "velocity_change":
            continue
        for left, right in zip(mine, entry.tallies(ask, variant), strict=True):
            if field not in left.schema() or left.schema()[field] == right.schema()[field]:
                continue
            with pytest.raises(sm.MergeError) as refused:
                left + right
            assert refused.value.code == "SM-TLY-02"
            differing = {name for name, value in left.schema().items() if value != right.schema()[name]}
            assert refused.value.field in differing
            assert str(refused.value.field) in str(refused.value)


@law("B10", lambda entry: "deals" in entry.needs)
def other_codes(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """Parts that know different labels, or the same labels under different codes, merge by label."""
    keep = masked(case, rng)
    ask = case.ask()
    known = ask.but(deals=ask.deals.filter(keep))
    own = attrs.evolve(case, deals=tuple(d for d, k in zip(case.deals, keep, strict=True) if not k), quotas=()).ask()
    assert equal(merged(entry.tallies(known, variant), entry.tallies(own, variant)), entry.tallies(ask, variant))


@law("A20", lambda entry: "deals" in entry.needs)
def three_valued_cut(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """The answer is read from the rows where a predicate is true, those where it is false and those where it is unknown."""
    ask = case.ask()
    truth = np.array([rng.choice((0, 1, 2)) for _ in case.deals], dtype=np.int64)
    nobody = attrs.evolve(case, quotas=()).ask().quotas
    parts = [
        entry.tallies(ask.but(where=truth == value, quotas=ask.quotas if value == 1 else nobody), variant)
        for value in (1, 0, 2)
    ]
    same(entry.read(merged(merged(parts[0], parts[1]), parts[2]), variant), entry.answer(ask, variant))


def brim(tally: Tally) -> Tally:
    """Return the tally with every whole number at the edge of int64."""
    most: dict[str, Any] = {}
    for field in attrs.fields(type(tally)):
        values = getattr(tally, field.name)
        if isinstance(values, np.ndarray) and field.metadata.get("adds") in ("int", "total"):
            most[field.name] = np.full(values.shape, 2**63 - 1)
        elif hasattr(values, "count") and hasattr(values, "row"):
            most[field.name] = attrs.evolve(values, count=np.full(values.count.shape, 2**63 - 1))
        elif field.name == "dense" and isinstance(values, np.ndarray):
            most[field.name] = np.where(values > 0, 2**63 - 1, 0)
    return attrs.evolve(tally, **most)


def least(tally: Tally) -> int:
    """Return the least number of a tally's tables."""
    numbers = [0]
    for field in attrs.fields(type(tally)):
        values = getattr(tally, field.name)
        values = values.count if hasattr(values, "count") and hasattr(values, "row") else values
        if isinstance(values, np.ndarray) and field.metadata.get("adds") != "limbs":
            numbers.append(int(values.min(initial=0)))
    return min(numbers)


@law("B13")
def edge_of_int64(entry: Entry, variant: Variant, case: Case, rng: Random) -> None:
    """At the edge of int64 a tally widens or raises; it never wraps."""
    for tally in entry.tallies(case.ask(), variant):
        full = brim(tally)
        try:
            total = full + full
        except sm.SalesMetricsError:
            continue
        assert least(total) >= 0
