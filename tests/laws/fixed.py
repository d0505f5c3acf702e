"""The books one thinks of first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs

from salesmetrics.calendars import Period, Periods
from salesmetrics.domain import Deal, Quota, Rep
from tests.laws.drawing import REPS, Case, deal_of, quotas_of, reps_of
from tests.laws.registry import Variant

QUARTER = Period("2024-01-01", "2024-04-01")
MONTHS = Periods(
    [Period("2024-01-01", "2024-02-01"), Period("2024-02-01", "2024-03-01"), Period("2024-03-01", "2024-04-01")]
)
DAY = date(2024, 3, 15)
ENDS = {"won": "Closed Won", "lost": "Closed Lost", "no_decision": "No Decision", "open": "Proposal"}


def deal(number: int, outcome: str, **fields: Any) -> Deal:
    """One deal of the first quarter."""
    created = date(2023, 12, 20) + timedelta(3 * number)
    given: dict[str, Any] = {
        "rep": REPS[number % 3],
        "amount": 100 * number + 0.25,
        "created": created,
        "expected_close": created + timedelta(60),
        "closed": None if outcome == "open" else created + timedelta(14 + 5 * number % 40),
        "stage": ENDS[outcome],
        "probability": 0.25 if outcome == "open" else None,
        "forecast_category": "commit",
        "labels": {"segment": ("SMB", "smb", None)[number % 3], "product": "AB"[number % 2]},
    }
    return Deal(f"d{number}", outcome=outcome, **{**given, **fields})


def book(*outcomes: str) -> tuple[Deal, ...]:
    """Deals that ended so."""
    return tuple(deal(number, outcome) for number, outcome in enumerate(outcomes))


PEOPLE = tuple(Rep(rep, team="East" if at % 2 else "<b>") for at, rep in enumerate(REPS))
OWED = (
    *(Quota(rep, QUARTER.start, QUARTER.end, 1000 * at) for at, rep in enumerate(REPS[:4])),
    Quota(REPS[1], QUARTER.start, QUARTER.end, 500, effective_from=date(2024, 2, 1)),
)
LOOK_ALIKES = tuple(
    attrs.evolve(deal_of(i, bytes([i, i, 3 + i, i, 0, 10 * i, i % 10, 0, 30 + i, i, i, i])), id=f"d{i}")
    for i in range(24)
)
BOOKS: dict[str, Case] = {
    "empty": Case((), (), PEOPLE, ("rep",), QUARTER, DAY),
    "one row": Case(book("won"), OWED[:1], PEOPLE, ("rep",), QUARTER, DAY),
    "all open": Case(book(*["open"] * 8), OWED, PEOPLE, ("rep",), QUARTER, DAY),
    "all won": Case(book(*["won"] * 8), OWED, PEOPLE, (), MONTHS, DAY),
    "all lost": Case(book(*["lost"] * 8), OWED, PEOPLE, ("rep",), MONTHS, DAY),
    "typical": Case(book(*["won", "lost", "open", "no_decision"] * 12), OWED, PEOPLE, ("rep",), MONTHS, DAY),
    "look-alikes": Case(
        LOOK_ALIKES, quotas_of([bytes([i] * 8) for i in range(6)]), reps_of(bytes(6)), (), QUARTER, DAY
    ),
}


def fitted(case: Case, variant: Variant) -> Case:
    """Return the case as a variant can ask it."""
    return attrs.evolve(case, period=QUARTER) if variant.period == "one" else case
