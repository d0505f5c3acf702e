"""The registry: one entry for every public metric, and the metrics that await theirs."""

from __future__ import annotations

from tests.laws.entries_money import MONEY
from tests.laws.entries_rates import RATES
from tests.laws.entry import Entry, Variant

__all__ = ["AWAITED", "BY_NAME", "ENTRIES", "EXEMPTIONS", "Entry", "Variant"]

ENTRIES: tuple[Entry, ...] = (*MONEY, *RATES)
BY_NAME: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
EXEMPTIONS = sum(len(entry.exempt) for entry in ENTRIES)

PEOPLE = (
    *("attainment_distribution", "attainment_streak", "gini", "linearity_curve", "pace", "pace_attainment"),
    *("ramp_curve", "ramp_time", "ramped_equivalents", "required_run_rate", "share_at_quota", "team_attainment"),
    *("time_to_first_deal", "top_share"),
)
FORECASTS = (
    *(
        "ape",
        "bias",
        "forecast_accuracy",
        "forecast_value_added",
        "mae",
        "mape",
        "mase",
        "mean_error",
        "naive_forecast",
    ),
    *("range_hit_rate", "rmse", "wape"),
)
AWAITED: frozenset[str] = frozenset({*PEOPLE, *FORECASTS})
"""Public metrics that have laws of their own beside this registry and no entry in it yet; their number is asserted."""
