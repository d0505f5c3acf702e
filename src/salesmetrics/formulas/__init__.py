"""Arrays in, arrays out: the mathematics of every number, and nothing else.

Numbers are in any one unit and know nothing of currencies; groups are axes; the last axis of a histogram is whole days.
Undefined is NaN, silently. One number in gives one Python float out.
"""

from salesmetrics.formulas.attainment import attainment, attainment_gap, team_attainment
from salesmetrics.formulas.coverage import pipeline_coverage, required_coverage
from salesmetrics.formulas.curve_intervals import (
    greenwood_variance,
    incidence_interval,
    incidence_variance,
    survival_interval,
    survival_quantile_interval,
)
from salesmetrics.formulas.cycle import cycle_length, cycle_moments
from salesmetrics.formulas.intervals import (
    clopper_pearson,
    effective_n,
    quantile_interval_ranks,
    sample_variance,
    student_t_mean,
    wilson,
)
from salesmetrics.formulas.pipeline import weighted_pipeline
from salesmetrics.formulas.quantiles import day_at_rank, day_quantile, quantile_rank, value_at_rank, value_quantile
from salesmetrics.formulas.size import deal_size
from salesmetrics.formulas.survival import (
    IncidenceCurve,
    SurvivalCurve,
    aalen_johansen,
    conditional_mean,
    conditional_quantile,
    incidence_at,
    kaplan_meier,
    restricted_mean,
    survival_at,
    survival_quantile,
)
from salesmetrics.formulas.velocity import VelocityChange, velocity_change, velocity_from
from salesmetrics.formulas.win_rate import win_rate

__all__ = [
    "IncidenceCurve",
    "SurvivalCurve",
    "VelocityChange",
    "aalen_johansen",
    "attainment",
    "attainment_gap",
    "clopper_pearson",
    "conditional_mean",
    "conditional_quantile",
    "cycle_length",
    "cycle_moments",
    "day_at_rank",
    "day_quantile",
    "deal_size",
    "effective_n",
    "greenwood_variance",
    "incidence_at",
    "incidence_interval",
    "incidence_variance",
    "kaplan_meier",
    "pipeline_coverage",
    "quantile_interval_ranks",
    "quantile_rank",
    "required_coverage",
    "restricted_mean",
    "sample_variance",
    "student_t_mean",
    "survival_at",
    "survival_interval",
    "survival_quantile",
    "survival_quantile_interval",
    "team_attainment",
    "value_at_rank",
    "value_quantile",
    "velocity_change",
    "velocity_from",
    "weighted_pipeline",
    "wilson",
    "win_rate",
]
