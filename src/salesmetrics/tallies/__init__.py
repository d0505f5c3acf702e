"""One pass: sufficient statistics as exact whole numbers, mergeable with +."""

from salesmetrics.tallies.bookings import BookingTally
from salesmetrics.tallies.calls import CallTally
from salesmetrics.tallies.chances import ChanceTally
from salesmetrics.tallies.creations import CreationTally
from salesmetrics.tallies.durations import DurationTally
from salesmetrics.tallies.dwells import DwellTally
from salesmetrics.tallies.exposures import ExposureTally
from salesmetrics.tallies.hygiene import HygieneTally
from salesmetrics.tallies.moves import MoveTally
from salesmetrics.tallies.outcomes import OutcomeTally
from salesmetrics.tallies.pipeline import PipelineTally
from salesmetrics.tallies.pushes import PushTally
from salesmetrics.tallies.quotas import QuotaTally
from salesmetrics.tallies.sizes import SizeTally
from salesmetrics.tallies.slips import SlipTally
from salesmetrics.tallies.stages import StageTally
from salesmetrics.tallies.tenures import TenureTally
from salesmetrics.tallies.turns import TurnTally
from salesmetrics.tallies.velocities import VelocityTally
from salesmetrics.tallies.walks import WalkTally

__all__ = [
    "BookingTally",
    "CallTally",
    "ChanceTally",
    "CreationTally",
    "DurationTally",
    "DwellTally",
    "ExposureTally",
    "HygieneTally",
    "MoveTally",
    "OutcomeTally",
    "PipelineTally",
    "PushTally",
    "QuotaTally",
    "SizeTally",
    "SlipTally",
    "StageTally",
    "TenureTally",
    "TurnTally",
    "VelocityTally",
    "WalkTally",
]
