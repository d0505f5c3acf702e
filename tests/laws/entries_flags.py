"""Entries of what is asked of open deals one by one: flags, risk, concentration."""

from __future__ import annotations

from typing import Any

import salesmetrics as sm
from tests.laws import doors_flags as doors
from tests.laws import references_flags as references
from tests.laws.entry import ALL, DEALS, INF, Entry, several

HELD = "owners are those of the day, not of the book, and ages are learned from all groups: tests/unit/test_flags.py"
LEARNED = "ages are learned from every deal there is, closed ones too: tests/unit/test_flags.py"
EVERY = (
    *("overdue", "undated", "unpriced", "ownerless", "stale", "over_age", "pushed", "regressed"),
    "concentrated",
)


def of_flags(name: str, **more: Any) -> Entry:
    """Return the entry of a metric of flags."""
    return Entry(
        **{
            "name": name,
            "call": doors.flagged(name),
            "tally": doors.flags(name),
            "from_tally": doors.read_flags(name),
            "reference": getattr(references, name),
            "oracle": "worked example",
            "needs": frozenset({"deals", "moves"}),
            "additive": False,
            "money_degree": 0,
            "time_degree": 0,
            "takes": frozenset({"by", "where", "as_of"}),
            "reads_open_deals": True,
            "credits": True,
            "exempt": {"A13": HELD, "A17": HELD, "A18": LEARNED},
            **more,
        }
    )


FLAGGED: tuple[Entry, ...] = (
    of_flags(
        "hygiene_share",
        variants=several(
            {},
            {"flags": EVERY, "negative": "exclude"},
            {"flags": ("regressed", "stale"), "rules": sm.FlagRules(days=60, since="progress")},
            as_of="given",
        ),
        unit="fraction",
        bounds=(0.0, 1.0),
        undefined_when="nothing is open",
    ),
    of_flags(
        "at_risk",
        variants=several(
            {"negative": "exclude"},
            {
                "negative": "exclude",
                "flags": EVERY,
                "rules": sm.FlagRules(days=90, q=0.5, min_n=2, count=1, share=0.4, since="progress"),
            },
            {
                "negative": "exclude",
                "flags": ("over_age", "concentrated"),
                "rules": sm.FlagRules(method="cycle_multiple", share=0.05),
            },
            as_of="given",
        ),
        unit="count",
        bounds=(0.0, INF),
        undefined_when="never: nothing open is 0 with n = 0",
    ),
    Entry(
        name="concentration",
        call=doors.concentration,
        tally=doors.open_sizes,
        from_tally=doors.read_concentration,
        reference=references.concentration,
        oracle="worked example",
        variants=several({}, {"top": 2, "negative": "exclude"}, {"top": 0.3, "negative": "exclude"}, as_of="given"),
        needs=DEALS,
        unit="fraction",
        additive=False,
        money_degree=0,
        time_degree=0,
        bounds=(0.0, 1.0),
        takes=ALL,
        reads_open_deals=True,
        credits=False,
        undefined_when="no open deal has an amount, or none above 0",
        exempt={},
    ),
)
