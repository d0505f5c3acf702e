"""The questions a manager asks: check, tally, formula, label."""

from salesmetrics.metrics.accuracy import ape, bias, forecast_accuracy, mape, wape
from salesmetrics.metrics.call_errors import mae, mase, mean_error, rmse
from salesmetrics.metrics.coverage import pipeline_coverage, required_coverage
from salesmetrics.metrics.cycle import cycle_curve, cycle_length, win_rate_curve
from salesmetrics.metrics.pacing import linearity_curve, pace, pace_attainment, required_run_rate
from salesmetrics.metrics.pipeline import open_pipeline, pipeline_created, weighted_pipeline
from salesmetrics.metrics.ramping import ramp_curve, ramp_time, ramped_equivalents, time_to_first_deal
from salesmetrics.metrics.size import deal_size
from salesmetrics.metrics.spread import gini, top_share
from salesmetrics.metrics.targets import attainment, attainment_gap, credited_bookings, effective_quota
from salesmetrics.metrics.teams import attainment_distribution, attainment_streak, share_at_quota, team_attainment
from salesmetrics.metrics.throughput import velocity, velocity_change
from salesmetrics.metrics.value_added import forecast_value_added, naive_forecast, range_hit_rate
from salesmetrics.metrics.wins import win_rate

__all__ = [
    "ape",
    "attainment",
    "attainment_distribution",
    "attainment_gap",
    "attainment_streak",
    "bias",
    "credited_bookings",
    "cycle_curve",
    "cycle_length",
    "deal_size",
    "effective_quota",
    "forecast_accuracy",
    "forecast_value_added",
    "gini",
    "linearity_curve",
    "mae",
    "mape",
    "mase",
    "mean_error",
    "naive_forecast",
    "open_pipeline",
    "pace",
    "pace_attainment",
    "pipeline_coverage",
    "pipeline_created",
    "ramp_curve",
    "ramp_time",
    "ramped_equivalents",
    "range_hit_rate",
    "required_coverage",
    "required_run_rate",
    "rmse",
    "share_at_quota",
    "team_attainment",
    "time_to_first_deal",
    "top_share",
    "velocity",
    "velocity_change",
    "wape",
    "weighted_pipeline",
    "win_rate",
    "win_rate_curve",
]
