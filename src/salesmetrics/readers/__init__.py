"""The ways in: files, frames, mappings and objects become books."""

from salesmetrics.readers.deals import read_deals
from salesmetrics.readers.events import read_history, read_splits
from salesmetrics.readers.people import read_forecasts, read_quotas, read_reps

__all__ = ["read_deals", "read_forecasts", "read_history", "read_quotas", "read_reps", "read_splits"]
