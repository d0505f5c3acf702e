"""Half a year of people who sell: months enough for streaks, ramps, curves and forecasts to have something to say."""

from __future__ import annotations

from datetime import date

import attrs

from salesmetrics.domain import Quota
from tests.laws.doors_people import SPANS
from tests.laws.drawing import REPS, Case
from tests.laws.entry import Variant
from tests.laws.fixed import PEOPLE, deal

LATE = date(2024, 7, 15)
SOLD = tuple(
    attrs.evolve(deal(number, outcome), id=f"h{number}", amount=100 * (number % 7) + 0.25)
    for number, outcome in enumerate(["won", "won", "lost", "won", "open"] * 9)
)
OWED = tuple(Quota(rep, span.start, span.end, 150 * at) for at, rep in enumerate(REPS[:4]) for span in SPANS)


def half_years(variant: Variant) -> list[Case]:
    """Return the half year as a variant can ask it: by rep and month, and pooled."""
    pooled = SPANS if variant.period == "given" else None
    return [Case(SOLD, OWED, PEOPLE, ("rep",), SPANS, LATE), Case(SOLD, OWED, PEOPLE, (), pooled, LATE)]


def crowded(case: Case, months: bool) -> Case:
    """Return a case with the deals of the half year beside its own, and its months where they are wanted."""
    more = attrs.evolve(case, deals=(*case.deals, *SOLD))
    return attrs.evolve(more, period=SPANS, quotas=OWED, as_of=LATE) if months else more
