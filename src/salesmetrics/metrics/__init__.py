"""The questions a manager asks: check, tally, formula, label."""

from salesmetrics.metrics.coverage import pipeline_coverage, required_coverage
from salesmetrics.metrics.cycle import cycle_curve, cycle_length, win_rate_curve
from salesmetrics.metrics.pipeline import open_pipeline, pipeline_created, weighted_pipeline
from salesmetrics.metrics.ramping import ramp_curve, ramp_time, ramped_equivalents, time_to_first_deal
from salesmetrics.metrics.size import deal_size
from salesmetrics.metrics.targets import attainment, attainment_gap, credited_bookings, effective_quota
from salesmetrics.metrics.throughput import velocity, velocity_change
from salesmetrics.metrics.wins import win_rate

__all__ = [
    "attainment",
    "attainment_gap",
    "credited_bookings",
    "cycle_curve",
    "cycle_length",
    "deal_size",
    "effective_quota",
    "open_pipeline",
    "pipeline_coverage",
    "pipeline_created",
    "ramp_curve",
    "ramp_time",
    "ramped_equivalents",
    "required_coverage",
    "time_to_first_deal",
    "velocity",
    "velocity_change",
    "weighted_pipeline",
    "win_rate",
    "win_rate_curve",
]
