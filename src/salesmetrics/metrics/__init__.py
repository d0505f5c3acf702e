"""The questions a manager asks: check, tally, formula, label."""

from salesmetrics.metrics.accuracy import ape, bias, forecast_accuracy, mape, wape
from salesmetrics.metrics.call_errors import mae, mase, mean_error, rmse
from salesmetrics.metrics.comparing import logrank
from salesmetrics.metrics.coverage import pipeline_coverage, required_coverage
from salesmetrics.metrics.cycle import cycle_length
from salesmetrics.metrics.dwelling import stage_age, stage_dwell
from salesmetrics.metrics.exposure import win_intensity
from salesmetrics.metrics.moving import forward_rate, transition_matrix, win_probability_by_stage
from salesmetrics.metrics.narrowing import bottleneck
from salesmetrics.metrics.outlook import forecast_distribution, p_hit_quota
from salesmetrics.metrics.pacing import linearity_curve, pace, pace_attainment, required_run_rate
from salesmetrics.metrics.pipeline import open_pipeline, pipeline_created, weighted_pipeline
from salesmetrics.metrics.ramping import ramp_time, time_to_first_deal
from salesmetrics.metrics.risk import at_risk, concentration, hygiene_share
from salesmetrics.metrics.size import deal_size
from salesmetrics.metrics.slipping import days_slipped, pull_in, push_count, push_out, slip_rate
from salesmetrics.metrics.spread import gini, top_share
from salesmetrics.metrics.staging import regress_rate, stage_conversion, stage_reached, stage_skip_rate
from salesmetrics.metrics.targets import attainment, attainment_gap, credited_bookings, effective_quota
from salesmetrics.metrics.teams import attainment_distribution, attainment_streak, share_at_quota, team_attainment
from salesmetrics.metrics.tenured import ramp_curve, ramped_equivalents
from salesmetrics.metrics.throughput import velocity, velocity_change
from salesmetrics.metrics.timing import cycle_curve, win_rate_curve
from salesmetrics.metrics.trends import create_and_close, create_and_close_share, pipeline_trend
from salesmetrics.metrics.value_added import forecast_value_added, naive_forecast, range_hit_rate
from salesmetrics.metrics.walking import pipeline_walk
from salesmetrics.metrics.wins import win_rate

__all__ = [
    "ape",
    "at_risk",
    "attainment",
    "attainment_distribution",
    "attainment_gap",
    "attainment_streak",
    "bias",
    "bottleneck",
    "concentration",
    "create_and_close",
    "create_and_close_share",
    "credited_bookings",
    "cycle_curve",
    "cycle_length",
    "days_slipped",
    "deal_size",
    "effective_quota",
    "forecast_accuracy",
    "forecast_distribution",
    "forecast_value_added",
    "forward_rate",
    "gini",
    "hygiene_share",
    "linearity_curve",
    "logrank",
    "mae",
    "mape",
    "mase",
    "mean_error",
    "naive_forecast",
    "open_pipeline",
    "p_hit_quota",
    "pace",
    "pace_attainment",
    "pipeline_coverage",
    "pipeline_created",
    "pipeline_trend",
    "pipeline_walk",
    "pull_in",
    "push_count",
    "push_out",
    "ramp_curve",
    "ramp_time",
    "ramped_equivalents",
    "range_hit_rate",
    "regress_rate",
    "required_coverage",
    "required_run_rate",
    "rmse",
    "share_at_quota",
    "slip_rate",
    "stage_age",
    "stage_conversion",
    "stage_dwell",
    "stage_reached",
    "stage_skip_rate",
    "team_attainment",
    "time_to_first_deal",
    "top_share",
    "transition_matrix",
    "velocity",
    "velocity_change",
    "wape",
    "weighted_pipeline",
    "win_intensity",
    "win_probability_by_stage",
    "win_rate",
    "win_rate_curve",
]
