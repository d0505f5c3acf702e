"""Every public metric through every law that applies to it: fixed books first, then drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import clustered, containers, every, merging, scaling, scanned  # noqa: F401
from tests.laws.drawing import EXAMPLES, Case, cases
from tests.laws.fixed import BOOKS, fitted
from tests.laws.fixed_people import crowded, half_years
from tests.laws.law import LAWS, Law
from tests.laws.registry import ENTRIES, OF_DEALS, OF_PEOPLE, Entry, Variant


def pairs(entries: Sequence[Entry]) -> list[Any]:
    """Return every law with every metric that it applies to."""
    return [
        pytest.param(law, entry, id=f"{law.id}-{law.check.__name__}-{entry.name}")
        for law in LAWS
        for entry in entries
        if law.holds_for(entry)
    ]


def told(law: Law, entry: Entry, variant: Variant, case: Case, seed: int) -> None:
    """Check a law, and say which one it was where it is broken."""
    try:
        law.check(entry, variant, case, Random(seed))
    except AssertionError as error:
        raise AssertionError(f"{law.id} of {entry.name} {variant}: {law.sentence}\n{error}\n{case!r}") from error


@pytest.mark.parametrize(("law", "entry"), pairs(ENTRIES))
def test_law_on_fixed_books(law: Law, entry: Entry) -> None:
    """The law holds on the books one thinks of first, for every way of asking."""
    for at, case in enumerate(BOOKS.values()):
        variant = entry.variants[at % len(entry.variants)]
        told(law, entry, variant, fitted(case, variant), at)


@pytest.mark.parametrize(("law", "entry"), pairs(OF_PEOPLE))
def test_law_on_half_a_year(law: Law, entry: Entry) -> None:
    """The law holds on half a year of six people, by rep and month and pooled."""
    for at in range(max(2, len(entry.variants))):
        variant = entry.variants[at % len(entry.variants)]
        told(law, entry, variant, half_years(variant)[at % 2], at)


def on_drawn(law: Law, entries: Sequence[Entry], examples: int) -> Callable[..., None]:
    """Return the test of a law on books that nobody thought of.

    A law has a test of its own: Hypothesis nests the settings of a test anew for each of its parameters, too deep for all
    laws and metrics in one.
    """

    @pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in entries if law.holds_for(entry)])
    @settings(max_examples=examples)
    @given(data=st.data())
    def test(entry: Entry, data: st.DataObject) -> None:
        drawn(law, entry, data)

    test.__doc__ = law.sentence
    return test


for each in LAWS:
    # fewer people are drawn, since reps and calls are made of every book
    for what, entries, examples in (("books", OF_DEALS, EXAMPLES), ("people", OF_PEOPLE, max(1, EXAMPLES // 6))):
        if any(each.holds_for(entry) for entry in entries):
            name = f"test_{each.id.lower()}_{each.check.__name__}_on_drawn_{what}"
            globals()[name] = on_drawn(each, entries, examples)


def drawn(law: Law, entry: Entry, data: st.DataObject) -> None:
    """Check a law on a book that is drawn."""
    variant = data.draw(st.sampled_from(entry.variants))
    signed = entry.credits or variant.options.get("negative") == "exclude"
    asked: dict[str, Any] = {
        "period": variant.period,
        "as_of": variant.as_of,
        "quotas": entry.quotas,
        "moves": entry.moves,
    }
    case = data.draw(cases(signed=signed, **asked))
    if entry in OF_PEOPLE and data.draw(st.booleans()):
        case = crowded(case, months=data.draw(st.booleans()))
    if "tenures" in entry.needs:
        case = attrs.evolve(case, by=tuple(name for name in case.by if name in ("rep", "team")))
    told(law, entry, variant, case, data.draw(st.integers(0, 2**32 - 1)))
