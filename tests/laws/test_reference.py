"""Every metric and every variant of it against the slow module, on drawn books."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.compare import check
from tests.laws.drawing import EXAMPLES, cases
from tests.laws.registry import ENTRIES, Entry, Variant

PAIRS = [pytest.param(e, v, id=f"{e.name}-{v.id}") for e in ENTRIES if "reference" not in e.exempt for v in e.variants]


@pytest.mark.parametrize(("entry", "variant"), PAIRS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_the_fast_answer_is_the_slow_one(entry: Entry, variant: Variant, data: st.DataObject) -> None:
    """Rows, values, n, reasons, parts, intervals and counts of what was left out are the slow module's."""
    signed = entry.credits or variant.options.get("negative") == "exclude"
    asked: dict[str, Any] = {
        "period": variant.period,
        "as_of": variant.as_of,
        "quotas": entry.quotas,
        "moves": entry.moves,
    }
    case = data.draw(cases(max_size=40, signed=signed, **asked))
    check(entry, variant, case, entry.answer(case, variant), entry.reference(case, **variant.options))
