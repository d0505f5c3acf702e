"""Every public metric through every law that applies to it: fixed books first, then drawn ones."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import containers, every, merging, scaling  # noqa: F401
from tests.laws.drawing import EXAMPLES, Case, cases
from tests.laws.fixed import BOOKS, fitted
from tests.laws.law import LAWS, Law
from tests.laws.registry import ENTRIES, Entry, Variant

PAIRS = [
    pytest.param(law, entry, id=f"{law.id}-{law.check.__name__}-{entry.name}")
    for law in LAWS
    for entry in ENTRIES
    if law.holds_for(entry)
]


def told(law: Law, entry: Entry, variant: Variant, case: Case, seed: int) -> None:
    """Check a law, and say which one it was where it is broken."""
    try:
        law.check(entry, variant, case, Random(seed))
    except AssertionError as error:
        raise AssertionError(f"{law.id} of {entry.name} {variant}: {law.sentence}\n{error}\n{case!r}") from error


@pytest.mark.parametrize(("law", "entry"), PAIRS)
def test_law_on_fixed_books(law: Law, entry: Entry) -> None:
    """The law holds on the books one thinks of first, for every way of asking."""
    for at, case in enumerate(BOOKS.values()):
        variant = entry.variants[at % len(entry.variants)]
        told(law, entry, variant, fitted(case, variant), at)


@pytest.mark.parametrize(("law", "entry"), PAIRS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_law_on_drawn_books(law: Law, entry: Entry, data: st.DataObject) -> None:
    """The law holds on books that nobody thought of."""
    variant = data.draw(st.sampled_from(entry.variants))
    signed = entry.credits or variant.options.get("negative") == "exclude"
    case = data.draw(cases(period=variant.period, as_of=variant.as_of, quotas=entry.quotas, signed=signed))
    told(law, entry, variant, case, data.draw(st.integers(0, 2**32 - 1)))
