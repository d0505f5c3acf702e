"""Entries of the errors of forecasts."""

from __future__ import annotations

from typing import Any

import salesmetrics as sm
from tests.laws import doors_people as doors
from tests.laws.entries_people import asked, compared, person
from tests.laws.entry import ALL, DEALS, INF, Entry, several

SCORED = "drawn calls of every week and category are compared in tests/unit/test_accuracy.py"
SAID: frozenset[Any] = frozenset({"deals", "forecasts"})


def scored(name: str, *options: dict[str, Any], exempt: dict[str, str] | None = None, **more: Any) -> Entry:
    """Return the entry of a metric of deals and calls."""
    metric = getattr(sm, name)
    return person(
        name,
        doors.of_calls(metric),
        more.pop("tally", doors.said_and_booked),
        several(*(options or ({},)), period=more.pop("period", "any"), as_of="given"),
        more.pop("undefined_when", "no pair of a call and a complete period, or all that was booked is 0"),
        compared(SCORED, **(exempt or {})),
        **{"needs": SAID, "from_tally": doors.read_calls(metric), "bounds": (0.0, INF), "takes": ALL, **more},
    )


MONEY = {"unit": "money", "money_degree": 1}

FORECASTS: tuple[Entry, ...] = (
    scored(
        "forecast_accuracy",
        {},
        {"variant": "max", "week": "last"},
        {"aggregate": "mean", "floor": 0.0},
        {"variant": "ratio", "category": "best_case"},
        bounds=(-INF, INF),
    ),
    scored(
        "ape",
        {},
        {"denominator": "max", "week": (1, "last")},
        period="given",
        exempt={
            "A16": "its rows are always the forecasters, so that an empty book has none: tests/unit/test_accuracy.py"
        },
    ),
    scored("mape", {}, {"weeks_left": 1}),
    scored("wape", {}, {"week": 2, "category": "best_case"}),
    scored("bias", {}, {"week": "last"}, bounds=(-INF, INF)),
    scored(
        "mean_error",
        {},
        {"week": "last", "confidence_level": 0.8},
        bounds=(-INF, INF),
        takes=ALL | {"confidence_level"},
        **MONEY,
    ),
    scored("mae", {}, {"week": 3}, **MONEY),
    scored("rmse", {}, {"category": "best_case"}, **MONEY),
    scored("mase", {}, {"season": 2, "week": "last"}),
    scored(
        "range_hit_rate",
        {},
        {"week": "last"},
        tally=doors.two_ends,
        bounds=(0.0, 1.0),
        takes=ALL | {"confidence_level"},
    ),
    scored(
        "forecast_value_added",
        {},
        {"metric": "wape", "week": (1, "last")},
        {"kind": "seasonal", "season": 2, "category": ("commit", "best_case")},
        tally=doors.said_beside_history,
        bounds=(-INF, INF),
        exempt={"A16": "every group has a row for each step and one for all of them: tests/unit/test_accuracy.py"},
    ),
    person(
        "naive_forecast",
        doors.of_deals(sm.naive_forecast),
        doors.bookings,
        asked({}, {"kind": "run_rate"}, {"kind": "seasonal", "season": 2}),
        "there is no period before, or it is not over",
        compared(SCORED, A16="nothing booked the period before is a forecast of 0, which is defined and has n = 1"),
        needs=DEALS,
        from_tally=lambda tallies, **options: sm.naive_forecast(*tallies, **options),
        **MONEY,
    ),
)
