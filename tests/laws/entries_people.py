"""Entries of pace, teams, spread and ramp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salesmetrics as sm
from tests.laws import doors_people as doors
from tests.laws.entry import ALL, BOTH, DEALS, INF, Entry, Variant, several

COMPARED = "drawn companies with splits, owners and ramps are compared in tests/laws/test_people_attainment.py"
RAMPED = "drawn companies with tenures of every kind are compared in tests/laws/test_people_ramp.py"
NO_TALLY = "it is asked of books only: no tally holds what it reads"
TALLIES = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B13")
EVERY_REP = "every rep of the book is in the answer, with or without deals, so an empty book of deals has rows"
OF_REPS = "`where` picks reps, who are neither deals nor quotas: tests/unit/test_ramping.py has it"


def compared(reason: str = COMPARED, **more: str) -> dict[str, str]:
    """Return the exemptions of a metric whose slow copy is asked elsewhere."""
    return {"reference": reason, **more}


def nowhere(*args: Any, **options: Any) -> Any:
    """Stand where a door or a slow copy is not asked, which the exemptions say."""
    raise AssertionError("an exempt door was asked")


def person(
    name: str,
    call: Callable[..., Any],
    tally: Callable[..., Any],
    variants: tuple[Variant, ...],
    undefined_when: str,
    exempt: dict[str, str],
    **more: Any,
) -> Entry:
    """Return the entry of a fraction of deals and quotas that reads closed deals; ``more`` is what is otherwise."""
    return Entry(
        **{
            "name": name,
            "call": call,
            "tally": tally,
            "from_tally": doors.read(getattr(sm, name)),
            "reference": nowhere,
            "oracle": "worked example",
            "variants": variants,
            "needs": BOTH,
            "unit": "fraction",
            "additive": False,
            "money_degree": 0,
            "time_degree": 0,
            "bounds": (-INF, INF),
            "takes": ALL,
            "reads_open_deals": False,
            "credits": True,
            "undefined_when": undefined_when,
            "exempt": exempt,
            **more,
        }
    )


def asked(*options: dict[str, Any], as_of: str = "given") -> tuple[Variant, ...]:
    """Return variants of a question with periods."""
    return several(*(options or ({},)), period="given", as_of=as_of)


PEOPLE: tuple[Entry, ...] = (
    person(
        "pace",
        doors.of_deals(sm.pace),
        doors.bookings,
        asked({}, {"clock": "business_days"}),
        "the period has not begun",
        compared(A16="nothing booked in a period that has begun is a pace of 0: tests/unit/test_pacing.py"),
        needs=DEALS,
        unit="money",
        money_degree=1,
    ),
    person(
        "pace_attainment",
        doors.of_both(sm.pace_attainment),
        doors.booked_and_owed,
        asked({}, {"clock": "business_days"}),
        "the quota is missing or 0, or the period has not begun",
        compared(),
    ),
    person(
        "required_run_rate",
        doors.of_both(sm.required_run_rate),
        doors.booked_and_owed,
        asked({}, {"clock": "business_days"}),
        "the quota is missing, or no day is left to make it",
        compared(),
        unit="money/day",
        money_degree=1,
        time_degree=-1,
        bounds=(0.0, INF),
    ),
    person(
        "linearity_curve",
        doors.of_deals(sm.linearity_curve),
        doors.none,
        asked({"at": (0.25, 0.5, 1.0)}, {"at": (0.0, 0.9), "stat": "median"}),
        "no complete period has bookings",
        compared(
            **dict.fromkeys((*TALLIES, "B10", "A20"), NO_TALLY),
            A16="every group has a row for each share asked for: tests/unit/test_pacing.py",
        ),
        needs=DEALS,
        from_tally=nowhere,
    ),
    person(
        "team_attainment",
        doors.of_both(sm.team_attainment),
        doors.booked_and_owed,
        asked({}, {"no_quota": "include"}, {"method": "mean_of_reps"}, as_of="any"),
        "no rep has a quota above 0",
        compared(),
    ),
    person(
        "share_at_quota",
        doors.of_both(sm.share_at_quota),
        doors.booked_and_owed,
        asked({}, {"threshold": 0.7}, {"interval": "exact", "confidence_level": 0.9}, as_of="any"),
        "no rep has a quota above 0",
        compared(),
        bounds=(0.0, 1.0),
        takes=ALL | {"confidence_level"},
    ),
    person(
        "attainment_distribution",
        doors.of_both(sm.attainment_distribution),
        doors.booked_and_owed,
        asked({}, {"q": (0.5,)}, as_of="any"),
        "no rep has a quota above 0",
        compared(A16="every group has a row for each quantile, the minimum and the maximum: tests/unit/test_teams.py"),
    ),
    person(
        "attainment_streak",
        doors.of_both(sm.attainment_streak),
        doors.booked_and_owed,
        asked({}, {"which": "longest", "threshold": 0.5}, {"undefined": "break"}),
        "no period is over",
        compared(
            A16="without deals and quotas no period is at quota, which is a streak of 0: tests/unit/test_teams.py"
        ),
        unit="count",
        bounds=(0.0, INF),
    ),
    person(
        "gini",
        doors.of_deals(sm.gini),
        doors.bookings_by_rep,
        several({}),
        "no rep has bookings, or a rep's are below 0",
        compared(),
        needs=DEALS,
        bounds=(0.0, 1.0),
    ),
    person(
        "top_share",
        doors.of_deals(sm.top_share),
        doors.bookings_by_rep,
        several({"top": 1}, {"top": 0.2}, {"top": 1.0}),
        "no rep has bookings, or a rep's are below 0",
        compared(),
        needs=DEALS,
        bounds=(0.0, 1.0),
    ),
    person(
        "time_to_first_deal",
        doors.time_to_first_deal,
        doors.tenures,
        several(
            {},
            {"early": "truncate", "leavers": "compete"},
            {"stat": "restricted_mean", "within": 20},
            {"stat": "naive_mean"},
            as_of="given",
        ),
        "fewer than half have won",
        compared(RAMPED, A16=EVERY_REP, A17=EVERY_REP, A19=OF_REPS),
        needs=frozenset({"deals", "tenures"}),
        unit="days",
        time_degree=1,
        bounds=(0.0, INF),
        takes=frozenset({"by", "where", "as_of", "confidence_level"}),
    ),
    person(
        "ramp_time",
        doors.ramp_time,
        doors.tenures_owed,
        several(
            {"threshold": 0.5},
            {"threshold": 1.0, "sustained": 2, "no_quota": "count"},
            {"threshold": 0.7, "early": "truncate"},
            as_of="given",
        ),
        "fewer than half have reached it",
        compared(
            RAMPED,
            A16=EVERY_REP,
            A17=EVERY_REP,
            A19=OF_REPS,
            C4="the quotas of tenures stand beside the case and are not scaled with it: H14 in test_people_ramp.py is",
        ),
        needs=frozenset({"deals", "tenures", "moves"}),
        unit="count",
        bounds=(1.0, INF),
        takes=frozenset({"by", "where", "as_of", "confidence_level"}),
    ),
    person(
        "ramp_curve",
        doors.ramp_curve,
        doors.tenures_owed,
        several({}, {"stat": "median"}, {"early": "truncate"}, as_of="given"),
        "nobody was there, or had a quota",
        compared(
            RAMPED,
            A13="a curve has as many months as anybody's tenure, and one group alone has fewer rows",
            A16=EVERY_REP,
            A17=EVERY_REP,
            A19=OF_REPS,
            C4="the quotas of tenures stand beside the case and are not scaled with it: H14 in test_people_ramp.py is",
        ),
        needs=frozenset({"deals", "tenures", "moves"}),
        takes=frozenset({"by", "where", "as_of", "confidence_level"}),
    ),
    person(
        "ramped_equivalents",
        doors.ramped_equivalents,
        doors.none,
        several({}, {"ramp_from": "hired"}, as_of="given"),
        "never: nobody is 0",
        compared(
            RAMPED,
            **dict.fromkeys(TALLIES, NO_TALLY),
            A16=EVERY_REP,
            A17=EVERY_REP,
            A19=OF_REPS,
        ),
        needs=frozenset({"tenures"}),
        unit="count",
        bounds=(0.0, INF),
        takes=frozenset({"by", "where"}),
        from_tally=nowhere,
    ),
)
