"""Arrays in, arrays out: the mathematics of every number, and nothing else.

Numbers are in any one unit and know nothing of currencies; groups are axes; the last axis of a histogram is whole days.
Undefined is NaN, silently. One number in gives one Python float out.
"""

from salesmetrics.formulas.accuracy import (
    ValueAdded,
    accuracy_from,
    ape,
    bias,
    bias_from,
    forecast_accuracy,
    forecast_value_added,
    mae,
    mape,
    mase,
    mean_error,
    mean_error_from,
    naive_error,
    rmse,
    rmse_from,
    wape,
    wape_from,
)
from salesmetrics.formulas.attainment import attainment, attainment_gap, team_attainment
from salesmetrics.formulas.compared import LogRank, logrank
from salesmetrics.formulas.coverage import pipeline_coverage, required_coverage
from salesmetrics.formulas.curve_intervals import (
    greenwood_variance,
    incidence_interval,
    incidence_variance,
    survival_interval,
    survival_quantile_interval,
)
from salesmetrics.formulas.cycle import cycle_length, cycle_moments
from salesmetrics.formulas.funnel import (
    forward_moves,
    forward_rate,
    narrowest,
    stage_conversion,
    stage_reached,
    transition_share,
)
from salesmetrics.formulas.intensity import win_intensity
from salesmetrics.formulas.intervals import (
    clopper_pearson,
    effective_n,
    quantile_interval_ranks,
    sample_variance,
    student_t_mean,
    wilson,
)
from salesmetrics.formulas.markov import ThroughputGain, absorption, throughput_gain, visits
from salesmetrics.formulas.outlook import Distribution, forecast_distribution, p_hit_quota
from salesmetrics.formulas.pace import LinearityCurve, linearity_curve, pace, pace_attainment, required_run_rate
from salesmetrics.formulas.pipeline import weighted_pipeline
from salesmetrics.formulas.quantiles import day_at_rank, day_quantile, quantile_rank, value_at_rank, value_quantile
from salesmetrics.formulas.ramp import (
    RampCurve,
    RampMonths,
    naive_ramp_time,
    ramp_curve,
    ramp_month,
    ramped_equivalents,
)
from salesmetrics.formulas.ranges import range_hit_rate, range_hits
from salesmetrics.formulas.size import deal_size
from salesmetrics.formulas.slippage import pull_in, push_out, slip_rate
from salesmetrics.formulas.spread import gini, top_share
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
from salesmetrics.formulas.team import at_quota_counts, attainment_streak, reached_quota, share_at_quota
from salesmetrics.formulas.velocity import VelocityChange, velocity_change, velocity_from
from salesmetrics.formulas.win_rate import win_rate

__all__ = [
    "Distribution",
    "IncidenceCurve",
    "LinearityCurve",
    "LogRank",
    "RampCurve",
    "RampMonths",
    "SurvivalCurve",
    "ThroughputGain",
    "ValueAdded",
    "VelocityChange",
    "aalen_johansen",
    "absorption",
    "accuracy_from",
    "ape",
    "at_quota_counts",
    "attainment",
    "attainment_gap",
    "attainment_streak",
    "bias",
    "bias_from",
    "clopper_pearson",
    "conditional_mean",
    "conditional_quantile",
    "cycle_length",
    "cycle_moments",
    "day_at_rank",
    "day_quantile",
    "deal_size",
    "effective_n",
    "forecast_accuracy",
    "forecast_distribution",
    "forecast_value_added",
    "forward_moves",
    "forward_rate",
    "gini",
    "greenwood_variance",
    "incidence_at",
    "incidence_interval",
    "incidence_variance",
    "kaplan_meier",
    "linearity_curve",
    "logrank",
    "mae",
    "mape",
    "mase",
    "mean_error",
    "mean_error_from",
    "naive_error",
    "naive_ramp_time",
    "narrowest",
    "p_hit_quota",
    "pace",
    "pace_attainment",
    "pipeline_coverage",
    "pull_in",
    "push_out",
    "quantile_interval_ranks",
    "quantile_rank",
    "ramp_curve",
    "ramp_month",
    "ramped_equivalents",
    "range_hit_rate",
    "range_hits",
    "reached_quota",
    "required_coverage",
    "required_run_rate",
    "restricted_mean",
    "rmse",
    "rmse_from",
    "sample_variance",
    "share_at_quota",
    "slip_rate",
    "stage_conversion",
    "stage_reached",
    "student_t_mean",
    "survival_at",
    "survival_interval",
    "survival_quantile",
    "survival_quantile_interval",
    "team_attainment",
    "throughput_gain",
    "top_share",
    "transition_share",
    "value_at_rank",
    "value_quantile",
    "velocity_change",
    "velocity_from",
    "visits",
    "wape",
    "wape_from",
    "weighted_pipeline",
    "wilson",
    "win_intensity",
    "win_rate",
]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
