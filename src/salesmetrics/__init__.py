"""The numbers a sales manager is judged by: right, exact and labelled.

The names below are loaded when they are first used, so that importing the package costs no more than it must.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesmetrics import datasets, formulas
    from salesmetrics.books import DealBook, DealHistory, ForecastBook, QuotaBook, RepBook, SplitBook
    from salesmetrics.calendars import Period, Periods
    from salesmetrics.curves import CurveTable
    from salesmetrics.domain import Deal, ForecastCall, Quota, Rep, SalesProcess, Split, Stage
    from salesmetrics.errors import (
        InvalidArgumentError,
        InvalidDataError,
        InvalidTypeError,
        MergeError,
        MissingColumnError,
        SalesMetricsError,
        SalesMetricsWarning,
    )
    from salesmetrics.fiscal import FiscalCalendar
    from salesmetrics.metrics import (
        attainment,
        attainment_distribution,
        attainment_gap,
        attainment_streak,
        credited_bookings,
        cycle_curve,
        cycle_length,
        deal_size,
        effective_quota,
        gini,
        linearity_curve,
        open_pipeline,
        pace,
        pace_attainment,
        pipeline_coverage,
        pipeline_created,
        ramp_curve,
        ramp_time,
        ramped_equivalents,
        required_coverage,
        required_run_rate,
        share_at_quota,
        team_attainment,
        time_to_first_deal,
        top_share,
        velocity,
        velocity_change,
        weighted_pipeline,
        win_rate,
        win_rate_curve,
    )
    from salesmetrics.readers import maps, read_deals, read_forecasts, read_history, read_quotas, read_reps, read_splits
    from salesmetrics.results import MetricRow, MetricTable
    from salesmetrics.tallies import (
        BookingTally,
        CreationTally,
        DurationTally,
        OutcomeTally,
        PipelineTally,
        QuotaTally,
        SizeTally,
        TenureTally,
        VelocityTally,
    )

__all__ = [
    "BookingTally",
    "CreationTally",
    "CurveTable",
    "Deal",
    "DealBook",
    "DealHistory",
    "DurationTally",
    "FiscalCalendar",
    "ForecastBook",
    "ForecastCall",
    "InvalidArgumentError",
    "InvalidDataError",
    "InvalidTypeError",
    "MergeError",
    "MetricRow",
    "MetricTable",
    "MissingColumnError",
    "OutcomeTally",
    "Period",
    "Periods",
    "PipelineTally",
    "Quota",
    "QuotaBook",
    "QuotaTally",
    "Rep",
    "RepBook",
    "SalesMetricsError",
    "SalesMetricsWarning",
    "SalesProcess",
    "SizeTally",
    "Split",
    "SplitBook",
    "Stage",
    "TenureTally",
    "VelocityTally",
    "__version__",
    "attainment",
    "attainment_distribution",
    "attainment_gap",
    "attainment_streak",
    "credited_bookings",
    "cycle_curve",
    "cycle_length",
    "datasets",
    "deal_size",
    "effective_quota",
    "formulas",
    "gini",
    "linearity_curve",
    "maps",
    "open_pipeline",
    "pace",
    "pace_attainment",
    "pipeline_coverage",
    "pipeline_created",
    "ramp_curve",
    "ramp_time",
    "ramped_equivalents",
    "read_deals",
    "read_forecasts",
    "read_history",
    "read_quotas",
    "read_reps",
    "read_splits",
    "required_coverage",
    "required_run_rate",
    "share_at_quota",
    "team_attainment",
    "time_to_first_deal",
    "top_share",
    "velocity",
    "velocity_change",
    "weighted_pipeline",
    "win_rate",
    "win_rate_curve",
]

__version__ = "0.1.0"

_HOMES = {
    "BookingTally": "tallies",
    "CreationTally": "tallies",
    "CurveTable": "curves",
    "Deal": "domain",
    "DealBook": "books",
    "DealHistory": "books",
    "DurationTally": "tallies",
    "FiscalCalendar": "fiscal",
    "ForecastBook": "books",
    "ForecastCall": "domain",
    "InvalidArgumentError": "errors",
    "InvalidDataError": "errors",
    "InvalidTypeError": "errors",
    "MergeError": "errors",
    "MetricRow": "results",
    "MetricTable": "results",
    "MissingColumnError": "errors",
    "OutcomeTally": "tallies",
    "Period": "calendars",
    "Periods": "calendars",
    "PipelineTally": "tallies",
    "Quota": "domain",
    "QuotaBook": "books",
    "QuotaTally": "tallies",
    "Rep": "domain",
    "RepBook": "books",
    "SalesMetricsError": "errors",
    "SalesMetricsWarning": "errors",
    "SalesProcess": "domain",
    "SizeTally": "tallies",
    "Split": "domain",
    "SplitBook": "books",
    "Stage": "domain",
    "TenureTally": "tallies",
    "VelocityTally": "tallies",
    "attainment": "metrics",
    "attainment_distribution": "metrics",
    "attainment_gap": "metrics",
    "attainment_streak": "metrics",
    "credited_bookings": "metrics",
    "cycle_curve": "metrics",
    "cycle_length": "metrics",
    "datasets": "",
    "deal_size": "metrics",
    "effective_quota": "metrics",
    "formulas": "",
    "gini": "metrics",
    "linearity_curve": "metrics",
    "maps": "readers",
    "open_pipeline": "metrics",
    "pace": "metrics",
    "pace_attainment": "metrics",
    "pipeline_coverage": "metrics",
    "pipeline_created": "metrics",
    "ramp_curve": "metrics",
    "ramp_time": "metrics",
    "ramped_equivalents": "metrics",
    "read_deals": "readers",
    "read_forecasts": "readers",
    "read_history": "readers",
    "read_quotas": "readers",
    "read_reps": "readers",
    "read_splits": "readers",
    "required_coverage": "metrics",
    "required_run_rate": "metrics",
    "share_at_quota": "metrics",
    "team_attainment": "metrics",
    "time_to_first_deal": "metrics",
    "top_share": "metrics",
    "velocity": "metrics",
    "velocity_change": "metrics",
    "weighted_pipeline": "metrics",
    "win_rate": "metrics",
    "win_rate_curve": "metrics",
}
"""The module of each name; "" for those that are modules themselves."""


def __getattr__(name: str) -> Any:
    """Return a public name, loaded now."""
    home = _HOMES.get(name)
    if home is None:
        if name.startswith("_"):
            raise AttributeError(f"salesmetrics has no {name!r}", name=name, obj=None)
        from salesmetrics.errors import nearest

        raise AttributeError(f"salesmetrics has no {name!r}: {nearest(name, __all__)}", name=name, obj=None)
    if home == "":
        value = importlib.import_module(f"salesmetrics.{name}")
    else:
        value = getattr(importlib.import_module(f"salesmetrics.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
