"""The slow, obvious second copy of every metric: loops over domain objects, in fractions; no numpy, no fast code.

Every function has the name of its metric, and returns a dict from the labels of a row to its `Answer`: the values of
`by` in order, then the position of the period where a list of periods was asked (a single period, or None for all days,
adds nothing). Rows are those of C6, sorted, a missing label last; the own order of stages and categories is not
reproduced here. A value of None is the library's NaN. Money is in major units, as fractions.

Where a definition left a doubt, the docstring says "Doubt: ... Chosen: ...".
"""

from tests.oracle_attainment import (
    attainment,
    attainment_gap,
    credited_bookings,
    effective_quota,
    team_attainment,
)
from tests.oracle_intervals import clopper_pearson, effective_n, log_log, mean_interval, wilson
from tests.oracle_outlook import forecast_distribution, p_hit_quota
from tests.oracle_pipeline import (
    open_pipeline,
    pipeline_coverage,
    pipeline_created,
    required_coverage,
    weighted_pipeline,
)
from tests.oracle_rates import cycle_length, deal_size, velocity, velocity_change, velocity_from, win_rate
from tests.oracle_rows import Answer, exact, linear_quantile, nearest_rank
from tests.oracle_survival import (
    Curve,
    curve_of,
    cycle_curve,
    cycle_time,
    median,
    restricted_mean,
    win_rate_curve,
    won_mean,
    won_median,
)

__all__ = [
    "Answer",
    "Curve",
    "attainment",
    "attainment_gap",
    "clopper_pearson",
    "credited_bookings",
    "curve_of",
    "cycle_curve",
    "cycle_length",
    "cycle_time",
    "deal_size",
    "effective_n",
    "effective_quota",
    "exact",
    "forecast_distribution",
    "linear_quantile",
    "log_log",
    "mean_interval",
    "median",
    "nearest_rank",
    "open_pipeline",
    "p_hit_quota",
    "pipeline_coverage",
    "pipeline_created",
    "required_coverage",
    "restricted_mean",
    "team_attainment",
    "velocity",
    "velocity_change",
    "velocity_from",
    "weighted_pipeline",
    "wilson",
    "win_rate",
    "win_rate_curve",
    "won_mean",
    "won_median",
]
