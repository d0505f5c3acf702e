"""The numbers a sales manager is judged by: right, exact and labelled."""

from salesmetrics import formulas
from salesmetrics.books import DealBook, ForecastBook, QuotaBook, RepBook
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
    attainment_gap,
    credited_bookings,
    cycle_curve,
    cycle_length,
    deal_size,
    effective_quota,
    open_pipeline,
    pipeline_coverage,
    pipeline_created,
    required_coverage,
    velocity,
    velocity_change,
    weighted_pipeline,
    win_rate,
    win_rate_curve,
)
from salesmetrics.readers import maps, read_deals, read_forecasts, read_quotas, read_reps
from salesmetrics.results import MetricRow, MetricTable
from salesmetrics.tallies import (
    BookingTally,
    CreationTally,
    DurationTally,
    OutcomeTally,
    PipelineTally,
    QuotaTally,
    SizeTally,
    VelocityTally,
)

__all__ = [
    "BookingTally",
    "CreationTally",
    "CurveTable",
    "Deal",
    "DealBook",
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
    "Stage",
    "VelocityTally",
    "__version__",
    "attainment",
    "attainment_gap",
    "credited_bookings",
    "cycle_curve",
    "cycle_length",
    "datasets",
    "deal_size",
    "effective_quota",
    "formulas",
    "maps",
    "open_pipeline",
    "pipeline_coverage",
    "pipeline_created",
    "read_deals",
    "read_forecasts",
    "read_quotas",
    "read_reps",
    "required_coverage",
    "velocity",
    "velocity_change",
    "weighted_pipeline",
    "win_rate",
    "win_rate_curve",
]

__version__ = "0.1.0"
