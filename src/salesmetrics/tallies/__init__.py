"""One pass: sufficient statistics as exact whole numbers, mergeable with +."""

from salesmetrics.tallies.bookings import BookingTally
from salesmetrics.tallies.calls import CallTally
from salesmetrics.tallies.creations import CreationTally
from salesmetrics.tallies.durations import DurationTally
from salesmetrics.tallies.outcomes import OutcomeTally
from salesmetrics.tallies.pipeline import PipelineTally
from salesmetrics.tallies.quotas import QuotaTally
from salesmetrics.tallies.sizes import SizeTally
from salesmetrics.tallies.tenures import TenureTally
from salesmetrics.tallies.velocities import VelocityTally

__all__ = [
    "BookingTally",
    "CallTally",
    "CreationTally",
    "DurationTally",
    "OutcomeTally",
    "PipelineTally",
    "QuotaTally",
    "SizeTally",
    "TenureTally",
    "VelocityTally",
]
